// The fuzzer in a container, as root of all that it has, and another container beside it, which tells whether it has noticed anything.
// contained SEED CALLS
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NEWTIME 0x80
// Milliseconds.
#define PATIENCE 20000
static const unsigned ALL = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWCGROUP;

static void need(int good, const char *what) {
  if (good) return;
  printf("%s: %s\n", what, strerror(errno));
  exit(1);
}
static int put(const char *name, const char *value) {
  int fd = open(name, O_WRONLY), n = fd < 0 ? -1 : write(fd, value, strlen(value));
  if (fd >= 0) close(fd);
  return n;
}
static void up(const char *name) {
  struct ifreq request = {};
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  strcpy(request.ifr_name, name);
  ioctl(s, SIOCGIFFLAGS, &request);
  request.ifr_flags |= IFF_UP;
  ioctl(s, SIOCSIFFLAGS, &request);
  close(s);
}

// ---- the one beside ---------------------------------------------------------------------------------------------------------------

#define STATE (1 << 18)
static char *state;
static int length;
static void tell(const char *form, ...) {
  va_list args;
  va_start(args, form);
  length += vsnprintf(state + length, STATE - length, form, args);
  va_end(args);
  need(length < STATE - 1, "what there is to tell");
}
static void tell_file(const char *name) {
  static char bytes[65536];
  int fd = open(name, O_RDONLY | O_NONBLOCK), n, all = 0;
  tell("%s:", name);
  if (fd < 0) { tell(" %s\n", strerrorname_np(errno)); return; }
  while (all < sizeof bytes - 1 && (n = read(fd, bytes + all, sizeof bytes - 1 - all)) > 0) all += n;
  bytes[all] = 0;
  tell(" %s\n", bytes);
  close(fd);
}
// What changes by itself, and what is the whole system's.
static int changes(const char *name) { return strstr(name, "random") || strstr(name, "file-nr") || strstr(name, "/nr") || strstr(name, "inode-"); }
static int tell_entry(const char *name, const struct stat *about, int type, struct FTW *at) {
  tell("%s %o %d %d %lld %ld\n", name, about->st_mode, about->st_uid, about->st_nlink, (long long)about->st_size, (long)about->st_mtime);
  if (type == FTW_F && S_ISREG(about->st_mode)) tell_file(name);
  return 0;
}
static int tell_setting(const char *name, const struct stat *about, int type, struct FTW *at) {
  if (type == FTW_F && (about->st_mode & 0444) && !changes(name)) tell_file(name);
  return 0;
}

static volatile sig_atomic_t signals;
static void counts(int signal) { signals++; }
static int beside_child, shm, sem, msg, sockets[3];
static unsigned char *memory, *segment;
enum { MEMORY = 1 << 20 };

static long sum(const unsigned char *bytes, int count) {
  long all = 0;
  for (int i = 0; i < count; i++) all = all * 31 + bytes[i];
  return all;
}
static void tell_all(void) {
  struct utsname names;
  struct timespec date, since;
  char where[256];
  length = 0;
  uname(&names);
  tell("%s %s, pid %d, parent %d, group %d, uid %d %d, cwd %s\n", names.nodename, names.domainname, getpid(), getppid(), getpgid(0), getuid(), geteuid(), getcwd(where, 256));
  tell("signals %d, nice %d, policy %d, child's nice %d\n", signals, getpriority(PRIO_PROCESS, 0), sched_getscheduler(0), getpriority(PRIO_PROCESS, beside_child));
  for (int i = 0; i < RLIM_NLIMITS; i++) { struct rlimit limit; getrlimit(i, &limit); tell("limit %d: %lld %lld\n", i, (long long)limit.rlim_cur, (long long)limit.rlim_max); }
  clock_gettime(CLOCK_REALTIME, &date), clock_gettime(CLOCK_MONOTONIC, &since);
  tell("began %ld\n", (long)((date.tv_sec * 10 + date.tv_nsec / 100000000 - since.tv_sec * 10 - since.tv_nsec / 100000000 + 5) / 10));
  tell("memory %ld, segment %ld, semaphore %d", sum(memory, MEMORY), sum(segment, 4096), semctl(sem, 0, GETVAL));
  struct msqid_ds queue;
  msgctl(msg, IPC_STAT, &queue);
  tell(", messages %d\n", (int)queue.msg_qnum);
  for (int i = 0; i < 3; i++) { struct pollfd look = { sockets[i], POLLIN }; tell("socket %d: %d\n", i, poll(&look, 1, 0)); }
  nftw("/data", tell_entry, 16, FTW_PHYS);
  nftw("/proc/sys", tell_setting, 16, FTW_PHYS);
  DIR *processes = opendir("/proc");
  for (struct dirent *one; (one = readdir(processes));) {
    char name[300];
    if (one->d_name[0] < '0' || one->d_name[0] > '9') continue;
    tell("process %s\n", one->d_name);
    for (int i = 0; i < 5; i++) {
      static const char *const files[] = { "cmdline", "cgroup", "oom_score_adj", "limits", "uid_map" };
      sprintf(name, "/proc/%s/%s", one->d_name, files[i]);
      tell_file(name);
    }
  }
  closedir(processes);
  static const char *const files[] = {
    "/proc/self/mountinfo", "/proc/net/dev", "/proc/net/tcp", "/proc/net/udp", "/proc/net/unix", "/proc/net/route", "/proc/net/if_inet6",
    "/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/cgroup.freeze", "/sys/fs/cgroup/cgroup.subtree_control", "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/pids.events", "/proc/locks",
  };
  for (int i = 0; i < sizeof files / sizeof *files; i++) tell_file(files[i]);
}

static int beside(int in, int out) {
  for (int signal = 1; signal < 32; signal++) sigaction(signal, &(struct sigaction){ .sa_handler = counts, .sa_flags = SA_RESTART }, NULL);
  signal(SIGCHLD, SIG_DFL);
  sethostname("beside", 6);
  up("lo");
  mount("none", "/data", "tmpfs", 0, "size=1m"), mount("proc", "/proc", "proc", 0, NULL), mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL);
  mkdir("/data/c", 0755), chdir("/data");
  put("a", "") , close(open("a", O_CREAT | O_WRONLY, 0600)), put("a", "the other's own");
  symlink("a", "link"), mkfifo("fifo", 0600);
  memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(memory, 0x5a, MEMORY);
  shm = shmget(1, 4096, IPC_CREAT | 0666), segment = shmat(shm, NULL, 0), segment[5] = 9;
  sem = semget(1, 1, IPC_CREAT | 0666), semctl(sem, 0, SETVAL, 3);
  msg = msgget(1, IPC_CREAT | 0666), msgsnd(msg, &(struct { long type; char text[4]; }){ 1, "own" }, 4, 0);
  struct sockaddr_in at = { AF_INET, htons(80), { htonl(INADDR_LOOPBACK) } };
  struct sockaddr_un name = { AF_UNIX, "\0beside" };
  sockets[0] = socket(AF_INET, SOCK_STREAM, 0), bind(sockets[0], (void *)&at, sizeof at), listen(sockets[0], 4);
  sockets[1] = socket(AF_INET, SOCK_DGRAM, 0), bind(sockets[1], (void *)&at, sizeof at);
  sockets[2] = socket(AF_UNIX, SOCK_STREAM, 0), bind(sockets[2], (void *)&name, sizeof name), listen(sockets[2], 4);
  beside_child = fork();
  if (beside_child == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); for (;;) pause(); }
  static char before[STATE], after[STATE];
  char byte;
  // who has started us is in the group no more
  read(in, &byte, 1);
  state = before;
  tell_all();
  write(out, "r", 1);
  while (read(in, &byte, 1) < 0 && errno == EINTR) {}
  state = after;
  tell_all();
  int lines = 0;
  char *ours = before, *theirs = after;
  while (*ours || *theirs) {
    int n = strcspn(ours, "\n"), m = strcspn(theirs, "\n");
    if (n != m || memcmp(ours, theirs, n)) { printf("before: %.*s\nafter: %.*s\n", n, ours, m, theirs); return 1; }
    lines++;
    ours += n + (ours[n] != 0), theirs += m + (theirs[m] != 0);
  }
  printf("%s\n", lines > 200 ? "no trace" : "too little to see");
  return 0;
}

// ---- the container ----------------------------------------------------------------------------------------------------------------

static void place(const char *from, const char *name) {
  char path[64];
  sprintf(path, "/cell%s", name);
  close(open(path, O_CREAT, 0666));
  need(mount(from, path, NULL, MS_BIND, NULL) == 0, name);
}
static int contained(int ready, char **args) {
  char byte;
  read(ready, &byte, 1);
  need(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0, "root");
  need(mount("none", "/cell", "tmpfs", 0, "size=16m") == 0, "a root");
  static const char *const directories[] = { "dev", "dev/pts", "dev/shm", "proc", "sys", "work", "old" };
  for (int i = 0; i < 7; i++) { char path[64]; sprintf(path, "/cell/%s", directories[i]); mkdir(path, 0755); }
  place("/fuzz", "/fuzz"), place("/calls", "/calls");
  static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/tty" };
  for (int i = 0; i < 5; i++) place(devices[i], devices[i]);
  need(mount("proc", "/cell/proc", "proc", 0, NULL) == 0, "proc");
  need(mount("sys", "/cell/sys", "sysfs", 0, NULL) == 0, "sysfs");
  need(mount("none", "/cell/sys/fs/cgroup", "cgroup2", 0, NULL) == 0, "cgroup2");
  mount("pts", "/cell/dev/pts", "devpts", 0, "newinstance,ptmxmode=666"), symlink("pts/ptmx", "/cell/dev/ptmx");
  mount("shm", "/cell/dev/shm", "tmpfs", 0, NULL);
  need(chdir("/cell") == 0 && syscall(SYS_pivot_root, ".", "old") == 0 && chdir("/work") == 0, "pivot_root");
  need(umount2("/old", MNT_DETACH) == 0, "the old root");
  sethostname("fuzzed", 6), up("lo");
  int fuzz = fork();
  if (fuzz == 0) {
    // the streams are the test's
    for (int fd = 0; fd < 3; fd++) close(fd), open("/dev/null", O_RDWR);
    execl("/fuzz", "fuzz", args[1], args[2], NULL);
    _exit(127);
  }
  for (int status, pid; (pid = wait(&status)) > 0;) if (pid == fuzz) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return 1;
}
static int start(unsigned long long flags) {
  unsigned long long args[11] = { flags, 0, 0, 0, SIGCHLD };
  return syscall(435, args, sizeof args);
}
static int code(int child) {
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int count, char **args) {
  setlinebuf(stdout);
  int in[2], out[2], ready[2];
  char path[64], byte;
  pipe2(in, O_CLOEXEC), pipe2(out, O_CLOEXEC), pipe2(ready, O_CLOEXEC);
  mkdir("/data", 0755), mkdir("/cell", 0755), chmod("/fuzz", 0755), chmod("/calls", 0644);
  put("/sys/fs/cgroup/cgroup.subtree_control", "+pids +memory");
  mkdir("/sys/fs/cgroup/beside", 0755), mkdir("/sys/fs/cgroup/fuzzed", 0755);
  put("/sys/fs/cgroup/beside/cgroup.procs", "0");
  int other = start(ALL);
  if (other == 0) { close(in[1]), close(out[0]), close(ready[0]), close(ready[1]); exit(beside(in[0], out[1])); }
  close(in[0]), close(out[1]);
  put("/sys/fs/cgroup/cgroup.procs", "0");
  write(in[1], "x", 1);
  need(read(out[0], &byte, 1) == 1, "the one beside");
  need(put("/sys/fs/cgroup/fuzzed/pids.max", "100") > 0 && put("/sys/fs/cgroup/fuzzed/memory.max", "33554432") > 0, "limits");
  need(put("/sys/fs/cgroup/fuzzed/cgroup.procs", "0") > 0, "its group");
  int fuzzed = start(ALL | CLONE_NEWUSER | NEWTIME);
  need(fuzzed >= 0, "a container");
  if (fuzzed == 0) {
    close(ready[1]), close(in[1]), close(out[0]);
    exit(contained(ready[0], args));
  }
  put("/sys/fs/cgroup/cgroup.procs", "0");
  sprintf(path, "/proc/%d/uid_map", fuzzed);
  need(put(path, "0 100000 65536") > 0, "uids");
  sprintf(path, "/proc/%d/gid_map", fuzzed);
  need(put(path, "0 100000 65536") > 0, "gids");
  close(ready[1]);
  // some of what it starts may wait for what never comes
  struct pollfd look = { syscall(SYS_pidfd_open, fuzzed, 0), POLLIN };
  if (poll(&look, 1, PATIENCE) != 1) kill(fuzzed, SIGKILL);
  int ended = code(fuzzed);
  // killed as a whole, by its own limit or by itself, is an end too
  need(ended == 0 || ended > 128, "the fuzzer");
  write(in[1], "x", 1);
  int noticed = code(other);
  rmdir("/sys/fs/cgroup/beside"), rmdir("/sys/fs/cgroup/fuzzed");
  return noticed;
}
