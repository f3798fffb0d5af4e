// sysfs(5), dev-kmsg, the nodes of /dev: mem(4)'s neighbours null(4), zero, full(4), random(4), fd(4).
#include "show.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static char buffer[65536];
static long get(const char *path) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) return -1;
  int length = read(fd, buffer, sizeof buffer - 1);
  if (length < 0) {
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
  }
  buffer[length] = 0;
  close(fd);
  return length;
}
static void line(const char *rule, const char *path) {
  if (get(path) < 0) show(rule, -1);
  else text(rule, strtok(buffer, "\n") ?: "");
}
static void number(const char *rule, const char *path) {
  show(rule, get(path) < 0 ? -1 : strspn(buffer, "0123456789-,\n") == strlen(buffer));
}
static void leads(const char *rule, const char *path) {
  int length = readlink(path, buffer, sizeof buffer);
  buffer[length < 0 ? 0 : length] = 0;
  text(rule, buffer);
}
static void there(const char *path) { show(path, access(path, F_OK)); }
static void device(const char *path) {
  struct stat state;
  if (stat(path, &state) < 0) show(path, -1);
  else printf("%s: %s %d:%d\n", path, S_ISCHR(state.st_mode) ? "character" : "other", major(state.st_rdev), minor(state.st_rdev));
}

int main(void) {
  struct stat state;
  struct statfs fs;
  int fd;

  family("the filesystem");
  statfs("/sys/kernel", &fs);
  show("statfs: SYSFS_MAGIC", fs.f_type == 0x62656572);
  const char *places[] = {"/sys/block", "/sys/bus", "/sys/class", "/sys/dev/block", "/sys/dev/char", "/sys/devices/system",
                          "/sys/devices/virtual", "/sys/firmware", "/sys/fs/cgroup", "/sys/kernel/mm", "/sys/module", "/sys/power"};
  for (int i = 0; i < sizeof places / sizeof *places; i++) there(places[i]);
  show("mkdir: EPERM", mkdir("/sys/kernel/none", 0755));
  show("making a file: EACCES", open("/sys/kernel/none", O_CREAT | O_WRONLY, 0644));
  show("unlink: EPERM", unlink("/sys/kernel/uevent_seqnum"));
  show("a name that is not there: ENOENT", access("/sys/kernel/none", F_OK));
  show("what can't be written, also by root: EACCES", open("/sys/devices/system/cpu/online", O_WRONLY));
  stat("/sys/devices/system/cpu/online", &state);
  show("a file has a page", state.st_size);
  show("  and mode", state.st_mode);
  stat("/sys/devices/system/cpu", &state);
  show("a directory", state.st_mode);
  fd = open("/sys/devices/system/cpu/possible", O_RDONLY);
  int length = read(fd, buffer, 100);
  show("a value ends with a newline", buffer[length - 1] == '\n');
  show("  then the end", read(fd, buffer, 100));
  show("  and again from the start", pread(fd, buffer, 100, 0) == length);

  family("processors and memory");
  number("/sys/devices/system/cpu/online", "/sys/devices/system/cpu/online");
  number("/sys/devices/system/cpu/possible", "/sys/devices/system/cpu/possible");
  number("/sys/devices/system/cpu/present", "/sys/devices/system/cpu/present");
  number("/sys/devices/system/cpu/kernel_max", "/sys/devices/system/cpu/kernel_max");
  line("  offline", "/sys/devices/system/cpu/offline");
  line("  isolated", "/sys/devices/system/cpu/isolated");
  get("/sys/devices/system/cpu/online");
  int last = atoi(strrchr(buffer, '-') ? strrchr(buffer, '-') + 1 : buffer);
  show("  as sysconf has it", sysconf(_SC_NPROCESSORS_ONLN) == last + 1);
  line("cpu0: its core", "/sys/devices/system/cpu/cpu0/topology/core_id");
  line("  its threads", "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list");
  leads("  its node", "/sys/devices/system/cpu/cpu0/node0");
  line("nodes", "/sys/devices/system/node/online");
  line("  distance", "/sys/devices/system/node/node0/distance");
  show("  meminfo", get("/sys/devices/system/node/node0/meminfo") > 50 && strncmp(buffer, "Node 0 MemTotal: ", 17) == 0);
  show("  cpu0 is of node0", access("/sys/devices/system/node/node0/cpu0/topology", F_OK));
  show("the clock", get("/sys/devices/system/clocksource/clocksource0/current_clocksource") > 0);
  line("pages that are huge", "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
  show("  their use", get("/sys/kernel/mm/transparent_hugepage/enabled") > 0 && strchr(buffer, '[') != NULL);
  line("byte order", "/sys/kernel/cpu_byteorder");

  family("devices");
  line("/sys/class/mem/null/dev", "/sys/class/mem/null/dev");
  leads("/sys/class/mem/null", "/sys/class/mem/null");
  leads("/sys/dev/char/1:5", "/sys/dev/char/1:5");
  leads("  its class", "/sys/dev/char/1:5/subsystem");
  line("/sys/class/tty/tty/dev", "/sys/class/tty/tty/dev");
  line("/sys/class/tty/ptmx/dev", "/sys/class/tty/ptmx/dev");
  get("/sys/class/mem/zero/uevent");
  text("uevent", buffer);
  line("lo: its number", "/sys/class/net/lo/ifindex");
  leads("  where it is", "/sys/class/net/lo");
  line("  type", "/sys/class/net/lo/type");
  line("  mtu", "/sys/class/net/lo/mtu");
  line("  address", "/sys/class/net/lo/address");
  line("  state", "/sys/class/net/lo/operstate");
  line("  speed: EINVAL", "/sys/class/net/lo/speed");
  number("  bytes", "/sys/class/net/lo/statistics/rx_bytes");

  family("/dev");
  const char *nodes[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/kmsg", "/dev/tty", "/dev/console"};
  for (int i = 0; i < sizeof nodes / sizeof *nodes; i++) device(nodes[i]);
  leads("/dev/fd", "/dev/fd");
  leads("/dev/stdin", "/dev/stdin");
  leads("/dev/stderr", "/dev/stderr");
  there("/dev/ptmx"), there("/dev/pts"), there("/dev/shm");
  stat("/dev/shm", &state);
  show("/dev/shm is everybody's", state.st_mode & 07777);
  fd = open("/dev/full", O_RDWR);
  show("/dev/full: ENOSPC", write(fd, "x", 1));
  show("  reading gives zeros", read(fd, buffer, 10) + buffer[9]);
  show("/dev/random", read(open("/dev/random", O_RDONLY), buffer, 100));
  int own = open("/dev/null", O_RDWR);
  char path[40];
  sprintf(path, "/dev/fd/%d", own);
  show("/dev/fd/N", open(path, O_RDONLY) > own);

  family("the kernel's log");
  int log = open("/dev/kmsg", O_RDWR | O_NONBLOCK);
  show("open", log >= 0);
  show("lseek to the end", lseek(log, 0, SEEK_END));
  show("lseek to elsewhere: ESPIPE", lseek(log, 5, SEEK_SET));
  show("  a whence that is none: EINVAL", lseek(log, 0, 7));
  show("a record that is too long: EINVAL", write(log, buffer, 5000));
  return 0;
}
