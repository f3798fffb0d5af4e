// Documentation/admin-guide/cgroup-v2.rst, "IO": what is counted, limited and weighed of a disk. args[1]: a file of 8 MiB that lies on
// one, or the disk itself; a second one: what is held back. As root, in the first group.
#include "../programs/show.h"
#include "../programs/cgroup.h"
#include "groups.h"
#include <sys/sysmacros.h>

static char number_[32], line_[128], *path;
#define KIB 1024

static const char *disk(const char *rest) {
  sprintf(line_, "%s %s", number_, rest);
  return line_;
}
// A count of the disk's line in io.stat.
static long counted(const char *name, const char *key) {
  char text[4096], *at = strcpy(text, get(name));
  for (char *line = strtok(at, "|"); line; line = strtok(NULL, "|"))
    if (!strncmp(line, number_, strlen(number_)) && line[strlen(number_)] == ' ' && (at = strstr(line, key))) return atol(at + strlen(key) + 1);
  return 0;
}
// The words of its line, without numbers.
static const char *words_of(const char *name) {
  static char words[256];
  char *into = words;
  for (const char *at = strstr(get(name), number_) + strlen(number_); *at && *at != '|'; at++)
    if (*at < '0' || *at > '9') *into++ = *at;
  *into = 0;
  return words;
}

enum { SPARSE = 64 * KIB };
// Reads so many pages that do not lie together, or one piece; in a cold cache.
static void reads(int pages) {
  int fd = open(path, O_RDONLY);
  char page[4096];
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
  for (int i = 0; i < pages; i++) pread(fd, page, sizeof page, (long)i * SPARSE);
  close(fd);
}
static void reads_whole(int bytes) {
  int fd = open(path, O_RDONLY);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  char *into = malloc(bytes);
  for (int done = 0; done < bytes;) done += pread(fd, into + done, bytes - done, done);
  close(fd);
}
static void writes(int pieces, int bytes, int seed) {
  int fd = open(path, O_WRONLY);
  char *from = malloc(bytes);
  memset(from, seed, bytes);
  for (int i = 0; i < pieces; i++) {
    pwrite(fd, from, bytes, (long)i * bytes);
    fdatasync(fd);
  }
  close(fd);
}

static void files(void) {
  family("io");
  mkdir("g", 0755);
  text("no limit at first", get("g/io.max"));
  text("nothing moved", get("g/io.stat"));
  text("its weight", get("g/io.weight"));
  show("no limit in the root", access("../io.max", F_OK));
  show("  nor a weight", access("../io.weight", F_OK));
  show("  but counts", access("../io.stat", F_OK));
  show("a limit", put("g/io.max", disk("rbps=1048576 wiops=120")));
  show("  as it reads", ({ char all[128]; sprintf(all, "%s rbps=1048576 wbps=max riops=max wiops=120|", number_); strcmp(all, get("g/io.max")); }));
  show("another one of them", put("g/io.max", disk("wbps=2097152")));
  show("  leaves the first", ({ char all[128]; sprintf(all, "%s rbps=1048576 wbps=2097152 riops=max wiops=120|", number_); strcmp(all, get("g/io.max")); }));
  show("none any more", put("g/io.max", disk("rbps=max wbps=max riops=max wiops=max\n")));
  text("  takes the line away", get("g/io.max"));
  show("a limit of 0", put("g/io.max", disk("rbps=0")));
  show("  of 1", put("g/io.max", disk("riops=1")));
  show("no number", put("g/io.max", disk("rbps=fast")));
  show("  nor anything", put("g/io.max", disk("rbps")));
  show("what there is not", put("g/io.max", disk("bytes=4096")));
  show("no such disk", put("g/io.max", "77:77 rbps=4096"));
  show("no disk at all", put("g/io.max", "rbps=4096"));
  show("no number of a disk", put("g/io.max", "sda rbps=4096"));
  text("nothing of that was taken", get("g/io.max"));
  show("a weight", put("g/io.weight", "300"));
  text("  as it reads", get("g/io.weight"));
  show("  by its name", put("g/io.weight", "default 50\n"));
  text("  as it reads", get("g/io.weight"));
  show("  none below 1", put("g/io.weight", "0"));
  show("  none above 10000", put("g/io.weight", "10001"));
  show("  no number", put("g/io.weight", "heavy"));
  show("  of no such disk", put("g/io.weight", "77:77 100"));
  rmdir("g");
}

static void counts(void) {
  family("io.stat");
  mkdir("g", 0755), mkdir("g/sub", 0755), mkdir("h", 0755);
  put("g/cgroup.subtree_control", "+io +memory");
  // the last one who closes a disk empties its cache
  int kept = open(path, O_RDONLY);
  show("who reads", done_in("g/sub", reads(64)));
  text("  has a line", words_of("g/sub/io.stat"));
  show("  of bytes", counted("g/sub/io.stat", "rbytes") / KIB);
  show("  of operations", counted("g/sub/io.stat", "rios"));
  show("  nothing was written", counted("g/sub/io.stat", "wbytes"));
  show("  the group above has it too", counted("g/io.stat", "rbytes") / KIB);
  show("  another has not", counted("h/io.stat", "rbytes"));
  show("  the whole system has", counted("../io.stat", "rbytes") >= 256 * KIB);
  show("what is cached", done_in("h", ({ int fd = open(path, O_RDONLY); char page[4096]; for (int i = 0; i < 64; i++) pread(fd, page, 4096, (long)i * SPARSE); })));
  show("  is read by nobody", counted("h/io.stat", "rbytes"));
  close(kept);
  show("who writes", done_in("h", writes(1, 256 * KIB, 1)));
  show("  when it reaches the disk", within(counted("h/io.stat", "wbytes"), 256 * KIB, 320 * KIB));
  show("  in operations", counted("h/io.stat", "wios") >= 1);
  show("who syncs what others have written", done_in("g/sub", ({
    int fd = open(path, O_RDWR), fds[2];
    pipe(fds);
    int child = child_in("h", ({ char *from = calloc(1, 512 * KIB); int own = open(path, O_WRONLY); pwrite(own, from, 512 * KIB, 0); write(fds[1], "", 1); for (;;) pause(); }));
    char byte;
    read(fds[0], &byte, 1);
    fsync(fd);
    end(child);
  })));
  show("  has not written it", counted("g/sub/io.stat", "wbytes"));
  show("  they have", within(counted("h/io.stat", "wbytes"), 700 * KIB, 900 * KIB));
  show("a disk has its number", ({ char name[64]; sprintf(name, "/sys/dev/block/%s/size", number_); atol(get(name)) > 8192; }));
  show("  and is in /proc/partitions", ({ FILE *stream = fopen("/proc/partitions", "r"); int major, minor, found = 0; long blocks; char all[128], named[64]; while (fgets(all, sizeof all, stream)) if (sscanf(all, "%d %d %ld %63s", &major, &minor, &blocks, named) == 4) { char own[32]; sprintf(own, "%d:%d", major, minor); found |= !strcmp(own, number_) && blocks > 4096; } fclose(stream); found; }));
  show("  by its name in /sys/block", ({ char name[64], *known; sprintf(name, "/sys/dev/block/%s", number_); static char to[256]; to[readlink(name, to, 255)] = 0; known = strrchr(to, '/') + 1; sprintf(name, "/sys/block/%s/dev", known); const char *dev = get(name); strncmp(dev, number_, strlen(number_)) == 0; }));
  rmdir("g/sub"), rmdir("g"), rmdir("h");
}

// Seconds of a child that does the work in a group.
#define seconds_in(group, ...) ({ double start_ = now(); done_in(group, __VA_ARGS__); now() - start_; })
// Linux of 32 bits stops with a BUG where anybody is held back in its first five minutes, while its jiffies are below 0.
static void rates(double slack) {
  family("io.max");
  mkdir("g", 0755);
  put("g/io.max", disk("rbps=2097152"));
  show("2 MiB a second: 3 MiB in 1.5", within(seconds_in("g", reads_whole(3072 * KIB)), 1.5 * (1 - slack), 1.5 * (1 + slack)));
  put("g/io.max", disk("rbps=max riops=40"));
  show("40 operations a second: 60 in 1.5", within(seconds_in("g", reads(60)), 1.5 * (1 - slack), 1.5 * (1 + slack)));
  put("g/io.max", disk("riops=max wbps=1048576"));
  show("writing 1 MiB a second: 1.5 MiB in 1.5", within(seconds_in("g", writes(12, 128 * KIB, 2)), 1.5 * (1 - slack), 1.5 * (1 + slack)));
  put("g/io.max", disk("wbps=max rbps=1048576"));
  show("others are not held back", seconds_in("self", reads_whole(1024 * KIB)) < 0.5);
  show("who is held back", ({
    int child = child_in("g", reads_whole(4096 * KIB));
    usleep(300000);
    char name[64], all[512];
    sprintf(name, "/proc/%d/stat", child);
    text("  sleeps", (char[]){ strrchr(strcpy(all, get(name)), ')')[2], 0 });
    double start = now();
    kill(child, SIGKILL);
    show("  can be killed", ended(child));
    now() - start < 0.5;
  }));
  put("g/io.max", disk("rbps=max"));
  show("without limits at once", seconds_in("g", reads_whole(1024 * KIB)) < 0.5);
  rmdir("g");
}

static void nested(void) {
  family("io.max of nested groups");
  mkdir("g", 0755), mkdir("g/sub", 0755);
  put("g/cgroup.subtree_control", "+io +memory");
  put("g/sub/io.max", disk("rbps=8388608")), put("g/io.max", disk("rbps=1048576"));
  show("the tighter limit acts above", within(seconds_in("g/sub", reads_whole(1024 * KIB)), 0.9, 1.1));
  put("g/sub/io.max", disk("rbps=1048576")), put("g/io.max", disk("rbps=8388608"));
  show("  and below", within(seconds_in("g/sub", reads_whole(1024 * KIB)), 0.9, 1.1));
  rmdir("g/sub"), rmdir("g");
}

// Bytes that two groups write while both want to.
static void weights(void) {
  family("io.weight");
  mkdir("g", 0755), mkdir("h", 0755);
  put("h/io.weight", "300");
  int one = child_in("g", ({ for (;;) writes(1, 16 * KIB, 3); })), other = child_in("h", ({ for (;;) writes(1, 16 * KIB, 4); }));
  usleep(200000);
  long before[] = { counted("g/io.stat", "wbytes"), counted("h/io.stat", "wbytes") };
  usleep(2000000);
  double light = counted("g/io.stat", "wbytes") - before[0], heavy = counted("h/io.stat", "wbytes") - before[1];
  show("100 and 300 are a quarter and three", within(light / (light + heavy), 0.2, 0.3));
  end(other);
  usleep(100000);
  long alone = counted("g/io.stat", "wbytes");
  usleep(500000);
  show("who is alone has all of it", counted("g/io.stat", "wbytes") - alone > light / 2);
  end(one);
  rmdir("g"), rmdir("h");
}

int main(int count, char **args) {
  setlinebuf(stdout);
  path = args[1];
  struct stat state;
  stat(path, &state);
  dev_t device = S_ISBLK(state.st_mode) ? state.st_rdev : state.st_dev;
  sprintf(number_, "%d:%d", major(device), minor(device));
  begin();
  put("../cgroup.subtree_control", "+io +memory");
  mkdir("self", 0755), put("self/cgroup.procs", "0");
  put("cgroup.subtree_control", "+io +memory");
  if (count > 2) {
    rates(0.1);
    nested();
    weights();
  } else {
    files();
    counts();
  }
  put("../cgroup.procs", "0");
  rmdir("self");
  finish();
  return 0;
}
