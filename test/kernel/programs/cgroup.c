// Documentation/admin-guide/cgroup-v2.rst, cgroups(7), clone3(2): the tree, who is in it, what it passes on. Below a group of our own, in
// a mount of our own where there is none, so that it runs in the root of any system.
#include "show.h"
#include "cgroup.h"

static int write_zero(void) {
  int child = fork(), status;
  if (child == 0) _exit(put("g/cgroup.procs", "0") == 0 && !strcmp(below(getpid()), "/g") ? 0 : 1);
  waitpid(child, &status, 0);
  return status;
}
static int inherits(void) {
  int child = fork(), status;
  if (child == 0) {
    put("g/cgroup.procs", "0");
    int below_it = stay(), there = holds("g/cgroup.procs", below_it);
    end(below_it);
    _exit(there);
  }
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
static int zombie(void) {
  siginfo_t info;
  int child = stay();
  put("g/cgroup.procs", pid(child));
  kill(child, SIGKILL);
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  int there = holds("g/cgroup.procs", child);
  waitpid(child, NULL, 0);
  return there;
}
// Is a change of events an exception for poll, until it has been read?
static int polled(void) {
  char bytes[64];
  struct pollfd about = { open("f/cgroup.events", O_RDONLY), POLLPRI };
  read(about.fd, bytes, 64);
  int before = poll(&about, 1, 0);
  int child = stay();
  put("f/cgroup.procs", pid(child));
  int after = poll(&about, 1, 5000);
  pread(about.fd, bytes, 64, 0);
  int again = poll(&about, 1, 0);
  end(child);
  close(about.fd);
  return before * 100 + after * 10 + again;
}

int main(void) {
  begin();
  struct stat info;

  family("the directory of a group");
  show("mkdir makes one", mkdir("g", 0755));
  show("  its files", access("g/cgroup.procs", F_OK) + access("g/cgroup.kill", F_OK) + access("g/cgroup.freeze", F_OK));
  show("  the root has no type", access("../cgroup.type", F_OK));
  show("  no events there", access("../cgroup.events", F_OK));
  show("  mode of the directory", (stat("g", &info), info.st_mode));
  show("  mode of procs", (stat("g/cgroup.procs", &info), info.st_mode));
  show("  mode of kill", (stat("g/cgroup.kill", &info), info.st_mode));
  show("  mode of events", (stat("g/cgroup.events", &info), info.st_mode));
  show("a group that is there", mkdir("g", 0755));
  show("a name of a file", mkdir("g/cgroup.procs", 0755));
  show("a name with a newline", mkdir("g/a\nb", 0755));
  show("no files can be made", open("g/file", O_CREAT | O_WRONLY, 0644));
  show("nor removed", unlink("g/cgroup.procs"));
  show("no links", symlink("x", "g/link"));
  show("no renaming", rename("g", "h"));
  show("rmdir of a file", rmdir("g/cgroup.procs"));
  show("a file without a text", get_errno("g/cgroup.kill"));
  show("one that takes nothing", put("g/cgroup.events", "1"));
  show("chmod is kept", (chmod("g/cgroup.procs", 0600), stat("g/cgroup.procs", &info), info.st_mode));
  show("chown is kept", (chown("g", 7, 8), stat("g", &info), info.st_uid * 100 + info.st_gid));
  show("  its files keep theirs", (stat("g/cgroup.procs", &info), info.st_uid));
  show("a write longer than a page", ({ static char big[5000]; int fd = open("g/cgroup.procs", O_WRONLY); int n = write(fd, big, 5000); int kept = errno; close(fd); errno = kept; n; }));
  show("truncating is nothing", ({ int fd = open("g/cgroup.freeze", O_WRONLY | O_TRUNC); close(fd); fd < 0 ? -1 : 0; }));

  family("cgroup.procs");
  text("nobody at first", get("g/cgroup.procs"));
  int child = stay();
  show("moving a process", put("g/cgroup.procs", pid(child)));
  show("  it is there", holds("g/cgroup.procs", child));
  show("  and not here", holds("cgroup.procs", child));
  text("  /proc/PID/cgroup", below(child));
  show("a group with a process can't go", rmdir("g"));
  text("  events", get("g/cgroup.events"));
  text("  of the group above", get("cgroup.events"));
  show("no such process", put("g/cgroup.procs", "2000000"));
  show("no number", put("g/cgroup.procs", "x"));
  show("a negative one", put("g/cgroup.procs", "-5"));
  show("0 is the writer", write_zero());
  end(child);
  text("events after the end", get("g/cgroup.events"));
  show("a child begins where its parent is", inherits());
  show("a zombie is not listed", zombie());
  show("a group with a child can't go", (mkdir("g/sub", 0755), rmdir("g")));
  show("  then it can", (rmdir("g/sub"), rmdir("g")));
  show("  and is not there", access("g", F_OK));

  family("cgroup.stat, max.depth, max.descendants");
  mkdir("g", 0755);
  mkdir("g/1", 0755);
  mkdir("g/1/2", 0755);
  show("stat counts all below", value("g/cgroup.stat", "nr_descendants"));
  text("no bound at first", get("g/cgroup.max.depth"));
  show("a bound of depth", put("g/cgroup.max.depth", "2\n"));
  show("  what is deeper", mkdir("g/1/2/3", 0755));
  show("  is asked of all above", put("g/cgroup.max.depth", "0"));
  show("  nothing is allowed", mkdir("g/4", 0755));
  show("  max takes it away", put("g/cgroup.max.depth", "max"));
  show("a bound of number", put("g/cgroup.max.descendants", "3"));
  show("  one more", mkdir("g/3", 0755));
  show("  too many", mkdir("g/1/5", 0755));
  text("  as it reads", get("g/cgroup.max.descendants"));
  show("a negative bound", put("g/cgroup.max.descendants", "-1"));
  show("no number", put("g/cgroup.max.depth", "deep"));
  rmdir("g/3"), rmdir("g/1/2"), rmdir("g/1"), rmdir("g");

  family("cgroup.subtree_control");
  mkdir("g", 0755);
  show("no such controller", put("g/cgroup.subtree_control", "+nothing"));
  show("no sign", put("g/cgroup.subtree_control", "pids"));
  show("nothing at all", put("g/cgroup.subtree_control", ""));
  text("none is on", get("g/cgroup.subtree_control"));
  rmdir("g");

  family("cgroup.type");
  mkdir("d", 0755);
  mkdir("d/t", 0755);
  text("a domain", get("d/cgroup.type"));
  show("nothing but threaded", put("d/t/cgroup.type", "domain"));
  show("threaded", put("d/t/cgroup.type", "threaded"));
  text("  it is", get("d/t/cgroup.type"));
  text("  the group above", get("d/cgroup.type"));
  show("  again", put("d/t/cgroup.type", "threaded"));
  mkdir("d/t/u", 0755);
  text("  one below", get("d/t/u/cgroup.type"));
  text("  one beside", (mkdir("d/v", 0755), get("d/v/cgroup.type")));
  child = stay();
  show("procs of a threaded group", get_errno("d/t/cgroup.procs"));
  show("a process into it", (put("d/cgroup.procs", pid(child)), put("d/t/cgroup.procs", pid(child))));
  show("  threads are listed there", holds("d/t/cgroup.threads", child));
  show("  and the process in the domain", holds("d/cgroup.procs", child));
  show("  its threads not", holds("d/cgroup.threads", child));
  show("a thread leaves its domain", put("cgroup.threads", pid(child)));
  show("  within it may move", put("d/cgroup.threads", pid(child)));
  show("an invalid domain has no processes", put("d/v/cgroup.procs", pid(child)));
  show("no kill of threads", put("d/t/cgroup.kill", "1"));
  end(child);
  child = stay();
  mkdir("p", 0755);
  mkdir("p/q", 0755);
  put("p/q/cgroup.procs", pid(child));
  show("a populated group can't become threaded", put("p/q/cgroup.type", "threaded"));
  end(child);
  rmdir("p/q"), rmdir("p"), rmdir("d/v"), rmdir("d/t/u"), rmdir("d/t"), rmdir("d");

  family("cgroup.freeze");
  mkdir("f", 0755);
  mkdir("f/sub", 0755);
  int counter;
  volatile int *count = shared();
  child = count_up(count);
  put("f/sub/cgroup.procs", pid(child));
  text("not at first", get("f/cgroup.freeze"));
  show("freeze", put("f/cgroup.freeze", "1"));
  show("  events say so", waits_for("f/cgroup.events", "frozen 1"));
  show("  those below too", waits_for("f/sub/cgroup.events", "frozen 1"));
  text("  their own file does not", get("f/sub/cgroup.freeze"));
  show("  the counter stands", ({ int before = *count; usleep(30000); *count == before; }));
  show("  thawing a child of it changes nothing", (put("f/sub/cgroup.freeze", "0"), waits_for("f/sub/cgroup.events", "frozen 1")));
  show("thaw", put("f/cgroup.freeze", "0"));
  show("  it counts again", ({ int before = *count; while (*count == before) usleep(1000); 1; }));
  show("another number", put("f/cgroup.freeze", "2"));
  show("no number", put("f/cgroup.freeze", "on"));
  show("who comes into a frozen group stands", ({ put("cgroup.procs", pid(child)); put("f/cgroup.freeze", "1"); put("f/sub/cgroup.procs", pid(child)); waits_for("f/sub/cgroup.events", "frozen 1"); int before = *count; usleep(30000); *count == before; }));
  show("  who leaves goes on", ({ put("cgroup.procs", pid(child)); int before = *count; while (*count == before) usleep(1000); 1; }));
  put("f/sub/cgroup.procs", pid(child));
  waits_for("f/sub/cgroup.events", "frozen 1");
  show("SIGKILL ends who is frozen", (kill(child, SIGKILL), waitpid(child, &counter, 0) == child) && WTERMSIG(counter) == SIGKILL);
  text("  an empty group is frozen", get("f/sub/cgroup.events"));
  put("f/cgroup.freeze", "0");

  family("cgroup.kill");
  child = stay();
  int other = stay();
  put("f/cgroup.procs", pid(child));
  put("f/sub/cgroup.procs", pid(other));
  show("another number", put("f/cgroup.kill", "2"));
  show("kill", put("f/cgroup.kill", "1"));
  show("  those in it", (waitpid(child, &counter, 0) == child) && WTERMSIG(counter) == SIGKILL);
  show("  those below", (waitpid(other, &counter, 0) == other) && WTERMSIG(counter) == SIGKILL);
  show("  nobody is left", waits_for("f/cgroup.events", "populated 0"));
  show("poll tells of a change", polled());
  rmdir("f/sub");

  family("clone3, CLONE_INTO_CGROUP");
  int fd = open("f", O_RDONLY | O_DIRECTORY);
  child = clone_into(fd);
  show("the child begins there", child > 0 && holds("f/cgroup.procs", child));
  end(child);
  show("no group", clone_into(0));
  show("no descriptor", clone_into(-1));
  rmdir("f");
  show("a group that is gone", clone_into(fd));
  show("  reading in it", openat(fd, "cgroup.procs", O_RDONLY));
  show("  making in it", mkdirat(fd, "x", 0755));
  close(fd);

  family("delegation");
  mkdir("a", 0755);
  mkdir("a/mine", 0755);
  mkdir("b", 0755);
  chown("a/mine", 1000, 1000);
  chown("a/mine/cgroup.procs", 1000, 1000);
  chown("a/mine/cgroup.subtree_control", 1000, 1000);
  put("a/mine/cgroup.procs", "0");
  show("whoever owns it makes groups", as(1000, mkdir("a/mine/one", 0755)));
  show("  not beside it", as(1000, mkdir("a/two", 0755)));
  show("  owns what was made", (stat("a/mine/one/cgroup.procs", &info), info.st_uid));
  show("  moves itself down", as(1000, put("a/mine/one/cgroup.procs", "0")));
  show("  not out", as(1000, put("cgroup.procs", "0")));
  chmod("b/cgroup.procs", 0666);
  show("  not to where the common group is not its own", as(1000, put("b/cgroup.procs", "0")));
  show("  can't write its own bounds", as(1000, put("a/mine/cgroup.max.depth", "1")));
  put("cgroup.procs", "0");
  rmdir("a/mine/one"), rmdir("a/mine"), rmdir("a"), rmdir("b");
  finish();
  return 0;
}
