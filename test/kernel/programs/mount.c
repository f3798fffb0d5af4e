// mount(2), umount2(2), pivot_root(2), statfs(2), tmpfs(5), proc(5): mounts, mountinfo. In a namespace of its own where there are some.
#include "show.h"
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char base[512];
// The line of /proc/self/mounts or mountinfo about a mount point; which begins behind its `skip`-th space.
static const char *about(const char *file, const char *point, int skip) {
  static char line[1024], found[1024];
  char wanted[600];
  snprintf(wanted, sizeof wanted, " %s%s ", base, point);
  FILE *stream = fopen(file, "r");
  strcpy(found, "none");
  while (fgets(line, sizeof line, stream))
    if (strstr(line, wanted)) {
      char *at = line;
      for (int i = 0; i < skip; i++) at = strchr(at, ' ') + 1;
      line[strcspn(line, "\n")] = 0;
      strcpy(found, at);
    }
  fclose(stream);
  return found;
}
static const char *mounted(const char *point) { return about("/proc/self/mounts", point, 2); }
static int mounts(void) {
  FILE *stream = fopen("/proc/self/mounts", "r");
  int count = 0, byte;
  while ((byte = fgetc(stream)) != EOF) count += byte == '\n';
  fclose(stream);
  return count;
}
static int put(const char *name) {
  int fd = open(name, O_WRONLY | O_CREAT, 0644);
  if (fd < 0) return -1;
  write(fd, "x", 1);
  return close(fd);
}
static long flags(const char *name) {
  struct statvfs info;
  return statvfs(name, &info) < 0 ? -1 : info.f_flag;
}
static int device(const char *name) {
  struct stat info;
  return stat(name, &info) < 0 ? -1 : info.st_dev;
}
static char *here(const char *name) {
  static char made[4][600];
  static int next;
  char *into = made[next++ % 4];
  sprintf(into, "%s%s", base, name);
  return into;
}

// What poll(2) tells of a file, besides that it can be read.
static int changed(int fd) {
  struct pollfd one = { fd, POLLIN | POLLPRI, 0 };
  poll(&one, 1, 0);
  return one.revents & ~POLLIN;
}

int main(void) {
  unshare(CLONE_NEWNS);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mkdir("base", 0755);
  chdir("base");
  getcwd(base, sizeof base);
  struct stat one, two;

  family("tmpfs");
  mkdir("t", 0700);
  put("t/below");
  show("mount", mount("name", "t", "tmpfs", 0, NULL));
  text("  as it is shown", mounted("/t"));
  show("  what was there is hidden", access("t/below", F_OK));
  show("  another device", device("t") != device("."));
  show("  mode of its root", (stat("t", &one), one.st_mode));
  show("  a file", put("t/file"));
  show("  busy while a file is open", ({ int fd = open("t/file", O_RDONLY); int failed = umount("t"); int kept = errno; close(fd); errno = kept; failed; }));
  show("  while it is mapped", ({ int fd = open("t/file", O_RDONLY); void *at = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0); close(fd); int failed = umount("t"); int kept = errno; munmap(at, 1); errno = kept; failed; }));
  show("  while somebody is in it", ({ chdir("t"); int failed = umount(here("/t")); int kept = errno; chdir(".."); errno = kept; failed; }));
  show("  its name can't be removed", rmdir("t"));
  show("  nor renamed", rename("t", "u"));
  show("umount", umount("t"));
  text("  it is gone", mounted("/t"));
  show("  and what was there is back", access("t/below", F_OK));
  show("  again", umount("t"));
  show("  a name that is not there", umount("nothing"));
  show("with options", mount("tmpfs", "t", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=711,uid=5,gid=6,nr_inodes=10"));
  text("  as it is shown", mounted("/t"));
  stat("t", &one);
  show("  its root's owner", one.st_uid * 100 + one.st_gid);
  show("  and mode", one.st_mode & 07777);
  struct statvfs space;
  statvfs("t", &space);
  show("  its size in blocks", space.f_blocks);
  show("  files that it may have", space.f_files);
  show("  statvfs's flags", space.f_flag);
  int big = open("t/big", O_RDWR | O_CREAT, 0755);
  char *block = calloc(1, 1 << 20);
  show("  it can be filled", write(big, block, 1 << 20));
  show("  and no more", write(big, block, 1));
  statvfs("t", &space);
  show("  free blocks", space.f_bfree);
  show("  smaller than what is in it", mount("x", "t", "tmpfs", MS_REMOUNT, "size=4k"));
  show("  larger", mount("x", "t", "tmpfs", MS_REMOUNT, "size=2m"));
  show("  then there is room", write(big, block, 1));
  close(big);
  show("  noexec", (chmod("t/big", 0755), access("t/big", X_OK)));
  show("  execve", execl("t/big", "big", NULL));
  show("  nodev", ({ mknod("t/null", S_IFCHR | 0666, 0x103); open("t/null", O_RDONLY); }));
  show("  and no more files than allowed", ({ char name[16]; int n = 0; while (n < 100) { sprintf(name, "t/%d", n); if (put(name) < 0) break; n++; } n; }));
  show("  ENOSPC", put("t/more"));
  umount("t");
  show("an option that is not known", mount("x", "t", "tmpfs", 0, "nonsense=1"));
  show("  a number that is none", mount("x", "t", "tmpfs", 0, "size=many"));
  show("a type that is not known", mount("x", "t", "nonsensefs", 0, NULL));
  show("no type", mount("x", "t", NULL, 0, NULL));
  show("on what is not there", mount("x", "nothing", "tmpfs", 0, NULL));
  show("on a file", (put("file"), mount("x", "file", "tmpfs", 0, NULL)));
  show("a wild pointer", mount("x", (char *)8, "tmpfs", 0, NULL));
  show("  as type", mount("x", "t", (char *)8, 0, NULL));
  show("flags with the old magic", mount("x", "t", "tmpfs", MS_MGC_VAL | MS_NOSUID, NULL));
  text("  are flags", mounted("/t"));
  show("  over it", mount("y", "t", "tmpfs", MS_NODEV, NULL));
  text("  the upper one is seen", mounted("/t"));
  umount("t");
  text("  then the lower one", mounted("/t"));
  umount("t");

  family("access times");
  mount("x", "t", "tmpfs", 0, NULL);
  show("relatime by itself", flags("t"));
  mount("x", "t", "tmpfs", MS_REMOUNT | MS_NOATIME, NULL);
  show("noatime", flags("t"));
  text("  as it is shown", mounted("/t"));
  mount("x", "t", "tmpfs", MS_REMOUNT, NULL);
  show("  stays when nothing is said", flags("t"));
  mount("x", "t", "tmpfs", MS_REMOUNT | MS_STRICTATIME, NULL);
  show("strictatime is none of them", flags("t"));

  family("read only");
  put("t/file");
  show("remount", mount("x", "t", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
  text("  as it is shown", mounted("/t"));
  show("  making", put("t/new"));
  show("  writing", open("t/file", O_WRONLY));
  show("  truncating", open("t/file", O_RDONLY | O_TRUNC));
  show("  removing", unlink("t/file"));
  show("  a directory", mkdir("t/d", 0755));
  show("  renaming", rename("t/file", "t/other"));
  show("  chmod", chmod("t/file", 0600));
  show("  utimes", utimensat(AT_FDCWD, "t/file", NULL, 0));
  show("  access", access("t/file", W_OK));
  show("  reading", close(open("t/file", O_RDONLY)));
  show("  statvfs says it", flags("t") & ST_RDONLY);
  show("  and back", mount("x", "t", "tmpfs", MS_REMOUNT, NULL));
  int writing = open("t/file", O_WRONLY);
  show("  not while a file is written", mount("x", "t", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
  close(writing);
  show("what is no mount", mount("x", "t/file", "tmpfs", MS_REMOUNT, NULL));
  umount("t");
  show("from the start", mount("x", "t", "tmpfs", MS_RDONLY, NULL));
  show("  making", put("t/new"));
  umount("t");

  family("bind");
  mkdir("from", 0755);
  mkdir("from/sub", 0755);
  put("from/sub/inner");
  mkdir("to", 0755);
  show("a directory", mount("from", "to", NULL, MS_BIND, NULL));
  show("  is the same", (stat("from/sub", &one), stat("to/sub", &two), one.st_ino == two.st_ino && one.st_dev == two.st_dev));
  show("  a change is seen on both sides", (put("to/new"), access("from/new", F_OK)));
  show("  a link over its edge", link("from/new", "to/linked"));
  show("  a rename over its edge", rename("from/new", "to/moved"));
  char expected[600];
  snprintf(expected, sizeof expected, "%s/from", base);
  char *root = strdup(about("/proc/self/mountinfo", "/to", 3));
  show("  mountinfo says of what", strstr(root, "/from") != NULL);
  show("read only of its own", mount("none", "to", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
  show("  here", put("to/more"));
  show("  not there", put("from/more"));
  show("  seen in statvfs", (flags("to") & ST_RDONLY) * 10 + (flags("from") & ST_RDONLY));
  show("  and back", mount("none", "to", NULL, MS_REMOUNT | MS_BIND, NULL));
  show("  a writer of this mount keeps it", ({ int fd = open("to/more", O_WRONLY); int failed = mount("none", "to", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL); int kept = errno; close(fd); errno = kept; failed; }));
  show("  one of the other does not", ({ int fd = open("from/more", O_WRONLY); int done = mount("none", "to", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL); close(fd); done; }));
  umount("to");
  show("a file on a file", (put("one"), put("two"), mount("one", "two", NULL, MS_BIND, NULL)));
  show("  is the same", (stat("one", &one), stat("two", &two), one.st_ino == two.st_ino));
  show("  it can't be removed", unlink("two"));
  show("  nor be a rename's target", rename("one", "two"));
  umount("two");
  show("a file on a directory", mount("one", "to", NULL, MS_BIND, NULL));
  show("a directory on a file", mount("from", "two", NULL, MS_BIND, NULL));
  show("what is not there", mount("nothing", "to", NULL, MS_BIND, NULL));
  show("nothing", mount(NULL, "to", NULL, MS_BIND, NULL));
  mount("x", "from/sub", "tmpfs", 0, NULL);
  put("from/sub/upper");
  mount("from", "to", NULL, MS_BIND, NULL);
  show("mounts below do not come along", access("to/sub/upper", F_OK));
  umount("to");
  mount("from", "to", NULL, MS_BIND | MS_REC, NULL);
  show("  with MS_REC they do", access("to/sub/upper", F_OK));
  show("  busy with a mount on it", umount("to"));
  show("  MNT_DETACH takes all", umount2("to", MNT_DETACH));
  text("  the lower one too", mounted("/to/sub"));
  show("unbindable", mount("none", "from/sub", NULL, MS_UNBINDABLE, NULL));
  show("  can't be bound", mount("from/sub", "to", NULL, MS_BIND, NULL));
  mount("from", "to", NULL, MS_BIND | MS_REC, NULL);
  show("  nor comes along", access("to/sub/upper", F_OK));
  umount("to");
  mount("none", "from/sub", NULL, MS_PRIVATE, NULL);
  show("two kinds at once", mount("none", "from/sub", NULL, MS_PRIVATE | MS_SLAVE, NULL));
  show("of what is no mount", mount("none", "from", NULL, MS_PRIVATE, NULL));
  show("a directory on itself", mount("to", "to", NULL, MS_BIND, NULL));
  show("  then it is a mount", umount("to"));
  umount("from/sub");

  family("move");
  mount("x", "t", "tmpfs", 0, NULL);
  put("t/mark");
  show("to another place", mount("t", "to", NULL, MS_MOVE, NULL));
  show("  it is there", access("to/mark", F_OK));
  show("  and not here", access("t/mark", F_OK));
  show("what is no mount", mount("from", "t", NULL, MS_MOVE, NULL));
  show("into itself", (mkdir("to/deep", 0755), mount("to", "to/deep", NULL, MS_MOVE, NULL)));
  show("onto a file", mount("to", "one", NULL, MS_MOVE, NULL));

  family("unmounting");
  show("flags that are not known", umount2("to", 64));
  show("MNT_EXPIRE the first time", umount2("to", MNT_EXPIRE));
  show("  unused since", umount2("to", MNT_EXPIRE));
  mount("x", "to", "tmpfs", 0, NULL);
  umount2("to", MNT_EXPIRE);
  close(open("to", O_RDONLY));
  show("  used since", umount2("to", MNT_EXPIRE));
  show("  with MNT_DETACH", umount2("to", MNT_EXPIRE | MNT_DETACH));
  symlink("to", "link");
  show("through a link", umount2("link", UMOUNT_NOFOLLOW));
  show("  followed", umount2("link", 0));
  mount("x", "to", "tmpfs", 0, NULL);
  int open_file = open("to/file", O_RDWR | O_CREAT, 0644);
  write(open_file, "still", 5);
  show("a lazy one", umount2("to", MNT_DETACH));
  text("  it is gone", mounted("/to"));
  char buffer[16] = "";
  pread(open_file, buffer, 5, 0);
  text("  what is open lives", buffer);
  close(open_file);
  show("a mount's name holds what it likes", (mkdir("a b\tc\\d#", 0755), mount("s p", "a b\tc\\d#", "tmpfs", 0, NULL)));
  text("  octal in mounts", about("/proc/self/mounts", "/a\\040b\\011c\\134d#", 2));
  umount("a b\tc\\d#");
  mkdir("parent", 0755);
  mkdir("parent/point", 0755);
  mount("x", "parent/point", "tmpfs", 0, NULL);
  put("parent/point/mark");
  show("a directory with a mount below is renamed", rename("parent", "renamed"));
  show("  the mount goes along", access("renamed/point/mark", F_OK));
  show("  and out", umount("renamed/point"));

  family("proc");
  mkdir("p", 0755);
  show("mount", mount("proc", "p", "proc", 0, NULL));
  show("  self is there", access("p/self/stat", F_OK));
  text("  as it is shown", mounted("/p"));
  show("  hidepid", mount("x", "p", "proc", MS_REMOUNT, "hidepid=7"));
  show("a bind in it", mount("/dev/null", "p/sys/kernel/hostname", NULL, MS_BIND, NULL));
  show("  is seen", ({ int fd = open("p/sys/kernel/hostname", O_RDONLY); int n = read(fd, buffer, 1); close(fd); n; }));
  show("  not elsewhere", ({ int fd = open("/proc/sys/kernel/hostname", O_RDONLY); int n = read(fd, buffer, 1); close(fd); n; }));
  show("  busy below it", umount("p"));
  show("  MNT_DETACH", umount2("p", MNT_DETACH));

  family("mountinfo, watched");
  int watched = open("/proc/self/mountinfo", O_RDONLY), other = open("/proc/self/mounts", O_RDONLY), watch = epoll_create1(0);
  struct epoll_event event = { .events = EPOLLIN | EPOLLET };
  show("epoll", epoll_ctl(watch, EPOLL_CTL_ADD, watched, &event));
  show("  it can be read at once", epoll_wait(watch, &event, 1, 0));
  show("  that is told once", epoll_wait(watch, &event, 1, 0));
  show("poll", changed(watched));
  mount("x", "t", "tmpfs", 0, NULL);
  show("a mount: POLLERR and POLLPRI", changed(watched));
  show("  once", changed(watched));
  show("  of each open file", changed(other));
  show("  and of epoll", epoll_wait(watch, &event, 1, 0));
  show("a file in it is none", (put("t/file"), changed(watched)));
  show("other flags", (mount(NULL, "t", NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL), changed(watched)));
  show("what another process does", ({ if (fork() == 0) _exit(mount("x", "t", "tmpfs", 0, NULL)); wait(NULL); changed(watched); }));
  show("  in a namespace of its own", ({ if (fork() == 0) { unshare(CLONE_NEWNS); _exit(mount("x", "t", "tmpfs", 0, NULL)); } wait(NULL); changed(watched); }));
  show("umount", (umount("t"), changed(watched)));
  show("  and again", (umount("t"), changed(watched)));
  show("  what can't be", (umount("t"), changed(watched)));
  close(watched), close(other), close(watch);

  family("as another user");
  fflush(stdout);
  if (fork() == 0) {
    setgid(12345);
    setuid(12345);
    show("mount", mount("x", "t", "tmpfs", 0, NULL));
    show("umount", umount("t"));
    show("  what is not there is said first", umount("nothing"));
    show("bind", mount("from", "to", NULL, MS_BIND, NULL));
    show("pivot_root", syscall(SYS_pivot_root, ".", "."));
    _exit(0);
  }
  wait(NULL);

  family("pivot_root");
  show("what is no mount", (mkdir("new", 0755), syscall(SYS_pivot_root, "new", "new")));
  mount("x", "new", "tmpfs", 0, NULL);
  mkdir("new/old", 0755);
  put("new/mark");
  show("the old one's place outside", syscall(SYS_pivot_root, "new", "to"));
  show("a file", syscall(SYS_pivot_root, "one", "new/old"));
  fflush(stdout);
  if (fork() == 0) {
    unshare(CLONE_NEWNS);
    chdir("new");
    show("pivot", syscall(SYS_pivot_root, ".", "old"));
    show("  the new root", access("/mark", F_OK));
    char expected[600];
    snprintf(expected, sizeof expected, "/old%s/one", base);
    show("  the old one below", access(expected, F_OK));
    show("  .. leads nowhere", access("/../mark", F_OK));
    text("  getcwd", getcwd(expected, sizeof expected));
    show("  the old one goes", umount2("/old", MNT_DETACH));
    show("  it is gone", access(expected, F_OK));
    _exit(0);
  }
  wait(NULL);
  return 0;
}
