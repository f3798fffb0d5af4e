// poll(2) on every kind of file: what is ready, and when.
#include "show.h"
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>

#define ALL (POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLWRNORM | POLLRDHUP)
static int ready(int fd) {
  struct pollfd one = {fd, ALL, 0};
  int count = poll(&one, 1, 0);
  return count < 0 ? -1 : one.revents;
}
#define at(rule, fd) show("poll(2): " rule, ready(fd))

int main(void) {
  int pair[2], fd;
  char block[65536] = "";
  family("poll on every kind of file");
  fd = open("file", O_CREAT | O_RDWR, 0600);
  at("a file, at its end", fd);
  at("a file that is read only", open("file", O_RDONLY));
  at("a directory", open(".", O_RDONLY));
  at("O_PATH", open("file", O_PATH));
  at("/dev/null", open("/dev/null", O_RDWR));
  at("/dev/zero", open("/dev/zero", O_RDWR));
  at("/dev/full", open("/dev/full", O_RDWR));
  at("a file of /proc", open("/proc/self/status", O_RDONLY));
  at("a memfd", memfd_create("m", 0));
  at("not open", 999);
  pipe2(pair, O_NONBLOCK);
  at("pipe(7): the reading end, empty", pair[0]);
  at("pipe(7): the writing end, empty", pair[1]);
  while (write(pair[1], block, sizeof block) > 0) {}
  at("pipe(7): the reading end, full", pair[0]);
  at("pipe(7): the writing end, full", pair[1]);
  close(pair[0]);
  at("pipe(7): nobody reads", pair[1]);
  pipe(pair);
  write(pair[1], "x", 1);
  close(pair[1]);
  at("pipe(7): nobody writes any more, data are left", pair[0]);
  read(pair[0], block, 1);
  at("pipe(7): nobody writes any more", pair[0]);
  mkfifo("fifo", 0600);
  fd = open("fifo", O_RDONLY | O_NONBLOCK);
  at("fifo(7): nobody has written yet", fd);
  close(open("fifo", O_WRONLY));
  at("fifo(7): the writer is gone", fd);
  at("fifo(7): both ways", open("fifo", O_RDWR));
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
  at("unix(7): a stream", pair[0]);
  write(pair[1], "x", 1);
  at("unix(7): a stream with data", pair[0]);
  shutdown(pair[1], SHUT_WR);
  at("unix(7): the peer has shut its half", pair[0]);
  close(pair[1]);
  at("unix(7): the peer is gone", pair[0]);
  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
  at("unix(7): datagrams", pair[0]);
  while (send(pair[0], block, 1000, 0) > 0) {}
  at("unix(7): datagrams, the peer's queue is full", pair[0]);
  at("unix(7): datagrams to read", pair[1]);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  at("unix(7): a stream that is not connected", fd);
  struct sockaddr_un name = {AF_UNIX, "socket"};
  bind(fd, (struct sockaddr *)&name, sizeof name);
  listen(fd, 5);
  at("unix(7): listening", fd);
  int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  connect(client, (struct sockaddr *)&name, sizeof name);
  at("unix(7): listening, somebody has connected", fd);
  at("unix(7): connected, not accepted", client);
  fd = eventfd(0, EFD_NONBLOCK);
  at("eventfd(2): 0", fd);
  uint64_t value = 0xfffffffffffffffeull;
  write(fd, &value, 8);
  at("eventfd(2): the largest", fd);
  fd = timerfd_create(CLOCK_MONOTONIC, 0);
  at("timerfd_create(2): not set", fd);
  struct itimerspec soon = {{0, 0}, {0, 1}};
  timerfd_settime(fd, 0, &soon, 0);
  poll(&(struct pollfd){fd, POLLIN}, 1, 5000);
  at("timerfd_create(2): expired", fd);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  fd = signalfd(-1, &set, 0);
  at("signalfd(2): nothing pending", fd);
  raise(SIGUSR1);
  at("signalfd(2): pending", fd);
  int epoll = epoll_create1(0);
  at("epoll(7): nothing in it", epoll);
  struct epoll_event event = {EPOLLIN};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  at("epoll(7): something is ready", epoll);
  pid_t pid = fork();
  if (pid == 0) for (;;) pause();
  fd = syscall(SYS_pidfd_open, pid, 0);
  at("pidfd_open(2): it runs", fd);
  kill(pid, SIGKILL);
  poll(&(struct pollfd){fd, POLLIN}, 1, 5000);
  at("pidfd_open(2): it has ended", fd);
  waitpid(pid, NULL, 0);
  fd = inotify_init();
  inotify_add_watch(fd, ".", IN_CREATE);
  at("inotify(7): nothing", fd);
  close(open("another", O_CREAT | O_RDWR, 0600));
  at("inotify(7): an event", fd);
  int master, slave;
  openpty(&master, &slave, 0, 0, 0);
  at("pty(7): the master", master);
  at("pty(7): the slave", slave);
  write(slave, "x", 1);
  usleep(20000);
  at("pty(7): the master has output", master);
  write(master, "no line yet", 11);
  usleep(20000);
  at("pty(7): the slave: a line that is not ended", slave);
  write(master, "\n", 1);
  usleep(20000);
  at("pty(7): the slave: a line", slave);
  close(master);
  usleep(20000);
  at("pty(7): the slave: the master is gone", slave);
  return 0;
}
