// mount_namespaces(7), "Shared subtrees", mount(2), umount2(2), proc(5) mountinfo: who is mounted and unmounted on with a mount, how copies
// are related, and what stays locked in a user namespace.
#include "show.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char base[512];
static int exists(const char *name) { return access(name, F_OK) == 0; }
static int tmpfs(const char *at) {
  char file[256];
  if (mount("none", at, "tmpfs", 0, NULL) < 0) return -1;
  sprintf(file, "%s/mark", at);
  return close(creat(file, 0600));
}
static int marked(const char *at) {
  char file[256];
  sprintf(file, "%s/mark", at);
  return exists(file);
}
static int bind(const char *from, const char *to) { return mount(from, to, NULL, MS_BIND, NULL); }
static int set(const char *at, unsigned long type) { return mount(NULL, at, NULL, type, NULL); }
// Shared and master of a mount, as letters in the order in which their groups are first seen: 'shared:a master:b'.
static int groups[26], known;
static int letter(int group) {
  for (int i = 0; i < known; i++) if (groups[i] == group) return 'a' + i;
  groups[known] = group;
  return 'a' + known++;
}
static const char *fields(const char *at) {
  static char line[1024], out[256];
  char wanted[600];
  sprintf(wanted, " %s/%s ", base, at);
  strcpy(out, "none");
  FILE *stream = fopen("/proc/self/mountinfo", "r");
  while (fgets(line, sizeof line, stream)) {
    char *found = strstr(line, wanted), *end = strstr(line, " - ");
    if (!found || found > end) continue;
    *end = out[0] = 0;
    for (char *word = strtok(strchr(found + strlen(wanted), ' ') ?: "", " "); word; word = strtok(NULL, " ")) {
      char *colon = strchr(word, ':');
      if (out[0]) strcat(out, " ");
      if (colon) sprintf(out + strlen(out), "%.*s:%c", (int)(colon - word), word, letter(atoi(colon + 1)));
      else strcat(out, word);
    }
  }
  fclose(stream);
  return out;
}
static int wait_for(int child) {
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
#define in_child(flags, expression) ({ \
  int child_ = syscall(SYS_clone, (flags) | SIGCHLD, 0, 0, 0, 0); \
  if (child_ == 0) _exit(expression); \
  wait_for(child_); })
static int error(int value) { return value < 0 ? errno : 0; }

static void begin(const char *name) {
  known = 0;
  printf("== %s\n", name);
  mkdir("a", 0755), mkdir("b", 0755), mkdir("c", 0755), mkdir("d", 0755);
  mount("none", "a", "tmpfs", 0, NULL);
  mkdir("a/x", 0755), mkdir("a/y", 0755), mkdir("a/x/z", 0755);
}
static void finish(void) {
  for (int i = 0; i < 8; i++) {
    static const char *places[] = { "a", "b", "c", "d" };
    for (int k = 0; k < 4; k++) umount2(places[k], MNT_DETACH);
  }
}

int main(void) {
  if (getuid() != 0 || unshare(CLONE_NEWNS) < 0) return 77;
  alarm(60);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mkdir("base", 0755);
  bind("base", "base"), chdir("base");
  getcwd(base, 512);

  begin("private");
  show("a copy", bind("a", "b"));
  show("a mount on it", tmpfs("b/x"));
  show("  is not on the first", marked("a/x"));
  text("  mountinfo", fields("a"));
  show("umount", umount("b/x"));
  finish();

  begin("shared");
  show("made shared", set("a", MS_SHARED));
  text("  mountinfo", fields("a"));
  show("a copy", bind("a", "b"));
  text("  is its peer", fields("b"));
  show("a mount on the copy", tmpfs("b/x"));
  show("  is on the first", marked("a/x"));
  text("  and is shared", fields("b/x"));
  text("  with that", fields("a/x"));
  show("a mount on that", tmpfs("a/x") | mkdir("a/x/z", 0755) | tmpfs("a/x/z"));
  show("  is on the copy", marked("b/x/z"));
  show("umount of it", umount("a/x/z"));
  show("  on both", marked("b/x/z") + marked("a/x/z"));
  show("a copy of a part", bind("a/y", "c"));
  show("  has nothing of another part", umount("a/x") | tmpfs("a/x") | marked("c"));
  show("  but of its own", (mkdir("a/y/q", 0755), tmpfs("a/y/q"), marked("c/q")));
  show("busy where it is a copy", ({ int fd = open("b/x/mark", O_RDONLY); int failed = umount("a/x"), kept = errno; close(fd); errno = kept; failed; }));
  show("  and then not", umount("a/x"));
  show("  once more", umount("b/x"));
  show("a move away from a shared mount", mount("a/y/q", "d", NULL, MS_MOVE, NULL));
  show("a new mount's type", (tmpfs("d"), 0));
  text("  on a private one", fields("d"));
  show("a move onto a shared one", (mount("d", "a/x", NULL, MS_MOVE, NULL)));
  show("  is on all", marked("b/x"));
  text("  shared", fields("a/x"));
  finish();

  begin("slave");
  set("a", MS_SHARED), bind("a", "b");
  show("made a slave", set("b", MS_SLAVE));
  text("  mountinfo", fields("b"));
  text("  of", fields("a"));
  show("a mount on the master", tmpfs("a/x"));
  show("  is on the slave", marked("b/x"));
  text("  as a slave", fields("b/x"));
  show("a mount on the slave", tmpfs("b/y"));
  show("  is not on the master", marked("a/y"));
  show("umount on the slave", umount("b/x"));
  show("  leaves the master's", marked("a/x"));
  show("umount on the master", (umount("a/x"), tmpfs("a/x"), umount("a/x")));
  show("  takes the slave's", marked("b/x"));
  show("a copy of a slave", bind("b", "c"));
  text("  is one", fields("c"));
  show("a slave that is shared", set("b", MS_SHARED));
  text("  mountinfo", fields("b"));
  show("  its copy", bind("b", "d"));
  text("  is its peer, and a slave", fields("d"));
  show("a mount on the master", tmpfs("a/x"));
  show("  is on all", marked("b/x") + marked("c/x") + marked("d/x"));
  text("  b", fields("b/x"));
  text("  c", fields("c/x"));
  text("  d", fields("d/x"));
  show("a mount on the shared slave", umount("a/x") | tmpfs("d/x"));
  show("  is on its peer", marked("b/x"));
  show("  and on none above or beside", marked("a/x") + marked("c/x"));
  umount("d/x");
  show("the master becomes private", set("a", MS_PRIVATE));
  text("  its slave", fields("c"));
  text("  and the shared one", fields("b"));
  finish();

  begin("chains");
  set("a", MS_SHARED), bind("a", "b"), set("b", MS_SLAVE), set("b", MS_SHARED), bind("b", "c"), set("c", MS_SLAVE);
  text("a", fields("a"));
  text("b", fields("b"));
  text("c", fields("c"));
  show("a mount on the first", tmpfs("a/x"));
  show("  is on the last", marked("c/x"));
  text("  which is a slave of the middle", fields("c/x"));
  umount("a/x");
  show("the middle becomes private", set("b", MS_PRIVATE));
  text("  the last has the first as its master", fields("c"));
  show("a slave of a group of two", bind("a", "d") | set("d", MS_SLAVE));
  text("  it", fields("d"));
  show("a slave that becomes private", set("d", MS_PRIVATE));
  text("  it", fields("d"));
  show("a lone shared one made a slave", set("a", MS_SLAVE));
  text("  is private", fields("a"));
  finish();

  begin("unbindable");
  show("made so", set("a", MS_UNBINDABLE));
  text("  mountinfo", fields("a"));
  show("a copy", bind("a", "b"));
  show("  recursive, of what is above", ({ int failed = mount(".", "b", NULL, MS_BIND | MS_REC, NULL); failed | exists("b/a/x"); }));
  umount2("b", MNT_DETACH);
  show("a namespace has it", in_child(CLONE_NEWNS, exists("a/x")));
  show("made shared", set("a", MS_SHARED));
  show("  a copy", bind("a", "b"));
  show("into a shared one by a move", (tmpfs("c"), set("c", MS_UNBINDABLE), mount("c", "a/x", NULL, MS_MOVE, NULL)));
  finish();

  begin("types");
  show("two at once", set("a", MS_SHARED | MS_PRIVATE));
  show("with another flag", set("a", MS_SHARED | MS_RDONLY));
  show("of what is no mount", set("a/x", MS_SHARED));
  show("recursive", tmpfs("a/x") | set("a", MS_SHARED | MS_REC));
  text("  below", fields("a/x"));
  show("pivot_root of shared mounts", in_child(CLONE_NEWNS, (chdir("a"), error(syscall(SYS_pivot_root, ".", "y")))));
  finish();

  begin("namespaces");
  set("a", MS_SHARED);
  show("a mount within", in_child(CLONE_NEWNS, tmpfs("a/x")));
  show("  is outside", marked("a/x"));
  umount("a/x");
  show("a mount outside is within", in_child(CLONE_NEWNS, ({
    int child = fork();
    if (child == 0) { int fd = open("/proc/self/ns/mnt", O_RDONLY); _exit(fd < 0); }
    wait_for(child);
    text("its peer", fields("a"));
    0;
  })));
  show("private within", in_child(CLONE_NEWNS, (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), tmpfs("a/x"))));
  show("  is not outside", marked("a/x"));
  show("a slave within", in_child(CLONE_NEWNS, ({
    char byte;
    int down[2], up[2];
    set("a", MS_SLAVE);
    tmpfs("a/y");
    text("mountinfo", fields("a"));
    marked("a/y");
  })));
  show("  is not outside", marked("a/y"));

  known = 0;
  family("with less rights");
  show("a mount within", in_child(CLONE_NEWNS | CLONE_NEWUSER, (tmpfs("a/x"), marked("a/x"))));
  show("  is not outside", marked("a/x"));
  show("mountinfo within", in_child(CLONE_NEWNS | CLONE_NEWUSER, (text("a slave", fields("a")), 0)));
  tmpfs("b"), mkdir("b/q", 0755), tmpfs("b/q");
  show("umount of what came along", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(umount("b/q"))));
  show("  lazily", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(umount2("b/q", MNT_DETACH))));
  show("a move of it", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(mount("b/q", "c", NULL, MS_MOVE, NULL))));
  show("a copy without what is below", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(bind("b", "c"))));
  show("  with it", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(mount("b", "c", NULL, MS_BIND | MS_REC, NULL))));
  show("  which goes as a whole", in_child(CLONE_NEWNS | CLONE_NEWUSER, (mount("b", "c", NULL, MS_BIND | MS_REC, NULL), error(umount("c/q")) * 2 + error(umount2("c", MNT_DETACH)))));
  show("remount of the filesystem", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(mount(NULL, "b", NULL, MS_REMOUNT | MS_RDONLY, NULL))));
  show("  of the mount", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))));
  mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL);
  show("  of one that is read-only", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL))));
  show("  which keeps all", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_RDONLY, NULL))));
  show("its own mount", in_child(CLONE_NEWNS | CLONE_NEWUSER, (tmpfs("c"), error(umount("c")))));
  show("a procfs of pids that are not its own", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(mount("proc", "c", "proc", 0, NULL))));
  show("a sysfs of a net that is not its own", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(mount("sysfs", "c", "sysfs", 0, NULL))));
  show("an mqueue of an ipc that is not its own", in_child(CLONE_NEWNS | CLONE_NEWUSER, error(mount("m", "c", "mqueue", 0, NULL))));
  family("a second procfs");
  static const int own = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID;
  show("where one is seen", in_child(own, error(mount("proc", "c", "proc", 0, NULL))));
  show("  it shows the namespace's own", in_child(own, ({ char link[32] = ""; mount("proc", "c", "proc", 0, NULL); readlink("c/self", link, 31); atoi(link); })));
  show("  over the first", in_child(own, ({ char link[32] = ""; mount("proc", "/proc", "proc", 0, NULL); readlink("/proc/self", link, 31); atoi(link); })));
  show("  and is to be unmounted", in_child(own, (mount("proc", "c", "proc", 0, NULL), error(umount("c")))));
  show("  what hides a part of its own copy", in_child(own, (tmpfs("/proc/sys"), error(mount("proc", "c", "proc", 0, NULL)))));
  mount("none", "/proc/sys", "tmpfs", 0, NULL);
  show("where a part is hidden", in_child(own, error(mount("proc", "c", "proc", 0, NULL))));
  show("  from root", in_child(CLONE_NEWNS | CLONE_NEWPID, error(mount("proc", "c", "proc", 0, NULL))));
  umount("/proc/sys");
  bind("/proc/sys", "/proc/sys"), mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
  show("where a part is read-only", in_child(own, error(mount("proc", "c", "proc", 0, NULL))));
  umount("/proc/sys");
  bind("/proc", "d"), mount(NULL, "/proc", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), umount2("d", MNT_DETACH);
  show("where all is read-only", in_child(own, error(mount("proc", "c", "proc", 0, NULL))));
  show("  read-only", in_child(own, error(mount("proc", "c", "proc", MS_RDONLY, NULL))));
  show("  and stays so", in_child(own, (mount("proc", "c", "proc", MS_RDONLY, NULL), error(mount(NULL, "c", NULL, MS_BIND | MS_REMOUNT, NULL)))));
  mount(NULL, "/proc", NULL, MS_BIND | MS_REMOUNT, NULL);
  show("where it is not seen", in_child(own, (umount2("/proc", MNT_DETACH) < 0 ? errno : 0)));
  show("  below a chroot", in_child(own, (mkdir("c/p", 0755), chroot("c"), chdir("/"), error(mount("proc", "/p", "proc", 0, NULL)))));
  rmdir("c/p");
  finish();
  chdir("..");
  umount2("base", MNT_DETACH);
  return 0;
}
