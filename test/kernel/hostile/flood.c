// Programs that ask for too much: tasks, threads, depth, arguments, files, memory. Each is a child whose end the parent tells; then the
// parent shows that all is well.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void child(const char *what, void (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  // whoever is left of a flood goes
  kill(-1, SIGKILL);
  while (waitpid(-1, NULL, __WALL) > 0) {}
  printf("%s: %s %d\n", what, WIFEXITED(status) ? "exited" : "killed", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  fflush(stdout);
}
static const char *name(int error) { return strerrorname_np(error); }

static void forks(void) {
  for (;;) {
    pid_t pid = fork();
    if (pid == 0) for (;;) pause();
    if (pid < 0) break;
  }
  printf("fork: %s\n", errno == EAGAIN || errno == ENOMEM ? "EAGAIN or ENOMEM" : name(errno));
}
static void *waits(void *unused) {
  for (;;) pause();
}
static void threads(void) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 16384);
  pthread_t thread;
  int error;
  while ((error = pthread_create(&thread, &small, waits, 0)) == 0) {}
  printf("pthread_create: %s\n", error == EAGAIN || error == ENOMEM ? "EAGAIN or ENOMEM" : name(error));
}
static void paths(void) {
  int depth = 0;
  while (depth < 3000 && mkdir("deep-directory", 0777) == 0 && chdir("deep-directory") == 0) depth++;
  char here[4096];
  printf("depth %d, getcwd: %s\n", depth, getcwd(here, sizeof here) ? "a name" : name(errno));
  while (depth-- > 0 && chdir("..") == 0) rmdir("deep-directory");
  char *longest = malloc(70000);
  memset(longest, 'a', 70000);
  longest[69999] = 0;
  printf("a long name: %s\n", open(longest, O_RDONLY) < 0 ? name(errno) : "?");
  for (int i = 0; i < 4094; i += 2) memcpy(longest + i, "./", 2);
  longest[4094] = 0;
  printf("many components: %s\n", access(longest, F_OK) == 0 ? "0" : name(errno));
  char from[20] = "a0", to[20];
  close(open("a0", O_CREAT, 0600));
  for (int i = 1; i <= 60; i++) {
    sprintf(to, "a%d", i);
    symlink(from, to);
    strcpy(from, to);
    if (i == 40 || i == 41) printf("%d links: %s\n", i, access(to, F_OK) == 0 ? "0" : name(errno));
  }
  symlink("round/round/round", "round");
  printf("a link to itself: %s\n", access("round", F_OK) == 0 ? "0" : name(errno));
}
static void arguments(void) {
  static char *args[400001];
  char *big = malloc(200000);
  memset(big, 'x', 200000);
  big[131071] = 0;
  char *one[] = {"x", big, NULL}, *none[] = {NULL};
  big[131071] = 'x';
  big[199999] = 0;
  execve("/proc/self/exe", one, none);
  printf("a string above 128 KiB: %s\n", name(errno));
  for (int i = 0; i < 400000; i++) args[i] = "many";
  execve("/proc/self/exe", args, none);
  printf("many arguments: %s\n", name(errno));
  execve("/proc/self/exe", one + 2, args);
  printf("a big environment: %s\n", name(errno));
  big[100000] = 0;
  for (int i = 0; i < 100; i++) args[i] = big;
  args[100] = NULL;
  execve("/proc/self/exe", args, none);
  printf("ten megabytes: %s\n", name(errno));
}
static void sparse(void) {
  int fd = open("sparse", O_CREAT | O_RDWR | O_LARGEFILE, 0600);
  printf("2 GiB: %d\n", ftruncate64(fd, 0x80000000ll));
  char byte = 'x';
  printf("its last byte: %zd\n", pwrite64(fd, &byte, 1, 0x7fffffffll));
  struct stat64 st;
  fstat64(fd, &st);
  printf("size %lld, blocks %lld\n", (long long)st.st_size, (long long)st.st_blocks);
  byte = 'y';
  ssize_t read = pread64(fd, &byte, 1, 0x40000000ll);
  printf("a hole: %zd, %d\n", read, byte);
  printf("SEEK_DATA: %lld\n", (long long)lseek64(fd, 0, SEEK_DATA));
  char *map = mmap64(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0x7fffe000ll);
  printf("mapped: %c\n", map[8191]);
  printf("8 EiB: %s\n", ftruncate64(fd, 0x7fffffffffffffffll) == 0 ? "0" : name(errno));
  unlink("sparse");
  fd = open("full", O_CREAT | O_RDWR, 0600);
  static char block[1 << 20];
  while (write(fd, block, sizeof block) > 0) {}
  printf("a filesystem that is full: %s\n", name(errno));
  unlink("full");
}
static void eats(void) {
  for (size_t i = 0;; i++) {
    char *piece = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) _exit(1);
    memset(piece, 1, 1 << 20);
  }
}
static void eatsBySharing(void) {
  for (;;) {
    int fd = memfd_create("m", 0);
    static char block[1 << 20];
    if (fd < 0 || write(fd, block, sizeof block) <= 0) break;
  }
  printf("memfds: %s\n", errno == EMFILE || errno == ENOSPC || errno == ENOMEM ? "an errno" : name(errno));
}
static void eatsPipes(void) {
  int ends[2];
  static char block[65536];
  while (pipe2(ends, O_NONBLOCK) == 0) {
    fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    while (write(ends[1], block, sizeof block) > 0) {}
  }
  printf("pipes: %s\n", name(errno));
}
static void opens(void) {
  struct rlimit many = { 65536, 65536 };
  setrlimit(RLIMIT_NOFILE, &many);
  while (open("/", O_RDONLY) >= 0) {}
  printf("open files: %s\n", name(errno));
  close_range(3, ~0u, 0);
  dup2(0, 65535);
  pid_t pid;
  while ((pid = fork()) > 0) {}
  if (pid == 0) for (;;) pause();
  printf("descriptors of a child: %s\n", name(errno));
}
static int recurses(int depth) {
  volatile char frame[4096];
  frame[0] = depth;
  return recurses(depth + 1) + frame[0];
}
static void overflows(void) { recurses(0); }

int main(int count, char **args) {
  static const struct {
    const char *what;
    void (*body)(void);
  } floods[] = {
    {"processes", forks}, {"threads", threads}, {"depth", paths}, {"arguments", arguments}, {"sparse files", sparse}, {"memory", eats},
    {"memory of files", eatsBySharing}, {"memory of pipes", eatsPipes}, {"open files", opens},
    {"a stack without end", overflows},
  };
  for (int i = 0; i < sizeof floods / sizeof *floods; i++)
    if (count < 2 || atoi(args[1]) == i) child(floods[i].what, floods[i].body);
  return 0;
}
