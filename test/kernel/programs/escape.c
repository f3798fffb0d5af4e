// What a program with all rights in namespaces of its own can't do to those outside: namespaces(7), chroot(2), ptrace(2), kill(2), unix(7).
// And what root of one in a chroot alone still can, as on any Linux.
#include "show.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static int wait_for(int child) {
  int status = -1;
  if (child < 0) return -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
#define in_child(flags, expression) ({ \
  int child_ = syscall(SYS_clone, (flags) | SIGCHLD, 0, 0, 0, 0); \
  if (child_ == 0) _exit(expression); \
  wait_for(child_); })
static int error(long value) { return value < 0 ? errno : 0; }
static int exists(const char *name) { return access(name, F_OK) == 0; }
static int outer, outer_root, outer_ns[6];
static const char *kinds[] = { "mnt", "uts", "ipc", "net", "pid", "user" };
static const int ALL = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID;

// The usual way out: another chroot below, and up from a directory that was not below.
static int chroot_again(void) {
  mkdir("in", 0755);
  int fd = open(".", O_RDONLY);
  if (chroot("in") < 0) return errno;
  fchdir(fd);
  for (int i = 0; i < 64; i++) chdir("..");
  if (chroot(".") < 0) return errno;
  return exists("/secret");
}
static int fchdir_out(int fd) {
  if (fchdir(fd) < 0) return errno;
  for (int i = 0; i < 64; i++) chdir("..");
  return exists("secret");
}
// A root of one's own, with nothing of the old one.
static int pivot(void) {
  mount("none", "cell", "tmpfs", 0, NULL);
  chdir("cell");
  mkdir("old", 0755);
  if (syscall(SYS_pivot_root, ".", "old") < 0) return -1;
  chdir("/");
  return umount2("old", MNT_DETACH);
}
static int mapped(void) {
  int fd = open("/proc/self/uid_map", O_WRONLY), n = write(fd, "0 0 1", 5);
  close(fd);
  return n;
}

int main(void) {
  if (getuid() != 0 || unshare(CLONE_NEWNS) < 0) return 77;
  alarm(60);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mkdir("cell", 0755), mkdir("root", 0755);
  mount("none", "root", "tmpfs", 0, NULL);
  int ends[2];
  char byte = 0, path[64];
  static volatile int value = 7;
  pipe(ends);
  outer = fork();
  if (outer == 0) { close(ends[1]); read(ends[0], &byte, 1); _exit(0); }
  for (int i = 0; i < 6; i++) {
    sprintf(path, "/proc/self/ns/%s", kinds[i]);
    outer_ns[i] = open(path, O_RDONLY);
  }
  outer_root = open("/", O_RDONLY);
  struct iovec here = { &byte, 1 }, there = { (void *)&value, 1 };

  family("out of a chroot");
  close(creat("/secret-of-escape", 0600));
  show("root in a chroot gets out", in_child(0, (chdir("cell"), chroot("."), mkdir("in", 0755), ({ chroot("in"); for (int i = 0; i < 64; i++) chdir(".."); chroot("."); exists("/secret-of-escape"); }))));
  show("  not without CAP_SYS_CHROOT", in_child(0, (chdir("cell"), chroot("."), setresuid(1000, 1000, 1000), error(chroot("in")))));
  show("  and with an open directory", in_child(0, (chdir("cell"), chroot("."), fchdir(outer_root), exists("secret-of-escape"))));
  show("no user namespace in a chroot", in_child(0, (chdir("cell"), chroot("."), error(unshare(CLONE_NEWUSER)))));
  rmdir("cell/in");

  family("out of a root of one's own");
  show("it begins", in_child(ALL, error(pivot())));
  show("nothing of the old is there", in_child(ALL, (pivot(), exists("/secret-of-escape") + exists("/../secret-of-escape") + exists("/old/secret-of-escape"))));
  show("chroot again", in_child(ALL, (pivot(), chroot_again())));
  show("  up from there", in_child(ALL, (pivot(), mkdir("in", 0755), chroot("in"), ({ for (int i = 0; i < 64; i++) chdir(".."); exists("secret-of-escape"); }))));
  show("mounts of the old root are not seen", in_child(ALL, (pivot(), mkdir("/proc", 0755), mount("proc", "/proc", "proc", 0, NULL), ({ int lines = 0, c; FILE *f = fopen("/proc/self/mounts", "r"); while ((c = getc(f)) != EOF) lines += c == '\n'; lines; }))));
  show("a descriptor that leaked still leads out", in_child(ALL, (pivot(), fchdir(outer_root), exists("secret-of-escape"))));
  show("a mount of one's own stays within", (in_child(ALL, mount("none", "root", "tmpfs", 0, NULL) | close(creat("root/within", 0600))), exists("root/within")));
  unlink("/secret-of-escape");

  family("to those outside");
  show("a signal", in_child(ALL, error(kill(outer, 0))));
  show("  to all", in_child(ALL, error(kill(-1, SIGKILL))));
  show("ptrace", in_child(ALL, error(ptrace(PTRACE_ATTACH, outer, 0, 0))));
  show("memory", in_child(ALL, error(syscall(SYS_process_vm_readv, outer, &here, 1, &there, 1, 0))));
  show("a pidfd", in_child(ALL, error(syscall(434, outer, 0))));
  show("priority", in_child(ALL, error(syscall(SYS_setpriority, 0, outer, 5))));
  show("  with less rights, by a number that is known", in_child(CLONE_NEWUSER, (mapped(), error(ptrace(PTRACE_ATTACH, outer, 0, 0)))));
  show("  memory", in_child(CLONE_NEWUSER, (mapped(), error(syscall(SYS_process_vm_readv, outer, &here, 1, &there, 1, 0)))));
  show("  its root", in_child(CLONE_NEWUSER, (mapped(), sprintf(path, "/proc/%d/root", outer), error(open(path, O_RDONLY)))));
  show("  its namespaces", in_child(CLONE_NEWUSER, (mapped(), sprintf(path, "/proc/%d/ns/uts", outer), error(open(path, O_RDONLY)))));
  show("  its oom score", in_child(CLONE_NEWUSER, (mapped(), sprintf(path, "/proc/%d/oom_score_adj", outer), ({ int fd = open(path, O_WRONLY); fd < 0 ? errno : error(write(fd, "-1000", 5)); }))));
  char rule[64];
  for (int i = 0; i < 6; i++) {
    sprintf(rule, "back into %s with less rights", kinds[i]);
    show(rule, in_child(CLONE_NEWUSER | ALL, error(setns(outer_ns[i], 0))));
  }
  for (int i = 0; i < 5; i++) {
    sprintf(rule, "back into %s as the system's root", kinds[i]);
    show(rule, in_child(ALL, error(setns(outer_ns[i], 0))));
  }
  show("a program that runs is not written", in_child(CLONE_NEWUSER, (mapped(), error(open("/proc/self/exe", O_RDWR)))));
  show("the settings of one's own names", in_child(CLONE_NEWUSER | ALL, (mapped(), error(open("/proc/sys/kernel/hostname", O_WRONLY)))));
  close(ends[1]);
  wait_for(outer);
  umount("root");
  return 0;
}
