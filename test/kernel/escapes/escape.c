// What a program with all rights in namespaces of its own can't do to those outside: namespaces(7), chroot(2), ptrace(2), kill(2), unix(7),
// user_namespaces(7), mount_namespaces(7). And what root of one in a chroot alone still can, as on any Linux. The families are the names of
// the cases of escapes.test.ts.
#include "child.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static int exists(const char *name) { return access(name, F_OK) == 0; }
static int outer, outer_root, outer_ns[6];
static const char *kinds[] = { "mnt", "uts", "ipc", "net", "pid", "user" };
static const int ALL = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID;

// The usual way out: another chroot below, and up from a directory that was not below.
static int chroot_again(void) {
  mkdir("in", 0755);
  int fd = open(".", O_RDONLY);
  if (chroot("in") < 0) return errno;
  fchdir(fd);
  for (int i = 0; i < 64; i++) chdir("..");
  if (chroot(".") < 0) return errno;
  return exists("/secret");
}
static int fchdir_out(int fd) {
  if (fchdir(fd) < 0) return errno;
  for (int i = 0; i < 64; i++) chdir("..");
  return exists("secret");
}
// A root of one's own, with nothing of the old one.
static int pivot(void) {
  mount("none", "cell", "tmpfs", 0, NULL);
  chdir("cell");
  mkdir("old", 0755);
  if (syscall(SYS_pivot_root, ".", "old") < 0) return -1;
  chdir("/");
  return umount2("old", MNT_DETACH);
}

// The root of a user namespace with this line as its map; 0 or what writing it gave.
static int map_of(const char *file, const char *line) {
  char path[64];
  sprintf(path, "/proc/self/%s", file);
  int fd = open(path, O_WRONLY), n = write(fd, line, strlen(line)), failed = errno;
  close(fd);
  return n < 0 ? failed : 0;
}
static int mapped(void) { return map_of("setgroups", "deny") | map_of("uid_map", "0 0 1") | map_of("gid_map", "0 0 1"); }
static int open_error(const char *name, int flags) {
  int fd = open(name, flags);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}
// Opens once more what a descriptor leads to.
static int again(int fd, int flags) {
  char path[64];
  sprintf(path, "/proc/self/fd/%d", fd);
  return open_error(path, flags);
}
static int tree(const char *name, int flags) { return syscall(428, AT_FDCWD, name, flags); }
static int move(int from, int to, const char *target, int flags) { return syscall(429, from, "", to, target, flags | 4); }
static int abstract(int (*call)(int, const struct sockaddr *, socklen_t), const char *name) {
  struct sockaddr_un at = { AF_UNIX };
  memcpy(at.sun_path, name, strlen(name + 1) + 1);
  int s = socket(AF_UNIX, SOCK_STREAM, 0), failed = call(s, (void *)&at, sizeof(sa_family_t) + strlen(name + 1) + 1);
  if (failed == 0 && call == bind) listen(s, 1);
  return failed < 0 ? errno : 0;
}
static int open_files(void) {
  int count = 0;
  for (int fd = 3; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static void own_program(void) {
  family("20 a program that runs is not overwritten");
  show("/proc/self/exe for writing", in_child(0, open_error("/proc/self/exe", O_WRONLY)));
  show("  cut off", in_child(0, error(truncate("/proc/self/exe", 0))));
  show("  by a place that was opened before", in_child(0, again(open("/proc/self/exe", O_PATH), O_WRONLY)));
  show("  from another process", in_child(0, ({ char path[64]; sprintf(path, "/proc/%d/exe", getppid()); open_error(path, O_WRONLY); })));
  show("  after its name is gone", in_child(0, ({
    char link[512] = "", byte;
    int from = open("/proc/self/exe", O_RDONLY), to = creat("copy", 0755), n;
    static char bytes[65536];
    while ((n = read(from, bytes, sizeof bytes)) > 0) write(to, bytes, n);
    close(from), close(to);
    int ends[2];
    pipe2(ends, O_CLOEXEC);
    int child = fork();
    if (child == 0) { dup2(ends[0], 0); execl("copy", "copy", "stay", NULL); }
    char path[64];
    sprintf(path, "/proc/%d/exe", child);
    do readlink(path, link, 511); while (!strstr(link, "/copy"));
    int place = open(path, O_PATH);
    unlink("copy");
    int failed = again(place, O_WRONLY);
    close(ends[0]), close(ends[1]);
    wait_for(child);
    // and a file as any other when nobody runs it any more
    failed * 1000 / 26 + again(place, O_WRONLY);
  })));
  show("a sealed one in memory is not written either", in_child(0, ({
    int fd = syscall(356, "sealed", 2);
    write(fd, "x", 1);
    fcntl(fd, 1033, 1 | 2 | 4 | 8);
    char path[64];
    sprintf(path, "/proc/self/fd/%d", fd);
    error(write(open(path, O_WRONLY), "y", 1));
  })));
  show("with less rights its owner's program", in_child(CLONE_NEWUSER, (mapped(), open_error("/proc/self/exe", O_RDWR))));
  show("#!/proc/self/exe is the caller's own program", in_child(0, ({
    int fd = creat("script", 0755);
    write(fd, "#!/proc/self/exe exit\n", 22);
    close(fd);
    int child = fork();
    if (child == 0) { execl("script", "script", NULL); _exit(1); }
    int code = wait_for(child);
    unlink("script");
    code;
  })));
}

static void leaked(void) {
  family("21 leaked descriptors and working directories");
  show("a descriptor that leaked still leads out", in_child(ALL, (pivot(), fchdir(outer_root), exists("secret-of-escape"))));
  show("  by /proc/self/fd", in_child(ALL, (pivot(), mkdir("/proc", 0755), mount("proc", "/proc", "proc", 0, NULL), ({ char path[64]; sprintf(path, "/proc/self/fd/%d", outer_root); chdir(path); exists("secret-of-escape"); }))));
  show("  where it is told to be unreachable", in_child(ALL, (pivot(), fchdir(outer_root), ({ char where[512] = ""; syscall(SYS_getcwd, where, 512); strncmp(where, "(unreachable)", 13); }))));
  show("  not what closes on exec", in_child(0, ({
    syscall(436, 3, ~0u, 4);
    int child = fork();
    if (child == 0) { execl("/proc/self/exe", "escape", "files", NULL); }
    wait_for(child);
  })));
  show("  nor what has been closed", in_child(0, (syscall(436, 3, ~0u, 0), open_files())));
  show("others' descriptors", in_child(CLONE_NEWUSER, (mapped(), ({ char path[64]; sprintf(path, "/proc/%d/fd/0", outer); open_error(path, O_RDONLY); }))));
  show("  the list of them", in_child(CLONE_NEWUSER, (mapped(), ({ char path[64]; sprintf(path, "/proc/%d/fd", outer); open_error(path, O_RDONLY); }))));
  show("  their working directory", in_child(CLONE_NEWUSER, (mapped(), ({ char path[64]; sprintf(path, "/proc/%d/cwd", outer); open_error(path, O_RDONLY); }))));
  show("  by pidfd_getfd", in_child(CLONE_NEWUSER, (mapped(), ({ int fd = syscall(434, outer, 0); error(syscall(438, fd, 0, 0)) != 0; }))));
  show("a directory that is moved out of a bind mount has nothing above", in_child(CLONE_NEWNS, ({
    mkdir("root/part", 0755), mkdir("root/part/dir", 0755), mkdir("bound", 0755);
    mount("root/part", "bound", NULL, MS_BIND, NULL);
    chdir("bound/dir");
    rename("../../root/part/dir", "../../root/dir");
    int failed = error(chdir(".."));
    failed;
  })));
  rmdir("root/dir"), rmdir("root/part"), rmdir("bound");
  show("  out of a chroot alone it leads out", in_child(0, ({
    mkdir("root/jail", 0755), mkdir("root/jail/dir", 0755);
    int outside = open("root", O_RDONLY);
    chdir("root/jail"), chroot("."), chdir("dir");
    renameat(outside, "jail/dir", outside, "dir");
    close(creat("seen", 0600));
    for (int i = 0; i < 16; i++) chdir("..");
    exists("secret-of-escape");
  })));
  unlink("root/dir/seen"), rmdir("root/dir"), rmdir("root/jail");
}

static void links(void) {
  family("22 /dev and /proc that are links");
  char path[128];
  show("a link to the outside is one within", in_child(ALL, (pivot(), symlink("/../../..", "/dev"), mount("none", "/dev", "tmpfs", 0, NULL), close(creat("/dev/made", 0600)), exists("/made") + exists("/secret-of-escape"))));
  show("what is mounted on a link is on what it leads to", in_child(ALL, (pivot(), mkdir("/real", 0755), symlink("real", "/proc"), mount("none", "/proc", "tmpfs", 0, NULL), close(creat("/proc/made", 0600)), exists("/real/made"))));
  show("open_tree can refuse to follow", in_child(ALL, (pivot(), mkdir("/real", 0755), symlink("real", "/dev"), ({ struct stat about; int fd = tree("/dev", 0x100); fstat(fd, &about); S_ISLNK(about.st_mode); }))));
  show("  and move_mount does not follow", in_child(ALL, (pivot(), mkdir("/real", 0755), symlink("real", "/dev"), mkdir("/from", 0755), mount("none", "/from", "tmpfs", 0, NULL), ({ int fd = tree("/from", 1); error(move(fd, AT_FDCWD, "/dev", 0)) != 0; }))));
  show("a mask that is a link hides what it leads to alone", in_child(ALL, (pivot(), mkdir("/proc", 0755), mount("proc", "/proc", "proc", 0, NULL), close(creat("/null", 0600)), symlink("/proc/uptime", "/masked"), mount("/null", "/masked", NULL, MS_BIND, NULL), ({ char byte; read(open("/proc/uptime", O_RDONLY), &byte, 1); }))));
  show("a mask is not taken off with less rights", in_child(ALL, (mount("/proc/version", "/proc/uptime", NULL, MS_BIND, NULL), in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), error(umount2("/proc/uptime", MNT_DETACH)))))));
  show("  nor seen below a second procfs", in_child(ALL, (mount("/proc/version", "/proc/uptime", NULL, MS_BIND, NULL), in_child(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, (mapped(), error(mount("proc", "root", "proc", 0, NULL)))))));
  show("  nor by a clone without it", in_child(ALL, (mount("/proc/version", "/proc/uptime", NULL, MS_BIND, NULL), in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), error(tree("/proc", 1)))))));
  show("  nor by a bind without it", in_child(ALL, (mount("/proc/version", "/proc/uptime", NULL, MS_BIND, NULL), in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), error(mount("/proc", "root", NULL, MS_BIND, NULL)))))));
  show("what is read-only stays so with less rights", in_child(ALL, (mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL), mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), error(mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL)))))));
  show("  and is not written", in_child(ALL, (mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL), mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), open_error("/proc/sys/kernel/hostname", O_WRONLY))));
  show("a device node of one's own", in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), error(mknod("root/mem", S_IFCHR | 0666, 0x101)))));
  show("  on a filesystem of one's own", in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), mount("none", "root", "tmpfs", 0, NULL), error(mknod("root/mem", S_IFCHR | 0666, 0x101)))));
  show("  one that others made is no device there", ({ mknod("root/null", S_IFCHR | 0666, 0x103); in_child(CLONE_NEWNS, (mount(NULL, "root", NULL, MS_REMOUNT | MS_BIND | MS_NODEV, NULL), open_error("root/null", O_RDWR))); }));
  unlink("root/null");
  show("/proc/self/fd of a place outside is no place to mount on", in_child(ALL, (pivot(), mkdir("/proc", 0755), mount("proc", "/proc", "proc", 0, NULL), sprintf(path, "/proc/self/fd/%d", outer_root), error(mount("none", path, "tmpfs", 0, NULL)))));
}

static void mounts_back(void) {
  family("mounts do not come back");
  mkdir("root/x", 0755);
  mount(NULL, "root", NULL, MS_SHARED, NULL);
  int outer_place = open("root/x", O_PATH);
  show("with less rights from a shared mount", (in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), mount("none", "root/x", "tmpfs", 0, NULL), error(close(creat("root/x/back", 0600))))), exists("root/x/back")));
  show("  made shared there", (in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL), mount("none", "root/x", "tmpfs", 0, NULL), close(creat("root/x/back", 0600)))), exists("root/x/back")));
  show("  with MOVE_MOUNT_SET_GROUP", in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), mkdir("cell/y", 0755), error(syscall(429, outer_place, "", AT_FDCWD, "cell", 0x104)))));
  show("  to a place outside", in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), mount("none", "cell", "tmpfs", 0, NULL), error(move(tree("cell", 1), outer_place, "", 0x40)))));
  show("  a clone of what is outside", in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), error(syscall(428, outer_place, "", 0x1001)))));
  show("  with rights, from a slave", (in_child(CLONE_NEWNS, (mount(NULL, "root", NULL, MS_SLAVE, NULL), mount("none", "root/x", "tmpfs", 0, NULL), close(creat("root/x/back", 0600)))), exists("root/x/back")));
  show("  from a peer it does, as everywhere", (in_child(CLONE_NEWNS, (mount("none", "root/x", "tmpfs", 0, NULL), close(creat("root/x/back", 0600)))), exists("root/x/back")));
  umount("root/x");
  show("unmounting with less rights", ({ mount("none", "root/x", "tmpfs", 0, NULL); close(creat("root/x/here", 0600)); in_child(CLONE_NEWUSER | CLONE_NEWNS, (mapped(), error(umount2("root/x", MNT_DETACH)))) * 10 + exists("root/x/here"); }));
  umount("root/x");
  close(outer_place);
  mount(NULL, "root", NULL, MS_PRIVATE, NULL);
  rmdir("root/x");
}

static void id_maps(void) {
  family("29 maps of ids");
  static const char *const wrong[] = {
    "4294967295 0 1", "0 4294967295 1", "0 0 4294967296", "4294967294 0 2", "0 4294967294 2", "0 0 0", "-1 0 1", "0 -1 1", "0 0 -1",
    "18446744073709551615 0 1", "0 0 2\n1 5 1", "0 0 2\n5 1 1", "0 0 1\n0 0 1", "0 0", "", "0 0 1 1", "0x0 0 1 x",
  };
  char rule[64];
  for (int i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    sprintf(rule, "'%s'", wrong[i]);
    for (char *at = rule; *at; at++) if (*at == '\n') *at = '|';
    show(rule, in_child(CLONE_NEWUSER, map_of("uid_map", wrong[i])));
    show("  for groups", in_child(CLONE_NEWUSER, (map_of("setgroups", "deny"), map_of("gid_map", wrong[i]))));
  }
  show("all that there are", in_child(CLONE_NEWUSER, map_of("uid_map", "0 0 4294967295")));
  show("a second time", in_child(CLONE_NEWUSER, (map_of("uid_map", "0 0 1"), map_of("uid_map", "0 0 1"))));
  show("another's id without rights", in_child(0, (setresuid(1000, 1000, 1000), prctl(PR_SET_DUMPABLE, 1), in_child(CLONE_NEWUSER, map_of("uid_map", "0 0 1")))));
  show("  two ids", in_child(0, (setresuid(1000, 1000, 1000), prctl(PR_SET_DUMPABLE, 1), in_child(CLONE_NEWUSER, map_of("uid_map", "0 1000 2")))));
  show("a group without setgroups denied", in_child(0, (setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000), prctl(PR_SET_DUMPABLE, 1), in_child(CLONE_NEWUSER, map_of("gid_map", "0 1000 1")))));
  show("  denied it may", in_child(0, (setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000), prctl(PR_SET_DUMPABLE, 1), in_child(CLONE_NEWUSER, (map_of("setgroups", "deny"), map_of("gid_map", "0 1000 1"))))));
  show("  and no groups then", in_child(CLONE_NEWUSER, (map_of("setgroups", "deny"), map_of("uid_map", "0 0 1"), map_of("gid_map", "0 0 1"), error(syscall(SYS_setgroups32, 0, NULL)))));
  show("  allowed again", in_child(CLONE_NEWUSER, (map_of("setgroups", "deny"), map_of("setgroups", "allow"))));
  show("  in one below", in_child(CLONE_NEWUSER, (map_of("setgroups", "deny"), map_of("uid_map", "0 0 1"), map_of("gid_map", "0 0 1"), in_child(CLONE_NEWUSER, map_of("setgroups", "allow")))));
  show("becoming who has no id", in_child(CLONE_NEWUSER, (mapped(), error(setresuid(5, 5, 5)))));
  show("giving a file to him", in_child(CLONE_NEWUSER, (mapped(), close(creat("mine", 0600)), error(chown("mine", 5, -1)))));
  unlink("mine");
  close(creat("others", 0600)), chown("others", 4242, 4242);
  show("the file of one without an id", in_child(CLONE_NEWUSER, (mapped(), open_error("others", O_RDONLY))));
  show("  its rights", in_child(CLONE_NEWUSER, (mapped(), error(chmod("others", 0777)))));
  show("  its owner", in_child(CLONE_NEWUSER, (mapped(), error(chown("others", 0, 0)))));
  unlink("others");
}

static void sockets(void) {
  family("abstract names of sockets");
  show("one outside", abstract(bind, "\0outside-of-escape"));
  show("  is not reached from another network", in_child(CLONE_NEWNET, abstract(connect, "\0outside-of-escape")));
  show("  nor by a child of one", in_child(CLONE_NEWNET, in_child(0, abstract(connect, "\0outside-of-escape"))));
  show("  is free there", in_child(CLONE_NEWNET, abstract(bind, "\0outside-of-escape")));
  show("  not in its own", in_child(0, abstract(bind, "\0outside-of-escape")));
  show("  nor seen in /proc/net/unix", in_child(CLONE_NEWNET, ({ char line[512]; int seen = 0; FILE *file = fopen("/proc/net/unix", "r"); while (fgets(line, 512, file)) seen |= strstr(line, "outside-of-escape") != NULL; seen; })));
  show("a name in the filesystem is reached by who sees it", ({
    struct sockaddr_un at = { AF_UNIX, "named" };
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(s, (void *)&at, sizeof at), listen(s, 1);
    int failed = in_child(CLONE_NEWNET, ({ int c = socket(AF_UNIX, SOCK_STREAM, 0); error(connect(c, (void *)&at, sizeof at)); }));
    close(s), unlink("named");
    failed;
  }));
}

int main(int count, char **args) {
  if (count > 1) {
    if (!strcmp(args[1], "files")) return open_files();
    if (!strcmp(args[1], "exit")) return 42;
    char byte;
    read(0, &byte, 1);
    return 0;
  }
  if (getuid() != 0 || unshare(CLONE_NEWNS) < 0) return 77;
  alarm(60);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mkdir("cell", 0755), mkdir("root", 0755);
  mount("none", "root", "tmpfs", 0, NULL);
  int ends[2];
  char byte = 0, path[64];
  static volatile int value = 7;
  pipe(ends);
  outer = fork();
  if (outer == 0) { close(ends[1]); read(ends[0], &byte, 1); _exit(0); }
  for (int i = 0; i < 6; i++) {
    sprintf(path, "/proc/self/ns/%s", kinds[i]);
    outer_ns[i] = open(path, O_RDONLY);
  }
  outer_root = open("/", O_RDONLY);
  struct iovec here = { &byte, 1 }, there = { (void *)&value, 1 };

  family("23 out of a chroot");
  close(creat("/secret-of-escape", 0600));
  show("root in a chroot gets out", in_child(0, (chdir("cell"), chroot("."), mkdir("in", 0755), ({ chroot("in"); for (int i = 0; i < 64; i++) chdir(".."); chroot("."); exists("/secret-of-escape"); }))));
  show("  not without CAP_SYS_CHROOT", in_child(0, (chdir("cell"), chroot("."), setresuid(1000, 1000, 1000), error(chroot("in")))));
  show("  and with an open directory", in_child(0, (chdir("cell"), chroot("."), fchdir(outer_root), exists("secret-of-escape"))));
  show("no user namespace in a chroot", in_child(0, (chdir("cell"), chroot("."), error(unshare(CLONE_NEWUSER)))));
  rmdir("cell/in");

  family("23 out of a root of one's own");
  show("it begins", in_child(ALL, error(pivot())));
  show("nothing of the old is there", in_child(ALL, (pivot(), exists("/secret-of-escape") + exists("/../secret-of-escape") + exists("/old/secret-of-escape"))));
  show("chroot again", in_child(ALL, (pivot(), chroot_again())));
  show("  up from there", in_child(ALL, (pivot(), mkdir("in", 0755), chroot("in"), ({ for (int i = 0; i < 64; i++) chdir(".."); exists("secret-of-escape"); }))));
  show("mounts of the old root are not seen", in_child(ALL, (pivot(), mkdir("/proc", 0755), mount("proc", "/proc", "proc", 0, NULL), ({ int lines = 0, c; FILE *f = fopen("/proc/self/mounts", "r"); while ((c = getc(f)) != EOF) lines += c == '\n'; lines; }))));
  show("a mount of one's own stays within", (in_child(ALL, mount("none", "root", "tmpfs", 0, NULL) | close(creat("root/within", 0600))), exists("root/within")));
  own_program();
  leaked();
  links();
  mounts_back();
  id_maps();
  sockets();
  unlink("/secret-of-escape");

  family("signals, ptrace and what else there is to do to those outside");
  show("a signal", in_child(ALL, error(kill(outer, 0))));
  show("  to all", in_child(ALL, error(kill(-1, SIGKILL))));
  show("ptrace", in_child(ALL, error(ptrace(PTRACE_ATTACH, outer, 0, 0))));
  show("memory", in_child(ALL, error(syscall(SYS_process_vm_readv, outer, &here, 1, &there, 1, 0))));
  show("a pidfd", in_child(ALL, error(syscall(434, outer, 0))));
  show("priority", in_child(ALL, error(syscall(SYS_setpriority, 0, outer, 5))));
  show("  with less rights, by a number that is known", in_child(CLONE_NEWUSER, (mapped(), error(ptrace(PTRACE_ATTACH, outer, 0, 0)))));
  show("  memory", in_child(CLONE_NEWUSER, (mapped(), error(syscall(SYS_process_vm_readv, outer, &here, 1, &there, 1, 0)))));
  show("  its root", in_child(CLONE_NEWUSER, (mapped(), sprintf(path, "/proc/%d/root", outer), error(open(path, O_RDONLY)))));
  show("  its namespaces", in_child(CLONE_NEWUSER, (mapped(), sprintf(path, "/proc/%d/ns/uts", outer), error(open(path, O_RDONLY)))));
  show("  its oom score", in_child(CLONE_NEWUSER, (mapped(), sprintf(path, "/proc/%d/oom_score_adj", outer), ({ int fd = open(path, O_WRONLY); fd < 0 ? errno : error(write(fd, "-1000", 5)); }))));
  char rule[64];
  for (int i = 0; i < 6; i++) {
    sprintf(rule, "back into %s with less rights", kinds[i]);
    show(rule, in_child(CLONE_NEWUSER | ALL, error(setns(outer_ns[i], 0))));
  }
  for (int i = 0; i < 5; i++) {
    sprintf(rule, "back into %s as the system's root", kinds[i]);
    show(rule, in_child(ALL, error(setns(outer_ns[i], 0))));
  }
  show("the settings of one's own names", in_child(CLONE_NEWUSER | ALL, (mapped(), error(open("/proc/sys/kernel/hostname", O_WRONLY)))));
  close(ends[1]);
  wait_for(outer);
  umount("root");
  return 0;
}
