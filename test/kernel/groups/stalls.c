// Documentation/accounting/psi.rst: what pressure files say and take, in /proc/pressure and in groups. As root, in the first group.
#include "../programs/show.h"
#include "../programs/cgroup.h"
#include "groups.h"

// The total of a line, in microseconds.
static double total(const char *name, const char *line) {
  char all[4096], *at = strstr(strcpy(all, get(name)), line);
  return at ? atof(strstr(at, "total=") + 6) : -1;
}
static double average(const char *name, const char *line) {
  char all[4096], *at = strstr(strcpy(all, get(name)), line);
  return at ? atof(strstr(at, "avg10=") + 6) : -1;
}
// The file's text without its digits.
static const char *form(const char *name) {
  static char words[512];
  char *into = words;
  for (const char *at = get(name); *at; at++)
    if (*at < '0' || *at > '9') *into++ = *at;
  *into = 0;
  return words;
}
static int trigger(const char *name, const char *wanted) {
  int fd = open(name, O_RDWR | O_NONBLOCK);
  int n = write(fd, wanted, strlen(wanted) + 1), kept = errno;
  if (n >= 0) return fd;
  close(fd);
  errno = kept;
  return -1;
}
// 1: it could be, -1 with its errno: not. It is closed again.
static int takes(const char *name, const char *wanted) {
  int fd = trigger(name, wanted);
  if (fd < 0) return -1;
  close(fd);
  return 1;
}
static int happens(int fd, int milliseconds) {
  struct pollfd one = { fd, POLLPRI };
  int found = poll(&one, 1, milliseconds);
  return found <= 0 ? found : one.revents;
}

static void files(void) {
  family("pressure");
  mkdir("g", 0755);
  text("the processor's", form("g/cpu.pressure"));
  text("memory's", form("g/memory.pressure"));
  text("the disks'", form("g/io.pressure"));
  text("the system's", form("/proc/pressure/cpu"));
  text("  of memory", form("/proc/pressure/memory"));
  text("nobody waits for the processor in a new group", get("g/cpu.pressure"));
  text("  nor for disks", get("g/io.pressure"));
  show("the root has them", access("../io.pressure", F_OK));
  text("it is on", get("g/cgroup.pressure"));
  show("off", put("g/cgroup.pressure", "0"));
  show("  its files go", access("g/cpu.pressure", F_OK));
  show("  not this one", access("g/cgroup.pressure", F_OK));
  show("on again", put("g/cgroup.pressure", "1"));
  show("  they come", access("g/cpu.pressure", F_OK));
  show("no such state", put("g/cgroup.pressure", "2"));
  show("  no number", put("g/cgroup.pressure", "off"));
  show("a trigger", takes("g/cpu.pressure", "some 100000 1000000"));
  show("  of all", takes("g/memory.pressure", "full 1 500000"));
  show("  of the system", takes("/proc/pressure/io", "some 150000 1000000"));
  show("  of none", takes("g/io.pressure", "none 1 500000"));
  show("  longer than its window", takes("g/io.pressure", "some 1000001 1000000"));
  show("  of nothing", takes("g/io.pressure", "some 0 1000000"));
  show("  in too short a window", takes("g/io.pressure", "some 100000 499999"));
  show("  in too long a one", takes("g/io.pressure", "some 100000 10000001"));
  show("  without numbers", takes("g/io.pressure", "some"));
  int fd = trigger("g/cpu.pressure", "some 100000 1000000");
  show("a second one of an open file", write(fd, "some 100000 1000000", 20));
  show("nothing happens", happens(fd, 0));
  close(fd);
  fd = open("g/cpu.pressure", O_RDONLY);
  show("without a trigger", happens(fd, 0) == (POLLPRI | POLLERR) || happens(fd, 0) == POLLPRI);
  close(fd);
  rmdir("g");
}

static void processor(void) {
  family("cpu.pressure");
  mkdir("g", 0755), mkdir("h", 0755);
  volatile int *counts = shared();
  int fd = trigger("g/cpu.pressure", "some 100000 1000000"), full = trigger("g/cpu.pressure", "full 800000 1000000");
  int one = count_up(&counts[0]), other = count_up(&counts[1]);
  put("g/cgroup.procs", pid(one)), put("g/cgroup.procs", pid(other));
  double start = now(), some = total("g/cpu.pressure", "some"), all = total("g/cpu.pressure", "full"), above = total("cpu.pressure", "some");
  show("two on one processor: somebody waits", happens(fd, 3000) == POLLPRI);
  usleep(2500000);
  double passed = (now() - start) * 1e6;
  show("  all of the time", within((total("g/cpu.pressure", "some") - some) / passed, 0.9, 1.05));
  show("  hardly ever both", (total("g/cpu.pressure", "full") - all) / passed < 0.2);
  show("  it shows in the average", average("g/cpu.pressure", "some") > 10);
  show("  and above", within((total("cpu.pressure", "some") - above) / passed, 0.9, 1.05));
  show("  and in the system", average("/proc/pressure/cpu", "some") > 10);
  show("  not beside", total("h/cpu.pressure", "some") == 0);
  show("  a threshold of all is not met", happens(full, 0));
  end(other);
  usleep(100000);
  some = total("g/cpu.pressure", "some");
  usleep(1000000);
  show("one alone does not wait", (total("g/cpu.pressure", "some") - some) / 1e6 < 0.2);
  put("g/cpu.max", "20000 100000");
  usleep(100000);
  all = total("g/cpu.pressure", "full"), some = total("g/cpu.pressure", "some");
  usleep(1000000);
  show("held back by cpu.max it does", within((total("g/cpu.pressure", "some") - some) / 1e6, 0.6, 0.95));
  show("  and is all of its group", within((total("g/cpu.pressure", "full") - all) / 1e6, 0.6, 0.95));
  end(one);
  close(fd), close(full);
  rmdir("g"), rmdir("h");
}

// Held back for a limit: of Linux of 32 bits neither can be asked.
static void held(const char *path) {
  family("io.pressure, memory.pressure");
  char line[64];
  struct stat state;
  stat(path, &state);
  mkdir("g", 0755);
  sprintf(line, "%d:%d rbps=1048576", (int)state.st_dev >> 8, (int)state.st_dev & 255);
  put("g/io.max", line);
  int fd = trigger("g/io.pressure", "full 500000 1000000");
  int child = child_in("g", ({ int file = open(path, O_RDONLY); char *into = malloc(MIB); for (int i = 0; i < 2; i++) pread(file, into, MIB, i * MIB); }));
  show("who waits for a disk is heard", happens(fd, 3000) == POLLPRI);
  ended(child);
  show("  some of two seconds", within(total("g/io.pressure", "some") / 1e6, 1.8, 2.2));
  show("  that was all there were", within(total("g/io.pressure", "full") / 1e6, 1.8, 2.2));
  show("  nobody waited for memory", total("g/memory.pressure", "some") == 0);
  close(fd);
  put("g/memory.high", "8M");
  done_in("g", touch(12 * MIB));
  show("above memory.high somebody waits for memory", total("g/memory.pressure", "some") > 100000);
  rmdir("g");
}

int main(int count, char **args) {
  setlinebuf(stdout);
  begin();
  put("../cgroup.subtree_control", "+cpu +io +memory");
  mkdir("self", 0755), put("self/cgroup.procs", "0");
  put("cgroup.subtree_control", "+cpu +io +memory");
  if (count > 1) held(args[1]);
  else {
    files();
    processor();
  }
  put("../cgroup.procs", "0");
  rmdir("self");
  finish();
  return 0;
}
