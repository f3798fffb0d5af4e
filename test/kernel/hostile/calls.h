// What programs that make any call share: the table, as a file of lines with a number and types; a place to make calls in; a call by
// its number; waits that are over soon.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLS_MAX 600

static struct {
  int number, count;
  char types[6][10];
} calls[CALLS_MAX];
static int callCount;

static void readCalls(void) {
  FILE *list = fopen("/calls", "r");
  char line[200];
  while (fgets(line, sizeof line, list) && callCount < CALLS_MAX) {
    char *word = strtok(line, " \n");
    calls[callCount].number = atoi(word);
    while ((word = strtok(0, " \n"))) strncpy(calls[callCount].types[calls[callCount].count++], word, 9);
    callCount++;
  }
  fclose(list);
}

static uint64_t state;
static uint32_t random32(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state >> 16;
}
static uint32_t below(uint32_t n) { return random32() % n; }
static int one(int in) { return below(in) == 0; }

static const char *const names[] = {
  "a", "b", "c/d", "c", "", ".", "..", "/", "link", "loop", "/dev/null", "/dev/zero", "/dev/ptmx", "/dev/tty", "/proc/self/maps",
  "/proc/self/mem", "/proc/self/fd/3", "/proc/self/exe", "/proc/self", "/proc/self/status", "/proc/self/comm", "/proc/self/oom_score_adj",
  "/dev/full", "/dev/urandom", "/dev/shm/x", "tmpfs", "proc", "user.a", "/proc/self/task", "/proc/1", "c/../c/./d", "a/b", "fifo", "sock",
};
#define NAMES (sizeof names / sizeof *names)

static void prepare(void) {
  mkdir("c", 0777);
  close(open("a", O_CREAT | O_RDWR, 0666));
  symlink("a", "link");
  symlink("loop", "loop");
  mkfifo("fifo", 0666);
  int pair[2], null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(null, 1);
  pipe(pair);
  write(pair[1], names, 100);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  write(pair[0], names, 100);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  write(pair[0], names, 100);
  open("a", O_RDWR);
  open("b", O_CREAT | O_RDWR | O_APPEND, 0666);
  open(".", O_RDONLY);
  open(".", O_PATH);
  int epoll = epoll_create1(0), event = eventfd(3, 0);
  struct epoll_event ready = {EPOLLIN};
  epoll_ctl(epoll, EPOLL_CTL_ADD, event, &ready);
  timerfd_create(CLOCK_MONOTONIC, 0);
  open("/dev/ptmx", O_RDWR);
  open("/proc/self/maps", O_RDONLY);
  open("/proc/self/mem", O_RDWR);
  open("/proc", O_RDONLY);
  open("fifo", O_RDWR);
  memfd_create("m", 0);
  socket(AF_UNIX, SOCK_STREAM, 0);
  socket(AF_UNIX, SOCK_SEQPACKET, 0);
  syscall(SYS_pidfd_open, getpid(), 0);
  open("/dev/zero", O_RDWR);
}

static long call(uint32_t number, uint32_t *a) {
  long result;
  asm volatile("push %%ebx; push %%ebp; mov 4(%2), %%ebx; mov 8(%2), %%ecx; mov 12(%2), %%edx; mov 16(%2), %%esi; mov 24(%2), %%ebp;"
               "mov 20(%2), %%edi; int $0x80; pop %%ebp; pop %%ebx"
               : "=a"(result) : "0"(number), "D"(a - 1) : "ecx", "edx", "esi", "memory", "cc");
  return result;
}

// A wait is over soon.
static void tick(int sig) {}
static void wind(void) {
  struct sigaction action = {.sa_handler = tick};
  sigset_t mask;
  sigemptyset(&mask);
  sigprocmask(SIG_SETMASK, &mask, 0);
  sigaction(SIGALRM, &action, 0);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, 0);
}

// The child has some time, then it goes, with all that it has started.
static void settle(void) {
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, 0);
  struct timespec patience = {0, 200000000};
  sigtimedwait(&ended, 0, &patience);
  kill(-1, SIGKILL);
  while (waitpid(-1, 0, __WALL) > 0) {}
}
