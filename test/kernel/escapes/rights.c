// What rights within a user namespace are not: those of files, mounts, namespaces and groups that are others'. user_namespaces(7),
// capabilities(7), mount_namespaces(7), cgroups(7), setns(2), mknod(2), xattr(7). The families are the names of the cases of escapes.test.ts.
#include "child.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static const int OWN = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;

static int put(const char *path, const char *line) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return errno;
  int n = write(fd, line, strlen(line)), failed = errno;
  close(fd);
  return n < 0 ? failed : 0;
}
// Root within is user 1000 outside.
static int mapped(void) { return put("/proc/self/setgroups", "deny") | put("/proc/self/uid_map", "0 1000 1") | put("/proc/self/gid_map", "0 1000 1"); }
// A child of user 1000 as root of namespaces of its own. Its status is the expression's.
#define as_root_within(flags, expression) in_child(0, (setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000), prctl(PR_SET_DUMPABLE, 1), in_child(flags, (mapped(), setresgid(0, 0, 0), setresuid(0, 0, 0), expression))))
static int open_error(const char *name, int flags) {
  int fd = open(name, flags);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}
static const char *self;

// Copies the program to where it runs as another.
static void copy(const char *to, int mode, int owner) {
  static char bytes[1 << 20];
  int from = open(self, O_RDONLY), into = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755), n;
  while ((n = read(from, bytes, sizeof bytes)) > 0) write(into, bytes, n);
  close(from), close(into);
  chown(to, owner, owner), chmod(to, mode);
}
// Bits of CAP_NET_RAW, permitted and effective.
struct capabilities { unsigned magic, permitted, inheritable, permitted_high, inheritable_high, rootid; };
static const struct capabilities net_raw = { 0x02000001, 1 << 13, 0, 0, 0, 0 };

// A child that stays, as root within; others come to it by its number.
static int ready[2];
static int stays(int flags) {
  char byte;
  pipe(ready);
  int child = fork();
  if (child == 0) {
    setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000), prctl(PR_SET_DUMPABLE, 1);
    unshare(flags);
    mapped(), setresgid(0, 0, 0), setresuid(0, 0, 0);
    prctl(PR_SET_DUMPABLE, 1);
    mount("inner", "/area/inner", "tmpfs", 0, "mode=777");
    copy("/area/inner/root", 04755, 0);
    copy("/area/inner/raw", 0755, 0), setxattr("/area/inner/raw", "security.capability", &net_raw, 20, 0);
    write(ready[1], "x", 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
  close(ready[0]), close(ready[1]);
  return child;
}
static void end(int child) { kill(child, SIGKILL), waitpid(child, NULL, 0); }
static const char *of(int pid, const char *what) {
  static char path[4][64];
  static int next;
  char *into = path[next++ % 4];
  sprintf(into, "/proc/%d/%s", pid, what);
  return into;
}

static void nodes(void) {
  family("nodes of devices");
  show("root makes one", error(mknod("/area/null", S_IFCHR | 0666, makedev(1, 3))));
  chmod("/area/null", 0666);
  show("  and opens it", open_error("/area/null", O_RDWR));
  show("root within does not", as_root_within(OWN, (mount("x", "/area/inner", "tmpfs", 0, NULL), error(mknod("/area/inner/null", S_IFCHR | 0666, makedev(1, 3))))));
  show("  of a block device", as_root_within(OWN, (mount("x", "/area/inner", "tmpfs", 0, NULL), error(mknod("/area/inner/disk", S_IFBLK | 0666, makedev(8, 0))))));
  show("  but a pipe", as_root_within(OWN, (mount("x", "/area/inner", "tmpfs", 0, NULL), error(mknod("/area/inner/pipe", S_IFIFO | 0666, 0)))));
  show("  and what hides a name in layers", as_root_within(OWN, (mount("x", "/area/inner", "tmpfs", 0, NULL), error(mknod("/area/inner/hidden", S_IFCHR | 0666, 0)))));
  show("    which opens nothing", as_root_within(OWN, (mount("x", "/area/inner", "tmpfs", 0, NULL), mknod("/area/inner/hidden", S_IFCHR | 0666, 0), open_error("/area/inner/hidden", O_RDWR))));
  show("one of the outside is opened by its rights", as_root_within(OWN, open_error("/area/null", O_RDWR)));
  int child = stays(OWN);
  show("the system's root makes one in a filesystem from within", error(mknod(of(child, "root/area/inner/null"), S_IFCHR | 0666, makedev(1, 3))));
  show("  which it can't open there", open_error(of(child, "root/area/inner/null"), O_RDWR));
  end(child);
  show("nodev is not taken away", (mount("n", "/area/nodev", "tmpfs", MS_NODEV, NULL), mknod("/area/nodev/null", S_IFCHR | 0666, makedev(1, 3)), as_root_within(OWN, error(mount(NULL, "/area/nodev", NULL, MS_REMOUNT | MS_BIND, NULL)))));
  show("  nor nosuid", (mount(NULL, "/area/nodev", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV, NULL), as_root_within(OWN, error(mount(NULL, "/area/nodev", NULL, MS_REMOUNT | MS_BIND | MS_NODEV, NULL)))));
  show("  with both it may", as_root_within(OWN, error(mount(NULL, "/area/nodev", NULL, MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOSUID | MS_RDONLY, NULL))));
  show("  read-only is not taken away", (mount(NULL, "/area/nodev", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), as_root_within(OWN, error(mount(NULL, "/area/nodev", NULL, MS_REMOUNT | MS_BIND, NULL)))));
  show("  nor by a copy of it", as_root_within(OWN, (mount("/area/nodev", "/area/inner", NULL, MS_BIND, NULL), mount(NULL, "/area/inner", NULL, MS_REMOUNT | MS_BIND, NULL), open_error("/area/inner/new", O_CREAT | O_WRONLY))));
  umount("/area/nodev");
}

// What the program at `path` says of its rights: its effective uid, or with "caps" whether it may do what only CAP_NET_RAW may.
static int runs(const char *path, const char *what) {
  fflush(stdout);
  int child = fork();
  if (child == 0) execl(path, path, what, NULL), _exit(errno == EACCES ? 113 : 126);
  return wait_for(child);
}

// The same, of an open file.
static int runs_open(int fd, char *what) {
  fflush(stdout);
  int child = fork();
  char *args[] = { "x", what, NULL };
  if (child == 0) syscall(SYS_execveat, fd, "", args, NULL, AT_EMPTY_PATH), _exit(errno == EACCES ? 113 : 126);
  return wait_for(child);
}
// The same, traced by its parent.
static int runs_traced(const char *path, const char *what) {
  fflush(stdout);
  int child = fork(), status;
  if (child == 0) ptrace(PTRACE_TRACEME, 0, 0, 0), execl(path, path, what, NULL), _exit(126);
  while (waitpid(child, &status, 0) > 0 && WIFSTOPPED(status)) ptrace(PTRACE_CONT, child, 0, 0);
  return WEXITSTATUS(status);
}
static char stack[65536];
static int sleeps(void *unused) { return usleep(200000); }

static void setuids(void) {
  family("programs that run as another");
  copy("/area/root", 04755, 0);
  show("one that runs as root", in_child(0, (setresuid(1000, 1000, 1000), runs("/area/root", "uid"))));
  show("  not where root has no id", as_root_within(OWN, (setresuid(0, 0, 0), runs("/area/root", "uid"))));
  copy("/area/user", 04755, 1000);
  show("as one who has an id within", as_root_within(OWN, runs("/area/user", "uid")));
  int child = stays(OWN), fd = open(of(child, "root/area/inner/root"), O_RDONLY | O_CLOEXEC), raw = open(of(child, "root/area/inner/raw"), O_RDONLY | O_CLOEXEC);
  show("what root within has made so runs as its caller outside", in_child(0, (setresuid(2000, 2000, 2000), runs_open(fd, "uid"))));
  show("  with what it may", in_child(0, (setresuid(2000, 2000, 2000), runs_open(raw, "caps"))));
  show("  as root outside: still root", runs_open(fd, "uid"));
  end(child), close(fd), close(raw);
  show("traced by him who started it", in_child(0, (setresuid(1000, 1000, 1000), runs_traced("/area/root", "uid"))));
  show("  by root", in_child(0, (setresuid(1000, 0, 0), runs_traced("/area/root", "uid"))));
  show("sharing a working directory with who stays as he is", in_child(0, (setresuid(1000, 1000, 1000), clone(sleeps, stack + sizeof stack, CLONE_FS | SIGCHLD, NULL), ({ execl("/area/root", "x", "uid", NULL); 126; }))));
  show("on a mount with nosuid", in_child(CLONE_NEWNS, (mount(NULL, "/area", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL), setresuid(1000, 1000, 1000), runs("/area/root", "uid"))));
  show("with no new privileges", in_child(0, (setresuid(1000, 1000, 1000), prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), runs("/area/root", "uid"))));
}

static void capabilities(void) {
  family("capabilities of files");
  struct capabilities got, other = net_raw;
  copy("/area/raw", 0755, 0);
  show("set by root", setxattr("/area/raw", "security.capability", &net_raw, 20, 0));
  show("  they are had", in_child(0, (setresuid(1000, 1000, 1000), runs("/area/raw", "caps"))));
  show("  where root has no id, too", as_root_within(OWN, (setresuid(0, 0, 0), runs("/area/raw", "caps"))));
  show("  not with no new privileges", in_child(0, (setresuid(1000, 1000, 1000), prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), runs("/area/raw", "caps"))));
  show("  nor traced by him who started it", in_child(0, (setresuid(1000, 1000, 1000), runs_traced("/area/raw", "caps"))));
  show("  nor on a mount with nosuid", in_child(CLONE_NEWNS, (mount(NULL, "/area", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL), setresuid(1000, 1000, 1000), runs("/area/raw", "caps"))));
  show("  without it in the bounding set it does not run", in_child(0, (prctl(PR_CAPBSET_DROP, 13), setresuid(1000, 1000, 1000), runs("/area/raw", "caps"))));
  show("  but where it knows of capabilities", in_child(0, (other.magic = 0x02000000, setxattr("/area/raw", "security.capability", &other, 20, 0), prctl(PR_CAPBSET_DROP, 13), setresuid(1000, 1000, 1000), runs("/area/raw", "caps"))));
  show("  which has them to take", in_child(0, (setresuid(1000, 1000, 1000), runs("/area/raw", "caps"))));
  show("  for who inherits them", in_child(0, (other.permitted = 0, other.inheritable = 1 << 13, other.magic = 0x02000001, setxattr("/area/raw", "security.capability", &other, 20, 0), setresuid(1000, 1000, 1000), runs("/area/raw", "caps"))));
  setxattr("/area/raw", "security.capability", &net_raw, 20, 0);
  copy("/area/both", 04755, 0), setxattr("/area/both", "security.capability", &net_raw, 20, 0);
  show("with another's user too: his name", in_child(0, (setresuid(1000, 1000, 1000), runs("/area/both", "uid"))));
  show("  and those capabilities alone", in_child(0, (setresuid(1000, 1000, 1000), runs("/area/both", "admin"))));
  show("  by root all", runs("/area/both", "admin"));
  show("  how they are kept", getxattr("/area/raw", "security.capability", &got, sizeof got));
  copy("/area/within", 0755, 1000);
  show("set by root within", as_root_within(OWN, error(setxattr("/area/within", "security.capability", &net_raw, 20, 0))));
  show("  from outside they have a root", getxattr("/area/within", "security.capability", &got, sizeof got));
  show("    of version 3", got.magic == 0x03000001);
  show("    which is", got.rootid);
  show("  from within they have none", as_root_within(OWN, getxattr("/area/within", "security.capability", &got, sizeof got)));
  show("  outside they are nothing", in_child(0, (setresuid(2000, 2000, 2000), runs("/area/within", "caps"))));
  show("set by a user", in_child(0, (setresuid(1000, 1000, 1000), error(setxattr("/area/within", "security.capability", &net_raw, 20, 0)))));
  show("  of another's file by root within", as_root_within(OWN, error(setxattr("/area/raw", "security.capability", &net_raw, 20, 0))));
  other.magic = 0x03000001;
  show("with a root that has no id within", as_root_within(OWN, (other.rootid = 5, error(setxattr("/area/within", "security.capability", &other, 24, 0)))));
  show("too short", error(setxattr("/area/within", "security.capability", &net_raw, 19, 0)));
  show("no such version", (other.magic = 0x05000001, error(setxattr("/area/within", "security.capability", &other, 20, 0))));
  show("written to, a file has none", ({ int fd = open("/area/raw", O_WRONLY); write(fd, "\177", 1), close(fd); error(getxattr("/area/raw", "security.capability", &got, sizeof got)); }));
  show("trusted attributes", error(setxattr("/area/within", "trusted.x", "1", 1, 0)));
  show("  not by root within", as_root_within(OWN, error(setxattr("/area/within", "trusted.x", "2", 1, 0))));
  show("  who does not see them", as_root_within(OWN, error(getxattr("/area/within", "trusted.x", &got, 1))));
}

static int send_fd(int socket, int fd) {
  char space[CMSG_SPACE(sizeof fd)] = {}, byte = 0;
  struct iovec part = { &byte, 1 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS, header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(socket, &message, 0);
}
static int receive_fd(int socket) {
  char space[CMSG_SPACE(sizeof(int))], byte;
  struct iovec part = { &byte, 1 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
  int fd = -1;
  if (recvmsg(socket, &message, 0) > 0) memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  return fd;
}
static void passed(void) {
  family("namespaces that are handed over");
  static const char *const kinds[] = { "mnt", "uts", "ipc", "net", "user", "cgroup", "pid", "time" };
  char rule[64], path[64];
  for (int i = 0; i < 8; i++) {
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    sprintf(path, "/proc/self/ns/%s", kinds[i]);
    int fd = open(path, O_RDONLY);
    send_fd(ends[0], fd), close(fd);
    sprintf(rule, "%s, to root within", kinds[i]);
    show(rule, as_root_within(OWN, error(setns(receive_fd(ends[1]), 0))));
    close(ends[0]), close(ends[1]);
  }
  int child = stays(OWN), pidfd = syscall(434, child, 0);
  show("those of a child, by its pidfd", in_child(0, error(setns(pidfd, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS))));
  show("  by a stranger", in_child(0, (setresuid(2000, 2000, 2000), error(setns(pidfd, CLONE_NEWUTS)))));
  show("  by him who owns it", in_child(0, (setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000), error(setns(pidfd, CLONE_NEWUSER | CLONE_NEWUTS)))));
  show("  without its user namespace", in_child(0, (setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000), error(setns(pidfd, CLONE_NEWUTS)))));
  show("  nothing of it", in_child(0, error(setns(pidfd, 0))));
  end(child);
  show("  when it is gone", in_child(0, error(setns(pidfd, CLONE_NEWUTS))));
  show("    a signal to it", error(syscall(424, pidfd, 0, NULL, 0)));
  close(pidfd);
}

static void others_places(void) {
  family("places of others, by /proc");
  int root = getpid(), child = stays(OWN);
  show("the root of the outside", as_root_within(OWN, open_error(of(root, "root"), O_RDONLY)));
  show("  its working directory", as_root_within(OWN, open_error(of(root, "cwd"), O_RDONLY)));
  show("  its program", as_root_within(OWN, error(readlink(of(root, "exe"), (char[9]){}, 9))));
  show("  its descriptors", as_root_within(OWN, open_error(of(root, "fd/0"), O_RDONLY)));
  show("  its memory", as_root_within(OWN, open_error(of(root, "mem"), O_RDONLY)));
  show("  its environment", as_root_within(OWN, open_error(of(root, "environ"), O_RDONLY)));
  show("  its map of ids", as_root_within(OWN, put(of(root, "uid_map"), "0 0 1")));
  show("  its groups", as_root_within(OWN, put(of(root, "setgroups"), "deny")));
  show("  its limits of processes", as_root_within(OWN, put(of(root, "oom_score_adj"), "5")));
  show("  its timer", as_root_within(OWN, put(of(root, "timens_offsets"), "monotonic 1 0")));
  show("one beside it, of the same user outside", as_root_within(OWN, open_error(of(child, "root/area/inner"), O_RDONLY)));
  show("  by its parent's user, who owns it", in_child(0, (setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000), prctl(PR_SET_DUMPABLE, 1), open_error(of(child, "root/area/inner"), O_RDONLY))));
  show("  by a stranger", in_child(0, (setresuid(2000, 2000, 2000), open_error(of(child, "root/area/inner"), O_RDONLY))));
  show("  its maps by a stranger", in_child(0, (setresuid(2000, 2000, 2000), put(of(child, "uid_map"), "0 0 1"))));
  end(child);
}

static void settings(void) {
  family("settings");
  static const char *const own[] = { "kernel/hostname", "kernel/domainname", "kernel/msgmax", "kernel/shmmni", "net/ipv4/ip_forward", "net/ipv4/ip_unprivileged_port_start", "fs/mqueue/msg_max", "user/max_net_namespaces" };
  static const char *const systems[] = { "kernel/pid_max", "kernel/threads-max", "kernel/randomize_va_space", "fs/file-max", "fs/pipe-max-size", "vm/overcommit_memory", "vm/max_map_count" };
  char path[96], value[64], rule[96];
  for (int i = 0; i < 15; i++) {
    const char *name = i < 8 ? own[i] : systems[i - 8];
    sprintf(path, "/proc/sys/%s", name);
    int fd = open(path, O_RDONLY), n = read(fd, value, sizeof value - 1);
    close(fd);
    value[n > 0 ? n : 0] = 0;
    sprintf(rule, "%s, by root within", name);
    show(rule, as_root_within(OWN, put(path, value)));
    sprintf(rule, "  when it is not its own");
    show(rule, as_root_within(CLONE_NEWUSER, put(path, value)));
    show("  by a user", in_child(0, (setresuid(1000, 1000, 1000), put(path, value))));
  }
}

static void groups(void) {
  family("who opened a group's file");
  // two groups, one of user 1000; who writes is not who opened
  mkdir("/area/groups", 0755);
  if (mount("none", "/area/groups", "cgroup2", 0, NULL) < 0) return;
  mkdir("/area/groups/rights", 0755), mkdir("/area/groups/rights/his", 0755), mkdir("/area/groups/rights/other", 0755);
  chown("/area/groups/rights/his", 1000, 1000), chown("/area/groups/rights/his/cgroup.procs", 1000, 1000);
  show("a user moves nobody out of where he may not write", in_child(0, (setresuid(1000, 1000, 1000), put("/area/groups/rights/his/cgroup.procs", "0"))));
  show("  nor does who has rights, by the user's descriptor", in_child(0, ({
    setresuid(-1, 1000, -1);
    int fd = open("/area/groups/rights/his/cgroup.procs", O_WRONLY);
    setresuid(-1, 0, -1);
    error(write(fd, "0", 1));
  })));
  show("  what root has opened is root's, whoever writes", in_child(0, ({
    int fd = open("/area/groups/rights/his/cgroup.procs", O_WRONLY);
    setresuid(1000, 1000, 1000);
    error(write(fd, "0", 1));
  })));
  show("settings are root's", in_child(0, (setresuid(1000, 1000, 1000), put("/area/groups/rights/his/cgroup.max.depth", "1"))));
  show("  of a group of his own his", in_child(0, (setresuid(1000, 1000, 1000), mkdir("/area/groups/rights/his/new", 0755), put("/area/groups/rights/his/new/cgroup.max.depth", "1"))));
  show("no agent is run at the end", open_error("/area/groups/release_agent", O_RDONLY));
  show("  nor told of", open_error("/area/groups/rights/notify_on_release", O_RDONLY));
  rmdir("/area/groups/rights/his/new"), rmdir("/area/groups/rights/his"), rmdir("/area/groups/rights/other"), rmdir("/area/groups/rights");
  umount("/area/groups");
}

static void mounts(void) {
  family("mounts of a nested user namespace");
  show("hidden files stay hidden", as_root_within(OWN, error(umount("/area/cover"))));
  show("  in one below", as_root_within(OWN, in_child(CLONE_NEWUSER | CLONE_NEWNS, (put("/proc/self/uid_map", "0 0 1"), error(umount("/area/cover"))))));
  show("  by a copy without what lies on it", as_root_within(OWN, (mount("/area", "/area/inner", NULL, MS_BIND, NULL) < 0 ? errno : open_error("/area/inner/cover/secret", O_RDONLY))));
  show("  by a copy with all", as_root_within(OWN, (mount("/area", "/area/inner", NULL, MS_BIND | MS_REC, NULL) < 0 ? errno : open_error("/area/inner/cover/secret", O_RDONLY))));
  show("  moved away", as_root_within(OWN, error(mount("/area/cover", "/area/inner", NULL, MS_MOVE, NULL))));
  show("  covered once more and bared", as_root_within(OWN, (mount("x", "/area/cover", "tmpfs", 0, NULL), umount("/area/cover"), open_error("/area/cover/secret", O_RDONLY))));
  show("one of its own goes", as_root_within(OWN, (mount("x", "/area/inner", "tmpfs", 0, NULL), error(umount("/area/inner")))));
  show("  not by one below", as_root_within(OWN, (mount("x", "/area/inner", "tmpfs", 0, NULL), in_child(CLONE_NEWUSER | CLONE_NEWNS, (put("/proc/self/uid_map", "0 0 1"), error(umount("/area/inner")))))));
  show("a disk", as_root_within(OWN, error(mount("/dev/sda", "/area/inner", "ext4", 0, NULL))) != 0);
  show("another propagation is not had back", as_root_within(OWN, (mount(NULL, "/area", NULL, MS_SHARED, NULL), mount("x", "/area/inner", "tmpfs", 0, NULL), 0)) + open_error("/area/inner/of-within", O_RDONLY));
}

int main(int count, char **args) {
  if (count > 1) {
    if (!strcmp(args[1], "admin")) return sethostname("", -1) < 0 && errno == EPERM ? 0 : 100;
    if (!strcmp(args[1], "uid")) return geteuid() == 0 ? 0 : geteuid() == 65534 ? 65 : geteuid() == 1000 ? 10 : 1;
    return socket(AF_INET, SOCK_RAW, 1) < 0 ? errno : 100;
  }
  self = args[0];
  if (getuid() != 0 || unshare(CLONE_NEWNS) < 0) return 77;
  alarm(60);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  umask(0);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mkdir("/area", 0755);
  mount("area", "/area", "tmpfs", 0, "mode=755");
  mkdir("/area/inner", 0777), mkdir("/area/nodev", 0755), mkdir("/area/cover", 0755);
  close(creat("/area/cover/secret", 0666));
  mount("cover", "/area/cover", "tmpfs", 0, NULL);
  nodes();
  setuids();
  capabilities();
  passed();
  others_places();
  settings();
  groups();
  mounts();
  while (wait(NULL) > 0) {}
  umount("/area/cover"), umount("/area");
  rmdir("/area");
  return 0;
}
