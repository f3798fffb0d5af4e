// namespaces(7), "The /proc/sys/user directory": how many namespaces of each kind a user may make in a user namespace and in those below it.
#include "child.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NEWTIME 0x80
static const struct { const char *name; int flag; } kinds[] = {
  { "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC }, { "mnt", CLONE_NEWNS }, { "net", CLONE_NEWNET },
  { "pid", CLONE_NEWPID }, { "time", NEWTIME }, { "user", CLONE_NEWUSER }, { "uts", CLONE_NEWUTS },
};
static char path[64];
static const char *file_of(const char *kind) { sprintf(path, "/proc/sys/user/max_%s_namespaces", kind); return path; }
static int put(const char *kind, const char *value) {
  int fd = open(file_of(kind), O_WRONLY), n = fd < 0 ? -1 : write(fd, value, strlen(value)), failed = errno;
  close(fd);
  errno = failed;
  return n;
}
static long get(const char *kind) {
  char said[32] = "";
  int fd = open(file_of(kind), O_RDONLY), n = read(fd, said, 31);
  close(fd);
  return n > 0 ? atol(said) : -1;
}
static int map(const char *file, const char *said) {
  int fd = open(file, O_WRONLY), n = write(fd, said, strlen(said));
  close(fd);
  return n;
}
// A user namespace with one's own root, and limits of one's own.
static int own(void) {
  if (unshare(CLONE_NEWUSER) < 0) return -1;
  return map("/proc/self/uid_map", "0 0 1") | map("/proc/self/setgroups", "deny") | map("/proc/self/gid_map", "0 0 1");
}
// A child in a namespace, which stays until it is told.
static int stay(int flag) {
  int ready[2];
  char byte;
  pipe(ready);
  int child = fork();
  if (child == 0) {
    int failed = error(unshare(flag));
    // somebody must be born there for it to be a place of pids
    if (!failed && flag == CLONE_NEWPID && fork() > 0) for (;;) pause();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    write(ready[1], &failed, 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
  close(ready[0]), close(ready[1]);
  if (byte) { kill(child, SIGKILL), code(child); errno = byte; return -1; }
  return child;
}
static int count_of(int flag, int most) {
  int children[16], count = 0;
  while (count < most && (children[count] = stay(flag)) > 0) count++;
  for (int i = 0; i < count; i++) kill(children[i], SIGKILL), code(children[i]);
  return count;
}

// Some kinds go later than their last task.
static int again(int flag) {
  int count = 0;
  for (int i = 0; i < 500 && (count = count_of(flag, 4)) < 2; i++) usleep(10000);
  return count;
}

int main(void) {
  if (getuid() != 0) return 77;
  alarm(60);
  char rule[80];
  family("the files");
  for (int i = 0; i < 8; i++) {
    struct stat about;
    sprintf(rule, "%s: the mode of its limit", kinds[i].name);
    show(rule, stat(file_of(kinds[i].name), &about) < 0 ? -1 : about.st_mode & 07777);
  }
  show("a new user namespace has no limits", in_child((own(), get("net") == 2147483647)));
  show("  of its own", in_child((own(), put("net", "5"), get("net"))));
  show("  that are no others'", in_child((code(({ int c = fork(); if (c == 0) _exit((own(), put("net", "5"), 0)); c; })), get("net") > 5)));
  show("written", in_child((own(), put("uts", "3\n"))));
  show("  as it was", in_child((own(), put("uts", "3\n"), get("uts"))));
  show("negative", in_child((own(), error(put("uts", "-1")))));
  show("more than there can be", in_child((own(), error(put("uts", "2147483648")))));
  show("the most", in_child((own(), put("uts", "2147483647"))));
  show("no number", in_child((own(), error(put("uts", "many")))));
  show("by who has no rights", in_child((setresuid(1000, 1000, 1000), error(put("uts", "3")))));
  show("  who may read it", in_child((setresuid(1000, 1000, 1000), get("uts") > 0)));

  family("the limits");
  for (int i = 0; i < 8; i++) {
    sprintf(rule, "%s: none may be made", kinds[i].name);
    show(rule, in_child((own(), put(kinds[i].name, "0"), error(unshare(kinds[i].flag)))));
    sprintf(rule, "%s: two may be", kinds[i].name);
    show(rule, in_child((own(), put(kinds[i].name, "2"), count_of(kinds[i].flag, 4))));
    sprintf(rule, "%s:   and two again when those are gone", kinds[i].name);
    show(rule, in_child((own(), put(kinds[i].name, "2"), count_of(kinds[i].flag, 4), again(kinds[i].flag))));
  }
  show("clone is held to it too", in_child((own(), put("uts", "0"), error(syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0)))));
  show("one that is kept by a file counts", in_child((own(), put("uts", "1"), ({
    int child = stay(CLONE_NEWUTS);
    sprintf(path, "/proc/%d/ns/uts", child);
    int fd = open(path, O_RDONLY);
    kill(child, SIGKILL), code(child);
    int while_kept = error(unshare(CLONE_NEWUTS));
    close(fd);
    while_kept * 2 + (error(unshare(CLONE_NEWUTS)) == 0);
  }))));
  show("a limit below what is there", in_child((own(), ({ int child = stay(CLONE_NEWUTS); put("uts", "0"); int failed = error(unshare(CLONE_NEWUTS)); kill(child, SIGKILL), code(child); failed; }))));
  show("joining one is no making", in_child((own(), ({
    int child = stay(CLONE_NEWUTS);
    sprintf(path, "/proc/%d/ns/uts", child);
    int fd = open(path, O_RDONLY);
    put("uts", "0");
    int failed = error(setns(fd, 0));
    kill(child, SIGKILL), code(child);
    failed;
  }))));
  show("several at once: one too many is none", in_child((own(), put("uts", "0"), ({ struct stat a, b; stat("/proc/self/ns/ipc", &a); int failed = error(unshare(CLONE_NEWIPC | CLONE_NEWUTS)); stat("/proc/self/ns/ipc", &b); failed + (a.st_ino != b.st_ino); }))));

  family("of those below");
  show("what they make counts above", in_child((own(), put("uts", "0"), own(), error(unshare(CLONE_NEWUTS)))));
  show("  for who made them", in_child((own(), put("uts", "1"), ({ int child = fork(); if (child == 0) { own(); _exit(count_of(CLONE_NEWUTS, 3)); } code(child); }))));
  show("  they have no more than is left", in_child((own(), put("uts", "3"), ({ int kept = stay(CLONE_NEWUTS), child = fork(); if (child == 0) { own(); put("uts", "100"); _exit(count_of(CLONE_NEWUTS, 5)); } int count = code(child); kill(kept, SIGKILL), code(kept); count; }))));
  show("user namespaces within one another", in_child((own(), put("user", "2"), own() | own(), error(unshare(CLONE_NEWUSER)))));
  return 0;
}
