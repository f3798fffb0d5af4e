// Documentation/admin-guide/cgroup-v2.rst, "memory.low", "memory_recursiveprot": how what is protected is shared by those below. args[1]: a
// file of 12 MiB that lies on a disk, or the disk itself. As root, in the first group.
#include "../programs/show.h"
#include "../programs/cgroup.h"
#include "groups.h"

static const char *path;
static char options[512];

// A mount's options, as /proc/mounts shows them without those of every mount.
static const char *mounted_with(const char *data) {
  static char line[512], *at;
  int failed = mount("none", "/tmp/other", "cgroup2", 0, data);
  if (failed) return strerrorname_np(errno);
  FILE *stream = fopen("/proc/mounts", "r");
  while (fgets(line, sizeof line, stream))
    if ((at = strstr(line, " /tmp/other cgroup2 rw,relatime"))) strcpy(options, at + strlen(" /tmp/other cgroup2 rw,relatime"));
  fclose(stream);
  umount("/tmp/other");
  options[strlen(options) - 5] = 0;
  return options;
}
static void mounts(void) {
  family("options of a mount");
  mkdir("/tmp/other", 0755);
  text("none", mounted_with(""));
  text("nsdelegate", mounted_with("nsdelegate"));
  text("memory_recursiveprot", mounted_with("memory_recursiveprot"));
  text("in their order", mounted_with("memory_recursiveprot,favordynmods,nsdelegate,memory_localevents"));
  text("one that is not known", mounted_with("nothing"));
  text("  changes nothing", mounted_with("nsdelegate"));
  text("a value", mounted_with("nsdelegate=1"));
  text("none again", mounted_with(""));
  rmdir("/tmp/other");
}

static void read_through(int from, int bytes) {
  static char piece[65536];
  int fd = open(path, O_RDONLY);
  posix_fadvise(fd, from, bytes, POSIX_FADV_DONTNEED);
  for (int at = from; at < from + bytes; at += sizeof piece) pread(fd, piece, sizeof piece, at);
  close(fd);
}
static double left(const char *name) {
  return value(name, "file") / (double)MIB;
}
// Groups with 4 MiB of a file each, below one that claims 4; who is beside it makes them give way.
static void give_way(const char *const groups[], const char *const claims[], int count, int eaten) {
  char name[64];
  mkdir("a", 0755), put("a/cgroup.subtree_control", "+memory"), put("a/memory.max", "16M"), put("a/memory.min", "4M");
  mkdir("a/b", 0755), put("a/b/cgroup.subtree_control", "+memory"), put("a/b/memory.min", "4M"), mkdir("a/eater", 0755);
  for (int i = 0; i < count; i++) {
    mkdir(groups[i], 0755);
    sprintf(name, "%s/memory.min", groups[i]), put(name, claims[i]);
    sprintf(name, "%s/cgroup.procs", groups[i]);
    int child = fork();
    if (child == 0) put(name, "0"), read_through(i * 4 * MIB, 4 * MIB), _exit(0);
    ended(child);
  }
  done_in("a/eater", touch(eaten));
}
static void gone(const char *const groups[], int count) {
  while (count > 0) rmdir(groups[--count]);
  rmdir("a/b"), rmdir("a/eater"), rmdir("a");
}

int main(int count, char **args) {
  path = args[1];
  // the pages of a disk go with who has it open last
  open(path, O_RDONLY);
  begin();
  mounts();
  put("../cgroup.subtree_control", "+memory");
  mkdir("self", 0755), put("self/cgroup.procs", "0");
  put("cgroup.subtree_control", "+memory");

  family("shares of what is protected");
  const char *const three[] = { "a/b/c", "a/b/d", "a/b/e" };
  give_way(three, (const char *const[]){ "6M", "2M", "0" }, 3, 10 * MIB + MIB / 2);
  show("who claims more than there is has most of it", within(left("a/b/c/memory.stat"), 2, 3.4));
  show("  who claims less has less", within(left("a/b/d/memory.stat"), 0.8, 2.2));
  show("  who claims nothing has next to nothing", within(left("a/b/e/memory.stat"), 0, 1.2));
  show("nobody was killed", value("a/memory.events", "oom_kill"));
  gone(three, 3);

  family("memory_recursiveprot");
  const char *const two[] = { "a/b/c", "a/rival" };
  for (int on = 0; on < 2; on++) {
    mkdir("/tmp/other", 0755), text(on ? "on" : "off", mounted_with(on ? "memory_recursiveprot" : ""));
    give_way(two, (const char *const[]){ "0", "0" }, 2, 11 * MIB);
    show("who claims nothing below who does gives way", left("a/b/c/memory.stat") < 3.3);
    show("  who is beside them gives way", left("a/rival/memory.stat") < 3.3);
    gone(two, 2);
  }
  mounted_with(""), rmdir("/tmp/other");

  put("../cgroup.procs", "0");
  rmdir("self");
  finish();
  return 0;
}
