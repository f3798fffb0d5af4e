// unix(7), socketpair(2), sendmsg(2), shutdown(2): streams, datagrams, sequenced packets, names, descriptors and credentials.
#include "show.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static socklen_t name(struct sockaddr_un *address, const char *path) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  strcpy(address->sun_path, path);
  return offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
}
static socklen_t abstract(struct sockaddr_un *address, const char *text) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path + 1, text, strlen(text));
  return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(text);
}

static int send_fd(int socket, int fd) {
  char byte = 'x', control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec iov = {&byte, 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(socket, &message, 0);
}
static int receive_fd(int socket, int flags, int *result) {
  char byte, control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec iov = {&byte, 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  int fd = -1;
  *result = recvmsg(socket, &message, flags);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

int main(void) {
  char buffer[256];
  int pair[2], other_pair[2], value, result;
  socklen_t length;
  struct sockaddr_un address, other;
  signal(SIGPIPE, SIG_IGN);

  family("streams");
  show("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  show("a type that is none is ESOCKTNOSUPPORT", socketpair(AF_UNIX, 9, 0, other_pair));
  show("a protocol that is none is EPROTONOSUPPORT", socket(AF_UNIX, SOCK_STREAM, 5));
  show("write", write(pair[0], "hello ", 6));
  show("write more", write(pair[0], "world", 5));
  show("MSG_PEEK reads", recv(pair[1], buffer, 5, MSG_PEEK));
  show("  and leaves: read joins the writes", read(pair[1], buffer, 64));
  buffer[11] = 0;
  text("  the text", buffer);
  show("MSG_DONTWAIT without data is EAGAIN", recv(pair[1], buffer, 5, MSG_DONTWAIT));
  show("shutdown of the writing half", shutdown(pair[0], SHUT_WR));
  show("  the peer reads the end", read(pair[1], buffer, 5));
  show("  writing is EPIPE", write(pair[0], "x", 1));
  show("  the other direction goes on", write(pair[1], "back", 4));
  show("  read there", read(pair[0], buffer, 64));
  show("shutdown with a bad how is EINVAL", shutdown(pair[0], 7));
  close(pair[1]);
  show("the peer is closed: read gives the end", read(pair[0], buffer, 5));
  show("  send is EPIPE", send(pair[0], "x", 1, MSG_NOSIGNAL));
  close(pair[0]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  write(pair[0], "unread", 6);
  close(pair[1]);
  show("the peer closed with data unread: ECONNRESET", read(pair[0], buffer, 5));
  show("  once", read(pair[0], buffer, 5));
  close(pair[0]);

  family("messages");
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  write(pair[0], "one", 3);
  write(pair[0], "", 0);
  write(pair[0], "three", 5);
  show("a datagram at a time", read(pair[1], buffer, 64));
  show("an empty one", read(pair[1], buffer, 64));
  show("one that is cut", read(pair[1], buffer, 2));
  show("  its rest is gone", recv(pair[1], buffer, 64, MSG_DONTWAIT));
  write(pair[0], "truncate", 8);
  show("MSG_TRUNC gives the whole length", recv(pair[1], buffer, 3, MSG_TRUNC));
  int sent = 0;
  while (send(pair[0], "x", 1, MSG_DONTWAIT) == 1) sent++;
  show("datagrams are bounded: EAGAIN", send(pair[0], "x", 1, MSG_DONTWAIT));
  show("  after at least 10", sent >= 10);
  close(pair[0]);
  close(pair[1]);
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
  write(pair[0], "ab", 2);
  write(pair[0], "cd", 2);
  show("SOCK_SEQPACKET keeps messages apart", read(pair[1], buffer, 64));
  struct iovec iov = {buffer, 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
  show("recvmsg of one that is cut", recvmsg(pair[1], &message, 0));
  show("  says MSG_TRUNC", (message.msg_flags & MSG_TRUNC) != 0);
  show("  and MSG_EOR", (message.msg_flags & MSG_EOR) != 0);
  close(pair[0]);
  show("the peer is gone: 0", read(pair[1], buffer, 64));
  close(pair[1]);

  family("names");
  int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  show("listen without a name is EINVAL", listen(server, 1));
  show("bind makes a file", bind(server, (struct sockaddr *)&address, name(&address, "sock")));
  struct stat st;
  stat("sock", &st);
  show("  which is a socket", S_ISSOCK(st.st_mode));
  show("bind twice is EINVAL", bind(server, (struct sockaddr *)&address, name(&address, "sock2")));
  show("bind to a name that is there is EADDRINUSE", bind(client, (struct sockaddr *)&address, name(&address, "sock")));
  show("connect before listen is ECONNREFUSED", connect(client, (struct sockaddr *)&address, name(&address, "sock")));
  show("connect to nothing is ENOENT", connect(client, (struct sockaddr *)&address, name(&address, "nothing")));
  close(open("plain", O_CREAT | O_RDWR, 0600));
  show("connect to a plain file is ECONNREFUSED", connect(client, (struct sockaddr *)&address, name(&address, "plain")));
  show("open of a socket is ENXIO", open("sock", O_RDWR));
  show("listen", listen(server, 2));
  show("connect", connect(client, (struct sockaddr *)&address, name(&address, "sock")));
  show("connect again is EISCONN", connect(client, (struct sockaddr *)&address, name(&address, "sock")));
  show("write before it is accepted", write(client, "early", 5));
  length = sizeof other;
  int accepted = accept(server, (struct sockaddr *)&other, &length);
  show("accept gives a descriptor", accepted >= 0);
  show("  the client has no name: 2 bytes", length);
  show("  what was written early", read(accepted, buffer, 64));
  length = sizeof other;
  getpeername(client, (struct sockaddr *)&other, &length);
  text("getpeername gives the server's name", other.sun_path);
  show("  with its length", length);
  length = sizeof value;
  getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &value, &length);
  show("SO_ACCEPTCONN", value);
  getsockopt(client, SOL_SOCKET, SO_TYPE, &value, &length);
  show("SO_TYPE", value);
  getsockopt(client, SOL_SOCKET, SO_DOMAIN, &value, &length);
  show("SO_DOMAIN", value);
  show("an option that is none is ENOPROTOOPT", getsockopt(client, SOL_SOCKET, 999, &value, &length));
  fcntl(server, F_SETFL, O_NONBLOCK);
  show("accept without a client is EAGAIN", accept(server, NULL, NULL));
  show("getpeername without a peer is ENOTCONN", getpeername(server, (struct sockaddr *)&other, &length));
  close(accepted);
  close(client);
  close(server);
  client = socket(AF_UNIX, SOCK_STREAM, 0);
  show("the listener is closed: ECONNREFUSED", connect(client, (struct sockaddr *)&address, name(&address, "sock")));
  unlink("sock");
  unlink("plain");
  server = socket(AF_UNIX, SOCK_STREAM, 0);
  show("an abstract name", bind(server, (struct sockaddr *)&address, abstract(&address, "tabvisor-test")));
  int second = socket(AF_UNIX, SOCK_STREAM, 0);
  show("  taken: EADDRINUSE", bind(second, (struct sockaddr *)&address, abstract(&address, "tabvisor-test")));
  close(server);
  show("  free again when it is closed", bind(second, (struct sockaddr *)&address, abstract(&address, "tabvisor-test")));
  close(second);
  second = socket(AF_UNIX, SOCK_DGRAM, 0);
  sa_family_t only = AF_UNIX;
  show("autobind", bind(second, (struct sockaddr *)&only, sizeof only));
  length = sizeof other;
  getsockname(second, (struct sockaddr *)&other, &length);
  show("  gives a name of 8 bytes", length);
  int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
  show("sendto a datagram socket", sendto(sender, "hi", 2, 0, (struct sockaddr *)&other, length));
  length = sizeof address;
  show("recvfrom", recvfrom(second, buffer, 64, 0, (struct sockaddr *)&address, &length));
  show("  a sender without a name", length);
  show("send without an address is ENOTCONN", send(sender, "x", 1, 0));
  show("connect of a datagram socket", connect(sender, (struct sockaddr *)&other, 8));
  show("  then send", send(sender, "yo", 2, 0));
  close(second);
  show("  the receiver is gone: ECONNREFUSED", send(sender, "x", 1, 0));

  family("descriptors and credentials");
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  int pipes[2];
  pipe(pipes);
  show("sendmsg with SCM_RIGHTS", send_fd(pair[0], pipes[1]));
  close(pipes[1]);
  int received = receive_fd(pair[1], 0, &result);
  show("a new descriptor", received >= 0);
  show("  that writes to the pipe", write(received, "through", 7));
  show("  which can be read", read(pipes[0], buffer, 64));
  show("FD_CLOEXEC is not set", fcntl(received, F_GETFD));
  close(received);
  send_fd(pair[0], pipes[0]);
  received = receive_fd(pair[1], MSG_CMSG_CLOEXEC, &result);
  show("MSG_CMSG_CLOEXEC sets it", fcntl(received, F_GETFD));
  show("SCM_RIGHTS of a bad descriptor is EBADF", send_fd(pair[0], 77));
  send_fd(pair[0], pipes[0]);
  write(pair[0], "more", 4);
  show("a read ends where descriptors came", read(pair[1], buffer, 64));
  show("  the rest by the next", read(pair[1], buffer, 64));
  int on = 1;
  setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  write(pair[0], "c", 1);
  char control[CMSG_SPACE(sizeof(struct ucred))];
  struct msghdr with = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  recvmsg(pair[1], &with, 0);
  struct cmsghdr *header = CMSG_FIRSTHDR(&with);
  show("SO_PASSCRED: SCM_CREDENTIALS", header ? header->cmsg_type : -2);
  struct ucred *creds = (struct ucred *)CMSG_DATA(header);
  show("  of this process", creds->pid == getpid());
  show("  and user", creds->uid == getuid());
  struct ucred peer;
  length = sizeof peer;
  show("SO_PEERCRED", getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
  show("  is this process", peer.pid == getpid());
  with.msg_controllen = 0;
  write(pair[0], "c", 1);
  recvmsg(pair[1], &with, 0);
  show("no room for control data: MSG_CTRUNC", (with.msg_flags & MSG_CTRUNC) != 0);
  setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &(int){0}, sizeof on);
  struct timeval time = {0, 20000};
  setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  show("SO_RCVTIMEO: EAGAIN", read(pair[1], buffer, 1));
  show("read of what is no socket by recv is ENOTSOCK", recv(pipes[0], buffer, 1, 0));
  pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    write(pair[0], "123", 3);
    usleep(20000);
    write(pair[0], "456", 3);
    _exit(0);
  }
  time.tv_sec = 5;
  setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  show("MSG_WAITALL waits for all", recv(pair[1], buffer, 6, MSG_WAITALL));
  waitpid(child, NULL, 0);
  return 0;
}
