// grep: a basic regular expression (. [] * ^ $, and + ? with -E), by going back. POSIX.1-2017, 9.3, without groups.
#include "../tool.h"

enum { INVERT = 1, IGNORE_CASE = 2, NUMBERS = 4, COUNT = 8, NAMES = 16, QUIET = 32, EXTENDED = 64 };
static int flags;

static int folded(int c) { return flags & IGNORE_CASE && c >= 'A' && c <= 'Z' ? c | 32 : c; }

/** The end of the pattern's first element. */
static const char *element_end(const char *pattern) {
  if (*pattern == '\\' && pattern[1]) return pattern + 2;
  if (*pattern != '[') return pattern + 1;
  const char *at = pattern + 1;
  if (*at == '^') at++;
  if (*at == ']') at++;
  while (*at && *at != ']') at++;
  return *at ? at + 1 : pattern + 1;
}

static bool element_matches(const char *pattern, const char *end, int c) {
  if (!c) return false;
  c = folded(c);
  if (*pattern == '.') return true;
  if (*pattern == '\\' && end - pattern == 2) return folded(pattern[1]) == c;
  if (*pattern != '[' || end - pattern < 3) return folded(*pattern) == c;
  const char *at = pattern + 1;
  bool negated = *at == '^', found = false;
  if (negated) at++;
  for (; at < end - 1; at++) {
    if (at + 2 < end - 1 && at[1] == '-') {
      if (folded(at[0]) <= c && c <= folded(at[2])) found = true;
      at += 2;
    } else if (folded(*at) == c) found = true;
  }
  return found != negated;
}

/** Whether the pattern is at `text`. Steps are counted: a pattern of many stars can ask for more than there is time for. */
static long steps;
static bool here(const char *pattern, const char *text) {
  if (++steps > 1000000) return false;
  if (!*pattern) return true;
  if (*pattern == '$' && !pattern[1]) return !*text;
  const char *end = element_end(pattern);
  bool plus = flags & EXTENDED && *end == '+', maybe = flags & EXTENDED && *end == '?';
  if (*end == '*' || plus || maybe) {
    const char *last = text;
    while (element_matches(pattern, end, *last) && !(maybe && last > text)) last++;
    for (; last >= text + plus; last--)
      if (here(end + 1, last)) return true;
    return false;
  }
  return element_matches(pattern, end, *text) && here(end, text + 1);
}

static bool matches(const char *pattern, const char *text) {
  steps = 0;
  if (*pattern == '^') return here(pattern + 1, text);
  do
    if (here(pattern, text)) return true;
  while (*text++);
  return false;
}

TOOL(grep) {
  flags = options(&count, &words, "vinclqE");
  if (flags < 0 || !count) return usage();
  const char *pattern = words[0];
  char *input[] = {"-"}, line[8192];
  char **names = count > 1 ? words + 1 : input;
  int files = count > 1 ? count - 1 : 1, status = 1;
  for (int i = 0; i < files; i++) {
    long fd = same(names[i], "-") ? 0 : call(open, names[i], O_RDONLY), found = 0, at = 0;
    if (fd < 0) {
      failed(names[i], fd);
      status = 2;
      continue;
    }
    while (read_line(fd, line, sizeof line)) {
      at++;
      if (matches(pattern, line) == !!(flags & INVERT)) continue;
      found++;
      if (flags & QUIET) return 0;
      if (flags & NAMES) break;
      if (flags & COUNT) continue;
      if (files > 1) print("%s:", names[i]);
      if (flags & NUMBERS) print("%d:", (int)at);
      print("%s\n", line);
    }
    if (flags & NAMES && found) print("%s\n", names[i]);
    else if (flags & COUNT && !(flags & NAMES)) print(files > 1 ? "%s:%d\n" : "%s%d\n", files > 1 ? names[i] : "", (int)found);
    if (found && status == 1) status = 0;
    if (fd) call(close, fd);
  }
  return status;
}
