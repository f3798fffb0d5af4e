// Tools of mounts and namespaces: mount, umount, chroot, unshare, nsenter. mount(2), namespaces(7), user_namespaces(7).
#include "../tool.h"

static const struct { const char *name; unsigned long flag; } mount_flags[] = {
  {"ro", MS_RDONLY}, {"nosuid", MS_NOSUID}, {"nodev", MS_NODEV}, {"noexec", MS_NOEXEC}, {"remount", MS_REMOUNT}, {"bind", MS_BIND},
  {"rbind", MS_BIND | MS_REC}, {"move", MS_MOVE}, {"private", MS_PRIVATE}, {"rprivate", MS_PRIVATE | MS_REC}, {"shared", MS_SHARED},
  {"rshared", MS_SHARED | MS_REC}, {"slave", 1 << 19}, {"rslave", 1 << 19 | MS_REC}, {"rw", 0}, {"defaults", 0},
};

/** Options that are flags become bits, the others stay as the filesystem's own. */
static unsigned long flags_of(const char *options, char *rest) {
  unsigned long flags = 0;
  *rest = 0;
  while (*options) {
    const char *end = strchr(options, ',');
    size_t length = end ? (size_t)(end - options) : strlen(options);
    size_t i = 0, count = sizeof mount_flags / sizeof *mount_flags;
    while (i < count && !(strlen(mount_flags[i].name) == length && strncmp(mount_flags[i].name, options, length) == 0)) i++;
    if (i < count) flags |= mount_flags[i].flag;
    else {
      if (*rest) rest++[0] = ',';
      memcpy(rest, options, length);
      rest[length] = 0;
      if (!end) break;
      rest += length;
    }
    options += length + (end != NULL);
  }
  return flags;
}

TOOL(mount) {
  const char *type = NULL, *options = "", *flag = NULL;
  for (; count > 1 && **words == '-'; count -= 2, words += 2) {
    if (same(*words, "-t")) type = words[1];
    else if (same(*words, "-o")) options = words[1];
    else if (strncmp(*words, "--", 2) == 0) flag = *words + 2, words--, count++; // --bind, --make-private
    else return usage();
  }
  if (!count) {
    long fd = call(open, "/proc/self/mounts", O_RDONLY), error = fd < 0 ? fd : pour(fd, 1);
    return error < 0 ? failed("/proc/self/mounts", error) : 0;
  }
  char *rest = allocate(strlen(options) + 2);
  unsigned long flags = flags_of(options, rest);
  if (flag) flags |= flags_of(strncmp(flag, "make-", 5) == 0 ? flag + 5 : flag, allocate(strlen(flag) + 2));
  bool alone = flags & (MS_PRIVATE | MS_SHARED | 1 << 19 | MS_REMOUNT);
  if (count != 2 && !(count == 1 && alone)) return usage();
  const char *place = words[count - 1];
  long error = call(mount, count == 2 ? words[0] : "none", place, type, flags, *rest ? rest : NULL);
  return error ? failed(place, error) : 0;
}
TOOL(umount) {
  int lazy = options(&count, &words, "l"), status = 0;
  if (lazy < 0 || !count) return usage();
  for (; count--; words++) {
    long error = call(umount2, *words, lazy ? 2 : 0);
    if (error) status = failed(*words, error);
  }
  return status;
}

/** Runs the program of `words`, a shell when there is none: its status is ours. */
static int run(int count, char **words) {
  char *shell[] = {"/bin/sh", NULL};
  if (!count) words = shell;
  long error = execute(words);
  failed(*words, error);
  return error == -ENOENT ? 127 : 126;
}
TOOL(chroot) {
  if (!count) return usage();
  long error = call(chroot, words[0]);
  if (error || (error = call(chdir, "/"))) return failed(words[0], error);
  return run(count - 1, words + 1);
}

static const struct { const char *name; unsigned long flag; } kinds[] = { // in the order of the letters of -Uinmpu and C
  {"user", CLONE_NEWUSER}, {"ipc", CLONE_NEWIPC}, {"net", CLONE_NEWNET}, {"mnt", CLONE_NEWNS}, {"pid", CLONE_NEWPID}, {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP},
};
enum { KINDS = sizeof kinds / sizeof *kinds };
#define LETTERS "UinmpuC"

static long write_text(const char *name, const char *text) {
  long fd = call(open, name, O_WRONLY), error = fd;
  if (fd < 0) return fd;
  error = call(write, fd, text, strlen(text));
  call(close, fd);
  return error < 0 ? error : 0;
}

TOOL(unshare) {
  int flags = options(&count, &words, LETTERS "fr");
  if (flags < 0) return usage();
  unsigned long what = 0;
  for (int i = 0; i < KINDS; i++)
    if (flags & 1 << i) what |= kinds[i].flag;
  bool fork_first = flags & 1 << KINDS || flags & 1 << 4, as_root = flags & 1 << (KINDS + 1);
  if (as_root) what |= CLONE_NEWUSER;
  unsigned uid = call(geteuid32), gid = call(getegid32);
  long error = call(unshare, what);
  if (error) return failed("unshare", error);
  if (as_root) {
    char map[32];
    format(map, sizeof map, "0 %u 1", uid);
    if ((error = write_text("/proc/self/uid_map", map))) return failed("/proc/self/uid_map", error);
    write_text("/proc/self/setgroups", "deny");
    format(map, sizeof map, "0 %u 1", gid);
    if ((error = write_text("/proc/self/gid_map", map))) return failed("/proc/self/gid_map", error);
  }
  if (what & CLONE_NEWNS) call(mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
  if (fork_first) {
    flush();
    long child = call(fork);
    if (child < 0) return failed("fork", child);
    if (child) return wait_for(child);
  }
  // a process list of its own can be seen where both are new
  if (what & CLONE_NEWPID && what & CLONE_NEWNS) call(mount, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  return run(count, words);
}

TOOL(nsenter) {
  long pid, fds[KINDS];
  char path[64];
  if (count < 2 || !same(words[0], "-t") || !number(words[1], 10, &pid)) return usage();
  count -= 2, words += 2;
  int flags = options(&count, &words, LETTERS);
  if (flags < 0) return usage();
  if (!flags) flags = (1 << KINDS) - 2; // all but the user namespace, which one is in already
  for (int i = 0; i < KINDS; i++) {
    format(path, sizeof path, "/proc/%d/ns/%s", (int)pid, kinds[i].name);
    fds[i] = flags & 1 << i ? call(open, path, O_RDONLY | O_CLOEXEC) : -1;
    if (flags & 1 << i && fds[i] < 0) return failed(path, fds[i]);
  }
  for (int i = 0; i < KINDS; i++) {
    if (fds[i] < 0) continue;
    long error = call(setns, fds[i], kinds[i].flag);
    if (error) return failed(kinds[i].name, error);
  }
  if (flags & 1 << 4) { // a pid namespace is the children's
    long child = call(fork);
    if (child) return wait_for(child);
  }
  if (flags & 1 << 3) call(chdir, "/");
  return run(count, words);
}
