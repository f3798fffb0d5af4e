// tcp(7), ip(7), socket(7), connect(2), listen(2), accept(2), shutdown(2): connections over the loopback, and how they end.
#include "show.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <linux/sockios.h>

static char buffer[1 << 20];
static int on = 1, off = 0;

static struct sockaddr_in at(const char *address, int port) {
  struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &result.sin_addr);
  return result;
}
static struct sockaddr_in name_of(int s) {
  struct sockaddr_in name = {0};
  socklen_t length = sizeof name;
  getsockname(s, (void *)&name, &length);
  return name;
}
static int listener(int backlog) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in name = at("127.0.0.1", 0);
  bind(s, (void *)&name, sizeof name);
  listen(s, backlog);
  return s;
}
static int dial(int to, int flags) {
  struct sockaddr_in name = name_of(to);
  int s = socket(AF_INET, SOCK_STREAM | flags, 0);
  connect(s, (void *)&name, sizeof name);
  return s;
}
static int option(int s, int level, int name) {
  int value = -7;
  socklen_t length = sizeof value;
  if (getsockopt(s, level, name, &value, &length) < 0) return -1;
  return value;
}
static int set(int s, int level, int name, int value) { return setsockopt(s, level, name, &value, sizeof value); }
static int poll_now(int s) {
  struct pollfd p = {s, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
  poll(&p, 1, 0);
  return p.revents;
}
// what comes sooner or later: a process of the other side may not have run yet
static int poll_for(int s, int events) {
  struct pollfd p = {s, events, 0};
  poll(&p, 1, 5000);
  return p.revents & events;
}
static void pair(int *a, int *b) {
  int l = listener(1);
  *a = dial(l, 0);
  *b = accept(l, NULL, NULL);
  close(l);
}
static int urgent_signals;
static void on_urgent(int signal) { urgent_signals++; }
static int io_signals;
static void on_io(int signal) { io_signals++; }

int main(void) {
  int l, a, b, c, value;
  socklen_t length;
  struct sockaddr_in name, from;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGURG, on_urgent);

  family("unconnected");
  a = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  show("IPPROTO_UDP of a stream is EPROTONOSUPPORT", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
  show("poll", poll_now(a));
  show("read is ENOTCONN", read(a, buffer, 1));
  show("write is EPIPE", write(a, "x", 1));
  show("getpeername is ENOTCONN", getpeername(a, (void *)&from, (length = sizeof from, &length)));
  show("shutdown is ENOTCONN", shutdown(a, SHUT_RDWR));
  show("accept is EINVAL", accept(a, NULL, NULL));
  show("SO_ACCEPTCONN is 0", option(a, SOL_SOCKET, SO_ACCEPTCONN));
  show("SO_RCVBUF", option(a, SOL_SOCKET, SO_RCVBUF));
  show("SO_SNDBUF", option(a, SOL_SOCKET, SO_SNDBUF));
  show("FIONREAD is 0", (ioctl(a, FIONREAD, &value), value));

  family("options");
  show("TCP_NODELAY is off", option(a, IPPROTO_TCP, TCP_NODELAY));
  show("  set", set(a, IPPROTO_TCP, TCP_NODELAY, 5));
  show("  is 1", option(a, IPPROTO_TCP, TCP_NODELAY));
  show("TCP_MAXSEG of none is 536", option(a, IPPROTO_TCP, TCP_MAXSEG));
  show("  too small is EINVAL", set(a, IPPROTO_TCP, TCP_MAXSEG, 5));
  show("TCP_KEEPIDLE", option(a, IPPROTO_TCP, TCP_KEEPIDLE));
  show("  0 is EINVAL", set(a, IPPROTO_TCP, TCP_KEEPIDLE, 0));
  show("  32768 is EINVAL", set(a, IPPROTO_TCP, TCP_KEEPIDLE, 32768));
  show("  100", set(a, IPPROTO_TCP, TCP_KEEPIDLE, 100));
  show("  is kept", option(a, IPPROTO_TCP, TCP_KEEPIDLE));
  show("TCP_KEEPINTVL", option(a, IPPROTO_TCP, TCP_KEEPINTVL));
  show("TCP_KEEPCNT", option(a, IPPROTO_TCP, TCP_KEEPCNT));
  show("  128 is EINVAL", set(a, IPPROTO_TCP, TCP_KEEPCNT, 128));
  show("TCP_USER_TIMEOUT is 0", option(a, IPPROTO_TCP, TCP_USER_TIMEOUT));
  show("  negative is EINVAL", set(a, IPPROTO_TCP, TCP_USER_TIMEOUT, -1));
  show("TCP_CORK is off", option(a, IPPROTO_TCP, TCP_CORK));
  show("TCP_SYNCNT is 6", option(a, IPPROTO_TCP, TCP_SYNCNT));
  show("an option that is none is ENOPROTOOPT", option(a, IPPROTO_TCP, 77));
  show("  to set as well", set(a, IPPROTO_TCP, 77, 1));
  show("a short value is EINVAL", setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &on, 2));
  show("a value that can't be read is EFAULT", setsockopt(a, IPPROTO_TCP, TCP_NODELAY, (void *)16, 4));
  struct linger linger = {1, 3};
  setsockopt(a, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  memset(&linger, 0, sizeof linger);
  length = sizeof linger;
  getsockopt(a, SOL_SOCKET, SO_LINGER, &linger, &length);
  show("SO_LINGER", linger.l_onoff * 100 + linger.l_linger);
  show("SO_KEEPALIVE", set(a, SOL_SOCKET, SO_KEEPALIVE, 1) + option(a, SOL_SOCKET, SO_KEEPALIVE));
  show("SO_REUSEPORT", set(a, SOL_SOCKET, SO_REUSEPORT, 1) + option(a, SOL_SOCKET, SO_REUSEPORT));
  show("SO_ERROR is 0", option(a, SOL_SOCKET, SO_ERROR));
  close(a);

  family("listening");
  l = socket(AF_INET, SOCK_STREAM, 0);
  name = at("127.0.0.1", 0);
  show("bind", bind(l, (void *)&name, sizeof name));
  show("listen", listen(l, 5));
  show("  once more changes the backlog", listen(l, 3));
  show("SO_ACCEPTCONN is 1", option(l, SOL_SOCKET, SO_ACCEPTCONN));
  show("poll of nobody", poll_now(l));
  show("read is ENOTCONN", read(l, buffer, 1));
  name = name_of(l);
  show("connect on a listener is EISCONN", connect(l, (void *)&name, sizeof name));
  show("bind on a listener is EINVAL", bind(l, (void *)&name, sizeof name));
  fcntl(l, F_SETFL, O_NONBLOCK);
  show("accept without anybody is EAGAIN", accept(l, NULL, NULL));
  fcntl(l, F_SETFL, 0);
  a = socket(AF_INET, SOCK_STREAM, 0);
  show("listen without a name", listen(a, 1));
  show("  chooses a port", name_of(a).sin_port != 0);
  close(a);
  a = socket(AF_INET, SOCK_STREAM, 0);
  show("a port that is listened on is EADDRINUSE", bind(a, (void *)&name, sizeof name));
  set(a, SOL_SOCKET, SO_REUSEADDR, 1);
  show("  also with SO_REUSEADDR", bind(a, (void *)&name, sizeof name));
  close(a);

  family("connecting");
  a = socket(AF_INET, SOCK_STREAM, 0);
  show("a short address is EINVAL", connect(a, (void *)&name, 5));
  name.sin_family = AF_INET6;
  show("another family is EAFNOSUPPORT", connect(a, (void *)&name, sizeof name));
  name.sin_family = AF_INET;
  show("connect", connect(a, (void *)&name, sizeof name));
  show("  once more is EISCONN", connect(a, (void *)&name, sizeof name));
  show("  poll", poll_now(a));
  show("the listener is ready", poll_for(l, POLLIN));
  length = sizeof from;
  b = accept(l, (void *)&from, &length);
  show("accept", b >= 0);
  show("  the peer's port", from.sin_port == name_of(a).sin_port);
  show("  the length of the address", length);
  show("  the local name is the listener's", name_of(b).sin_port == name.sin_port);
  show("  not non-blocking", fcntl(b, F_GETFL) & O_NONBLOCK);
  getpeername(a, (void *)&from, (length = sizeof from, &length));
  show("getpeername", from.sin_port == name.sin_port);
  show("bind now is EINVAL", bind(a, (void *)&name, sizeof name));
  show("listen now is EINVAL", listen(a, 1));
  show("TCP_INFO: established", (length = 104, getsockopt(a, IPPROTO_TCP, TCP_INFO, buffer, &length), buffer[0]));
  c = dial(l, SOCK_NONBLOCK);
  int d = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  show("accept4 with SOCK_NONBLOCK", (fcntl(d, F_GETFL) & O_NONBLOCK) != 0);
  show("  and SOCK_CLOEXEC", fcntl(d, F_GETFD));
  show("  a bad flag is EINVAL", accept4(l, NULL, NULL, 5));
  close(c);
  close(d);

  family("data");
  show("write", write(a, "hello ", 6));
  show("write", write(a, "world", 5));
  poll_for(b, POLLIN);
  show("FIONREAD", (ioctl(b, FIONREAD, &value), value));
  show("MSG_PEEK", recv(b, buffer, 5, MSG_PEEK));
  show("read joins writes", read(b, buffer, 100));
  buffer[11] = 0;
  text("  the text", buffer);
  show("MSG_DONTWAIT without data is EAGAIN", recv(b, buffer, 5, MSG_DONTWAIT));
  show("read of 0 bytes is 0", read(b, buffer, 0));
  show("write of 0 bytes is 0", write(b, "", 0));
  show("an unreadable buffer is EFAULT", write(a, (void *)16, 5));
  show("an unwritable buffer is EFAULT", (write(a, "12345", 5), poll_for(b, POLLIN), read(b, (void *)16, 5)));
  show("  and nothing is lost", read(b, buffer, 100));
  length = sizeof from;
  write(a, "addr", 4);
  poll_for(b, POLLIN);
  show("recvfrom", recvfrom(b, buffer, 100, 0, (void *)&from, &length));
  show("  gives no address", length);
  name = name_of(l);
  show("sendto of a connected stream ignores the address", sendto(a, "abcdef", 6, 0, (void *)&name, sizeof name));
  poll_for(b, POLLIN);
  show("MSG_TRUNC throws bytes away", recv(b, NULL, 4, MSG_TRUNC));
  show("  of them", recv(b, buffer, 100, 0));
  struct iovec parts[2] = {{"scat", 4}, {"tered", 5}};
  show("writev", writev(a, parts, 2));
  parts[0] = (struct iovec){buffer, 3};
  parts[1] = (struct iovec){buffer + 10, 20};
  poll_for(b, POLLIN);
  show("readv", readv(b, parts, 2));
  if (fork() == 0) {
    for (int i = 0; i < 4; i++) usleep(2000), write(a, "part", 4);
    _exit(0);
  }
  show("MSG_WAITALL waits for all", recv(b, buffer, 16, MSG_WAITALL));
  wait(NULL);
  set(b, SOL_SOCKET, SO_RCVLOWAT, 8);
  write(a, "four", 4);
  show("SO_RCVLOWAT: fewer do not make it ready", poll_now(b) & POLLIN);
  write(a, "more", 4);
  show("  enough do", poll_for(b, POLLIN));
  show("  all are read", read(b, buffer, 100));
  set(b, SOL_SOCKET, SO_RCVLOWAT, 1);
  set(a, IPPROTO_TCP, TCP_CORK, 1);
  write(a, "corked", 6);
  show("TCP_CORK keeps little pieces", recv(b, buffer, 100, MSG_DONTWAIT));
  set(a, IPPROTO_TCP, TCP_CORK, 0);
  poll_for(b, POLLIN);
  show("  until it is off", recv(b, buffer, 100, MSG_DONTWAIT));
  struct timeval tv = {0, 20000};
  setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
  show("SO_RCVTIMEO ends read with EAGAIN", read(b, buffer, 1));
  tv.tv_usec = 0;
  setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);

  family("much data");
  fcntl(a, F_SETFL, O_NONBLOCK);
  long filled = 0, n;
  memset(buffer, 'x', sizeof buffer);
  while ((n = write(a, buffer, sizeof buffer)) > 0) filled += n;
  show("a full socket is EAGAIN", n);
  show("  more than 64 KiB had room", filled > 65536);
  show("  poll: not writable", poll_now(a) & POLLOUT);
  long got = 0;
  while (got < filled && (n = read(b, buffer, sizeof buffer)) > 0) got += n;
  show("  all of it arrives", got == filled);
  show("  and makes room", poll_for(a, POLLOUT));
  fcntl(a, F_SETFL, 0);
  pid_t child = fork();
  if (child == 0) {
    close(b);
    for (int i = 0; i < 3000000;) {
      unsigned char piece[5000];
      int size = i % 4999 + 1;
      if (size > 3000000 - i) size = 3000000 - i;
      for (int k = 0; k < size; k++) piece[k] = (i + k) * 7 >> 3;
      if (write(a, piece, size) != size) _exit(1);
      i += size;
    }
    _exit(0);
  }
  long wrong = 0;
  for (long i = 0; i < 3000000; i += n) {
    n = read(b, buffer, 3000000 - i < 70000 ? 3000000 - i : 70000);
    if (n <= 0) break;
    for (int k = 0; k < n; k++) wrong += (unsigned char)buffer[k] != (unsigned char)((i + k) * 7 >> 3);
    got = i + n;
  }
  waitpid(child, &value, 0);
  show("3,000,000 bytes of a child", got);
  show("  each as it was", wrong);
  show("  and the child has ended well", value);
  FILE *file = tmpfile();
  for (int i = 0; i < 100000; i++) fputc(i * 3, file);
  fflush(file);
  off_t offset = 10;
  show("sendfile", sendfile(a, fileno(file), &offset, 50000));
  show("  arrives", recv(b, buffer, 50000, MSG_WAITALL));
  show("  as it was", (unsigned char)buffer[49999] == (unsigned char)((49999 + 10) * 3));

  family("urgent data");
  fcntl(b, F_SETOWN, getpid());
  show("send with MSG_OOB", send(a, "ab!", 3, MSG_OOB));
  show("  poll tells of it", poll_for(b, POLLPRI));
  show("  SIGURG came", urgent_signals);
  send(a, "cd", 2, 0);
  show("  at the mark: no", (ioctl(b, SIOCATMARK, &value), value));
  show("  MSG_OOB reads it", recv(b, buffer, 10, MSG_OOB));
  text("    the byte", (buffer[1] = 0, buffer));
  show("  once: EINVAL", recv(b, buffer, 10, MSG_OOB));
  show("  a read ends in front of it", recv(b, buffer, 10, 0));
  show("  at the mark: yes", (ioctl(b, SIOCATMARK, &value), value));
  show("  the next read is behind it", recv(b, buffer, 10, 0));
  set(b, SOL_SOCKET, SO_OOBINLINE, 1);
  send(a, "in!", 3, MSG_OOB);
  poll_for(b, POLLPRI);
  show("with SO_OOBINLINE MSG_OOB is EINVAL", recv(b, buffer, 10, MSG_OOB));
  show("  a read ends in front of it", recv(b, buffer, 10, 0));
  show("  the next one has it", recv(b, buffer, 10, 0));
  set(b, SOL_SOCKET, SO_OOBINLINE, 0);

  signal(SIGIO, on_io);
  show("O_ASYNC", fcntl(b, F_SETFL, O_ASYNC));
  show("  is shown by F_GETFL", (fcntl(b, F_GETFL) & O_ASYNC) != 0);
  write(a, "io", 2);
  poll_for(b, POLLIN);
  show("  data are a SIGIO to the owner", io_signals > 0);
  show("  FIOASYNC takes it back", ioctl(b, FIOASYNC, &off));
  value = io_signals;
  write(a, "io", 2);
  show("  the data", recv(b, buffer, 4, MSG_WAITALL));
  show("  and no more signals", io_signals - value);

  family("half close");
  show("shutdown of writing", shutdown(a, SHUT_WR));
  show("  write is EPIPE", write(a, "x", 1));
  show("  the peer sees the end", poll_for(b, POLLIN | POLLRDHUP));
  show("  and reads it", read(b, buffer, 10));
  show("  again", read(b, buffer, 10));
  show("  what it writes", write(b, "still", 5));
  poll_for(a, POLLIN);
  show("  is read", read(a, buffer, 10));
  show("shutdown with a bad how is EINVAL", shutdown(b, 7));
  show("poll of a", poll_now(a));
  show("poll of b", poll_now(b));
  shutdown(b, SHUT_WR);
  poll_for(a, POLLHUP);
  show("both ends are shut: poll of a", poll_now(a));
  poll_for(b, POLLHUP);
  show("  poll of b", poll_now(b));
  close(a);
  close(b);
  pair(&a, &b);
  shutdown(b, SHUT_RD);
  show("shutdown of reading: read gives 0", read(b, buffer, 10));
  show("  poll", poll_now(b));
  show("  the peer may write on", write(a, "x", 1));
  close(a);
  close(b);

  family("the end");
  pair(&a, &b);
  close(b);
  poll_for(a, POLLIN);
  show("the peer has closed: read", read(a, buffer, 10));
  show("  the first write", write(a, "x", 1));
  poll_for(a, POLLERR | POLLHUP);
  show("  poll then", poll_now(a));
  show("  the second write is EPIPE", write(a, "x", 1));
  show("  read", read(a, buffer, 10));
  close(a);
  pair(&a, &b);
  write(a, "unread", 6);
  poll_for(b, POLLIN);
  close(b);
  show("the peer closed with data unread: poll", poll_for(a, POLLERR | POLLHUP | POLLIN));
  show("  read is ECONNRESET", read(a, buffer, 10));
  show("  once", read(a, buffer, 10));
  show("  write is EPIPE", write(a, "x", 1));
  close(a);
  pair(&a, &b);
  linger = (struct linger){1, 0};
  setsockopt(b, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(b);
  poll_for(a, POLLHUP);
  show("SO_LINGER of 0 resets: SO_ERROR", option(a, SOL_SOCKET, SO_ERROR));
  show("  getpeername is ENOTCONN", getpeername(a, (void *)&from, (length = sizeof from, &length)));
  show("  read is the end", read(a, buffer, 10));
  close(a);
  pair(&a, &b);
  write(a, "last words", 10);
  close(a);
  show("what was written before close arrives", recv(b, buffer, 10, MSG_WAITALL));
  show("  and then the end", read(b, buffer, 10));
  close(b);

  family("nobody there");
  a = socket(AF_INET, SOCK_STREAM, 0);
  c = listener(1);
  name = name_of(c);
  close(c);
  show("a port that nobody listens on is ECONNREFUSED", connect(a, (void *)&name, sizeof name));
  show("  and the socket can be used again", connect(a, (void *)&name, sizeof name));
  close(a);
  a = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  show("non-blocking: EINPROGRESS", connect(a, (void *)&name, sizeof name));
  poll_for(a, POLLOUT);
  show("  poll", poll_now(a));
  show("  SO_ERROR is ECONNREFUSED", option(a, SOL_SOCKET, SO_ERROR));
  show("  once", option(a, SOL_SOCKET, SO_ERROR));
  close(a);
  a = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  connect(a, (void *)&name, sizeof name);
  poll_for(a, POLLOUT);
  show("  or connect tells it", connect(a, (void *)&name, sizeof name));
  close(a);
  name = at("224.0.0.1", 9);
  a = socket(AF_INET, SOCK_STREAM, 0);
  show("a group is ENETUNREACH", connect(a, (void *)&name, sizeof name));
  close(a);

  family("non-blocking");
  name = name_of(l);
  a = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  show("connect is EINPROGRESS", connect(a, (void *)&name, sizeof name));
  show("  then it is writable", poll_for(a, POLLOUT));
  show("  SO_ERROR is 0", option(a, SOL_SOCKET, SO_ERROR));
  show("  connect gives 0", connect(a, (void *)&name, sizeof name));
  show("  and then EISCONN", connect(a, (void *)&name, sizeof name));
  poll_for(l, POLLIN);
  b = accept(l, NULL, NULL);
  show("read is EAGAIN", read(a, buffer, 10));
  int e = epoll_create1(0);
  struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.fd = a}};
  epoll_ctl(e, EPOLL_CTL_ADD, a, &event);
  show("epoll, edge-triggered", epoll_wait(e, &event, 1, 0) == 1 ? event.events : -1);
  show("  once", epoll_wait(e, &event, 1, 0));
  write(b, "edge", 4);
  show("  data", epoll_wait(e, &event, 1, 1000) == 1 ? event.events : -1);
  close(b);
  show("  the end", epoll_wait(e, &event, 1, 1000) == 1 ? event.events : -1);
  close(a);
  close(e);

  family("ports");
  pair(&a, &b);
  name = name_of(b);
  shutdown(b, SHUT_WR);
  poll_for(a, POLLIN);
  close(a);
  close(b);
  c = socket(AF_INET, SOCK_STREAM, 0);
  show("a port in TIME-WAIT is EADDRINUSE", bind(c, (void *)&name, sizeof name));
  set(c, SOL_SOCKET, SO_REUSEADDR, 1);
  show("  but not with SO_REUSEADDR", bind(c, (void *)&name, sizeof name));
  show("  and it can be listened on", listen(c, 1));
  close(c);
  a = socket(AF_INET, SOCK_STREAM, 0);
  b = socket(AF_INET, SOCK_STREAM, 0);
  set(a, SOL_SOCKET, SO_REUSEPORT, 1);
  set(b, SOL_SOCKET, SO_REUSEPORT, 1);
  name = at("127.0.0.1", 0);
  bind(a, (void *)&name, sizeof name);
  name = name_of(a);
  show("SO_REUSEPORT of both: bind", bind(b, (void *)&name, sizeof name));
  show("  both may listen", listen(a, 5) + listen(b, 5));
  int took[2] = {0, 0};
  for (int i = 0; i < 40; i++) {
    c = dial(a, 0);
    struct pollfd p[2] = {{a, POLLIN}, {b, POLLIN}};
    poll(p, 2, 5000);
    int which = p[0].revents ? 0 : 1;
    close(accept(which ? b : a, NULL, NULL));
    took[which]++;
    close(c);
  }
  show("  and callers are shared out", took[0] > 0 && took[1] > 0);
  close(a);
  close(b);
  name = at("127.0.0.1", 80);
  a = socket(AF_INET, SOCK_STREAM, 0);
  if (fork() == 0) {
    setuid(1000);
    show("a port below 1024 without the right is EACCES", bind(a, (void *)&name, sizeof name));
    _exit(0);
  }
  wait(NULL);
  close(a);

  family("the backlog");
  close(l);
  l = listener(0);
  a = dial(l, SOCK_NONBLOCK);
  b = dial(l, SOCK_NONBLOCK);
  poll_for(a, POLLOUT);
  show("a backlog of 0 holds one", poll_now(a) & POLLOUT);
  show("  the second waits", poll_now(b) & POLLOUT);
  close(l);
  poll_for(a, POLLHUP);
  show("a listener that closes resets them: SO_ERROR", option(a, SOL_SOCKET, SO_ERROR));
  close(a);
  close(b);

  family("IPv6");
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT}, peer6;
  l = socket(AF_INET6, SOCK_STREAM, 0);
  show("bind to ::", bind(l, (void *)&six, sizeof six));
  show("listen", listen(l, 5));
  length = sizeof six;
  getsockname(l, (void *)&six, &length);
  six.sin6_addr = in6addr_loopback;
  a = socket(AF_INET6, SOCK_STREAM, 0);
  show("connect to ::1", connect(a, (void *)&six, sizeof six));
  length = sizeof peer6;
  b = accept(l, (void *)&peer6, &length);
  inet_ntop(AF_INET6, &peer6.sin6_addr, buffer, 100);
  text("  from", buffer);
  close(a);
  close(b);
  name = at("127.0.0.1", ntohs(six.sin6_port));
  a = socket(AF_INET, SOCK_STREAM, 0);
  show("connect by IPv4", connect(a, (void *)&name, sizeof name));
  length = sizeof peer6;
  b = accept(l, (void *)&peer6, &length);
  inet_ntop(AF_INET6, &peer6.sin6_addr, buffer, 100);
  text("  from", buffer);
  write(a, "dual", 4);
  show("  data", recv(b, buffer, 4, MSG_WAITALL));
  close(a);
  close(b);
  close(l);
  l = socket(AF_INET6, SOCK_STREAM, 0);
  set(l, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  six.sin6_addr = in6addr_any;
  six.sin6_port = 0;
  bind(l, (void *)&six, sizeof six);
  listen(l, 1);
  length = sizeof six;
  getsockname(l, (void *)&six, &length);
  name = at("127.0.0.1", ntohs(six.sin6_port));
  a = socket(AF_INET, SOCK_STREAM, 0);
  show("with IPV6_V6ONLY IPv4 is refused", connect(a, (void *)&name, sizeof name));
  close(a);
  close(l);

  family("AF_UNSPEC");
  l = listener(2);
  a = dial(l, 0);
  struct sockaddr nothing = {AF_UNSPEC};
  show("connect to AF_UNSPEC", connect(a, &nothing, sizeof nothing));
  show("  getpeername is ENOTCONN", getpeername(a, (void *)&from, (length = sizeof from, &length)));
  name = name_of(l);
  show("  and it connects again", connect(a, (void *)&name, sizeof name));
  return 0;
}
