// Limits as figures: what groups get against what they may have. args[1]: a file of 8 MiB on a disk. As root, in the first group.
#include "../programs/show.h"
#include "../programs/cgroup.h"
#include "groups.h"

static void figure(const char *name, double value) { printf("%s = %.6g\n", name, value); }
#define seconds_in(group, ...) ({ double start_ = now(); done_in(group, __VA_ARGS__); now() - start_; })

static void processor(void) {
  long used[8];
  mkdir("g", 0755), mkdir("h", 0755);
  put("g/cpu.max", "100000 100000");
  race((const char *[]){ "g" }, 1, used);
  double whole = used[0];
  put("g/cpu.max", "50000 100000");
  race((const char *[]){ "g" }, 1, used);
  figure("half of a processor", used[0] / whole);
  put("g/cpu.max", "max"), put("g/cpu.weight", "100"), put("h/cpu.weight", "300");
  race((const char *[]){ "g", "h" }, 2, used);
  figure("weight 100 against 300", (double)used[0] / (used[0] + used[1]));
  mkdir("h/a", 0755), mkdir("h/b", 0755);
  put("h/cgroup.subtree_control", "+cpu");
  put("h/b/cpu.weight", "300");
  race((const char *[]){ "g", "h/a", "h/b" }, 3, used);
  double all = used[0] + used[1] + used[2];
  figure("100", used[0] / all), figure("300, of it 100", used[1] / all), figure("300, of it 300", used[2] / all);
  put("h/cpu.max", "30000 100000"), put("h/a/cpu.max", "80000 100000");
  race((const char *[]){ "h/a" }, 1, used);
  figure("0.8 within 0.3 of a processor", used[0] / whole);
  put("h/a/cpu.max", "10000 100000");
  race((const char *[]){ "h/a" }, 1, used);
  figure("0.1 within 0.3 of a processor", used[0] / whole);
  rmdir("h/a"), rmdir("h/b"), rmdir("h"), rmdir("g");
}

static void memory(void) {
  mkdir("g", 0755), mkdir("h", 0755);
  int beside = stay(), other = stay();
  put("g/cgroup.procs", pid(beside)), put("h/cgroup.procs", pid(other));
  put("g/memory.max", "16M");
  figure("signal that ends who takes 40 MiB of 16", done_in("g", touch(40 * MIB)));
  figure("killed", value("g/memory.events", "oom_kill"));
  figure("alive beside it, and elsewhere", (kill(beside, 0) == 0) + (kill(other, 0) == 0));
  end(beside), end(other);
  put("g/memory.max", "max"), put("g/memory.high", "8M");
  double below = seconds_in("g", touch(8 * MIB - 65536));
  figure("slower above memory.high", seconds_in("g", touch(12 * MIB)) / below);
  figure("killed for memory.high", value("g/memory.events", "oom_kill") - 1);
  figure("noted", value("g/memory.events", "high"));
  rmdir("g"), rmdir("h");
}

static void read_through(const char *path, int from, int bytes) {
  static char piece[65536];
  int fd = open(path, O_RDONLY);
  for (int at = from; at < from + bytes; at += sizeof piece) pread(fd, piece, sizeof piece, at);
  close(fd);
}
// What is left of two groups' pages of files when one of them wants more than the group above has: the other's are protected.
static void protection(const char *path) {
  mkdir("g", 0755), mkdir("g/kept", 0755), mkdir("g/other", 0755);
  put("g/cgroup.subtree_control", "+memory");
  put("g/memory.max", "8M"), put("g/memory.low", "4M"), put("g/kept/memory.low", "3M");
  done_in("g/kept", read_through(path, 0, 2 * MIB));
  done_in("g/other", ({ read_through(path, 2 * MIB, 6 * MIB); touch(4 * MIB); read_through(path, 2 * MIB, 6 * MIB); }));
  figure("MiB that are kept of 2, protected", value("g/kept/memory.stat", "file") / (double)MIB);
  figure("killed beside", value("g/memory.events", "oom_kill"));
  put("g/kept/memory.low", "0");
  figure("can be had back", put("g/memory.reclaim", "1M"));
  figure("MiB that are kept then", value("g/kept/memory.stat", "file") / (double)MIB);
  rmdir("g/kept"), rmdir("g/other"), rmdir("g");
}

static void many(void) {
  mkdir("g", 0755);
  put("g/pids.max", "20");
  int child = child_in("g", ({ fork(); for (;;) if (fork() < 0) usleep(100); }));
  while (number("g/pids.current") < 20) usleep(1000);
  usleep(100000);
  figure("a fork bomb of 20", number("g/pids.current"));
  double start = now();
  int shell = fork();
  if (shell == 0) execl("/bin/busybox", "sh", "-c", "exit $((40 + 2))", NULL);
  figure("what a shell beside it answers", ended(shell) >> 8);
  figure("after seconds", now() - start);
  put("g/cgroup.kill", "1");
  ended(child);
  waits_for("g/cgroup.events", "populated 0");
  rmdir("g");
  long before = value("cgroup.stat", "nr_descendants");
  char name[64];
  for (int i = 0; i < 100; i++) {
    sprintf(name, "group%d", i), mkdir(name, 0755);
    sprintf(name, "group%d/cgroup.procs", i);
    done_in("self", ({ put(name, "0"); touch(65536); }));
    sprintf(name, "group%d", i), rmdir(name);
  }
  figure("groups that a hundred leave", value("cgroup.stat", "nr_descendants") - before);
}

static void disk(const char *path) {
  char line[64];
  struct stat state;
  stat(path, &state);
  int number = state.st_dev;
  mkdir("g", 0755);
  sprintf(line, "%d:%d rbps=2097152", number >> 8, number & 255), put("g/io.max", line);
  figure("of 2 MiB a second", 3 / seconds_in("g", ({ int fd = open(path, O_RDONLY); char *into = malloc(3 * MIB); pread(fd, into, 3 * MIB, 4 * MIB); })) / 2);
  sprintf(line, "%d:%d rbps=max wiops=20", number >> 8, number & 255), put("g/io.max", line);
  figure("of 20 writes a second", 30 / seconds_in("g", ({ int fd = open(path, O_WRONLY); for (int i = 0; i < 30; i++) pwrite(fd, line, 64, i * 65536), fdatasync(fd); })) / 20);
  rmdir("g");
}

static void freezer(void) {
  volatile int *count = shared();
  mkdir("g", 0755);
  int child = count_up(count);
  put("g/cgroup.procs", pid(child));
  while (*count < 1000) usleep(1000);
  put("g/cgroup.freeze", "1");
  waits_for("g/cgroup.events", "frozen 1");
  int before = *count;
  usleep(200000);
  figure("counted while frozen", *count - before);
  put("g/cgroup.freeze", "0");
  usleep(100000);
  figure("goes on", *count > before);
  end(child);
  rmdir("g");
}

int main(int count, char **args) {
  setlinebuf(stdout);
  begin();
  put("../cgroup.subtree_control", "+cpu +io +memory +pids");
  mkdir("self", 0755), put("self/cgroup.procs", "0");
  put("cgroup.subtree_control", "+cpu +io +memory +pids");
  processor();
  memory();
  protection(args[1]);
  many();
  disk(args[1]);
  freezer();
  put("../cgroup.procs", "0");
  rmdir("self");
  finish();
  return 0;
}
