// Documentation/admin-guide/cgroup-v2.rst: what the controllers pids, memory and cpu limit, and what their files take and say.
// As root, in the first group of a system that has them. Figures are asked for as "is it within", so that any Linux says the same.
#include "../programs/show.h"
#include "../programs/cgroup.h"
#include "groups.h"
#include <netinet/in.h>
#include <sys/socket.h>

static void subtree_control(void) {
  family("cgroup.subtree_control");
  mkdir("one", 0755);
  text("what there is", keys("cgroup.controllers", NULL)[0] ? "some" : "none");
  show("no internal processes", put("cgroup.subtree_control", "+memory"));
  show("  but for controllers of threads", put("cgroup.subtree_control", "+pids"));
  text("  then it is the root of threads", get("cgroup.type"));
  text("  others are no domains", get("one/cgroup.type"));
  show("  which can't have processes", put("one/cgroup.procs", "0"));
  show("  nor domain controllers", put("cgroup.subtree_control", "+memory"));
  show("off again", put("cgroup.subtree_control", "-pids"));
  show("processes leave", (mkdir("self", 0755), put("self/cgroup.procs", "0")));
  show("then all may be on", put("cgroup.subtree_control", "+cpu +memory  +pids\n"));
  text("in an order of their own", get("cgroup.subtree_control"));
  show("the last word counts", put("cgroup.subtree_control", "-pids +pids"));
  text("the child has them", get("one/cgroup.controllers"));
  text("  and passes none on", get("one/cgroup.subtree_control"));
  show("  with their files", access("one/pids.max", F_OK) + access("one/memory.max", F_OK) + access("one/cpu.max", F_OK));
  show("a group with controllers on has no processes", put("cgroup.procs", "0"));
  mkdir("one/two", 0755);
  show("  below it there are none", access("one/two/pids.max", F_OK));
  show("what is not passed on can't be passed on", put("one/two/cgroup.subtree_control", "+pids"));
  show("passed on", put("one/cgroup.subtree_control", "+pids"));
  show("  its file comes", access("one/two/pids.max", F_OK));
  show("one on and another off", put("one/cgroup.subtree_control", "+cpu -pids"));
  show("  its file goes", access("one/two/pids.max", F_OK));
  show("a file that is open when its controller goes", ({ int fd = open("one/pids.max", O_RDWR); put("cgroup.subtree_control", "-pids"); char byte; int n = read(fd, &byte, 1); show("  reads", n); n = write(fd, "1", 1); close(fd); put("cgroup.subtree_control", "+pids"); n; }));
  show("a controller that a child passes on stays", put("cgroup.subtree_control", "-cpu"));
  show("  and nothing of the line happens", put("cgroup.subtree_control", "-pids -cpu"));
  text("  none", get("cgroup.subtree_control"));
  show("no such controller", put("cgroup.subtree_control", "+pids +nothing"));
  show("a group of threads has no memory", (put("one/cgroup.subtree_control", "-cpu"), mkdir("thread", 0755), put("thread/cgroup.type", "threaded")));
  rmdir("thread"), rmdir("one/two"), rmdir("one");
}

static void pids(void) {
  family("pids");
  mkdir("g", 0755);
  text("no limit at first", get("g/pids.max"));
  text("nobody in it", get("g/pids.current"));
  text("nothing has happened", get("g/pids.events"));
  show("no file in the root", access("../pids.max", F_OK));
  show("a limit", put("g/pids.max", "4\n"));
  text("  as it reads", get("g/pids.max"));
  show("  hexadecimal", (put("g/pids.max", "0x10"), number("g/pids.max")));
  show("  octal", (put("g/pids.max", "010"), number("g/pids.max")));
  show("a negative one", put("g/pids.max", "-1"));
  show("no number", put("g/pids.max", "many"));
  show("two numbers", put("g/pids.max", "1 2"));
  show("nothing", put("g/pids.max", " "));
  show("more than there can be", put("g/pids.max", "32769"));
  put("g/pids.max", "4");
  volatile int *made = shared();
  int status = done_in("g", {
    int children[10], count = 0, error = 0;
    while (count < 10 && (children[count] = stay()) > 0) count++;
    error = errno;
    made[0] = count;
    made[1] = number("g/pids.current");
    for (int i = 0; i < count; i++) end(children[i]);
    made[2] = number("g/pids.current");
    _exit(error);
  });
  show("children until the limit", *made);
  text("  then", strerrorname_np(WEXITSTATUS(status)));
  show("  how many there were", made[1]);
  show("  after their end", made[2]);
  text("the refusal is counted", get("g/pids.events"));
  text("none is left", get("g/pids.current"));
  text("the most there were", get("g/pids.peak"));
  int child = stay();
  put("g/cgroup.procs", pid(child));
  kill(child, SIGKILL);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  text("a zombie counts", get("g/pids.current"));
  waitpid(child, NULL, 0);
  text("  until it is waited for", get("g/pids.current"));
  put("g/pids.max", "0");
  child = stay();
  show("moving is not limited", put("g/cgroup.procs", pid(child)));
  text("  one above the limit", get("g/pids.current"));
  end(child);
  show("nobody may fork at 0", done_in("g", ({ int more = fork(); _exit(more < 0 ? errno : 0); })) >> 8 == EAGAIN);
  text("  threads are refused too", get("g/pids.events"));
  mkdir("g/sub", 0755);
  put("g/cgroup.subtree_control", "+pids");
  put("g/pids.max", "1");
  put("g/sub/pids.max", "5");
  show("the tighter limit acts", done_in("g/sub", ({ int more = fork(); if (more == 0) _exit(0); _exit(more < 0 ? errno : 0); })) >> 8 == EAGAIN);
  text("  counted where the fork was", get("g/sub/pids.events"));
  show("clone3 into a full group", ({ put("g/sub/pids.max", "0"); int fd = open("g/sub", O_RDONLY); int into = clone_into(fd), kept = errno; close(fd); errno = kept; into; }));
  rmdir("g/sub"), rmdir("g");
}

// Fills what a descriptor leads to; how much that was.
static long fill_up(int fd) {
  static char block[16384];
  long all = 0, n;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  while ((n = write(fd, block, sizeof block)) > 0) all += n;
  return all;
}
static void tcp_pair(int fds[2]) {
  struct sockaddr_in address = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } };
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (void *)&address, length), listen(listener, 1), getsockname(listener, (void *)&address, &length);
  fds[0] = socket(AF_INET, SOCK_STREAM, 0);
  connect(fds[0], (void *)&address, length);
  fds[1] = accept(listener, NULL, NULL);
  close(listener);
}
static void kernel_memory(void) {
  family("memory of the kernel's");
  volatile int *step = shared();
  int child = child_in("g", ({
    int pipes[64][2], pair[16][2], tcp[2];
    for (int i = 0; i < 64; i++) pipe(pipes[i]), fill_up(pipes[i][1]);
    step[0] = 1;
    until(&step[1]);
    for (int i = 0; i < 64; i++) close(pipes[i][0]), close(pipes[i][1]);
    step[0] = 2;
    while (step[1] < 2) usleep(1000);
    for (int i = 0; i < 16; i++) socketpair(AF_UNIX, SOCK_STREAM, 0, pair[i]), fill_up(pair[i][0]);
    step[0] = 3;
    while (step[1] < 3) usleep(1000);
    for (int i = 0; i < 16; i++) close(pair[i][0]), close(pair[i][1]);
    tcp_pair(tcp);
    fill_up(tcp[0]);
    usleep(100000);
    step[0] = 4;
    while (step[1] < 4) usleep(1000);
  }));
  until(step);
  show("what waits in pipes is charged", within(number("g/memory.current"), 4 * MIB, 6 * MIB));
  show("  as the kernel's", within(value("g/memory.stat", "kernel"), 4 * MIB, 6 * MIB));
  step[1] = 1;
  while (step[0] < 2) usleep(1000);
  show("  until they are closed", number("g/memory.current") < 2 * MIB);
  step[1] = 2;
  while (step[0] < 3) usleep(1000);
  show("what waits in Unix sockets", within(value("g/memory.stat", "kernel"), 1.5 * MIB, 6 * MIB));
  show("  is no socket's", value("g/memory.stat", "sock"));
  step[1] = 3;
  while (step[0] < 4) usleep(1000);
  show("what waits in others is", value("g/memory.stat", "sock") >= 65536);
  step[1] = 4;
  ended(child);
  show("  until they are closed", waits_for("g/memory.stat", "|sock 0|"));
  step[0] = step[1] = 0;
  child = child_in("g", ({
    struct rlimit many = {8192, 8192};
    setrlimit(RLIMIT_NOFILE, &many);
    for (int i = 0; i < 6000; i++) open("/", O_RDONLY);
    step[0] = 1;
    until(&step[1]);
  }));
  until(step);
  show("open files are charged", within(value("g/memory.stat", "kernel"), 1 * MIB, 6 * MIB));
  step[1] = 1;
  ended(child);
}

static void memory(void) {
  family("memory");
  mkdir("g", 0755);
  text("no limit at first", get("g/memory.max"));
  text("  none that throttles", get("g/memory.high"));
  text("  nothing protected", get("g/memory.low"));
  text("  nor hard", get("g/memory.min"));
  text("nothing has happened", get("g/memory.events"));
  text("all are not killed together", get("g/memory.oom.group"));
  show("no limit in the root", access("../memory.max", F_OK));
  show("a limit with a unit", (put("g/memory.max", "16M\n"), number("g/memory.max")));
  show("  whole pages", (put("g/memory.high", "4097"), number("g/memory.high")));
  show("  none", (put("g/memory.high", "max"), number("g/memory.high")));
  show("a negative one", put("g/memory.max", "-1"));
  show("no number", put("g/memory.max", "much"));
  show("another value of oom.group", put("g/memory.oom.group", "2"));
  volatile int *flag = shared();
  int child = child_in("g", ({ touch(4 * MIB); flag[0] = 1; until(&flag[1]); }));
  until(flag);
  show("what is touched is charged", within(number("g/memory.current"), 4 * MIB, 5 * MIB));
  show("  as anonymous memory", within(value("g/memory.stat", "anon"), 4 * MIB, 4.6 * MIB));
  show("  its peak", number("g/memory.peak") >= 4 * MIB);
  put("self/cgroup.procs", pid(child));
  show("who leaves leaves it there", number("g/memory.current") >= 4 * MIB);
  flag[1] = 1;
  waitpid(child, NULL, 0);
  show("  until it is freed", within(number("g/memory.current"), 0, MIB));
  show("faults are counted", value("g/memory.stat", "pgfault") >= 1024);

  mount("none", "../../files", "tmpfs", 0, NULL);
  show("a file in memory", done_in("g", fill("../../files/a", 4 * MIB)));
  show("  is charged when its writer has gone", within(number("g/memory.current"), 4 * MIB, 5 * MIB));
  show("  as shared memory", within(value("g/memory.stat", "shmem"), 4 * MIB, 4.2 * MIB));
  show("  and as a file", within(value("g/memory.stat", "file"), 4 * MIB, 4.2 * MIB));
  show("  none of it mapped", value("g/memory.stat", "file_mapped"));
  show("  nor to be written back", value("g/memory.stat", "file_dirty"));
  show("who maps it", ({
    int fd = open("../../files/a", O_RDWR);
    char *at = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (int i = 0; i < 2 * MIB; i += 4096) at[i] = 2;
    long mapped = value("g/memory.stat", "file_mapped");
    munmap(at, 2 * MIB);
    close(fd);
    within(mapped, 2 * MIB, 4 * MIB);
  }));
  show("  unmaps it", value("g/memory.stat", "file_mapped"));
  const char *const more[] = {"kernel_stack", "percpu", "file_writeback", "unevictable", "slab", "slab_reclaimable", "slab_unreclaimable", "pgscan", "pgsteal", "pgscan_direct", "pgsteal_direct", "pgrefill", "pgactivate", "pgdeactivate", "pglazyfree", "pglazyfreed"};
  for (int i = 0; i < sizeof more / sizeof *more; i++) show(more[i], value("g/memory.stat", more[i]) >= 0);
  show("  others read it for nothing", (number("self/memory.current") < 4 * MIB));
  unlink("../../files/a");
  show("  until it is removed", within(number("g/memory.current"), 0, MIB));

  kernel_memory();

  family("memory.max");
  int beside = stay();
  put("g/cgroup.procs", pid(beside));
  show("who takes more is killed", done_in("g", touch(40 * MIB)));
  show("  who takes little is not", kill(beside, 0));
  show("  the limit held", number("g/memory.peak") <= 17 * MIB);
  show("  a kill is counted", value("g/memory.events", "oom_kill"));
  show("  and that it came to that", value("g/memory.events", "oom") >= 1);
  show("  and each time at the limit", value("g/memory.events", "max") >= 1);
  show("  in its own file too", value("g/memory.events.local", "oom_kill"));
  show("  for those above", value("memory.events", "oom_kill"));
  show("  not as their own", value("memory.events.local", "oom_kill"));
  show("files in memory count", done_in("g", fill("../../files/b", 40 * MIB)) == SIGKILL);
  unlink("../../files/b");
  show("kills are two now", value("g/memory.events", "oom_kill"));
  put("g/memory.oom.group", "1");
  show("all or nobody", done_in("g", touch(40 * MIB)));
  show("  who takes little too", ended(beside));
  show("  counted", value("g/memory.events", "oom_kill") >= 4);
  show("  as one", value("g/memory.events", "oom_group_kill"));
  put("g/memory.oom.group", "0");
  mkdir("g/sub", 0755);
  put("g/cgroup.subtree_control", "+memory");
  put("g/sub/memory.max", "100M");
  show("the tighter limit acts", done_in("g/sub", touch(40 * MIB)));
  show("  the kill is the group's it was in", value("g/sub/memory.events.local", "oom_kill"));
  show("  the limit is the group's above", value("g/memory.events.local", "oom") >= 1);
  show("  which it is not of the one below", value("g/sub/memory.events.local", "oom"));
  rmdir("g/sub");
  put("g/cgroup.subtree_control", "-memory");
  put("g/memory.max", "max");
  flag[0] = flag[1] = 0;
  child = child_in("g", ({ touch(8 * MIB); flag[0] = 1; for (;;) pause(); }));
  until(flag);
  show("a limit below what is used", put("g/memory.max", "2M"));
  show("  kills", ended(child));
  put("g/memory.max", "max");

  family("memory.high");
  put("g/memory.high", "8M");
  long before = value("g/memory.events", "oom_kill");
  show("who takes more goes on", done_in("g", touch(12 * MIB)));
  show("  counted", value("g/memory.events", "high") >= 1);
  show("  nobody is killed", value("g/memory.events", "oom_kill") - before);
  rmdir("g");
}

static void put_size(const char *name, long bytes) {
  char text_[32];
  sprintf(text_, "%ld", bytes);
  put(name, text_);
}
static void reclaim(void) {
  family("memory.reclaim, memory.low");
  mkdir("g", 0755), mkdir("h", 0755);
  // of two who have clean pages of files, the one that is protected keeps them
  fill("kept", 0);
  show("nothing can be had back of nothing", put("g/memory.reclaim", "1M"));
  show("no number", put("g/memory.reclaim", "some"));
  show("it can't be read", get_errno("g/memory.reclaim"));
  text("protection", (put("g/memory.low", "4M"), get("g/memory.low")));
  text("  hard", (put("g/memory.min", "2M"), get("g/memory.min")));
  text("  of all", (put("g/memory.low", "max"), get("g/memory.low")));
  show("  no number", put("g/memory.min", "all"));
  show("the peak can't be written", access("g/memory.peak", W_OK) == 0 || put("g/memory.peak", "1") < 0);
  unlink("kept");
  rmdir("g"), rmdir("h");
}

static void burst(void) {
  family("cpu.max.burst");
  mkdir("g", 0755);
  put("g/cpu.max", "20000 100000");
  put("g/cpu.max.burst", "20000");
  // idle for a while, then twice the quota in one period
  int child = child_in("g", ({
    for (int i = 0; i < 4; i++) {
      usleep(350000);
      struct timespec used;
      double end_;
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
      end_ = used.tv_sec + used.tv_nsec / 1e9 + 0.035;
      do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
      while (used.tv_sec + used.tv_nsec / 1e9 < end_);
    }
  }));
  ended(child);
  show("who saved may have more for once", value("g/cpu.stat", "nr_bursts") >= 1);
  show("  that is counted", value("g/cpu.stat", "burst_usec") >= 5000);
  rmdir("g");
}

static void cpu_files(void) {
  family("cpu");
  mkdir("g", 0755);
  text("weight at first", get("g/cpu.weight"));
  text("  as a nice value", get("g/cpu.weight.nice"));
  text("no bandwidth", get("g/cpu.max"));
  text("  no burst", get("g/cpu.max.burst"));
  text("not idle", get("g/cpu.idle"));
  show("no weight in the root", access("../cpu.weight", F_OK));
  const char *known = "usage_usec user_usec system_usec nr_periods nr_throttled throttled_usec nr_bursts burst_usec";
  text("what cpu.stat says", keys("g/cpu.stat", known));
  put("cgroup.subtree_control", "-cpu");
  text("  without the controller", keys("g/cpu.stat", known));
  put("cgroup.subtree_control", "+cpu");
  show("a weight", (put("g/cpu.weight", "300"), number("g/cpu.weight")));
  text("  its nice value", get("g/cpu.weight.nice"));
  show("none below 1", put("g/cpu.weight", "0"));
  show("none above 10000", put("g/cpu.weight", "10001"));
  show("a negative one", put("g/cpu.weight", "-1"));
  show("no number", put("g/cpu.weight", "heavy"));
  show("a nice value", (put("g/cpu.weight.nice", "5"), number("g/cpu.weight")));
  show("  the least", (put("g/cpu.weight.nice", "-20"), number("g/cpu.weight")));
  show("  the greatest", (put("g/cpu.weight.nice", "19"), number("g/cpu.weight")));
  show("  beyond it", put("g/cpu.weight.nice", "20"));
  show("idle", put("g/cpu.idle", "1"));
  text("  has no weight", get("g/cpu.weight"));
  show("  nor takes one", put("g/cpu.weight", "100"));
  show("  not 2", put("g/cpu.idle", "2"));
  show("  and no more", (put("g/cpu.idle", "0"), number("g/cpu.weight")));
  text("a quota", (put("g/cpu.max", "20000"), get("g/cpu.max")));
  text("  and a period", (put("g/cpu.max", "10000 50000\n"), get("g/cpu.max")));
  text("  a quota keeps the period", (put("g/cpu.max", "20000"), get("g/cpu.max")));
  show("a quota below 1 ms", put("g/cpu.max", "999"));
  show("a period below", put("g/cpu.max", "20000 999"));
  show("a period above 1 s", put("g/cpu.max", "20000 1000001"));
  show("no number", put("g/cpu.max", "half"));
  show("a burst", (put("g/cpu.max.burst", "5000"), number("g/cpu.max.burst")));
  show("  above the quota", put("g/cpu.max.burst", "20001"));
  show("a quota below the burst", put("g/cpu.max", "4000"));
  text("no quota", (put("g/cpu.max.burst", "0"), put("g/cpu.max", "max 100000"), get("g/cpu.max")));
  rmdir("g");
}

static void cpu_shares(void) {
  family("who gets the processor");
  long used[8];
  mkdir("g", 0755), mkdir("h", 0755);
  put("g/cpu.weight", "100"), put("h/cpu.weight", "300");
  race((const char *[]){ "g", "h" }, 2, used);
  show("weights of 100 and 300 are a quarter and three", within((double)used[0] / (used[0] + used[1]), 0.2, 0.3));
  put("h/cpu.weight", "100");
  mkdir("h/a", 0755), mkdir("h/b", 0755);
  put("h/cgroup.subtree_control", "+cpu");
  put("h/b/cpu.weight", "300");
  race((const char *[]){ "g", "h/a", "h/b" }, 3, used);
  long all = used[0] + used[1] + used[2];
  show("nested groups by their products: 1/2", within((double)used[0] / all, 0.45, 0.55));
  show("  1/8", within((double)used[1] / all, 0.08, 0.17));
  show("  3/8", within((double)used[2] / all, 0.32, 0.43));
  put("h/a/cpu.idle", "1");
  race((const char *[]){ "h/a", "h/b" }, 2, used);
  show("an idle group gets what others leave", within((double)used[0] / (used[0] + used[1]), 0, 0.04));
  rmdir("h/a"), rmdir("h/b"), rmdir("h");
  put("g/cpu.max", "20000 100000");
  double start = now();
  race((const char *[]){ "g" }, 1, used);
  double time = (now() - start) * 1e6;
  show("a fifth of the processor", within(used[0] / time, 0.15, 0.25));
  show("  periods", value("g/cpu.stat", "nr_periods") >= 10);
  show("  most of them throttled", value("g/cpu.stat", "nr_throttled") >= 8);
  show("  for four fifths of the time", within(value("g/cpu.stat", "throttled_usec") / time, 0.6, 0.9));
  mkdir("g/a", 0755);
  put("g/cgroup.subtree_control", "+cpu");
  put("g/a/cpu.max", "80000 100000");
  race((const char *[]){ "g/a" }, 1, used);
  show("the tighter limit acts", within(used[0] / 1.5e6, 0.1, 0.25));
  show("  the other one is not met", value("g/a/cpu.stat", "nr_throttled"));
  rmdir("g/a"), rmdir("g");
}

static void cpuset(void) {
  family("cpuset");
  put("../cgroup.subtree_control", "+cpuset");
  put("cgroup.subtree_control", "+cpuset");
  mkdir("g", 0755);
  text("nothing is asked for", get("g/cpuset.cpus"));
  text("  and all there is to have", get("g/cpuset.cpus.effective"));
  text("  of memory too", get("g/cpuset.mems.effective"));
  text("  the root has that", get("../cpuset.cpus.effective"));
  show("  but no wish", access("../cpuset.cpus", F_OK));
  show("a wish", put("g/cpuset.cpus", "0\n"));
  text("  as it reads", get("g/cpuset.cpus"));
  show("  as a range", (put("g/cpuset.cpus", "0-0"), number("g/cpuset.cpus")));
  show("a processor that is not there", put("g/cpuset.cpus", "999999"));
  show("no list", put("g/cpuset.cpus", "first"));
  show("none", (put("g/cpuset.cpus", "\n"), 0));
  text("  as it reads", get("g/cpuset.cpus"));
  show("a node of memory", put("g/cpuset.mems", "0"));
  show("  that is not there", put("g/cpuset.mems", "63"));
  rmdir("g");
  put("cgroup.subtree_control", "-cpuset");
  put("../cgroup.subtree_control", "-cpuset");
}

// What `expression` prints in a child in a namespace of its own.
#define apart(group, ...) ({ \
  int child_ = fork(); \
  if (child_ == 0) { \
    put(group "/cgroup.procs", "0"); \
    if (unshare(CLONE_NEWCGROUP) < 0) _exit(1); \
    __VA_ARGS__; \
    _exit(0); \
  } \
  ended(child_); })
// The line of a process's group.
static const char *group_of(const char *name) {
  static char line[256];
  FILE *stream = fopen(name, "r");
  line[0] = 0;
  while (fgets(line, sizeof line, stream) && strncmp(line, "0::", 3)) {}
  fclose(stream);
  line[strcspn(line, "\n")] = 0;
  return line;
}
static const char *linked(const char *name) {
  static char names[2][64];
  static int next;
  char *into = names[next++ % 2];
  into[readlink(name, into, 63)] = 0;
  return into;
}
static void namespaces(void) {
  family("cgroup_namespaces(7)");
  mkdir("g", 0755), mkdir("g/sub", 0755), mkdir("../../inside", 0755);
  char parent[32];
  sprintf(parent, "/proc/%d/cgroup", getppid());
  int self = getpid();
  show("in a new one", apart("g", ({
    char name[64];
    text("  its own group is the root", group_of("/proc/self/cgroup"));
    sprintf(name, "/proc/%d/cgroup", self);
    text("  others are above it", group_of(name));
    show("  it is another", strcmp(linked("/proc/self/ns/cgroup"), (sprintf(name, "/proc/%d/ns/cgroup", self), linked(name))) != 0);
    show("  a mount", mount("none", "../../inside", "cgroup2", 0, NULL));
    show("    has its group at its root", access("../../inside/cgroup.type", F_OK));
    show("    and what is below", access("../../inside/sub", F_OK));
    show("    nothing beside it", access("../../inside/g", F_OK));
    show("  moving down", put("../../inside/sub/cgroup.procs", "0"));
    text("    shows", group_of("/proc/self/cgroup"));
    sprintf(name, "/proc/%d/ns/cgroup", self);
    int fd = open(name, O_RDONLY);
    show("  not as another kind", setns(fd, CLONE_NEWUTS));
    show("  back", setns(fd, CLONE_NEWCGROUP));
    sprintf(name, "%s/g/sub", base);
    show("    the path is longer", strstr(group_of("/proc/self/cgroup"), name) != NULL);
    show("  no such descriptor", setns(-1, 0));
    show("  no namespace", setns(open("/proc/self/stat", O_RDONLY), 0));
    show("  without privilege", as(1000, unshare(CLONE_NEWCGROUP)));
    umount("../../inside");
  })));
  show("clone with a new one", ({
    int child = syscall(120, CLONE_NEWCGROUP | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(strcmp(group_of("/proc/self/cgroup"), "0::/") != 0);
    ended(child);
  }));
  rmdir("g/sub"), rmdir("g"), rmdir("../../inside");
}

static void many(void) {
  family("many");
  mkdir("g", 0755);
  put("g/pids.max", "20");
  // two of them fork as long as they can
  int child = child_in("g", ({ fork(); for (;;) if (fork() < 0) usleep(100); }));
  while (number("g/pids.current") < 20) usleep(1000);
  double start = now();
  show("beside a fork bomb a child", ({ int other = fork(); if (other == 0) _exit(0); ended(other); }));
  show("  takes less than a second", now() - start < 1);
  text("  it stays at its limit", get("g/pids.current"));
  show("  and ends", put("g/cgroup.kill", "1"));
  ended(child);
  show("  all of it", waits_for("g/cgroup.events", "populated 0"));
  rmdir("g");
  long before = value("cgroup.stat", "nr_descendants");
  int failed = 0;
  char name[32];
  for (int i = 0; i < 100; i++) {
    sprintf(name, "group%d", i);
    failed += mkdir(name, 0755) != 0;
  }
  show("a hundred groups", failed);
  show("  are counted", value("cgroup.stat", "nr_descendants") - before);
  for (int i = 0; i < 100; i++) {
    char procs[64];
    sprintf(procs, "group%d/cgroup.procs", i);
    failed += done_in("self", ({ put(procs, "0"); touch(65536); })) != 0;
    sprintf(name, "group%d", i);
    failed += rmdir(name) != 0;
  }
  show("  with a process each, one after the other", failed);
  show("  leave nothing", value("cgroup.stat", "nr_descendants") - before);
}

int main(void) {
  setlinebuf(stdout);
  mkdir("files", 0755);
  begin();
  put("../cgroup.subtree_control", "+cpu +memory +pids");
  subtree_control();
  pids();
  memory();
  reclaim();
  cpu_files();
  burst();
  cpu_shares();
  cpuset();
  namespaces();
  many();
  put("../cgroup.procs", "0");
  show("the last group goes", rmdir("self"));
  finish();
  return 0;
}
