// Tools that make, move, remove and mark files. POSIX.1-2017, Utilities.
#include "../tool.h"

static bool is_directory(const char *path) {
  struct status status;
  return call(stat64, path, &status) == 0 && (status.mode & S_IFMT) == S_IFDIR;
}

/** `from` is to become `to`, or to come into it if that is a directory. */
static const char *target(const char *from, const char *to) { return is_directory(to) ? join(to, base_name(from)) : to; }

/** Depths of directories that a tool goes down. */
enum { DEPTH = 256 };

static int remove_tree(const char *path, bool recursive, bool quiet, int depth) {
  struct status status;
  long error = call(lstat64, path, &status);
  if (error) return quiet && error == -ENOENT ? 0 : failed(path, error);
  if ((status.mode & S_IFMT) != S_IFDIR) return (error = call(unlink, path)) ? failed(path, error) : 0;
  if (!recursive) return failed(path, EISDIR);
  int result = 0;
  char **names;
  void *before = mark();
  if (depth < DEPTH && list(path, &names) >= 0)
    for (; *names; names++) result |= remove_tree(join(path, *names), true, quiet, depth + 1);
  release(before);
  return (error = call(rmdir, path)) ? failed(path, error) : result;
}
TOOL(rm) {
  int flags = options(&count, &words, "rfR"), status = 0;
  if (flags < 0 || (!count && !(flags & 2))) return usage();
  for (; count--; words++) status |= remove_tree(*words, flags & 5, flags & 2, 0);
  return status;
}

static int copy_tree(const char *from, const char *to, bool recursive, int depth) {
  struct status status;
  long error = recursive ? call(lstat64, from, &status) : call(stat64, from, &status);
  if (error) return failed(from, error);
  int kind = status.mode & S_IFMT, result = 0;
  if (kind == S_IFDIR) {
    if (!recursive || depth >= DEPTH) return failed(from, EISDIR);
    if ((error = call(mkdir, to, status.mode & 07777)) && error != -EEXIST) return failed(to, error);
    char **names;
    void *before = mark();
    if ((error = list(from, &names)) < 0) return failed(from, error);
    for (; *names; names++) result |= copy_tree(join(from, *names), join(to, *names), true, depth + 1);
    release(before);
    return result;
  }
  if (kind == S_IFLNK) {
    char link[4096];
    long length = call(readlink, from, link, sizeof link - 1);
    if (length < 0) return failed(from, length);
    link[length] = 0;
    return (error = call(symlink, link, to)) ? failed(to, error) : 0;
  }
  if (kind != S_IFREG && recursive) return (error = call(mknod, to, status.mode, status.special)) ? failed(to, error) : 0;
  long in = call(open, from, O_RDONLY);
  if (in < 0) return failed(from, in);
  long out = call(open, to, O_WRONLY | O_CREAT | O_TRUNC, status.mode & 0777);
  if (out < 0) result = failed(to, out);
  else if ((error = pour(in, out))) result = failed(to, error);
  call(close, in);
  if (out >= 0) call(close, out);
  return result;
}
TOOL(cp) {
  int flags = options(&count, &words, "raR"), status = 0;
  if (flags < 0 || count < 2 || (count > 2 && !is_directory(words[count - 1]))) return usage();
  for (const char *to = words[count - 1]; count-- > 1; words++) status |= copy_tree(*words, target(*words, to), flags, 0);
  return status;
}
TOOL(mv) {
  int status = 0;
  if (options(&count, &words, "f") < 0 || count < 2 || (count > 2 && !is_directory(words[count - 1]))) return usage();
  for (const char *to = words[count - 1]; count-- > 1; words++) {
    const char *place = target(*words, to);
    long error = call(rename, *words, place);
    if (error == -18) status |= copy_tree(*words, place, true, 0) || remove_tree(*words, true, false, 0);
    else if (error) status = failed(*words, error);
  }
  return status;
}

TOOL(mkdir) {
  int parents = options(&count, &words, "p"), status = 0;
  if (parents < 0 || !count) return usage();
  for (; count--; words++) {
    if (parents)
      for (char *at = *words + 1; *at; at++)
        if (*at == '/') *at = 0, call(mkdir, *words, 0777), *at = '/';
    long error = call(mkdir, *words, 0777);
    if (error && !(parents && error == -EEXIST && is_directory(*words))) status = failed(*words, error);
  }
  return status;
}
TOOL(rmdir) {
  int status = 0;
  if (!count) return usage();
  for (long error; count--; words++)
    if ((error = call(rmdir, *words))) status = failed(*words, error);
  return status;
}
TOOL(ln) {
  int flags = options(&count, &words, "sf");
  if (flags < 0 || count != 2) return usage();
  const char *name = target(words[0], words[1]);
  if (flags & 2) call(unlink, name);
  long error = flags & 1 ? call(symlink, words[0], name) : call(link, words[0], name);
  return error ? failed(name, error) : 0;
}
TOOL(touch) {
  int status = 0;
  if (!count) return usage();
  for (; count--; words++) {
    long error = call(utimensat, AT_FDCWD, *words, NULL, 0);
    if (error == -ENOENT) {
      error = call(open, *words, O_WRONLY | O_CREAT, 0666);
      if (error >= 0) call(close, error), error = 0;
    }
    if (error) status = failed(*words, error);
  }
  return status;
}

/** An octal mode, or letters as u+x,go-w, from `old`; -1 when it is neither. */
static long mode_of(const char *text, unsigned old) {
  long value;
  if (number(text, 8, &value)) return value >= 0 && value <= 07777 ? value : -1;
  while (*text) {
    unsigned who = 0, what = 0;
    for (; *text && strchr("ugoa", *text); text++) who |= *text == 'u' ? 0700 : *text == 'g' ? 070 : *text == 'o' ? 07 : 0777;
    if (!who) who = 0777;
    char how = *text++;
    if (how != '+' && how != '-' && how != '=') return -1;
    for (; *text && *text != ','; text++) {
      if (*text == 's') what |= (who & 0700 ? 04000 : 0) | (who & 070 ? 02000 : 0);
      else if (*text == 't') what |= 01000;
      else if (*text == 'r' || *text == 'w' || *text == 'x') what |= who & (*text == 'r' ? 0444 : *text == 'w' ? 0222 : 0111);
      else return -1;
    }
    old = how == '+' ? old | what : how == '-' ? old & ~what : (old & ~who) | what;
    if (*text == ',') text++;
  }
  return old & 07777;
}
TOOL(chmod) {
  int status = 0;
  if (count < 2) return usage();
  for (int i = 1; i < count; i++) {
    struct status old;
    long error = call(stat64, words[i], &old), mode = error ? 0 : mode_of(words[0], old.mode);
    if (mode < 0) return usage();
    if (error || (error = call(chmod, words[i], mode))) status = failed(words[i], error);
  }
  return status;
}
TOOL(chown) {
  long uid, gid = -1;
  if (count < 2) return usage();
  char *colon = strchr(words[0], ':');
  if (colon) *colon = 0;
  if (!number(words[0], 10, &uid) || (colon && !number(colon + 1, 10, &gid))) return usage();
  int status = 0;
  for (int i = 1; i < count; i++) {
    long error = call(chown32, words[i], uid, gid);
    if (error) status = failed(words[i], error);
  }
  return status;
}

TOOL(readlink) {
  int follow = options(&count, &words, "f");
  if (follow < 0 || count != 1) return usage();
  char link[4096], name[32];
  const char *path = words[0];
  if (follow) {
    long fd = call(open, path, 010000000); // O_PATH: what the kernel says of it
    if (fd < 0) return 1;
    format(name, sizeof name, "/proc/self/fd/%d", (int)fd);
    path = name;
  }
  long length = call(readlink, path, link, sizeof link - 1);
  if (length < 0) return 1;
  link[length] = 0;
  print("%s\n", link);
  return 0;
}
TOOL(pwd) {
  char path[4096];
  (void)count, (void)words;
  long error = call(getcwd, path, sizeof path);
  if (error < 0) return failed(".", error);
  print("%s\n", path);
  return 0;
}
