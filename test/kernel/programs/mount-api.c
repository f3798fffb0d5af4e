// The mounts of descriptors: fsopen(2), fsconfig(2), fsmount(2), fspick(2), open_tree(2), move_mount(2), mount_setattr(2).
#include "show.h"
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { SET_FLAG, SET_STRING, SET_BINARY, SET_PATH, SET_PATH_EMPTY, SET_FD, CREATE, RECONFIGURE };
enum { CLONE = 1, RECURSIVE = 0x8000, NOFOLLOW = 0x100, EMPTY = 0x1000 };
enum { F_LINKS = 1, F_EMPTY = 4, T_LINKS = 0x10, T_EMPTY = 0x40, SET_GROUP = 0x100 };
enum { RDONLY = 1, NOSUID = 2, NODEV = 4, NOEXEC = 8, ATIME = 0x70, NOATIME = 0x10, STRICTATIME = 0x20, NODIRATIME = 0x80, IDMAP = 0x100000, NOLINKS = 0x200000 };
struct attributes { unsigned long long set, clear, propagation, userns; };

static int open_fs(const char *type, int flags) { return syscall(430, type, flags); }
static int configure(int fd, int command, const char *key, const void *value, int aux) { return syscall(431, fd, command, key, value, aux); }
static int mount_fs(int fd, int flags, int attributes) { return syscall(432, fd, flags, attributes); }
static int pick(int at, const char *path, int flags) { return syscall(433, at, path, flags); }
static int tree(int at, const char *path, int flags) { return syscall(428, at, path, flags); }
static int move(int from, const char *path, int to, const char *target, int flags) { return syscall(429, from, path, to, target, flags); }
static int attribute(int at, const char *path, int flags, unsigned long long set, unsigned long long clear, unsigned long long propagation) {
  struct attributes all = { set, clear, propagation };
  return syscall(442, at, path, flags, &all, sizeof all);
}
static int attach(int fd, const char *target) { return move(fd, "", AT_FDCWD, target, F_EMPTY); }
static int ok(int fd) { return fd < 0 ? -1 : 1; }
static int exists(const char *name) { return access(name, F_OK) == 0; }
static int made(const char *name) { int fd = creat(name, 0600); return fd < 0 ? -1 : close(fd); }
static void message(int fd, const char *rule) {
  char said[256];
  int n = read(fd, said, 255);
  if (n < 0) { show(rule, n); return; }
  said[n] = 0;
  for (char *at = said; *at; at++) if (*at == '\n') *at = '|';
  text(rule, said);
}
// The line of mountinfo(5) for a place below here: its options, how it is shared, type, source, the filesystem's options.
static char here[512];
static char *line_of(const char *place) {
  static char line[1024];
  char wanted[600], root[256], at[600], rest[600];
  sprintf(wanted, "%s/%s", here, place);
  FILE *file = fopen("/proc/self/mountinfo", "r");
  strcpy(line, "none");
  char all[1024], *found = NULL;
  while (fgets(all, sizeof all, file))
    if (sscanf(all, "%*d %*d %*s %255s %599s %599[^\n]", root, at, rest) == 3 && !strcmp(at, wanted)) sprintf(line, "%s %s", strrchr(root, '/'), rest);
  fclose(file);
  // numbers of groups are the system's
  for (char *at = line; (at = strchr(at, ':')); at++) if (at[1] >= '0' && at[1] <= '9') { at[1] = 'N'; memmove(at + 2, at + 2 + strspn(at + 2, "0123456789"), strlen(at + 2 + strspn(at + 2, "0123456789")) + 1); }
  return line;
}
// The first words: of the mount itself.
static char *options_of(const char *place) {
  char *line = line_of(place), *end = strstr(line, " - ");
  if (end) *end = 0;
  return line;
}
#define in_child(expression) ({ \
  fflush(stdout); \
  int child_ = fork(), status_; \
  if (child_ == 0) _exit((expression) < 0 ? errno : 0); \
  waitpid(child_, &status_, 0); \
  errno = WEXITSTATUS(status_); \
  errno ? -1 : 0; })
static int ordinary(void) { return setresuid(1000, 1000, 1000); }

static int made_tmpfs(void) {
  int fs = open_fs("tmpfs", 0);
  configure(fs, SET_STRING, "source", "made", 0);
  configure(fs, CREATE, NULL, NULL, 0);
  int fd = mount_fs(fs, 0, 0);
  close(fs);
  return fd;
}

static void contexts(void) {
  family("fsopen");
  show("a type that is not there", open_fs("nothing", 0));
  show("flags that are not there", open_fs("tmpfs", 2));
  show("a name that is no address", open_fs((void *)1, 0));
  show("without CAP_SYS_ADMIN", in_child((ordinary(), open_fs("tmpfs", 0))));
  int fs = open_fs("tmpfs", 1);
  show("a type", ok(fs));
  show("FSOPEN_CLOEXEC", fcntl(fs, F_GETFD));
  show("  without it", ({ int other = open_fs("tmpfs", 0), flags = fcntl(other, F_GETFD); close(other); flags; }));
  show("open for both", fcntl(fs, F_GETFL) & O_ACCMODE);
  char path[64], link[64] = "";
  sprintf(path, "/proc/self/fd/%d", fs);
  readlink(path, link, 63);
  text("what it is", link);
  message(fs, "nothing has been said");

  family("fsconfig");
  show("SET_FLAG with a value", configure(fs, SET_FLAG, "ro", "x", 0));
  show("SET_FLAG without a key", configure(fs, SET_FLAG, NULL, NULL, 0));
  show("SET_STRING without a value", configure(fs, SET_STRING, "size", NULL, 0));
  show("SET_STRING with an aux", configure(fs, SET_STRING, "size", "1m", 1));
  show("SET_BINARY of no length", configure(fs, SET_BINARY, "size", "1m", 0));
  show("SET_BINARY of more than 1 MiB", configure(fs, SET_BINARY, "size", "1m", 1048577));
  show("SET_FD of a negative descriptor", configure(fs, SET_FD, "size", NULL, -1));
  show("SET_PATH of one", configure(fs, SET_PATH, "size", "/", -2));
  show("CREATE with a key", configure(fs, CREATE, "size", NULL, 0));
  show("a command that is not there", configure(fs, 99, NULL, NULL, 0));
  show("a negative descriptor", configure(-1, CREATE, NULL, NULL, 0));
  show("one that is not open", configure(999, CREATE, NULL, NULL, 0));
  show("one of something else", configure(0, CREATE, NULL, NULL, 0));
  show("a long key", ({ char key[300]; memset(key, 'k', 299); key[299] = 0; configure(fs, SET_STRING, key, "1", 0); }));
  show("a long value", ({ char value[300]; memset(value, '1', 299); value[299] = 0; configure(fs, SET_STRING, "size", value, 0); }));
  show("a key that is no address", configure(fs, SET_FLAG, (void *)1, NULL, 0));
  show("a parameter that is not there", configure(fs, SET_STRING, "nothing", "1", 0));
  message(fs, "  the log says so");
  message(fs, "  once");
  show("a value that is none", configure(fs, SET_STRING, "size", "much", 0));
  message(fs, "  the log says so");
  show("a flag that needs a value", configure(fs, SET_FLAG, "size", NULL, 0));
  message(fs, "  the log says so");
  show("a buffer too small for the message", (configure(fs, SET_FLAG, "nothing", NULL, 0), read(fs, path, 3)));
  message(fs, "  which stays");
  show("the log keeps eight", ({
    char key[16];
    for (int i = 0; i < 10; i++) sprintf(key, "x%d", i), configure(fs, SET_FLAG, key, NULL, 0);
    read(fs, path, 63);
    int count = 1;
    while (read(fs, path, 63) > 0) count++;
    count;
  }));
  show("poll", ({ struct pollfd look = { fs, POLLIN | POLLOUT }; poll(&look, 1, 0) * 1000 + look.revents; }));
  show("write", write(fs, "size=1m", 7));
  show("lseek", lseek(fs, 0, SEEK_SET));
  show("a source that is no string", configure(fs, SET_FLAG, "source", NULL, 0));
  message(fs, "  the log says so");
  show("a source", configure(fs, SET_STRING, "source", "from", 0));
  show("  a second one", configure(fs, SET_STRING, "source", "from", 0));
  message(fs, "  the log says so");
  show("size", configure(fs, SET_STRING, "size", "1m", 0));
  show("mode", configure(fs, SET_STRING, "mode", "711", 0));
  show("the filesystem's flags", configure(fs, SET_FLAG, "ro", NULL, 0) | configure(fs, SET_FLAG, "rw", NULL, 0));
  show("a mount's flags are not of these", configure(fs, SET_FLAG, "nosuid", NULL, 0));
  message(fs, "  the log says so");
  show("RECONFIGURE before there is one", configure(fs, RECONFIGURE, NULL, NULL, 0));
  show("fsmount too", mount_fs(fs, 0, 0));
  show("CREATE", configure(fs, CREATE, NULL, NULL, 0));
  show("  once", configure(fs, CREATE, NULL, NULL, 0));
  show("  no parameters then", configure(fs, SET_STRING, "size", "2m", 0));

  family("fsmount");
  show("flags that are not there", mount_fs(fs, 2, 0));
  show("attributes that are not there", mount_fs(fs, 0, 0x400000));
  show("two ways of access times", mount_fs(fs, 0, NOATIME | STRICTATIME));
  show("an idmap", mount_fs(fs, 0, IDMAP));
  show("a descriptor that is not open", mount_fs(999, 0, 0));
  show("of something else", mount_fs(0, 0, 0));
  show("without CAP_SYS_ADMIN", in_child((ordinary(), mount_fs(fs, 0, 0))));
  int fd = mount_fs(fs, 1, NOSUID | NODEV | NOATIME);
  show("a mount", ok(fd));
  show("FSMOUNT_CLOEXEC", fcntl(fd, F_GETFD));
  show("O_PATH", !!(fcntl(fd, F_GETFL) & O_PATH));
  show("  once", mount_fs(fs, 0, 0));
  show("it is nowhere, and has files", ({ int file = openat(fd, "file", O_CREAT | O_RDWR, 0600); int n = write(file, "x", 1); close(file); n; }));
  show("  of the mode that was asked for", ({ struct stat about; fstat(fd, &about); about.st_mode & 07777; }));
  show("its flags", ({ struct statfs about; fstatfs(fd, &about); about.f_flags & (2 | 4 | 8 | 0x400 | 0x1000); }));
  show("its size", ({ struct statfs about; fstatfs(fd, &about); (long)about.f_blocks * about.f_bsize; }));
  show("above it there is nothing", ({ struct stat a, b; fstat(fd, &a); fstatat(fd, "..", &b, 0); a.st_ino == b.st_ino && a.st_dev == b.st_dev; }));
  sprintf(path, "/proc/self/fd/%d", fd);
  show("umount does not find it", umount2(path, MNT_DETACH));
  show("a mount in one's own tree", attach(fd, "a"));
  text("  as mountinfo has it", line_of("a"));
  show("  with its file", exists("a/file"));
  show("  the descriptor is of it still", faccessat(fd, "file", F_OK, 0));
  show("  not onto itself", attach(fd, "a"));
  show("  but on", attach(fd, "b"));
  show("  from where it was", exists("a/file") * 10 + exists("b/file"));
  show("RECONFIGURE by the descriptor that made it", configure(fs, SET_STRING, "size", "2m", 0) | configure(fs, RECONFIGURE, NULL, NULL, 0));
  text("  to what it was given", line_of("b"));
  show("  to less than is there", ({ int file = creat("b/large", 0600); ftruncate(file, 0); static char page[4096]; for (int i = 0; i < 16; i++) write(file, page, 4096); close(file); configure(fs, SET_STRING, "size", "8k", 0) | configure(fs, RECONFIGURE, NULL, NULL, 0); }));
  show("  and then no more", configure(fs, SET_STRING, "size", "4m", 0));
  close(fs), close(fd);
  show("it stays when the descriptors go", exists("b/file"));
  umount("b");

  family("fspick");
  int made_fd = made_tmpfs();
  attach(made_fd, "a");
  mkdir("a/in", 0755);
  show("flags that are not there", pick(AT_FDCWD, "a", 16));
  show("a name that is not there", pick(AT_FDCWD, "nothing", 0));
  show("no root of a mount", pick(AT_FDCWD, "a/in", 0));
  show("without CAP_SYS_ADMIN", in_child((ordinary(), pick(AT_FDCWD, "a", 0))));
  fs = pick(AT_FDCWD, "a", 1);
  show("a mount", ok(fs));
  show("FSPICK_CLOEXEC", fcntl(fs, F_GETFD));
  show("by a descriptor", ok(pick(made_fd, "", 8)));
  show("CREATE", configure(fs, CREATE, NULL, NULL, 0));
  show("read-only, and larger", configure(fs, SET_FLAG, "ro", NULL, 0) | configure(fs, SET_STRING, "size", "4m", 0));
  show("  not yet", made("a/file"));
  show("  RECONFIGURE", configure(fs, RECONFIGURE, NULL, NULL, 0));
  show("  now", made("a/file"));
  text("  as mountinfo has it", line_of("a"));
  show("and back", configure(fs, SET_FLAG, "rw", NULL, 0) | configure(fs, RECONFIGURE, NULL, NULL, 0) | made("a/file"));
  show("fsmount of what is mounted", mount_fs(fs, 0, 0));
  close(made_fd);
  show("it keeps no mount busy", umount("a"));
  close(fs);
}

static void trees(void) {
  family("open_tree");
  int fd = made_tmpfs();
  attach(fd, "a");
  close(fd);
  mkdir("a/below", 0755), made("a/file");
  mount("below", "a/below", "tmpfs", 0, NULL), made("a/below/file");
  symlink("a", "link");
  show("flags that are not there", tree(AT_FDCWD, "a", 2));
  show("AT_RECURSIVE without OPEN_TREE_CLONE", tree(AT_FDCWD, "a", RECURSIVE));
  show("a name that is not there", tree(AT_FDCWD, "nothing", CLONE));
  show("  of no address", tree(AT_FDCWD, (void *)1, CLONE));
  show("a clone without CAP_SYS_ADMIN", in_child((ordinary(), tree(AT_FDCWD, "a", CLONE))));
  show("  a place without it", in_child((ordinary(), tree(AT_FDCWD, "a", 0))));
  fd = tree(AT_FDCWD, "a", O_CLOEXEC);
  show("a place", ok(fd));
  show("  OPEN_TREE_CLOEXEC", fcntl(fd, F_GETFD));
  show("  it is O_PATH", !!(fcntl(fd, F_GETFL) & O_PATH));
  show("  and where it was", ({ struct stat x, y; stat("a", &x), fstat(fd, &y); x.st_dev == y.st_dev; }));
  close(fd);
  show("a link at the end", ({ int at = tree(AT_FDCWD, "link", 0); struct stat x; fstat(at, &x); close(at); S_ISDIR(x.st_mode); }));
  show("  AT_SYMLINK_NOFOLLOW", ({ int at = tree(AT_FDCWD, "link", NOFOLLOW); struct stat x; fstat(at, &x); close(at); S_ISLNK(x.st_mode); }));
  fd = tree(AT_FDCWD, "a", CLONE);
  show("a clone has the files", faccessat(fd, "file", F_OK, 0));
  show("  not what is mounted below", faccessat(fd, "below/file", F_OK, 0));
  int all = tree(AT_FDCWD, "a", CLONE | RECURSIVE);
  show("  AT_RECURSIVE: that too", faccessat(all, "below/file", F_OK, 0));
  show("what is mounted later is not in it", (mkdir("a/later", 0755), mount("later", "a/later", "tmpfs", 0, NULL), made("a/later/file"), faccessat(all, "later/file", F_OK, 0)));
  umount("a/later");
  int part = tree(AT_FDCWD, "a/below", CLONE), dir = tree(AT_FDCWD, "a/later", CLONE), file = tree(AT_FDCWD, "a/file", CLONE);
  show("of a mount below", attach(part, "b"));
  text("  as mountinfo has it", line_of("b"));
  umount("b");
  show("of a directory", attach(dir, "b"));
  text("  as mountinfo has it", line_of("b"));
  umount("b");
  show("of a file, on a directory", attach(file, "b"));
  show("  on a file", (made("plain"), attach(file, "plain")));
  umount("plain");
  close(part), close(dir), close(file);

  family("move_mount");
  show("flags that are not there", move(fd, "", AT_FDCWD, "b", 8));
  show("without an empty path", move(fd, "", AT_FDCWD, "b", 0));
  show("without CAP_SYS_ADMIN", in_child((ordinary(), attach(fd, "b"))));
  show("to a name that is not there", attach(fd, "nothing"));
  show("a place that is no root of a mount", move(AT_FDCWD, "a/later", AT_FDCWD, "b", 0));
  show("a mount into itself", move(AT_FDCWD, "a", AT_FDCWD, "a/later", 0));
  show("a link is not followed", move(fd, "", AT_FDCWD, "link", F_EMPTY));
  show("  MOVE_MOUNT_T_SYMLINKS", move(fd, "", AT_FDCWD, "link", F_EMPTY | T_LINKS));
  show("  on top of what is there", exists("a/below/file"));
  umount("a");
  int target = open("b", O_PATH);
  show("MOVE_MOUNT_T_EMPTY_PATH", move(all, "", target, "", F_EMPTY | T_EMPTY));
  show("  with all that is on it", exists("b/below/file"));
  umount("b/below"), umount("b");
  close(all), close(target), close(fd);
  show("a mount by names", move(AT_FDCWD, "a", AT_FDCWD, "b", 0));
  show("  as mount --move does", exists("a/file") * 10 + exists("b/file"));
  move(AT_FDCWD, "b", AT_FDCWD, "a", 0);
  show("a tree whose descriptor has been closed", ({
    int one = tree(AT_FDCWD, "a", CLONE), two;
    char path[64];
    sprintf(path, "/proc/self/fd/%d", one);
    two = open(path, O_PATH);
    close(one);
    int failed = attach(two, "b");
    close(two);
    failed;
  }));
  show("  keeps its files busy for nobody", umount2("a/below", 0));
  show("in another's mounts", in_child(({ int one = tree(AT_FDCWD, "a", CLONE); unshare(CLONE_NEWNS); attach(one, "b"); })));
  show("a place of other mounts", in_child(({ int at = open("a", O_PATH); unshare(CLONE_NEWNS); move(at, "", AT_FDCWD, "b", F_EMPTY); })));
  show("  cloned", in_child(({ int at = open("a", O_PATH); unshare(CLONE_NEWNS); tree(at, "", CLONE | EMPTY); })));
  show("out of a shared mount", ({ mount(NULL, "a", NULL, MS_SHARED, NULL); mount("below", "a/below", "tmpfs", 0, NULL); move(AT_FDCWD, "a/below", AT_FDCWD, "b", 0); }));
  show("an unbindable one is not cloned", ({ mount(NULL, "a", NULL, MS_UNBINDABLE, NULL); tree(AT_FDCWD, "a", CLONE); }));
  mount(NULL, "a", NULL, MS_PRIVATE, NULL);
  umount("a/below");

  family("MOVE_MOUNT_SET_GROUP");
  mount("a", "b", NULL, MS_BIND, NULL);
  show("of a private mount", move(AT_FDCWD, "a", AT_FDCWD, "b", SET_GROUP));
  mount(NULL, "a", NULL, MS_SHARED, NULL);
  show("of a shared one", move(AT_FDCWD, "a", AT_FDCWD, "b", SET_GROUP));
  show("  both have the same mounts", (mount("below", "a/below", "tmpfs", 0, NULL), made("a/below/new"), exists("b/below/new")));
  show("  once", move(AT_FDCWD, "a", AT_FDCWD, "b", SET_GROUP));
  umount("a/below"), umount("b");
  mount("other", "b", "tmpfs", 0, NULL);
  show("of another filesystem", move(AT_FDCWD, "a", AT_FDCWD, "b", SET_GROUP));
  umount("b");

  family("propagation");
  fd = made_tmpfs();
  show("a tree that is mounted on a shared one", move(fd, "", AT_FDCWD, "a/below", F_EMPTY));
  text("  is shared", options_of("a/below"));
  close(fd);
  umount("a/below");
  mount("a", "b", NULL, MS_BIND, NULL);
  fd = made_tmpfs();
  show("  and comes to its peers", (attach(fd, "a/below"), made("b/below/both"), exists("a/below/both")));
  close(fd);
  umount("a/below"), umount("b");
  fd = tree(AT_FDCWD, "a", CLONE);
  show("a clone of a shared one gets no mounts while it is nowhere", (mount("below", "a/below", "tmpfs", 0, NULL), made("a/below/new"), faccessat(fd, "below/new", F_OK, 0)));
  umount("a/below");
  attach(fd, "b");
  show("  and then it does", (mount("below", "a/below", "tmpfs", 0, NULL), made("a/below/new"), exists("b/below/new")));
  close(fd);
  umount("a/below"), umount("b"), umount("a");
}

static void attributes(void) {
  family("mount_setattr");
  struct attributes all = {};
  int fd = made_tmpfs();
  attach(fd, "a");
  close(fd);
  mkdir("a/below", 0755);
  mount("below", "a/below", "tmpfs", 0, NULL);
  show("flags that are not there", attribute(AT_FDCWD, "a", 1, RDONLY, 0, 0));
  show("a struct that is too short", syscall(442, AT_FDCWD, "a", 0, &all, 16));
  show("  too long", syscall(442, AT_FDCWD, "a", 0, &all, 5000));
  show("  longer, with zeros", ({ char more[64] = {}; syscall(442, AT_FDCWD, "a", 0, more, 64); }));
  show("  longer, with more", ({ char more[64] = {}; more[50] = 1; syscall(442, AT_FDCWD, "a", 0, more, 64); }));
  show("  no address", syscall(442, AT_FDCWD, "a", 0, (void *)1, sizeof all));
  show("nothing to do, nowhere", attribute(AT_FDCWD, "nothing", 0, 0, 0, 0));
  show("a name that is not there", attribute(AT_FDCWD, "nothing", 0, RDONLY, 0, 0));
  show("attributes that are not there", attribute(AT_FDCWD, "a", 0, 0x400000, 0, 0));
  show("no root of a mount", (mkdir("a/in", 0755), attribute(AT_FDCWD, "a/in", 0, RDONLY, 0, 0)));
  show("without CAP_SYS_ADMIN", in_child((ordinary(), attribute(AT_FDCWD, "a", 0, RDONLY, 0, 0))));
  show("read-only", attribute(AT_FDCWD, "a", 0, RDONLY, 0, 0));
  show("  the mount is", made("a/file"));
  show("  what is on it is not", made("a/below/file"));
  text("  the mount, not the filesystem", line_of("a"));
  show("AT_RECURSIVE", attribute(AT_FDCWD, "a", RECURSIVE, RDONLY | NOSUID, 0, 0));
  show("  all of them", made("a/below/file"));
  show("cleared", attribute(AT_FDCWD, "a", RECURSIVE, NOEXEC | NODEV | NOLINKS, RDONLY | NOSUID, 0));
  text("  and others set", options_of("a/below"));
  show("set and cleared at once is set", (attribute(AT_FDCWD, "a", 0, NODEV, NODEV, 0), !!strstr(options_of("a"), "nodev")));
  show("access times without clearing them", attribute(AT_FDCWD, "a", 0, NOATIME, 0, 0));
  show("  clearing a part", attribute(AT_FDCWD, "a", 0, 0, NOATIME, 0));
  show("  all", attribute(AT_FDCWD, "a", 0, NOATIME, ATIME, 0));
  text("  it is so", options_of("a"));
  show("  and relative again", attribute(AT_FDCWD, "a", 0, NODIRATIME, ATIME, 0));
  text("  it is so", options_of("a"));
  show("  strict", attribute(AT_FDCWD, "a", 0, STRICTATIME, ATIME | NODIRATIME, 0));
  text("  it is so", options_of("a"));
  show("a file that is open for writing", ({ int file = open("a/below/open", O_CREAT | O_RDWR, 0600); int failed = attribute(AT_FDCWD, "a/below", 0, RDONLY, 0, 0); close(file); failed; }));
  show("  changes none of a tree", ({ int file = open("a/below/open", O_RDWR); attribute(AT_FDCWD, "a", RECURSIVE, RDONLY, 0, 0); close(file); made("a/file"); }));
  show("two kinds of propagation", attribute(AT_FDCWD, "a", 0, 0, 0, MS_SHARED | MS_SLAVE));
  show("  none that there is", attribute(AT_FDCWD, "a", 0, 0, 0, MS_REC));
  show("shared", attribute(AT_FDCWD, "a", RECURSIVE, 0, 0, MS_SHARED));
  text("  all of them", options_of("a/below"));
  show("  private", attribute(AT_FDCWD, "a", RECURSIVE, 0, 0, MS_PRIVATE));
  text("  all of them", options_of("a/below"));
  show("of a tree that is nowhere", ({
    fd = tree(AT_FDCWD, "a", CLONE | RECURSIVE);
    attribute(fd, "", EMPTY | RECURSIVE, RDONLY, 0, 0);
  }));
  show("  it is so", openat(fd, "below/new", O_CREAT | O_RDWR, 0600));
  show("  and stays so", (attach(fd, "b"), made("b/file")));
  show("  where it came from is not", made("a/file"));
  close(fd);
  umount2("b", MNT_DETACH);

  family("MOUNT_ATTR_IDMAP");
  all.set = IDMAP, all.userns = 999;
  show("a descriptor that is not open", syscall(442, AT_FDCWD, "a", 0, &all, sizeof all));
  all.userns = 0;
  show("of no namespace", syscall(442, AT_FDCWD, "a", 0, &all, sizeof all));
  all.userns = open("/proc/self/ns/mnt", O_RDONLY);
  show("of other kind", syscall(442, AT_FDCWD, "a", 0, &all, sizeof all));
  all.userns = open("/proc/self/ns/user", O_RDONLY);
  show("of the first user namespace", syscall(442, AT_FDCWD, "a", 0, &all, sizeof all));
  umount("a/below"), umount("a");

  family("locked by those of more rights");
  mount("none", "a", "tmpfs", MS_NOSUID, NULL);
  mkdir("a/below", 0755), made("a/below/hidden");
  mount("none", "a/below", "tmpfs", 0, NULL);
  show("a flag that hides is not cleared", in_child((unshare(CLONE_NEWUSER | CLONE_NEWNS), attribute(AT_FDCWD, "a", 0, 0, NOSUID, 0))));
  show("  others can be set", in_child((unshare(CLONE_NEWUSER | CLONE_NEWNS), attribute(AT_FDCWD, "a", 0, NOEXEC, 0, 0))));
  show("a clone without what hides", in_child((unshare(CLONE_NEWUSER | CLONE_NEWNS), tree(AT_FDCWD, "a", CLONE))));
  show("  with it", in_child((unshare(CLONE_NEWUSER | CLONE_NEWNS), tree(AT_FDCWD, "a", CLONE | RECURSIVE))));
  show("  what hides is not moved", in_child((unshare(CLONE_NEWUSER | CLONE_NEWNS), move(AT_FDCWD, "a/below", AT_FDCWD, "b", 0))));
  show("a tmpfs of one's own", in_child((unshare(CLONE_NEWUSER | CLONE_NEWNS), attach(made_tmpfs(), "b"))));
  show("a proc of no pid namespace of one's own", in_child(({ unshare(CLONE_NEWUSER | CLONE_NEWNS); int fs = open_fs("proc", 0); configure(fs, CREATE, NULL, NULL, 0); })));
  show("fspick of what is others'", in_child(({ unshare(CLONE_NEWUSER | CLONE_NEWNS); int fs = pick(AT_FDCWD, "a", 0); configure(fs, SET_STRING, "size", "1m", 0); configure(fs, RECONFIGURE, NULL, NULL, 0); })));
  umount("a/below"), umount("a");
}

int main(void) {
  if (getuid() != 0 || unshare(CLONE_NEWNS) < 0) return 77;
  alarm(60);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  // whoever has no rights is to get here
  char name[] = "/tmp/mount-api-XXXXXX";
  if (!mkdtemp(name)) return 77;
  chmod(name, 0755), chdir(name);
  mount("none", name, "tmpfs", 0, NULL), chdir(name);
  getcwd(here, sizeof here);
  mkdir("a", 0755), mkdir("b", 0755);
  contexts();
  trees();
  attributes();
  chdir("/");
  umount2(name, MNT_DETACH);
  rmdir(name);
  return 0;
}
