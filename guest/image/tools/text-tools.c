// Tools that read text: cat, head, tail, wc, sort, and those that only write some.
#include "../tool.h"

/** Opens each file in turn, "-" and none at all being standard input, and calls `work`. */
static int for_each(int count, char **names, int (*work)(int fd, const char *name)) {
  int status = 0;
  char *input[] = {"-"};
  if (!count) count = 1, names = input;
  for (int i = 0; i < count; i++) {
    long fd = same(names[i], "-") ? 0 : call(open, names[i], O_RDONLY);
    if (fd < 0) {
      status = failed(names[i], fd);
      continue;
    }
    int result = work(fd, names[i]);
    if (result) status = result;
    if (fd) call(close, fd);
  }
  return status;
}

/** -n N or -N: lines that are asked for, 10 without; -1 when it is no number. */
static long lines_wanted(int *count, char ***words) {
  long wanted = 10;
  if (*count > 1 && same(**words, "-n")) {
    if (!number((*words)[1], 10, &wanted)) return -1;
    *count -= 2, *words += 2;
  } else if (*count && (**words)[0] == '-' && is_digit((**words)[1])) {
    if (!number(**words + 1, 10, &wanted)) return -1;
    --*count, ++*words;
  }
  return wanted < 0 ? -wanted : wanted;
}

static int cat_one(int fd, const char *name) {
  long error = pour(fd, 1);
  return error ? failed(name, error) : 0;
}
TOOL(cat) { return for_each(count, words, cat_one); }

/** Reads a block at a time; -1 is the end. */
static int next_byte(int fd, bool begin) {
  static unsigned char bytes[4096];
  static long length, at;
  if (begin) return length = at = 0;
  if (at == length) {
    length = call(read, fd, bytes, sizeof bytes);
    at = 0;
    if (length <= 0) return length = 0, -1;
  }
  return bytes[at++];
}

static long wanted;
static int head_one(int fd, const char *name) {
  (void)name;
  next_byte(fd, true);
  int c;
  for (long lines = 0; lines < wanted && (c = next_byte(fd, false)) >= 0;) {
    put(&(char){c}, 1);
    lines += c == '\n';
  }
  return 0;
}
TOOL(head) { return (wanted = lines_wanted(&count, &words)) < 0 ? usage() : for_each(count, words, head_one); }

/** All of what there is to read, with a NUL, to be released. */
static char *slurp(int fd, size_t *length) {
  size_t size = 4096, have = 0;
  char *text = allocate(size);
  long part;
  while ((part = call(read, fd, text + have, size - have - 1)) > 0) {
    have += part;
    if (have < size - 1) continue;
    allocate(size); // what follows it at once
    size *= 2;
  }
  text[have] = 0;
  *length = have;
  return text;
}

static int tail_one(int fd, const char *name) {
  (void)name;
  size_t length;
  void *before = mark();
  char *text = slurp(fd, &length);
  size_t from = wanted && length && text[length - 1] == '\n' ? length - 1 : length;
  for (long lines = wanted; from && lines; from--)
    if (text[from - 1] == '\n' && --lines == 0) break;
  put(text + from, length - from);
  release(before);
  return 0;
}
TOOL(tail) { return (wanted = lines_wanted(&count, &words)) < 0 ? usage() : for_each(count, words, tail_one); }

static int counted;
static long totals[3];
static void counts(const long *figures, const char *name) {
  const char *blank = "";
  for (int i = 0; i < 3; i++)
    if (counted & 1 << i) print("%s%d", blank, (int)figures[i]), blank = " ";
  print(same(name, "-") ? "\n" : " %s\n", name);
}
static int wc_one(int fd, const char *name) {
  long figures[3] = {0};
  bool within = false;
  next_byte(fd, true);
  for (int c; (c = next_byte(fd, false)) >= 0;) {
    figures[0] += c == '\n';
    figures[2]++;
    bool blank = is_space(c) || c == '\r';
    figures[1] += !blank && !within;
    within = !blank;
  }
  for (int i = 0; i < 3; i++) totals[i] += figures[i];
  counts(figures, name);
  return 0;
}
TOOL(wc) {
  counted = options(&count, &words, "lwc");
  if (counted < 0) return usage();
  if (!counted) counted = 7;
  int status = for_each(count, words, wc_one);
  if (count > 1) counts(totals, "total");
  return status;
}

static bool by_number;
static int compare(const char *a, const char *b) {
  if (by_number) {
    long x = 0, y = 0;
    for (const char *at = a; is_digit(*at); at++) x = x * 10 + *at - '0';
    for (const char *at = b; is_digit(*at); at++) y = y * 10 + *at - '0';
    if (x != y) return x < y ? -1 : 1;
  }
  return strcmp(a, b);
}
static struct line { struct line *next; char *text; } *all_lines;
static long line_count;
static int sort_one(int fd, const char *name) {
  (void)name;
  size_t length;
  for (char *at = slurp(fd, &length), *end; *at; at = end + 1) {
    end = strchr(at, '\n');
    bool last = !end;
    if (last) end = at + strlen(at);
    struct line *line = allocate(sizeof *line);
    *line = (struct line){all_lines, copy(at, end - at)};
    all_lines = line;
    line_count++;
    if (last) break;
  }
  return 0;
}
TOOL(sort) {
  int flags = options(&count, &words, "rnu");
  if (flags < 0) return usage();
  by_number = flags & 2;
  int status = for_each(count, words, sort_one);
  char **lines = allocate(line_count * sizeof *lines + 1);
  for (long i = line_count; all_lines; all_lines = all_lines->next) lines[--i] = all_lines->text;
  for (long gap = line_count / 2; gap; gap /= 2)
    for (long i = gap; i < line_count; i++)
      for (long j = i; j >= gap && compare(lines[j - gap], lines[j]) > 0; j -= gap) {
        char *other = lines[j];
        lines[j] = lines[j - gap], lines[j - gap] = other;
      }
  const char *last = NULL;
  for (long i = 0; i < line_count; i++) {
    char *line = lines[flags & 1 ? line_count - 1 - i : i];
    if (!(flags & 4) || !last || compare(last, line)) print("%s\n", line);
    last = line;
  }
  return status;
}

TOOL(echo) {
  bool newline = !(count && same(words[0], "-n"));
  for (int i = !newline; i < count; i++) print(i + 1 < count ? "%s " : "%s", words[i]);
  if (newline) print("\n");
  return 0;
}

TOOL(yes) {
  while (flush()) print("%s\n", count ? words[0] : "y");
  return 1;
}
TOOL(true) { return (void)count, (void)words, 0; }
TOOL(false) { return (void)count, (void)words, 1; }
