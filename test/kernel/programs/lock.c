// fcntl(2) record locks and open file description locks, flock(2), proc_locks(5).
#include "blocked.h"
#include "show.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int lock(int fd, int command, int type, int whence, off_t start, off_t length) {
  struct flock lock = {.l_type = type, .l_whence = whence, .l_start = start, .l_len = length};
  return fcntl(fd, command, &lock);
}
static int set(int fd, int type, off_t start, off_t length) { return lock(fd, F_SETLK, type, SEEK_SET, start, length); }
static int ofd(int fd, int type, off_t start, off_t length) {
  return lock(fd, F_OFD_SETLK, type, SEEK_SET, start, length);
}

// What another process sees in the way of a lock of the range.
static void seen(const char *rule, const char *name, int type, off_t start, off_t length) {
  fflush(stdout);
  if (fork() == 0) {
    int fd = open(name, O_RDWR);
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    if (fcntl(fd, F_GETLK, &lock) < 0) show(rule, -1);
    else if (lock.l_type == F_UNLCK) printf("%s: free\n", rule);
    else
      printf("%s: %s %ld %ld whence %d by %s\n", rule, lock.l_type == F_WRLCK ? "write" : "read", (long)lock.l_start,
             (long)lock.l_len, lock.l_whence, lock.l_pid == getppid() ? "parent" : lock.l_pid == -1 ? "a file" : "other");
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}
// What a call gives in another process with an open file of its own.
static int other_set(const char *name, int command, int type, off_t start, off_t length) {
  int status;
  if (fork() == 0) {
    int fd = open(name, O_RDWR);
    _exit(lock(fd, command, type, SEEK_SET, start, length) == 0 ? 0 : errno);
  }
  wait(&status);
  errno = WEXITSTATUS(status);
  return errno ? -1 : 0;
}
static int other_flock(const char *name, int operation) {
  int status;
  if (fork() == 0) {
    int fd = open(name, O_RDWR);
    _exit(flock(fd, operation) == 0 ? 0 : errno);
  }
  wait(&status);
  errno = WEXITSTATUS(status);
  return errno ? -1 : 0;
}
static void proc(const char *rule) {
  char line[200], kind[20], mode[20], access[20], from[40], to[40], place[60];
  int pid, count = 0;
  struct stat status;
  stat("file", &status);
  FILE *file = fopen("/proc/locks", "r");
  printf("%s:\n", rule);
  while (fgets(line, sizeof line, file)) {
    char *at = strchr(line, ':') + 1;
    int waits = strncmp(at, " ->", 3) == 0;
    if (waits) at += 3;
    unsigned long ino = 0;
    if (sscanf(at, "%19s %19s %19s %d %59s %39s %39s", kind, mode, access, &pid, place, from, to) != 7) continue;
    sscanf(strrchr(place, ':') + 1, "%lu", &ino);
    if (ino != (unsigned long)status.st_ino) continue;
    printf("  %s%s %s %s %s %s %s\n", waits ? "waits " : "", kind, mode, access,
           pid == getpid() ? "self" : pid == -1 ? "-1" : "other", from, to);
  }
  fclose(file);
  fflush(stdout);
}
static void nothing(int signal) {}

int main(void) {
  int status;
  struct flock got;
  int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
  ftruncate(fd, 1000);

  family("record locks");
  show("F_SETLK F_WRLCK", set(fd, F_WRLCK, 100, 100));
  seen("F_GETLK tells type, start, length and owner", "file", F_RDLCK, 0, 0);
  seen("  another range is free", "file", F_WRLCK, 200, 10);
  show("another process: EAGAIN", other_set("file", F_SETLK, F_RDLCK, 150, 1));
  show("the owner's own lock is never in the way", set(fd, F_RDLCK, 100, 100));
  seen("  it has another type now", "file", F_WRLCK, 0, 0);
  show("two read locks go together", other_set("file", F_SETLK, F_RDLCK, 0, 0));
  show("F_UNLCK in the middle splits a lock", set(fd, F_UNLCK, 140, 20));
  seen("  the first half", "file", F_WRLCK, 0, 0);
  seen("  the hole", "file", F_WRLCK, 140, 20);
  seen("  the second half", "file", F_WRLCK, 150, 100);
  show("what is locked in between joins the halves", set(fd, F_RDLCK, 140, 20));
  seen("  one lock again", "file", F_WRLCK, 0, 0);
  show("another type in the middle", set(fd, F_WRLCK, 120, 10));
  seen("  before it", "file", F_WRLCK, 0, 0);
  seen("  it itself", "file", F_RDLCK, 0, 0);
  seen("  behind it", "file", F_WRLCK, 130, 0);
  proc("/proc/locks shows them in order");
  show("length 0: to the end, however far that is", set(fd, F_WRLCK, 500, 0));
  seen("  beyond the end of the file", "file", F_RDLCK, 1 << 20, 1);
  set(fd, F_UNLCK, 0, 0);
  seen("all unlocked", "file", F_WRLCK, 0, 0);
  show("unlocking what is not locked", set(fd, F_UNLCK, 5, 5));
  lseek(fd, 300, SEEK_SET);
  show("SEEK_CUR", lock(fd, F_SETLK, F_WRLCK, SEEK_CUR, 10, 5));
  seen("  from the position", "file", F_RDLCK, 0, 0);
  set(fd, F_UNLCK, 0, 0);
  show("SEEK_END", lock(fd, F_SETLK, F_WRLCK, SEEK_END, -10, 5));
  seen("  from the end", "file", F_RDLCK, 0, 0);
  set(fd, F_UNLCK, 0, 0);
  show("a negative length is what lies before", set(fd, F_WRLCK, 50, -20));
  seen("  30 to 49", "file", F_RDLCK, 0, 0);
  set(fd, F_UNLCK, 0, 0);
  show("before the start of the file: EINVAL", set(fd, F_WRLCK, -5, 3));
  show("  by a negative length: EINVAL", set(fd, F_WRLCK, 5, -10));
  show("a type that is none: EINVAL", set(fd, 7, 0, 1));
  show("a whence that is none: EINVAL", lock(fd, F_SETLK, F_WRLCK, 9, 0, 1));
  show("F_GETLK of F_UNLCK: EINVAL", lock(fd, F_GETLK, F_UNLCK, SEEK_SET, 0, 1));
  show("an address that is none: EFAULT", fcntl(fd, F_SETLK, (void *)1));
  show("a bad descriptor: EBADF", set(99, F_WRLCK, 0, 1));
  int reader = open("file", O_RDONLY), writer = open("file", O_WRONLY);
  show("a write lock needs writing: EBADF", set(reader, F_WRLCK, 0, 1));
  show("a read lock needs reading: EBADF", set(writer, F_RDLCK, 0, 1));
  show("O_PATH: EBADF", set(open("file", O_PATH), F_RDLCK, 0, 1));
  close(writer);
  set(fd, F_WRLCK, 0, 10);
  got = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = 3, .l_len = 4};
  fcntl(fd, F_GETLK, &got);
  show("F_GETLK of what is free changes the type alone", got.l_type == F_UNLCK && got.l_whence == SEEK_CUR && got.l_start == 3);
  close(reader);
  seen("closing another descriptor of the file ends the locks", "file", F_RDLCK, 0, 0);
  set(fd, F_WRLCK, 0, 10);
  int copy = dup(fd);
  close(copy);
  seen("  a duplicate too", "file", F_RDLCK, 0, 0);
  set(fd, F_WRLCK, 0, 10);
  dup2(open("/dev/null", O_RDONLY), copy = dup(fd));
  seen("  dup2 over it too", "file", F_RDLCK, 0, 0);
  set(fd, F_WRLCK, 0, 10);
  if (fork() == 0) {
    show("a child does not inherit them: EAGAIN", set(fd, F_WRLCK, 0, 10));
    close(fd);
    _exit(0);
  }
  wait(&status);
  seen("  nor does its close end them", "file", F_RDLCK, 0, 0);
  set(fd, F_UNLCK, 0, 0);
  if (fork() == 0) {
    set(fd, F_WRLCK, 0, 10);
    _exit(0);
  }
  wait(&status);
  show("exit ends them", set(fd, F_WRLCK, 0, 10));
  unlink("moved");
  rename("file", "moved");
  seen("they stay with the file, not its name", "moved", F_RDLCK, 0, 0);
  rename("moved", "file");
  set(fd, F_UNLCK, 0, 0);
  struct flock64 wide = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x300000000LL, .l_len = 5};
  show("F_SETLK64 beyond 4 GiB", fcntl(fd, F_SETLK64, &wide));
  if (fork() == 0) {
    show("F_GETLK of what is beyond 2 GiB: EOVERFLOW", set(fd, F_WRLCK, 0, 0) == -1 ? lock(fd, F_GETLK, F_WRLCK, SEEK_SET, 0, 0) : -2);
    _exit(0);
  }
  wait(&status);
  set(fd, F_UNLCK, 0, 0);
  int ends[2];
  pipe(ends);
  show("a pipe can be locked", set(ends[0], F_RDLCK, 0, 1));

  family("waiting");
  int ready[2], go[2];
  char c;
  pipe(ready), pipe(go);
  set(fd, F_WRLCK, 0, 10);
  pid_t child = fork();
  if (child == 0) {
    int own = open("file", O_RDWR);
    write(ready[1], "r", 1);
    int result = lock(own, F_SETLKW, F_WRLCK, SEEK_SET, 5, 1);
    _exit(result == 0 ? 7 : errno);
  }
  read(ready[0], &c, 1);
  wait_until_blocked(child);
  proc("/proc/locks shows who waits");
  set(fd, F_UNLCK, 5, 1);
  waitpid(child, &status, 0);
  show("F_SETLKW waits until the range is free", WEXITSTATUS(status));
  set(fd, F_WRLCK, 0, 10);
  child = fork();
  if (child == 0) {
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGUSR1, &action, NULL);
    int own = open("file", O_RDWR);
    write(ready[1], "r", 1);
    show("a signal ends the wait: EINTR", lock(own, F_SETLKW, F_WRLCK, SEEK_SET, 5, 1));
    _exit(0);
  }
  read(ready[0], &c, 1);
  wait_until_blocked(child);
  kill(child, SIGUSR1);
  waitpid(child, &status, 0);
  child = fork();
  if (child == 0) {
    int own = open("file", O_RDWR);
    write(ready[1], "r", 1);
    lock(own, F_SETLKW, F_RDLCK, SEEK_SET, 0, 10);
    struct flock left = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
    fcntl(own, F_GETLK, &left);
    show("a downgrade lets readers in", left.l_type == F_RDLCK);
    _exit(0);
  }
  read(ready[0], &c, 1);
  wait_until_blocked(child);
  set(fd, F_RDLCK, 0, 10);
  waitpid(child, &status, 0);
  set(fd, F_UNLCK, 0, 0);
  set(fd, F_WRLCK, 0, 1);
  child = fork();
  if (child == 0) {
    int own = open("file", O_RDWR);
    set(own, F_WRLCK, 1, 1);
    write(ready[1], "r", 1);
    int result = lock(own, F_SETLKW, F_WRLCK, SEEK_SET, 0, 1);
    _exit(result == 0 ? 7 : errno);
  }
  read(ready[0], &c, 1);
  wait_until_blocked(child);
  show("who would wait for whoever waits for it: EDEADLK", lock(fd, F_SETLKW, F_WRLCK, SEEK_SET, 1, 1));
  set(fd, F_UNLCK, 0, 0);
  waitpid(child, &status, 0);
  show("  the other gets its lock", WEXITSTATUS(status));
  child = fork();
  if (child == 0) {
    int own = open("file", O_RDWR);
    set(own, F_WRLCK, 0, 10);
    write(ready[1], "r", 1);
    pause();
  }
  read(ready[0], &c, 1);
  show("held by another process: EAGAIN", set(fd, F_WRLCK, 0, 10));
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  show("  its death frees it", set(fd, F_WRLCK, 0, 10));

  family("open file description locks");
  int first = open("other", O_RDWR | O_CREAT, 0644), second = open("other", O_RDWR);
  show("F_OFD_SETLK", ofd(first, F_WRLCK, 0, 10));
  show("another open file of the same process: EAGAIN", ofd(second, F_WRLCK, 5, 10));
  show("  a POSIX lock too: EAGAIN", set(second, F_RDLCK, 5, 1));
  seen("F_GETLK: no process has it", "other", F_RDLCK, 0, 0);
  got = (struct flock){.l_type = F_WRLCK, .l_pid = 5};
  show("l_pid must be 0: EINVAL", fcntl(first, F_OFD_SETLK, &got));
  copy = dup(first);
  close(copy);
  show("a duplicate's close leaves it: EAGAIN", ofd(second, F_WRLCK, 0, 1));
  if (fork() == 0) {
    show("a child has it by the same open file", ofd(first, F_WRLCK, 0, 10));
    _exit(0);
  }
  wait(&status);
  show("  it stays when the child ends: EAGAIN", ofd(second, F_WRLCK, 0, 1));
  got = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 5};
  fcntl(second, F_OFD_GETLK, &got);
  show("F_OFD_GETLK: the pid is -1", got.l_pid == -1 && got.l_len == 10);
  close(first);
  show("the last close ends it", ofd(second, F_WRLCK, 0, 1));
  close(second);

  family("flock");
  int a = open("whole", O_RDWR | O_CREAT, 0644), b = open("whole", O_RDWR);
  show("LOCK_SH", flock(a, LOCK_SH));
  show("  another open file too", flock(b, LOCK_SH));
  show("LOCK_EX | LOCK_NB: EWOULDBLOCK", flock(b, LOCK_EX | LOCK_NB));
  show("  which loses the shared lock: the other can have it all", flock(a, LOCK_EX | LOCK_NB));
  show("it excludes another open file of the same process", flock(b, LOCK_SH | LOCK_NB));
  show("  and another process", other_flock("whole", LOCK_SH | LOCK_NB));
  show("what one has is given again", flock(a, LOCK_EX));
  copy = dup(a);
  show("a duplicate is the same lock", flock(copy, LOCK_SH | LOCK_NB));
  show("  so another may share it now", flock(b, LOCK_SH | LOCK_NB));
  show("LOCK_UN by the duplicate", flock(copy, LOCK_UN));
  show("  it is gone", flock(b, LOCK_EX | LOCK_NB));
  close(copy);
  flock(b, LOCK_UN);
  flock(a, LOCK_EX);
  if (fork() == 0) {
    show("a child has it by the open file", flock(a, LOCK_EX | LOCK_NB));
    close(a);
    _exit(0);
  }
  wait(&status);
  show("  which its close leaves: EWOULDBLOCK", flock(b, LOCK_EX | LOCK_NB));
  if (fork() == 0) {
    flock(a, LOCK_UN);
    _exit(0);
  }
  wait(&status);
  show("a child's LOCK_UN unlocks for all", flock(b, LOCK_EX | LOCK_NB));
  child = fork();
  if (child == 0) {
    int own = open("whole", O_RDONLY);
    close(a), close(b);
    write(ready[1], "r", 1);
    _exit(flock(own, LOCK_EX) == 0 ? 7 : errno);
  }
  read(ready[0], &c, 1);
  wait_until_blocked(child);
  close(b);
  waitpid(child, &status, 0);
  show("the last close unlocks, and who waits goes on", WEXITSTATUS(status));
  show("the end of the process too", flock(a, LOCK_EX | LOCK_NB));
  show("record locks are others'", other_set("whole", F_SETLK, F_WRLCK, 0, 0));
  show("a bad operation: EINVAL", flock(a, 3));
  show("  LOCK_SH | LOCK_EX: EINVAL", flock(a, LOCK_SH | LOCK_EX));
  show("a bad descriptor: EBADF", flock(99, LOCK_SH));
  show("O_PATH: EBADF", flock(open("whole", O_PATH), LOCK_SH));
  show("a directory can be locked", flock(open(".", O_RDONLY), LOCK_EX | LOCK_NB));
  show("F_GETLEASE: none", fcntl(a, F_GETLEASE) == F_UNLCK);
  unlink("file"), unlink("other"), unlink("whole");
  return 0;
}
