// The shortest call, a signal for a fault, and a turn of an event loop.
// man 2 getppid, sigaction, mprotect, epoll_wait; man 7 epoll.
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "row.h"

static void getppids(int count) {
  for (int i = 0; i < count; i++) syscall(SYS_getppid);
}

static void call(int count, char **arguments) {
  getppids(count / 10);
  moment("run");
  getppids(count);
  moment("end");
}

static volatile char *page;

static void allow(int number, siginfo_t *info, void *context) {
  if (mprotect((void *)page, 4096, PROT_READ | PROT_WRITE)) _exit(1);
}

static void violate(int count) {
  for (int i = 0; i < count; i++) {
    if (mprotect((void *)page, 4096, PROT_READ)) die("mprotect");
    *page = i;
  }
}

/** A write to a page that may be read: SIGSEGV, whose handler allows it, and back. */
static void segv(int count, char **arguments) {
  struct sigaction action = {.sa_sigaction = allow, .sa_flags = SA_SIGINFO};
  page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED || sigaction(SIGSEGV, &action, 0)) die("segv");
  violate(count / 10);
  moment("run");
  violate(count);
  moment("end");
}

static void there(int epoll, int from, int to) {
  struct epoll_event event;
  char byte = 1;
  if (write(from, &byte, 1) != 1 || epoll_wait(epoll, &event, 1, -1) != 1 || event.data.fd != to || read(to, &byte, 1) != 1)
    die("round trip");
}

static void round_trips(int epoll, int *pair, int count) {
  for (int i = 0; i < count; i++) {
    there(epoll, pair[0], pair[1]);
    there(epoll, pair[1], pair[0]);
  }
}

/** A byte goes to the other end and one comes back, each told of by epoll. */
static void epoll(int count, char **arguments) {
  int pair[2], epoll = epoll_create1(0);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) die("socketpair");
  for (int i = 0; i < 2; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = pair[i]};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, pair[i], &event)) die("epoll_ctl");
  }
  round_trips(epoll, pair, count / 10);
  moment("run");
  round_trips(epoll, pair, count);
  moment("end");
}

const struct row rows[] = {{"getppid", call}, {"segv", segv}, {"epoll", epoll}, {0}};
