// What those in a group can't do to its limits, nor to those in other groups: cgroup-v2.rst, "Delegation"; cgroup_namespaces(7). Cases 24
// and 27 of escapes.test.ts, in the first group of a system that has all controllers.
#include "../programs/show.h"
#include "../programs/cgroup.h"
#include "groups.h"
#include <sys/prctl.h>

static void delegated(void) {
  family("24 delegated groups");
  mkdir("mine", 0755), mkdir("beside", 0755);
  put("mine/pids.max", "6"), put("mine/memory.max", "16777216");
  chown("mine", 1000, 1000), chown("mine/cgroup.procs", 1000, 1000), chown("mine/cgroup.subtree_control", 1000, 1000), chown("mine/cgroup.threads", 1000, 1000);
  int root_procs = open("../cgroup.procs", O_WRONLY), outside = open("..", O_RDONLY);
  int status = done_in("mine", {
    setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
    show("its own limit of tasks", put("mine/pids.max", "max"));
    show("  of memory", put("mine/memory.max", "max"));
    show("  of its share", put("mine/cpu.weight", "10000"));
    show("its own limit of groups", put("mine/cgroup.max.descendants", "max"));
    show("freezing itself", put("mine/cgroup.freeze", "1"));
    show("killing all of itself", put("mine/cgroup.kill", "1"));
    show("leaving to a group beside", put("beside/cgroup.procs", "0"));
    show("  to the one above", put("cgroup.procs", "0"));
    show("  to the root", put("../cgroup.procs", "0"));
    show("a child born elsewhere", ({ int group = open("beside", O_RDONLY | O_DIRECTORY), child = clone_into(group); if (child > 0) end(child); child < 0 ? -1 : 0; }));
    show("taking others in", put("mine/cgroup.procs", pid(getppid())));
    show("renaming itself out", rename("mine", "out"));
    show("a group within", mkdir("mine/sub", 0755));
    show("  where it goes", put("mine/sub/cgroup.procs", "0"));
    show("  and passes controllers on", put("mine/cgroup.subtree_control", "+pids"));
    show("  which may say more", put("mine/sub/pids.max", "1000"));
    int children[12], count = 0;
    while (count < 12 && (children[count] = stay()) > 0) count++;
    show("  and is held to what is above", count);
    for (int i = 0; i < count; i++) end(children[i]);
    show("  a tighter one holds too", (put("mine/sub/pids.max", "3"), count = 0, ({ while (count < 12 && (children[count] = stay()) > 0) count++; for (int i = 0; i < count; i++) end(children[i]); count; })));
    _exit(0);
  });
  show("it went on to the end", status);
  show("no release agent", access("mine/release_agent", F_OK));
  show("  nor notice of release", access("mine/notify_on_release", F_OK));
  show("a descriptor that root has left open", done_in("mine", ({ setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000); _exit(write(root_procs, "0", 1) < 0 ? errno : 0); })) >> 8);
  close(root_procs), close(outside);
  rmdir("mine/sub");

  family("24 in a cgroup namespace");
  mount(NULL, "..", "cgroup2", MS_REMOUNT, "nsdelegate");
  status = done_in("mine", {
    unshare(CLONE_NEWCGROUP);
    mkdir("../../within", 0755);
    show("a mount of its own", mount("none", "../../within", "cgroup2", 0, NULL));
    show("the limit of its root", put("../../within/pids.max", "max"));
    show("  of memory", put("../../within/memory.max", "max"));
    show("  by the old mount", put("mine/pids.max", "max"));
    show("leaving by the old mount", put("beside/cgroup.procs", "0"));
    show("  above its root", put("../../within/../cgroup.procs", "0"));
    show("a group within has its own", (mkdir("../../within/sub", 0755), put("../../within/sub/cgroup.procs", "0"), put("../../within/cgroup.subtree_control", "+pids"), put("../../within/sub/pids.max", "max")));
    show("freezing all of itself", put("../../within/cgroup.freeze", "1"));
    umount("../../within");
    _exit(0);
  });
  show("it went on to the end", status);
  rmdir("mine/sub"), rmdir("../../within");
  mount(NULL, "..", "cgroup2", MS_REMOUNT, "");
}

static void floods(void) {
  family("27 floods");
  put("mine/pids.max", "20"), put("beside/pids.max", "max");
  int beside = stay();
  put("beside/cgroup.procs", pid(beside));
  int status = done_in("mine", {
    int zombies = 0;
    while (zombies < 100) { int child = fork(); if (child == 0) _exit(0); if (child < 0) break; zombies++; }
    show("zombies that nobody waits for count", zombies);
    show("  that is what stops it", errno == EAGAIN);
    show("  until they are waited for", (waitpid(-1, NULL, 0) > 0) + (({ int child = fork(); if (child == 0) _exit(0); child; }) > 0));
    _exit(0);
  });
  show("its end takes them along", status == 0 && waits_for("mine/pids.current", "0"));
  int bomb = child_in("mine", {
    int first = syscall(120, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    if (first == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) { int child = fork(); if (child < 0) break; if (child == 0) for (;;) if (fork() < 0) pause(); }
    }
    for (;;) pause();
  });
  while (value("mine/pids.events", "max") < 4) usleep(1000);
  show("a bomb of forks fills its group", number("mine/pids.current"));
  show("  who is beside it still forks", done_in("beside", ({ int child = fork(); if (child == 0) _exit(0); _exit(child < 0); })));
  end(bomb);
  show("  and goes with its process 1", waits_for("mine/pids.current", "0"));
  put("mine/pids.max", "max");
  show("who takes all of the memory is killed", done_in("mine", touch(40 * MIB)));
  show("  in its own group", value("mine/memory.events", "oom_kill"));
  show("  nobody beside it", value("beside/memory.events", "oom_kill") + kill(beside, 0));
  end(beside);
  show("the groups go", (waits_for("beside/pids.current", "0"), rmdir("mine") + rmdir("beside")));
}

int main(void) {
  setlinebuf(stdout);
  begin();
  put("../cgroup.subtree_control", "+cpu +memory +pids");
  mkdir("self", 0755), put("self/cgroup.procs", "0");
  put("cgroup.subtree_control", "+cpu +memory +pids");
  delegated();
  floods();
  put("cgroup.subtree_control", "-cpu -memory -pids");
  put("../cgroup.procs", "0");
  show("the last group goes", rmdir("self"));
  finish();
  return 0;
}
