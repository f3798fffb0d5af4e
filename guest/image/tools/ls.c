// ls and test: what files are.
#include "../tool.h"

enum { ALL = 1, LONG = 2, ITSELF = 4, INODES = 8, ONE = 16 };

/** Days of the epoch as a date of the Gregorian calendar. */
void date_of(long seconds, int *year, int *month, int *day) {
  long days = seconds / 86400 + 719468, era = days / 146097, rest = days % 146097;
  long years = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365, of_year = rest - (365 * years + years / 4 - years / 100), m = (5 * of_year + 2) / 153;
  *day = of_year - (153 * m + 2) / 5 + 1;
  *month = m < 10 ? m + 3 : m - 9;
  *year = years + era * 400 + (*month <= 2);
}

static void mode_text(unsigned mode, char *text) {
  int kind = mode & S_IFMT;
  text[0] = kind == S_IFDIR ? 'd' : kind == S_IFLNK ? 'l' : kind == S_IFCHR ? 'c' : kind == S_IFBLK ? 'b' : kind == S_IFIFO ? 'p' : kind == S_IFSOCK ? 's' : '-';
  for (int i = 0; i < 9; i++) text[i + 1] = mode & 0400 >> i ? "rwx"[i % 3] : '-';
  if (mode & 04000) text[3] = mode & 0100 ? 's' : 'S';
  if (mode & 02000) text[6] = mode & 010 ? 's' : 'S';
  if (mode & 01000) text[9] = mode & 1 ? 't' : 'T';
  text[10] = 0;
}

static int show(const char *path, const char *name, int flags) {
  struct status status;
  long error = call(lstat64, path, &status);
  if (error) return failed(path, error);
  if (flags & INODES) print("%lu ", status.inode);
  if (flags & LONG) {
    char mode[11];
    int year, month, day, kind = status.mode & S_IFMT;
    mode_text(status.mode, mode);
    date_of(status.modified.seconds, &year, &month, &day);
    print("%s %2u %-8s ", mode, status.links, name_of("/etc/passwd", status.uid));
    print("%-8s ", name_of("/etc/group", status.gid));
    if (kind == S_IFCHR || kind == S_IFBLK) print("%3u, %3u ", (unsigned)(status.special >> 8 & 0xfff), (unsigned)(status.special & 0xff));
    else print("%8ld ", status.size);
    long minutes = status.modified.seconds / 60;
    print("%d-%02d-%02d %02d:%02d ", year, month, day, (int)(minutes / 60 % 24), (int)(minutes % 60));
  }
  print("%s", name);
  if (flags & LONG && (status.mode & S_IFMT) == S_IFLNK) {
    char link[4096];
    long length = call(readlink, path, link, sizeof link - 1);
    if (length >= 0) link[length] = 0, print(" -> %s", link);
  }
  print("\n");
  return 0;
}

static int show_directory(const char *path, int flags) {
  char **names;
  void *before = mark();
  long error = list(path, &names);
  if (error < 0) return failed(path, error);
  int status = 0;
  if (flags & ALL) status |= show(join(path, "."), ".", flags) | show(join(path, ".."), "..", flags);
  for (; *names; names++)
    if (flags & ALL || **names != '.') status |= show(join(path, *names), *names, flags);
  release(before);
  return status;
}

TOOL(ls) {
  char *here[] = {"."};
  int flags = options(&count, &words, "aldi1n"), status = 0;
  if (flags < 0) return usage();
  if (!count) count = 1, words = here;
  for (int i = 0; i < count; i++) {
    struct status what;
    bool directory = !(flags & ITSELF) && call(stat64, words[i], &what) == 0 && (what.mode & S_IFMT) == S_IFDIR;
    if (!directory) {
      status |= show(words[i], words[i], flags);
      continue;
    }
    if (count > 1) print("%s%s:\n", i ? "\n" : "", words[i]);
    status |= show_directory(words[i], flags);
  }
  return status;
}

// ---- test ----------------------------------------------------------------------------------------------------------------------

static int left;
static char **at;

static bool is_of_kind(int letter, const char *path) {
  struct status status;
  if (letter == 'r' || letter == 'w' || letter == 'x') return call(access, path, letter == 'r' ? 4 : letter == 'w' ? 2 : 1) == 0;
  if (letter == 'L' || letter == 'h') return call(lstat64, path, &status) == 0 && (status.mode & S_IFMT) == S_IFLNK;
  if (call(stat64, path, &status)) return false;
  int kind = status.mode & S_IFMT;
  switch (letter) {
    case 'e': return true;
    case 'f': return kind == S_IFREG;
    case 'd': return kind == S_IFDIR;
    case 'p': return kind == S_IFIFO;
    case 'S': return kind == S_IFSOCK;
    case 'c': return kind == S_IFCHR;
    case 'b': return kind == S_IFBLK;
    default: return status.size > 0;
  }
}

static int relation(const char *a, const char *how, const char *b) {
  if (same(how, "=") || same(how, "==")) return same(a, b);
  if (same(how, "!=")) return !same(a, b);
  static const char names[][4] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
  long x, y;
  for (int i = 0; i < 6; i++) {
    if (!same(how, names[i])) continue;
    if (!number(a, 10, &x) || !number(b, 10, &y)) return -2;
    bool answers[] = {x == y, x != y, x < y, x <= y, x > y, x >= y};
    return answers[i];
  }
  return -1;
}

/** One primary, with its "!": 0 or 1; -1 when it is none. */
static int primary(void) {
  if (!left) return 0;
  if (left > 1 && same(*at, "!")) {
    at++, left--;
    int inner = primary();
    return inner < 0 ? inner : !inner;
  }
  if (left >= 3) {
    int result = relation(at[0], at[1], at[2]);
    if (result != -1) return at += 3, left -= 3, result;
  }
  if (left >= 2 && at[0][0] == '-' && at[0][1] && !at[0][2] && strchr("efdpScbsrwxLhnzt", at[0][1])) {
    const char *word = at[1];
    int letter = at[0][1];
    at += 2, left -= 2;
    if (letter == 'n' || letter == 'z') return (*word != 0) == (letter == 'n');
    char modes[64];
    long fd;
    if (letter == 't') return number(word, 10, &fd) && call(ioctl, fd, TCGETS, modes) == 0;
    return is_of_kind(letter, word);
  }
  return left--, *(*at++) != 0;
}

TOOL(test) {
  if (same(tool, "[")) {
    if (!count || !same(words[count - 1], "]")) return complain("[: ] is missing\n"), 2;
    count--;
  }
  left = count, at = words;
  int result = primary();
  while (result >= 0 && left > 1 && (same(*at, "-a") || same(*at, "-o"))) {
    bool both = same(*at++, "-a");
    left--;
    int next = primary();
    result = next < 0 ? next : both ? result & next : result | next;
  }
  if (result >= 0 && !left) return !result;
  complain(result == -2 ? "%s: a number is asked for\n" : "%s: can't be understood\n", tool);
  return 2;
}
