// namespaces(7), clone(2), unshare(2), setns(2), pid_namespaces(7), uts_namespaces(7), ipc_namespaces(7), network_namespaces(7),
// mount_namespaces(7): what is a namespace's own, who may make and join one, and how long it lives.
#include "show.h"
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>

static char *name_of(const char *process, const char *kind) {
  static char buffers[4][64];
  static int next;
  char path[64], *into = buffers[next++ & 3];
  sprintf(path, "/proc/%s/ns/%s", process, kind);
  int n = readlink(path, into, 63);
  into[n < 0 ? 0 : n] = 0;
  return into;
}
static int same(const char *a, const char *b, const char *kind) { return !strcmp(name_of(a, kind), name_of(b, kind)); }
static const char *number(int pid) {
  static char buffers[4][16];
  static int next;
  char *into = buffers[next++ & 3];
  sprintf(into, "%d", pid);
  return into;
}
static int open_ns(const char *process, const char *kind) {
  char path[64];
  sprintf(path, "/proc/%s/ns/%s", process, kind);
  return open(path, O_RDONLY);
}
static int start(unsigned long flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }
static int wait_for(int child) {
  int status = -1;
  if (child < 0) return -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
// What the expression gives in a child, 0 to 255.
#define in_child(flags, expression) ({ \
  int child_ = start(flags); \
  if (child_ == 0) _exit(expression); \
  wait_for(child_); })
// 0, or -1 and the errno of it, in a child that has called `before`.
#define tried(before, expression) ({ \
  int child_ = fork(); \
  if (child_ == 0) { before; _exit((expression) < 0 ? errno : 0); } \
  errno = wait_for(child_); \
  errno ? -1 : 0; })
static const char *host(void) {
  static struct utsname names;
  uname(&names);
  return names.nodename;
}
// What process 1 of new pids dies of when it, or its child, reboots; -2: there are no new pids, and the host would.
static int rebooted(unsigned command, int by_child) {
  int status, child = start(CLONE_NEWPID);
  if (child == 0) {
    if (getpid() != 1) _exit(99);
    if (by_child && fork() != 0) _exit(wait(NULL) < 0 ? 96 : 97);
    _exit(syscall(SYS_reboot, 0xfee1dead, 672274793, command, 0) < 0 ? errno : 98);
  }
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int rename_host(const char *name) { return sethostname(name, strlen(name)); }
static int ordinary(void) { return setresgid(1000, 1000, 1000) | setresuid(1000, 1000, 1000); }
static int up(const char *name) {
  struct ifreq request = {};
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  strcpy(request.ifr_name, name);
  int failed = ioctl(s, SIOCGIFFLAGS, &request);
  request.ifr_flags |= IFF_UP;
  failed = failed < 0 ? failed : ioctl(s, SIOCSIFFLAGS, &request);
  close(s);
  return failed;
}
static int is_up(const char *name) {
  struct ifreq request = {};
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  strcpy(request.ifr_name, name);
  int failed = ioctl(s, SIOCGIFFLAGS, &request);
  close(s);
  return failed < 0 ? -1 : !!(request.ifr_flags & IFF_UP);
}
static int bound(int port) {
  struct sockaddr_in at = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
  int s = socket(AF_INET, SOCK_STREAM, 0);
  return bind(s, (void *)&at, sizeof at) < 0 || listen(s, 1) < 0 ? -1 : s;
}
static int connected(int port) {
  struct sockaddr_in at = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
  int s = socket(AF_INET, SOCK_STREAM, 0);
  return connect(s, (void *)&at, sizeof at);
}
static int abstract(int (*call)(int, const struct sockaddr *, socklen_t)) {
  struct sockaddr_un at = { AF_UNIX, "\0tabvisor-namespace" };
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  int failed = call(s, (void *)&at, sizeof at);
  if (failed == 0 && call == bind) listen(s, 1);
  return failed < 0 ? -1 : 0;
}
static int exists(const char *name) { return access(name, F_OK) == 0; }

// A child in new namespaces that stays until it is told.
static int go[2];
static int stay(unsigned long flags) {
  int ready[2];
  char byte;
  pipe(ready);
  int child = start(flags);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (flags & CLONE_NEWUTS) rename_host("within");
    write(ready[1], "", 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
  close(ready[0]), close(ready[1]);
  return child;
}
static void end(int child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

static void identities(void) {
  family("/proc/PID/ns");
  static const char *kinds[] = { "cgroup", "ipc", "mnt", "net", "pid", "user", "uts" };
  static const int flags[] = { CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS };
  char rule[64];
  for (int i = 0; i < 7; i++) {
    struct stat a, b;
    int fd = open_ns("self", kinds[i]), other = open_ns(number(getpid()), kinds[i]);
    fstat(fd, &a), fstat(other, &b);
    sprintf(rule, "%s: its type", kinds[i]);
    show(rule, ioctl(fd, 0xb703) == flags[i]);
    sprintf(rule, "%s: the same file however it is opened", kinds[i]);
    show(rule, a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    sprintf(rule, "%s: a child's by fork", kinds[i]);
    int child = stay(0);
    show(rule, same(number(child), "self", kinds[i]));
    end(child);
    if (flags[i] == CLONE_NEWUSER) continue;
    child = stay(flags[i]);
    sprintf(rule, "%s: of its own with clone", kinds[i]);
    show(rule, same(number(child), "self", kinds[i]));
    int differ = 0;
    for (int k = 0; k < 7; k++) differ += !same(number(child), "self", kinds[k]);
    sprintf(rule, "%s: how many differ then", kinds[i]);
    show(rule, differ);
    sprintf(rule, "%s: setns with another type", kinds[i]);
    int theirs = open_ns(number(child), kinds[i]);
    show(rule, setns(theirs, flags[i] == CLONE_NEWUTS ? CLONE_NEWIPC : CLONE_NEWUTS));
    sprintf(rule, "%s: setns", kinds[i]);
    show(rule, in_child(0, setns(theirs, flags[i]) < 0 ? errno : 0));
    sprintf(rule, "%s: setns of type 0", kinds[i]);
    show(rule, in_child(0, setns(theirs, 0) < 0 ? errno : 0));
    sprintf(rule, "%s: is in it then", kinds[i]);
    show(rule, in_child(0, setns(theirs, 0) < 0 ? 99 : same("self", number(child), strcmp(kinds[i], "pid") ? kinds[i] : "pid_for_children")));
    sprintf(rule, "%s: setns by a user", kinds[i]);
    show(rule, tried(ordinary(), setns(theirs, flags[i])));
    sprintf(rule, "%s: unshare by a user", kinds[i]);
    show(rule, tried(ordinary(), unshare(flags[i])));
    sprintf(rule, "%s: clone by a user", kinds[i]);
    show(rule, tried(ordinary(), start(flags[i])));
    end(child);
    close(theirs), close(fd), close(other);
  }
  show("setns of no descriptor", setns(-1, 0));
  show("setns of a file", setns(open("/", O_RDONLY), 0));
  show("unshare of nothing", unshare(0));
  show("unshare of what is none", unshare(1));
  show("clone with CLONE_FS and new mounts", start(CLONE_NEWNS | CLONE_FS));
  show("clone of a thread in new pids", syscall(SYS_clone, CLONE_NEWPID | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, 0, 0, 0));
  show("clone with new ipc and shared undo", start(CLONE_NEWIPC | CLONE_SYSVSEM));
}

static int related(const char *process, const char *kind, int how, int *to) {
  int fd = open_ns(process, kind), other = ioctl(fd, how), kept = errno;
  close(fd);
  if (to) *to = other;
  else if (other >= 0) close(other);
  errno = kept;
  return other < 0 ? -1 : 0;
}
static int is_ns(int fd, const char *process, const char *kind) {
  struct stat a, b;
  int other = open_ns(process, kind);
  fstat(fd, &a), fstat(other, &b);
  close(other), close(fd);
  return a.st_ino == b.st_ino;
}
static void relations(void) {
  family("ioctl_ns");
  int fd, child = stay(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWUTS);
  show("whose a namespace is", related(number(child), "uts", 0xb701, &fd));
  show("  its user namespace's", is_ns(fd, number(child), "user"));
  show("the parent of a user namespace", related(number(child), "user", 0xb702, &fd));
  show("  ours", is_ns(fd, "self", "user"));
  show("  who owns it", related(number(child), "user", 0xb701, &fd));
  show("  ours", is_ns(fd, "self", "user"));
  show("the parent of a pid namespace", related(number(child), "pid", 0xb702, &fd));
  show("  ours", is_ns(fd, "self", "pid"));
  show("the parent of another", related(number(child), "uts", 0xb702, NULL));
  unsigned owner = 77;
  fd = open_ns(number(child), "user");
  show("the uid of an owner", ioctl(fd, 0xb704, &owner));
  show("  it", owner);
  show("  nowhere", ioctl(fd, 0xb704, 1));
  close(fd), fd = open_ns("self", "uts");
  show("  of another", ioctl(fd, 0xb704, &owner));
  show("what is none", ioctl(fd, 0xb7ff));
  close(fd);
  show("a parent out of reach", in_child(CLONE_NEWUSER, related("self", "user", 0xb702, NULL) < 0 ? errno : 0));
  show("  of pids", in_child(CLONE_NEWPID, related("self", "pid", 0xb702, NULL) < 0 ? errno : 0));
  end(child);
}

static void pidfd(void) {
  family("setns by pidfd");
  int child = stay(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET);
  int fd = syscall(434, child, 0);
  show("no flags", setns(fd, 0));
  show("a flag that is none", setns(fd, 1));
  show("one", in_child(0, setns(fd, CLONE_NEWUTS) < 0 ? errno : same("self", number(child), "uts") * 10 + same("self", number(child), "ipc")));
  show("several", in_child(0, setns(fd, CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) < 0 ? errno : same("self", number(child), "uts") * 100 + same("self", number(child), "ipc") * 10 + same("self", number(child), "net")));
  show("the name there", in_child(0, setns(fd, CLONE_NEWUTS) < 0 ? errno : strcmp(host(), "within")));
  show("all or none", in_child(0, setns(fd, CLONE_NEWUTS | CLONE_NEWUSER) < 0 ? errno * 2 + same("self", number(child), "uts") : 0));
  show("by a user", tried(ordinary(), setns(fd, CLONE_NEWUTS)));
  kill(child, SIGKILL);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  show("of a process that has ended", setns(fd, CLONE_NEWUTS));
  waitpid(child, NULL, 0);
  close(fd);
}

static void uts(void) {
  family("names");
  show("a copy begins with the name", in_child(0, (rename_host("first"), unshare(CLONE_NEWUTS), strcmp(host(), "first"))));
  show("a change stays within", in_child(CLONE_NEWUTS, rename_host("second")) | strcmp(host(), "first"));
  show("a change above stays above", in_child(0, ({
    int child = stay(CLONE_NEWUTS);
    rename_host("third");
    setns(open_ns(number(child), "uts"), 0);
    int is = strcmp(host(), "within");
    end(child);
    is;
  })));
  show("/proc/sys shows the reader's", in_child(CLONE_NEWUTS, ({
    char line[64] = "";
    rename_host("fourth");
    read(open("/proc/sys/kernel/hostname", O_RDONLY), line, 63);
    strcmp(line, "fourth\n");
  })));
  family("lifetime");
  int child = stay(CLONE_NEWUTS), fd = open_ns(number(child), "uts");
  show("a mount of it", (close(creat("uts", 0600)), mount(({ static char path[64]; sprintf(path, "/proc/%d/ns/uts", child); path; }), "uts", NULL, MS_BIND, NULL)));
  end(child);
  show("kept by an open file", in_child(0, setns(fd, CLONE_NEWUTS) < 0 ? errno : strcmp(host(), "within")));
  close(fd);
  fd = open("uts", O_RDONLY);
  show("kept by a mount", in_child(0, setns(fd, CLONE_NEWUTS) < 0 ? errno : strcmp(host(), "within")));
  close(fd);
  show("  umount", umount("uts"));
  show("  no namespace then", setns(fd = open("uts", O_RDONLY), 0));
  close(fd), unlink("uts");
  child = stay(CLONE_NEWNS), fd = open_ns(number(child), "mnt");
  close(creat("mnt", 0600));
  show("a mount of one's own mounts", mount("/proc/self/ns/mnt", "mnt", NULL, MS_BIND, NULL));
  char path[64];
  sprintf(path, "/proc/%d/ns/mnt", child);
  show("a mount of a later one's", mount(path, "mnt", NULL, MS_BIND, NULL));
  show("  umount", umount("mnt"));
  end(child), close(fd), unlink("mnt");
}

static void pids(void) {
  family("pids");
  show("reboot ends process 1", rebooted(0x01234567, 0));
  show("  so that who waits can tell", rebooted(0x4321fedc, 0));
  show("  HALT", rebooted(0xcdef0123, 0));
  show("  by another process", rebooted(0x4321fedc, 1));
  show("  what is none", rebooted(0xd000fce2, 0));
  show("  without the magic", in_child(CLONE_NEWPID, syscall(SYS_reboot, 1, 2, 3, 0) < 0 ? errno : 0));
  show("  without the right", in_child(CLONE_NEWPID, (ordinary(), syscall(SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0) < 0) ? errno : 0));
  show("the first is 1", in_child(CLONE_NEWPID, getpid()));
  show("  without a parent", in_child(CLONE_NEWPID, getppid()));
  show("  its session and group are outside", in_child(CLONE_NEWPID, getpgid(0) * 10 + getsid(0)));
  show("the next is 2", in_child(CLONE_NEWPID, in_child(0, getpid())));
  show("  whose parent is 1", in_child(CLONE_NEWPID, in_child(0, getppid())));
  show("nested, the first is 1", in_child(CLONE_NEWPID, in_child(CLONE_NEWPID, getpid())));
  show("  and 2 above", in_child(CLONE_NEWPID, ({ int c = stay(CLONE_NEWPID); end(c); c; })));
  show("kill of a pid outside", in_child(CLONE_NEWPID, kill(getppid() + 12345, 0) < 0 ? errno : 0));
  show("unshare leaves the caller where it is", in_child(0, ({ int was = getpid(); unshare(CLONE_NEWPID), getpid() == was; })));
  show("  its child is 1", in_child(0, (unshare(CLONE_NEWPID), in_child(0, getpid()))));
  show("  its next child after that has ended", in_child(0, (unshare(CLONE_NEWPID), in_child(0, 0), ({ int c = fork(); if (c == 0) _exit(0); c < 0 ? errno : 0; }))));
  show("  pid_for_children before the first", in_child(0, (unshare(CLONE_NEWPID), strlen(name_of("self", "pid_for_children")))));
  show("  unshare once more", in_child(0, (unshare(CLONE_NEWPID), unshare(CLONE_NEWPID) < 0 ? errno : 0)));
  show("  a thread then", in_child(0, (unshare(CLONE_NEWPID), syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, 0, 0, 0) < 0 ? errno : 0)));
  show("setns upwards", in_child(0, ({ int fd = open_ns("self", "pid"); in_child(CLONE_NEWPID, setns(fd, 0) < 0 ? errno : 0); })));
  int child = stay(CLONE_NEWPID), fd = open_ns(number(child), "pid");
  show("setns downwards, the child's number", in_child(0, (setns(fd, 0), in_child(0, getpid()))));
  show("  its parent there", in_child(0, (setns(fd, 0), in_child(0, getppid()))));
  show("NSpid of it", in_child(0, ({
    char path[32], line[128];
    int two = 0, a, b;
    sprintf(path, "/proc/%d/status", child);
    FILE *status = fopen(path, "r");
    while (fgets(line, sizeof line, status)) if (sscanf(line, "NSpid: %d %d", &a, &b) == 2) two = a == child && b == 1;
    two;
  })));
  end(child);
  show("setns to one whose first has ended: fork", in_child(0, (setns(fd, 0), fork() < 0 ? errno : 0)));
  close(fd);

  family("process 1");
  show("SIGTERM from within, no handler", in_child(CLONE_NEWPID, (in_child(0, kill(1, SIGTERM)), 7)));
  show("SIGKILL from within", in_child(CLONE_NEWPID, (in_child(0, kill(1, SIGKILL)), 7)));
  show("SIGKILL of itself", in_child(CLONE_NEWPID, (kill(1, SIGKILL), 7)));
  child = stay(CLONE_NEWPID);
  kill(child, SIGTERM);
  show("SIGTERM from above, no handler", ({ usleep(1000); kill(child, 0); }));
  kill(child, SIGKILL);
  show("SIGKILL from above", wait_for(child));
  int ends[2];
  pipe(ends);
  child = start(CLONE_NEWPID);
  if (child == 0) {
    for (int i = 0; i < 3; i++) if (fork() == 0) { setsid(); if (i == 2 && fork() == 0) pause(); pause(); }
    close(ends[1]);
    write(ends[1], "", 1);
    usleep(1000);
    _exit(3);
  }
  close(ends[1]);
  show("its end", wait_for(child));
  struct pollfd about = { ends[0], POLLIN };
  show("  is the end of all", poll(&about, 1, 0) == 1 && (about.revents & POLLHUP));
  close(ends[0]);
  show("orphans are its children", in_child(CLONE_NEWPID, ({
    int pair[2], grandchild = 0;
    pipe(pair);
    int between = fork();
    if (between == 0) {
      int c = fork();
      if (c == 0) { while (getppid() != 1) usleep(1000); _exit(4); }
      write(pair[1], &c, sizeof c);
      _exit(0);
    }
    read(pair[0], &grandchild, sizeof grandchild);
    wait_for(between);
    wait_for(grandchild);
  })));
  show("a subreaper's before that", in_child(CLONE_NEWPID, in_child(0, ({
    int pair[2], grandchild = 0;
    pipe(pair);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int between = fork();
    if (between == 0) {
      int old = getpid(), c = fork();
      if (c == 0) { while (getppid() == old) usleep(1000); _exit(getppid()); }
      write(pair[1], &c, sizeof c);
      _exit(0);
    }
    read(pair[0], &grandchild, sizeof grandchild);
    wait_for(between);
    wait_for(grandchild);
  }))));
  show("the status of a kill", in_child(CLONE_NEWPID, ({ int c = fork(); if (c == 0) { kill(getpid(), SIGKILL); } int status; waitpid(c, &status, 0); WTERMSIG(status); })));
}

static void ipc(void) {
  family("ipc");
  int id = shmget(4711, 4096, IPC_CREAT | 0600);
  show("a key is not there within", in_child(CLONE_NEWIPC, shmget(4711, 0, 0) < 0 ? errno : 0));
  show("  nor the id", in_child(CLONE_NEWIPC, shmat(id, NULL, 0) == (void *)-1 ? errno : 0));
  show("  attached before, it stays", in_child(0, ({ char *at = shmat(id, NULL, 0); unshare(CLONE_NEWIPC); at[0] = 5; at[0]; })));
  show("  and is seen above", ({ char *at = shmat(id, NULL, 0); int seen = at[0]; shmdt(at); seen; }));
  show("what is made within stays within", in_child(CLONE_NEWIPC, shmget(4712, 4096, IPC_CREAT | 0600) < 0) + 10 * (shmget(4712, 0, 0) < 0));
  show("a limit is the namespace's", in_child(CLONE_NEWIPC, ({
    write(open("/proc/sys/kernel/shmmni", O_WRONLY), "1", 1);
    shmget(1, 4096, IPC_CREAT | 0600);
    shmget(2, 4096, IPC_CREAT | 0600) < 0 ? errno : 0;
  })));
  show("  and not another's", ({ int more = shmget(4713, 4096, IPC_CREAT | 0600); shmctl(more, IPC_RMID, NULL); }));
  shmctl(id, IPC_RMID, NULL);
}

static void net(void) {
  family("net");
  show("lo is there and down", in_child(CLONE_NEWNET, is_up("lo")));
  show("  nothing else", in_child(CLONE_NEWNET, ({ struct if_nameindex *all = if_nameindex(); int n = 0; while (all[n].if_index) n++; n; })));
  show("  of index 1", in_child(CLONE_NEWNET, if_nametoindex("lo")));
  show("nobody is reached", in_child(CLONE_NEWNET, connected(7) < 0 ? errno : 0));
  show("  lo goes up", in_child(CLONE_NEWNET, up("lo") + is_up("lo")));
  show("  and is there then", in_child(CLONE_NEWNET, (up("lo"), connected(7) < 0 ? errno : 0)));
  show("a port within", in_child(CLONE_NEWNET, (up("lo"), bound(80) < 0 ? errno : connected(80))));
  int outside = bound(0);
  struct sockaddr_in at;
  socklen_t length = sizeof at;
  getsockname(outside, (void *)&at, &length);
  int port = ntohs(at.sin_port);
  show("a port outside", in_child(CLONE_NEWNET, (up("lo"), connected(port) < 0 ? errno : 0)));
  show("  can be taken within", in_child(CLONE_NEWNET, (up("lo"), bound(port) < 0 ? errno : 0)));
  show("  a socket stays where it was made", in_child(0, ({ int s = socket(AF_INET, SOCK_STREAM, 0); unshare(CLONE_NEWNET); connect(s, (void *)&at, length) < 0 ? errno : 0; })));
  show("  and so does one that was accepted", in_child(0, ({
    int c = socket(AF_INET, SOCK_STREAM, 0), a;
    connect(c, (void *)&at, length);
    unshare(CLONE_NEWNET);
    a = accept(outside, NULL, NULL), a = accept(outside, NULL, NULL);
    struct sockaddr_in peer;
    getpeername(a, (void *)&peer, &length);
    write(c, "x", 1) == 1 && peer.sin_port != 0;
  })));
  close(outside);
  show("an abstract name", abstract(bind));
  show("  is reached", abstract(connect));
  show("  not from within", in_child(CLONE_NEWNET, abstract(connect) < 0 ? errno : 0));
  show("  and can be taken there", in_child(CLONE_NEWNET, abstract(bind) < 0 ? errno : 0));
  show("/proc/net is the reader's", in_child(CLONE_NEWNET, ({ char line[256]; int n = 0; FILE *f = fopen("/proc/net/dev", "r"); while (fgets(line, 256, f)) n++; n; })));
  show("/proc/sys/net is too", in_child(CLONE_NEWNET, ({ char byte; write(open("/proc/sys/net/ipv4/ip_forward", O_WRONLY), "1", 1); read(open("/proc/sys/net/ipv4/ip_forward", O_RDONLY), &byte, 1); byte - '0'; })));
}

static void mounts(void) {
  family("mounts");
  mkdir("a", 0755), mkdir("b", 0755);
  show("a mount within", in_child(CLONE_NEWNS, (mount("none", "a", "tmpfs", 0, NULL), close(creat("a/file", 0600)), exists("a/file"))));
  show("  is not outside", exists("a/file"));
  int child = stay(CLONE_NEWNS), fd = open_ns(number(child), "mnt");
  show("a mount outside", mount("none", "a", "tmpfs", 0, NULL) | close(creat("a/file", 0600)));
  char here[512], path[600];
  getcwd(here, 512);
  sprintf(path, "%s/a/file", here);
  show("  is not within", in_child(0, (setns(fd, 0), exists(path))));
  show("setns goes to the root", in_child(0, (setns(fd, 0), getcwd(path, 512), strcmp(path, "/"))));
  show("  not with a shared cwd", in_child(0, ({ int c = syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0); if (c == 0) _exit(setns(fd, 0) < 0 ? errno : 0); wait_for(c); })));
  show("unshare keeps the working directory", in_child(0, (unshare(CLONE_NEWNS), getcwd(path, 512), strcmp(path, here))));
  show("  with what is mounted below", in_child(0, (unshare(CLONE_NEWNS), exists("a/file"))));
  show("  a copy, to be unmounted", in_child(0, (unshare(CLONE_NEWNS), umount("a") | exists("a/file"))) * 10 + exists("a/file"));
  show("a busy copy keeps nobody else busy", in_child(0, ({ int c = fork(); if (c == 0) { unshare(CLONE_NEWNS); chdir("a"); kill(getpid(), SIGSTOP); _exit(0); } int status; waitpid(c, &status, WUNTRACED); int failed = umount("a"); kill(c, SIGKILL); waitpid(c, NULL, 0); failed; })));
  end(child), close(fd);
  umount("a");
  show("an open file of mounts that have gone", ({
    int c = start(CLONE_NEWNS), pair[2];
    if (c == 0) { mount("none", "a", "tmpfs", 0, NULL); write(open("a/kept", O_RDWR | O_CREAT, 0600), "k", 1); kill(getpid(), SIGSTOP); _exit(0); }
    int status;
    waitpid(c, &status, WUNTRACED);
    sprintf(path, "/proc/%d/root%s/a/kept", c, here);
    int kept = open(path, O_RDONLY);
    end(c);
    char byte = 0;
    read(kept, &byte, 1);
    close(kept);
    byte;
  }));
  rmdir("a"), rmdir("b");
}

int main(void) {
  if (getuid() != 0) return 77;
  alarm(60);
  // newer Linuxes number namespaces by processor
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  sched_setaffinity(0, sizeof first, &first);
  if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) < 0) return 77;
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  up("lo");
  identities();
  relations();
  pidfd();
  uts();
  pids();
  ipc();
  net();
  mounts();
  return 0;
}
