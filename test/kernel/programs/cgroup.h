// Groups for the programs about them: a mount of our own, a group of our own in it as the working directory, children that do little.
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char base[64];

// The file's text, its newlines as bars.
static const char *get(const char *name) {
  static char line[4096];
  int fd = open(name, O_RDONLY), length = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
  if (length < 0) sprintf(line, "%s", strerrorname_np(errno)), length = strlen(line);
  line[length] = 0;
  for (char *at = line; *at; at++) if (*at == '\n') *at = '|';
  if (fd >= 0) close(fd);
  return line;
}
static int get_errno(const char *name) {
  char byte;
  int fd = open(name, O_RDONLY), n = fd < 0 ? -1 : read(fd, &byte, 1), kept = errno;
  if (fd >= 0) close(fd);
  errno = kept;
  return n;
}
static int put(const char *name, const char *value) {
  int fd = open(name, O_WRONLY);
  if (fd < 0) return -1;
  int n = write(fd, value, strlen(value)), kept = errno;
  close(fd);
  errno = kept;
  return n < 0 ? -1 : 0;
}
static const char *pid(int number) {
  static char into[16];
  sprintf(into, "%d", number);
  return into;
}
// Is the number one of the file's lines?
static int holds(const char *name, int number) {
  FILE *stream = fopen(name, "r");
  int line, found = 0;
  if (!stream) return -1;
  while (fscanf(stream, "%d", &line) == 1) found |= line == number;
  fclose(stream);
  return found;
}
// A value of a file of names and values.
static long value(const char *name, const char *key) {
  FILE *stream = fopen(name, "r");
  char word[64];
  long number;
  if (!stream) return -1;
  while (fscanf(stream, "%63s %ld", word, &number) == 2)
    if (!strcmp(word, key)) {
      fclose(stream);
      return number;
    }
  fclose(stream);
  return -2;
}
// Where a process is, seen from our own group.
static const char *below(int process) {
  static char line[256];
  char name[64], *at;
  sprintf(name, "/proc/%d/cgroup", process);
  FILE *stream = fopen(name, "r");
  while (stream && fgets(line, sizeof line, stream))
    if (!strncmp(line, "0::", 3)) {
      fclose(stream);
      line[strcspn(line, "\n")] = 0;
      at = strstr(line, base);
      return at ? at + strlen(base) : line;
    }
  return "none";
}
static int waits_for(const char *name, const char *wanted) {
  for (int i = 0; i < 5000; i++) {
    if (strstr(get(name), wanted)) return 1;
    usleep(1000);
  }
  return 0;
}

static int stay(void) {
  int child = fork();
  if (child == 0) for (;;) pause();
  return child;
}
static void end(int child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}
static void *shared(void) { return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }
static int count_up(volatile int *count) {
  int child = fork();
  if (child == 0) for (;;) ++*count;
  return child;
}
// In a child as another user (0: as we are): 0, or -1 with its errno.
#define as(user, expression) ({ \
  int status_, child_ = fork(); \
  if (child_ == 0) { \
    if (user) setresgid(user, user, user), setresuid(user, user, user); \
    _exit((expression) < 0 ? errno : 0); \
  } \
  waitpid(child_, &status_, 0); \
  errno = WEXITSTATUS(status_); \
  errno ? -1 : 0; })

static int clone_into(int group) {
  unsigned long long args[11] = { 0x200000000ull, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, (long long)group };
  int child = syscall(435, args, sizeof args);
  if (child == 0) for (;;) pause();
  return child;
}

// 77: there are no groups here.
static void begin(void) {
  unshare(CLONE_NEWNS);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mkdir("groups", 0755);
  if (mount("none", "groups", "cgroup2", 0, NULL) < 0 || chdir("groups") < 0) exit(77);
  sprintf(base, "/tabvisor-%d", getpid());
  if (mkdir(base + 1, 0755) < 0 || chdir(base + 1) < 0) exit(77);
  put("cgroup.procs", "0");
}
static void finish(void) {
  put("../cgroup.procs", "0");
  chdir("..");
  show("nothing is left", rmdir(base + 1));
}
