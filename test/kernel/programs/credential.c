// credentials(7), capabilities(7), setresuid(2), set-user-ID programs, prctl(2) PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_CAP_AMBIENT,
// PR_SET_NO_NEW_PRIVS.
#include "show.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int status;
static void child(const char *rule, void (*body)(void)) {
  printf("%s\n", rule);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  if (status != 0) printf("ended with %x\n", status);
}
struct sets {
  unsigned effective, permitted, inheritable;
};
static long get(struct sets *into) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  long done = syscall(SYS_capget, &head, data);
  *into = (struct sets){data[0].effective, data[0].permitted, data[0].inheritable};
  return done;
}
static long put(unsigned effective, unsigned permitted, unsigned inheritable) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{effective, permitted, inheritable}, {0, 0, 0}};
  return syscall(SYS_capset, &head, data);
}
#define BIT(capability) (1u << (capability))
static void ids(const char *rule) {
  uid_t r, e, s;
  getresuid(&r, &e, &s);
  printf("%s: %d %d %d\n", rule, r, e, s);
}
static void groupIds(const char *rule) {
  gid_t r, e, s;
  getresgid(&r, &e, &s);
  printf("%s: %d %d %d\n", rule, r, e, s);
}
static void caps(const char *rule) {
  struct sets sets;
  get(&sets);
  printf("%s: chown %d %d %d, kill %d %d %d\n", rule, !!(sets.effective & 1), !!(sets.permitted & 1), !!(sets.inheritable & 1),
         !!(sets.effective & 32), !!(sets.permitted & 32), !!(sets.inheritable & 32));
}
static void run(const char *program) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    char *args[] = {"program", "show", NULL};
    execve(program, args, environ);
    show("execve", -1);
    _exit(1);
  }
  waitpid(pid, &status, 0);
}

static void changes(void) {
  show("setresuid(2)", setresuid(1, 2, 3));
  ids("  real, effective, saved");
  show("setuid(2) without CAP_SETUID: to the saved one", setuid(3));
  ids("  is the effective one");
  show("setuid(2): another: EPERM", setuid(4));
  show("setreuid(2): the effective one to the real", setreuid(-1, 1));
  ids("  so");
  show("setresuid(2): another: EPERM", setresuid(-1, 5, -1));
  show("setfsuid(2) tells the old one", setfsuid(99));
  show("  did not change it", setfsuid(-1));
}
static void rootChanges(void) {
  show("setuid(2) of root", setuid(1000));
  ids("  all three");
  caps("  no capability is left");
  show("  no way back: EPERM", setuid(0));
}
static void effectiveOnly(void) {
  seteuid(1000);
  caps("capabilities(7): effective user not 0: no effective ones");
  seteuid(0);
  caps("  back to 0: they are there again");
  setreuid(1000, 0);
  ids("setreuid(2): the saved one becomes the effective one");
  setuid(1000);
  caps("  all not 0: none");
}
static void keeps(void) {
  show("PR_SET_KEEPCAPS", prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
  setresuid(1000, 1000, 1000);
  caps("  permitted ones are kept");
  put(BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_KILL), 0);
  caps("  and can be made effective");
  show("  CAP_CHOWN counts", chown("credential-file", 5, 5));
  show("PR_SET_KEEPCAPS: 2: EINVAL", prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0));
}
static void noFixup(void) {
  show("PR_SET_SECUREBITS: SECBIT_NO_SETUID_FIXUP", prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0));
  show("  PR_GET_SECUREBITS", prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
  setresuid(1000, 1000, 1000);
  caps("  nothing changes with the user");
  show("PR_SET_SECUREBITS: unknown bits: EINVAL or EPERM", prctl(PR_SET_SECUREBITS, 1 << 20, 0, 0, 0) == -1);
}
static void locks(void) {
  show("SECBIT_KEEP_CAPS_LOCKED", prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED, 0, 0, 0));
  show("  PR_SET_KEEPCAPS: EPERM", prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
  show("  a lock can't be taken away: EPERM", prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
}
static void sets(void) {
  struct __user_cap_header_struct head = {0x1234, 0};
  struct __user_cap_data_struct data[2];
  show("capget(2): unknown version: EINVAL", syscall(SYS_capget, &head, data));
  show("  tells the one that it prefers", head.version == _LINUX_CAPABILITY_VERSION_3);
  head = (struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, 999999};
  show("capget(2): nobody: ESRCH", syscall(SYS_capget, &head, data));
  show("capset(2) of another process: EPERM", syscall(SYS_capset, &(struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, getppid()}, data));
  show("capset(2): fewer", put(BIT(CAP_CHOWN), BIT(CAP_CHOWN), 0));
  caps("  so");
  show("capset(2): permitted ones that are gone: EPERM", put(0, BIT(CAP_CHOWN) | BIT(CAP_KILL), 0));
  show("capset(2): effective ones that are not permitted: EPERM", put(BIT(CAP_KILL), BIT(CAP_CHOWN), 0));
  show("capset(2): inheritable ones of the permitted", put(0, BIT(CAP_CHOWN), BIT(CAP_CHOWN)));
  show("PR_CAPBSET_DROP without CAP_SETPCAP: EPERM", prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0));
}
static void ambient(void) {
  show("PR_CAP_AMBIENT_RAISE: not inheritable: EPERM", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
  put(BIT(CAP_CHOWN) | BIT(CAP_SETUID), BIT(CAP_CHOWN) | BIT(CAP_SETUID), BIT(CAP_CHOWN));
  show("PR_CAP_AMBIENT_RAISE", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
  show("PR_CAP_AMBIENT_IS_SET", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  setresuid(1000, 1000, 1000);
  show("  the user changes: cleared unless kept", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0);
  run("/proc/self/exe");
  show("PR_CAP_AMBIENT_CLEAR_ALL", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
  show("  is clear", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
}
static void bounding(void) {
  show("PR_CAPBSET_DROP", prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0));
  show("PR_CAPBSET_READ", prctl(PR_CAPBSET_READ, CAP_KILL, 0, 0, 0));
  caps("  what is there stays");
  run("/proc/self/exe");
}
static void setUser(void) {
  setresgid(1000, 1000, 1000);
  setresuid(1000, 1000, 1000);
  run("./credential-suid");
  run("./credential-sgid");
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  run("./credential-suid");
}
static void noRoot(void) {
  prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0);
  run("/proc/self/exe");
}
static void kept(void) {
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  run("/proc/self/exe");
}
static void groups(void) {
  gid_t list[3] = {7, 8, 9}, got[4];
  show("setgroups(2)", setgroups(3, list));
  show("getgroups(2)", getgroups(4, got));
  show("getgroups(2): too small: EINVAL", getgroups(2, got));
  setresuid(1000, 1000, 1000);
  show("setgroups(2) without CAP_SETGID: EPERM", setgroups(1, list));
  show("setgroups(2): too many: EPERM or EINVAL", setgroups(70000, list) == -1);
}
static void kills(void) {
  int ready[2], end[2];
  char byte;
  pipe(ready);
  pipe(end);
  pid_t other = fork();
  if (other == 0) {
    close(end[1]);
    setresuid(2000, 2000, 2000);
    write(ready[1], "x", 1);
    read(end[0], &byte, 1);
    _exit(0);
  }
  read(ready[0], &byte, 1);
  setresuid(1000, 1000, 1000);
  show("kill(2) of another user's process: EPERM", kill(other, SIGTERM));
  close(end[1]);
  waitpid(other, &status, 0);
}

int main(int count, char **args) {
  if (count > 1) {
    ids("    execve(2): user");
    groupIds("    group");
    caps("    capabilities");
    show("    AT_SECURE", getauxval(AT_SECURE));
    show("    PR_GET_KEEPCAPS", prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
    show("    PR_GET_DUMPABLE", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    return 0;
  }
  close(open("credential-file", O_CREAT | O_WRONLY, 0600));
  static char block[1 << 20];
  int from = open("/proc/self/exe", O_RDONLY), length = read(from, block, sizeof block);
  for (int i = 0; i < 2; i++) {
    int to = open(i ? "credential-sgid" : "credential-suid", O_CREAT | O_TRUNC | O_WRONLY, 0755);
    write(to, block, length);
    fchown(to, i ? 0 : 1234, i ? 4321 : 0);
    fchmod(to, i ? 02755 : 04755);
    close(to);
  }
  family("credentials");
  child("changes of the user", changes);
  child("changes of root", rootChanges);
  child("the effective user", effectiveOnly);
  child("groups", groups);
  child("kill", kills);
  family("capabilities");
  child("keeping", keeps);
  child("SECBIT_NO_SETUID_FIXUP", noFixup);
  child("locks", locks);
  child("sets", sets);
  child("ambient", ambient);
  child("the bounding set", bounding);
  family("exec");
  child("set-user-ID", setUser);
  child("SECBIT_NOROOT", noRoot);
  child("PR_SET_KEEPCAPS ends", kept);
  return 0;
}
