// man 2 clock_gettime, man 7 vdso, man 2 nanosleep: clocks as the vDSO and the calls tell them are the same clocks, and none goes back.
#include "show.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

static double seconds(struct timespec time) {
  return time.tv_sec + time.tv_nsec / 1e9;
}
static double by_vdso(int clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return seconds(time);
}
static double by_call(int clock) {
  struct timespec time;
  syscall(SYS_clock_gettime, clock, &time);
  return seconds(time);
}
static double by_gettimeofday(void) {
  struct timeval time;
  syscall(SYS_gettimeofday, &time, NULL);
  return time.tv_sec + time.tv_usec / 1e6;
}

// How often a clock went back while it was asked one way and the other, with work and calls between.
static int back(int clock) {
  double last = 0;
  int count = 0;
  for (int i = 0; i < 2000; i++) {
    double now = i % 3 == 0 ? by_call(clock) : by_vdso(clock);
    count += now < last;
    last = now;
    for (volatile int work = i * 79 % 300; work > 0; work--) {}
    if (i % 5 == 0) getppid();
  }
  return count;
}

static void same(void) {
  family("one clock");
  show("CLOCK_MONOTONIC never goes back", back(CLOCK_MONOTONIC));
  show("  nor does CLOCK_MONOTONIC_RAW", back(CLOCK_MONOTONIC_RAW));
  show("  nor CLOCK_BOOTTIME", back(CLOCK_BOOTTIME));
  show("  nor the date, unless it is set", back(CLOCK_REALTIME));
  int count = 0;
  for (int i = 0; i < 500; i++) {
    double before = by_vdso(CLOCK_REALTIME), called = by_gettimeofday();
    // microseconds are cut off
    count += called + 2e-6 < before || by_vdso(CLOCK_REALTIME) + 1e-6 < called;
  }
  show("gettimeofday() is that date", count);
  time_t before = by_vdso(CLOCK_REALTIME), called = syscall(SYS_time, NULL), after = by_vdso(CLOCK_REALTIME);
  show("  and time()", called >= before - 1 && called <= after);
  struct stat state;
  for (int i = count = 0; i < 200; i++) {
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    write(fd, "x", 1), fstat(fd, &state), close(fd);
    count += seconds(state.st_mtim) > by_vdso(CLOCK_REALTIME) + 1e-6;
  }
  unlink("file");
  show("files that are from the future", count);
  // a datagram's time lies between its sending and its reading
  int on = 1;
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in name = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } };
  socklen_t length = sizeof name;
  bind(udp, (void *)&name, length), getsockname(udp, (void *)&name, &length), connect(udp, (void *)&name, length);
  setsockopt(udp, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  for (int i = count = 0; i < 200; i++) {
    char byte, space[64];
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
    for (volatile int work = i * 79 % 300; work > 0; work--) {}
    double sent = by_vdso(CLOCK_REALTIME);
    send(udp, "x", 1, 0), recvmsg(udp, &message, 0);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    double stamped = header ? seconds(*(struct timespec *)CMSG_DATA(header)) : 0;
    count += stamped + 1e-6 < sent || stamped > by_vdso(CLOCK_REALTIME) + 1e-6;
  }
  show("datagrams from before or after", count);
  struct sysinfo info;
  sysinfo(&info);
  show("a machine has been up for a while", info.uptime > 0 && by_vdso(CLOCK_MONOTONIC) >= 1);
  show("  as its clocks say", by_vdso(CLOCK_BOOTTIME) >= by_vdso(CLOCK_MONOTONIC) - 0.1);
}

static void waits(void) {
  family("waits");
  double start = by_vdso(CLOCK_MONOTONIC);
  struct timespec wanted = { 0, 20000000 };
  nanosleep(&wanted, NULL);
  show("nanosleep() is never short", by_vdso(CLOCK_MONOTONIC) - start >= 0.02);
  start = by_vdso(CLOCK_MONOTONIC);
  poll(NULL, 0, 20);
  show("  nor is poll()", by_vdso(CLOCK_MONOTONIC) - start >= 0.02);
  clock_gettime(CLOCK_MONOTONIC, &wanted);
  wanted.tv_nsec += 20000000;
  if (wanted.tv_nsec > 999999999) wanted.tv_sec++, wanted.tv_nsec -= 1000000000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wanted, NULL);
  show("  until a time", by_vdso(CLOCK_MONOTONIC) >= seconds(wanted));
  int fd = timerfd_create(CLOCK_MONOTONIC, 0);
  struct itimerspec timer = { { 0, 0 }, { 0, 20000000 } };
  long long expired = 0;
  start = by_vdso(CLOCK_MONOTONIC);
  timerfd_settime(fd, 0, &timer, NULL);
  show("a timer's file", read(fd, &expired, 8));
  show("  is not early", by_vdso(CLOCK_MONOTONIC) - start >= 0.02);
}

static void wrong(void) {
  family("errors");
  struct timespec time = { 0, 0 };
  show("no such clock", clock_gettime(55, &time));
  show("  its resolution", clock_getres(55, &time));
  show("the monotonic clock is not set", clock_settime(CLOCK_MONOTONIC, &time));
  time.tv_nsec = 1000000000;
  show("too many nanoseconds", clock_settime(CLOCK_REALTIME, &time));
  show("to sleep so", nanosleep(&time, NULL));
  show("resolution", (clock_getres(CLOCK_MONOTONIC, &time), time.tv_nsec));
  show("  of the coarse clock", (clock_getres(CLOCK_MONOTONIC_COARSE, &time), time.tv_nsec % 1000000));
}

int main(void) {
  same();
  waits();
  wrong();
  return 0;
}
