// epoll(7), eventfd(2), timerfd_create(2), signalfd(2), poll(2), select(2): when things are ready, and what the calls refuse.
#include "show.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

static int add(int ep, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
}
static int ready(int ep, int timeout) {
  struct epoll_event events[8];
  return epoll_wait(ep, events, 8, timeout);
}

int main(void) {
  struct epoll_event event, events[4];
  int ep = epoll_create1(0), pipes[2], pair[2];
  char buffer[64];
  uint64_t count;
  pipe(pipes);

  family("epoll");
  show("epoll_create: a size of 0 is EINVAL", epoll_create(0));
  show("epoll_create1: unknown flags are EINVAL", epoll_create1(123));
  show("EPOLL_CTL_ADD of a pipe", add(ep, pipes[0], EPOLLIN));
  show("EPOLL_CTL_ADD twice is EEXIST", add(ep, pipes[0], EPOLLIN));
  show("EPOLL_CTL_ADD of a bad descriptor is EBADF", add(ep, 99, EPOLLIN));
  show("EPOLL_CTL_ADD of the instance itself is EINVAL", add(ep, ep, EPOLLIN));
  int file = open("regular", O_RDWR | O_CREAT, 0600);
  show("EPOLL_CTL_ADD of a regular file is EPERM", add(ep, file, EPOLLIN));
  unlink("regular");
  show("EPOLL_CTL_MOD of what is not watched is ENOENT", epoll_ctl(ep, EPOLL_CTL_MOD, pipes[1], &event));
  show("EPOLL_CTL_DEL of what is not watched is ENOENT", epoll_ctl(ep, EPOLL_CTL_DEL, pipes[1], &event));
  show("epoll_wait: maxevents of 0 is EINVAL", epoll_wait(ep, events, 0, 0));
  show("epoll_wait of a file that is no epoll is EINVAL", epoll_wait(pipes[0], events, 1, 0));
  show("nothing is ready", ready(ep, 0));
  write(pipes[1], "abc", 3);
  show("level-triggered: ready", epoll_wait(ep, events, 4, 0));
  show("  with EPOLLIN", events[0].events);
  show("  and the data that was set", events[0].data.fd == pipes[0]);
  show("level-triggered: ready again", ready(ep, 0));
  read(pipes[0], buffer, 3);
  show("read: not ready", ready(ep, 0));
  event.events = EPOLLIN | EPOLLET;
  event.data.fd = pipes[0];
  epoll_ctl(ep, EPOLL_CTL_MOD, pipes[0], &event);
  write(pipes[1], "a", 1);
  show("edge-triggered: ready once", ready(ep, 0));
  show("edge-triggered: not again", ready(ep, 0));
  write(pipes[1], "b", 1);
  show("edge-triggered: ready when more came", ready(ep, 0));
  event.events = EPOLLIN | EPOLLONESHOT;
  epoll_ctl(ep, EPOLL_CTL_MOD, pipes[0], &event);
  show("EPOLLONESHOT: ready once", ready(ep, 0));
  show("EPOLLONESHOT: then disabled", ready(ep, 0));
  epoll_ctl(ep, EPOLL_CTL_MOD, pipes[0], &event);
  show("EPOLLONESHOT: armed again", ready(ep, 0));
  int outer = epoll_create1(0);
  show("an epoll can be watched", add(outer, ep, EPOLLIN));
  event.events = EPOLLIN;
  epoll_ctl(ep, EPOLL_CTL_MOD, pipes[0], &event);
  show("  and is ready when it has something", ready(outer, 0));
  show("a loop is ELOOP", add(ep, outer, EPOLLIN));
  int copy = dup(pipes[0]);
  show("a duplicate is watched by itself", add(ep, copy, EPOLLIN));
  show("  both are ready", ready(ep, 0));
  close(pipes[0]);
  show("  the open file is not closed: still two", ready(ep, 0));
  close(copy);
  show("  closed for good: none", ready(ep, 0));
  close(pipes[1]);
  pipe(pipes);
  add(ep, pipes[0], EPOLLIN);
  close(pipes[1]);
  epoll_wait(ep, events, 4, 0);
  show("the writer's end: EPOLLHUP, asked for or not", events[0].events);

  family("eventfd");
  int ev = eventfd(3, EFD_NONBLOCK);
  show("read gives the count in 8 bytes", read(ev, &count, 8));
  show("  which was 3", count);
  show("read of 0 is EAGAIN", read(ev, &count, 8));
  show("read of less than 8 bytes is EINVAL", read(ev, &count, 4));
  count = UINT64_MAX;
  show("write of all ones is EINVAL", write(ev, &count, 8));
  count = UINT64_MAX - 1;
  show("write of the largest", write(ev, &count, 8));
  count = 1;
  show("write beyond it is EAGAIN", write(ev, &count, 8));
  int sem = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  read(sem, &count, 8);
  show("EFD_SEMAPHORE: one at a time", count);
  read(sem, &count, 8);
  show("EFD_SEMAPHORE: then the other", count);
  show("EFD_SEMAPHORE: then EAGAIN", read(sem, &count, 8));
  show("unknown flags are EINVAL", eventfd(0, 0x40000000));

  family("timerfd");
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct itimerspec spec = {.it_value = {.tv_nsec = 20000000}, .it_interval = {.tv_nsec = 10000000}}, old;
  show("a clock that is none is EINVAL", timerfd_create(77, 0));
  show("not set: EAGAIN", read(timer, &count, 8));
  show("timerfd_settime", timerfd_settime(timer, 0, &spec, NULL));
  struct pollfd poll_timer = {.fd = timer, .events = POLLIN};
  show("poll waits for it", poll(&poll_timer, 1, 5000));
  show("read of 8 bytes", read(timer, &count, 8));
  show("  at least one expiration", count >= 1);
  timerfd_gettime(timer, &old);
  show("the interval is told", old.it_interval.tv_nsec);
  show("what is left is no more than it", old.it_value.tv_sec == 0 && old.it_value.tv_nsec <= 10000000 && old.it_value.tv_nsec > 0);
  memset(&spec, 0, sizeof spec);
  timerfd_settime(timer, 0, &spec, &old);
  show("settime gives the old interval", old.it_interval.tv_nsec);
  spec.it_value.tv_nsec = 1000000000;
  show("nanoseconds of a whole second are EINVAL", timerfd_settime(timer, 0, &spec, NULL));
  show("settime of what is no timer is EINVAL", timerfd_settime(ev, 0, &old, NULL));

  family("signalfd");
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int sig = signalfd(-1, &set, SFD_NONBLOCK);
  struct signalfd_siginfo info;
  show("nothing pending: EAGAIN", read(sig, &info, sizeof info));
  kill(getpid(), SIGUSR1);
  struct pollfd poll_signal = {.fd = sig, .events = POLLIN};
  show("poll says readable", poll(&poll_signal, 1, 0));
  show("read gives one siginfo of 128 bytes", read(sig, &info, sizeof info));
  show("  of SIGUSR1", info.ssi_signo);
  show("  from this process", info.ssi_pid == (uint32_t)getpid());
  show("  with SI_USER", info.ssi_code);
  show("a buffer that is too small is EINVAL", read(sig, &info, 10));
  show("signalfd of another file is EINVAL", signalfd(ev, &set, 0));

  family("poll and select");
  pipe(pipes);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  struct pollfd fds[3] = {{.fd = pipes[0], .events = POLLIN}, {.fd = pipes[1], .events = POLLOUT}, {.fd = 99, .events = POLLIN}};
  show("a closed descriptor is POLLNVAL and counts", poll(fds, 3, 0));
  show("  its revents", fds[2].revents);
  show("  the pipe can be written", fds[1].revents);
  show("  and has nothing to read", fds[0].revents);
  fds[0].fd = -1;
  show("a negative descriptor is passed over", poll(fds, 1, 0));
  show("  with revents of 0", fds[0].revents);
  fds[0].fd = pipes[0];
  show("time-out: 0", poll(fds, 1, 10));
  close(pipes[1]);
  show("the writer is gone", poll(fds, 1, 0));
  show("  POLLHUP", fds[0].revents);
  fds[0].fd = pair[0];
  fds[0].events = POLLIN | POLLRDHUP;
  shutdown(pair[1], SHUT_WR);
  poll(fds, 1, 0);
  show("a socket's peer has shut its half", fds[0].revents);
  fd_set reads, writes;
  FD_ZERO(&reads);
  FD_ZERO(&writes);
  FD_SET(pair[0], &reads);
  FD_SET(pair[0], &writes);
  struct timeval time = {0, 0};
  show("select counts each set", select(pair[0] + 1, &reads, &writes, NULL, &time));
  // the table of descriptors is that long at least
  dup2(pair[0], 120);
  FD_SET(98, &reads);
  show("select of a closed descriptor is EBADF", select(99, &reads, NULL, NULL, &time));
  show("select of a negative count is EINVAL", select(-1, NULL, NULL, NULL, &time));
  return 0;
}
