#include "tool.h"

const struct tool *find_tool(const char *name) {
  for (const struct tool *at = tools; at->name; at++)
    if (same(at->name, name)) return at;
  return NULL;
}

int usage(void) {
  complain("usage: %s %s\n", tool, find_tool(tool)->usage);
  return 2;
}

int options(int *count, char ***words, const char *known) {
  int found = 0;
  for (; *count > 0 && (*words)[0][0] == '-' && (*words)[0][1]; ++*words, --*count) {
    if (same(**words, "--")) {
      ++*words, --*count;
      break;
    }
    for (const char *letter = **words + 1; *letter; letter++) {
      const char *place = strchr(known, *letter);
      if (!place) return -1;
      found |= 1 << (place - known);
    }
  }
  return found;
}

char *join(const char *directory, const char *name) {
  size_t length = strlen(directory);
  char *path = allocate(length + strlen(name) + 2);
  memcpy(path, directory, length);
  if (length && path[length - 1] != '/') path[length++] = '/';
  memcpy(path + length, name, strlen(name) + 1);
  return path;
}

const char *base_name(const char *path) {
  const char *name = path;
  for (; *path; path++)
    if (*path == '/' && path[1] && path[1] != '/') name = path + 1;
  return name;
}

static void sort(char **names, long count) {
  for (long gap = count / 2; gap; gap /= 2)
    for (long i = gap; i < count; i++)
      for (long j = i; j >= gap && strcmp(names[j - gap], names[j]) > 0; j -= gap) {
        char *other = names[j];
        names[j] = names[j - gap];
        names[j - gap] = other;
      }
}

long list(const char *directory, char ***names) {
  struct link { struct link *next; char *name; } *last = NULL;
  char bytes[2048];
  long fd = call(open, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0, length;
  if (fd < 0) return fd;
  while ((length = call(getdents64, fd, bytes, sizeof bytes)) > 0)
    for (long at = 0; at < length; at += ((struct entry *)(bytes + at))->length) {
      const char *name = ((struct entry *)(bytes + at))->name;
      if (same(name, ".") || same(name, "..")) continue;
      struct link *link = allocate(sizeof *link);
      *link = (struct link){last, copy(name, strlen(name))};
      last = link;
      count++;
    }
  call(close, fd);
  if (length < 0) return length;
  *names = allocate((count + 1) * sizeof **names);
  for (long i = count; last; last = last->next) (*names)[--i] = last->name;
  (*names)[count] = NULL;
  sort(*names, count);
  return count;
}

long pour(int from, int to) {
  static char bytes[16384];
  for (;;) {
    long length = call(read, from, bytes, sizeof bytes);
    if (length == -EINTR) continue;
    if (length <= 0) return length;
    if (to == 1) {
      put(bytes, length);
      if (length < (long)sizeof bytes && !flush()) return -32;
      continue;
    }
    for (long done = 0, written; done < length; done += written)
      if ((written = call(write, to, bytes + done, length - done)) <= 0) return written;
  }
}

long read_file(const char *name, char *into, size_t size) {
  long fd = call(open, name, O_RDONLY | O_CLOEXEC), length = 0, part;
  if (fd < 0) return fd;
  while ((size_t)length < size - 1 && (part = call(read, fd, into + length, size - 1 - length)) > 0) length += part;
  call(close, fd);
  into[length] = 0;
  return length;
}

long execute(char **words) {
  flush();
  if (strchr(words[0], '/')) return call(execve, words[0], words, environment);
  const char *path = variable("PATH");
  if (!path) path = "/bin:/sbin:/usr/bin:/usr/sbin";
  long error = -ENOENT;
  for (;;) {
    const char *end = strchr(path, ':');
    size_t length = end ? (size_t)(end - path) : strlen(path);
    void *before = mark();
    long result = call(execve, join(length ? copy(path, length) : ".", words[0]), words, environment);
    release(before);
    if (result != -ENOENT && result != -ENOTDIR) error = result;
    if (!end) return error;
    path = end + 1;
  }
}

int wait_for(long pid) {
  int status = 0;
  long result;
  while ((result = call(wait4, pid, &status, 0, NULL)) == -EINTR) {}
  if (result < 0) return 127;
  return status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
}

bool read_line(int fd, char *line, size_t size) {
  size_t length = 0;
  char c;
  long got;
  while ((got = call(read, fd, &c, 1)) == 1 && c != '\n')
    if (length < size - 1) line[length++] = c;
  line[length] = 0;
  return got == 1 || length;
}

const char *name_of(const char *file, unsigned id) {
  static char text[4096], number_text[12];
  if (read_file(file, text, sizeof text) > 0)
    for (char *line = text; *line;) {
      char *end = strchr(line, '\n');
      if (end) *end = 0;
      char *colon = strchr(line, ':'), *second = colon ? strchr(colon + 1, ':') : NULL;
      if (second) {
        char *third = strchr(second + 1, ':');
        if (third) *third = 0;
        long value;
        *colon = 0;
        if (number(second + 1, 10, &value) && (unsigned)value == id) return line;
      }
      if (!end) break;
      line = end + 1;
    }
  format(number_text, sizeof number_text, "%u", id);
  return number_text;
}
