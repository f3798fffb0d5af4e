// udp(7), ip(7), ipv6(7), socket(7): datagrams over the loopback, addresses and ports, errors that come back, control data.
#include "show.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <fcntl.h>

static struct sockaddr_in at(const char *address, int port) {
  struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &result.sin_addr);
  return result;
}
static struct sockaddr_in6 at6(const char *address, int port) {
  struct sockaddr_in6 result = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  inet_pton(AF_INET6, address, &result.sin6_addr);
  return result;
}
static int bound(const char *address) {
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in name = at(address, 0);
  bind(s, (void *)&name, sizeof name);
  return s;
}
static struct sockaddr_in name_of(int s) {
  struct sockaddr_in name;
  socklen_t length = sizeof name;
  getsockname(s, (void *)&name, &length);
  return name;
}
static struct sockaddr_in6 name6_of(int s) {
  struct sockaddr_in6 name;
  socklen_t length = sizeof name;
  getsockname(s, (void *)&name, &length);
  return name;
}
static int option(int s, int level, int name) {
  int value = -7;
  socklen_t length = sizeof value;
  if (getsockopt(s, level, name, &value, &length) < 0) return -1;
  return value;
}
static void address_text(const char *rule, struct in_addr address) {
  char buffer[64];
  text(rule, inet_ntop(AF_INET, &address, buffer, sizeof buffer));
}
static void address6_text(const char *rule, struct in6_addr *address) {
  char buffer[64];
  text(rule, inet_ntop(AF_INET6, address, buffer, sizeof buffer));
}
static int poll_now(int s) {
  struct pollfd p = {s, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
  poll(&p, 1, 0);
  return p.revents;
}
static int poll_soon(int s, int events) {
  struct pollfd p = {s, events, 0};
  poll(&p, 1, 2000);
  return p.revents;
}

int main(void) {
  char buffer[70000];
  int a, b, c, on = 1, value;
  socklen_t length;
  struct sockaddr_in name, from;
  struct sockaddr_in6 name6, from6;
  signal(SIGPIPE, SIG_IGN);

  family("making sockets");
  show("a type that UDP is not is EPROTONOSUPPORT", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
  show("SOCK_SEQPACKET is ESOCKTNOSUPPORT", socket(AF_INET, SOCK_SEQPACKET, 0));
  show("a family that is none is EAFNOSUPPORT", socket(77, SOCK_DGRAM, 0));
  show("a negative protocol is EINVAL", socket(AF_INET, SOCK_DGRAM, -1));
  show("a type that is none is EINVAL", socket(AF_INET, 99, 0));

  family("names");
  a = socket(AF_INET, SOCK_DGRAM, 0);
  show("SO_TYPE is SOCK_DGRAM", option(a, SOL_SOCKET, SO_TYPE));
  show("SO_PROTOCOL is IPPROTO_UDP", option(a, SOL_SOCKET, SO_PROTOCOL));
  show("SO_DOMAIN is AF_INET", option(a, SOL_SOCKET, SO_DOMAIN));
  name = name_of(a);
  show("a new socket has port 0", name.sin_port);
  address_text("  and no address", name.sin_addr);
  name = at("127.0.0.1", 0);
  show("a short address is EINVAL", bind(a, (void *)&name, 7));
  name.sin_family = AF_INET6;
  show("another family is EAFNOSUPPORT", bind(a, (void *)&name, sizeof name));
  name = at("192.0.2.77", 0);
  show("an address that is not ours is EADDRNOTAVAIL", bind(a, (void *)&name, sizeof name));
  name = at("127.0.0.1", 0);
  show("bind to port 0", bind(a, (void *)&name, sizeof name));
  name = name_of(a);
  show("  gives a port that is not 0", name.sin_port != 0);
  show("  above 1023", ntohs(name.sin_port) > 1023);
  show("bind once more is EINVAL", bind(a, (void *)&name, sizeof name));
  b = socket(AF_INET, SOCK_DGRAM, 0);
  show("a port that is taken is EADDRINUSE", bind(b, (void *)&name, sizeof name));
  name.sin_addr.s_addr = INADDR_ANY;
  show("  also for all addresses", bind(b, (void *)&name, sizeof name));
  inet_pton(AF_INET, "127.0.0.2", &name.sin_addr);
  show("  but not for another address: all of 127/8 is ours", bind(b, (void *)&name, sizeof name));
  show("getpeername without a peer is ENOTCONN", getpeername(a, (void *)&from, (length = sizeof from, &length)));

  family("datagrams");
  close(b);
  b = bound("127.0.0.1");
  name = name_of(a);
  show("sendto", sendto(b, "hello", 5, 0, (void *)&name, sizeof name));
  show("the receiver is ready", poll_now(a));
  show("FIONREAD says how long the next one is", (ioctl(a, FIONREAD, &value), value));
  length = sizeof from;
  show("MSG_PEEK", recvfrom(a, buffer, sizeof buffer, MSG_PEEK, (void *)&from, &length));
  show("  the length of the address", length);
  show("  the sender's port", from.sin_port == name_of(b).sin_port);
  address_text("  the sender's address", from.sin_addr);
  show("a short buffer takes what it can", recv(a, buffer, 3, 0));
  show("  the rest is lost: EAGAIN", recv(a, buffer, 3, MSG_DONTWAIT));
  sendto(b, "hello", 5, 0, (void *)&name, sizeof name);
  show("MSG_TRUNC tells the whole length", recv(a, buffer, 3, MSG_TRUNC));
  show("an empty datagram is sent", sendto(b, "", 0, 0, (void *)&name, sizeof name));
  show("  and makes the receiver ready", poll_now(a));
  show("  and is received", recv(a, buffer, sizeof buffer, 0));
  sendto(b, "one", 3, 0, (void *)&name, sizeof name);
  sendto(b, "second", 6, 0, (void *)&name, sizeof name);
  show("datagrams do not run together", recv(a, buffer, sizeof buffer, 0));
  show("  and come in order", recv(a, buffer, sizeof buffer, 0));
  show("send without a destination is EDESTADDRREQ", send(b, "x", 1, 0));
  name.sin_port = 0;
  show("port 0 is EINVAL", sendto(b, "x", 1, 0, (void *)&name, sizeof name));
  name = name_of(a);
  show("more than 65507 bytes are EMSGSIZE", sendto(b, buffer, 65508, 0, (void *)&name, sizeof name));
  show("65507 bytes are not", sendto(b, buffer, 65507, 0, (void *)&name, sizeof name));
  show("  and arrive", recv(a, buffer, sizeof buffer, 0));
  show("MSG_OOB is EOPNOTSUPP", sendto(b, "x", 1, MSG_OOB, (void *)&name, sizeof name));
  show("an unreadable buffer is EFAULT", sendto(b, (void *)16, 5, 0, (void *)&name, sizeof name));
  name = at("255.255.255.255", 9);
  show("everybody without SO_BROADCAST", sendto(b, "x", 1, 0, (void *)&name, sizeof name) < 0);
  show("listen is EOPNOTSUPP", listen(a, 5));
  show("accept is EOPNOTSUPP", accept(a, NULL, NULL));

  family("connected");
  name = name_of(a);
  show("connect", connect(b, (void *)&name, sizeof name));
  from = name_of(b);
  length = sizeof from;
  show("getpeername", getpeername(b, (void *)&from, &length));
  show("  is the peer", from.sin_port == name.sin_port);
  show("send", send(b, "x", 1, 0));
  show("  arrives", recv(a, buffer, 10, 0));
  c = bound("127.0.0.1");
  name = name_of(b);
  sendto(c, "stranger", 8, 0, (void *)&name, sizeof name);
  show("what others send is not heard", recv(b, buffer, 10, MSG_DONTWAIT));
  sendto(a, "peer", 4, 0, (void *)&name, sizeof name);
  show("what the peer sends is", recv(b, buffer, 10, 0));
  name = name_of(c);
  show("sendto elsewhere is allowed", sendto(b, "y", 1, 0, (void *)&name, sizeof name));
  show("  and arrives there", recv(c, buffer, 10, 0));
  name.sin_family = AF_UNSPEC;
  show("connect to AF_UNSPEC", connect(b, (void *)&name, sizeof name));
  show("  and the peer is gone", getpeername(b, (void *)&from, (length = sizeof from, &length)));
  int lone = socket(AF_INET, SOCK_DGRAM, 0);
  name = name_of(a);
  connect(lone, (void *)&name, sizeof name);
  address_text("connect chooses an address", name_of(lone).sin_addr);
  show("  and a port", name_of(lone).sin_port != 0);
  name.sin_family = AF_UNSPEC;
  connect(lone, (void *)&name, sizeof name);
  show("  AF_UNSPEC gives both back", name_of(lone).sin_port + name_of(lone).sin_addr.s_addr);
  close(lone);

  family("nobody there");
  name = name_of(c);
  close(c);
  connect(b, (void *)&name, sizeof name);
  show("send to a port that nobody has", send(b, "x", 1, 0));
  show("  poll tells of the error", poll_now(b));
  show("  recv gives it: ECONNREFUSED", recv(b, buffer, 10, MSG_DONTWAIT));
  show("  once", recv(b, buffer, 10, MSG_DONTWAIT));
  send(b, "x", 1, 0);
  show("  SO_ERROR tells it as well", option(b, SOL_SOCKET, SO_ERROR));
  show("  and clears it", option(b, SOL_SOCKET, SO_ERROR));
  send(b, "x", 1, 0);
  show("  the next send tells it", send(b, "x", 1, 0));
  c = bound("127.0.0.1");
  show("an unconnected socket is not told", sendto(c, "x", 1, 0, (void *)&name, sizeof name));
  show("  ", recv(c, buffer, 10, MSG_DONTWAIT));
  setsockopt(c, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  sendto(c, "lost", 4, 0, (void *)&name, sizeof name);
  show("with IP_RECVERR it is", recv(c, buffer, 10, MSG_DONTWAIT));
  show("  MSG_ERRQUEUE has the datagram", recv(c, buffer, 10, MSG_ERRQUEUE));
  buffer[4] = 0;
  text("    ", buffer);
  show("  once", recv(c, buffer, 10, MSG_ERRQUEUE));
  close(b);

  family("shutdown");
  show("shutdown without a peer is ENOTCONN", shutdown(c, SHUT_WR));
  name = name_of(a);
  b = bound("127.0.0.1");
  connect(b, (void *)&name, sizeof name);
  show("shutdown of reading", shutdown(b, SHUT_RD));
  show("  recv gives 0", recv(b, buffer, 10, 0));
  show("  poll", poll_now(b));
  show("shutdown of writing", shutdown(b, SHUT_WR));
  show("  send is EPIPE", send(b, "x", 1, 0));
  show("  poll", poll_now(b));
  close(b);

  family("sharing a port");
  b = socket(AF_INET, SOCK_DGRAM, 0);
  close(c);
  c = socket(AF_INET, SOCK_DGRAM, 0);
  setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  name = at("127.0.0.1", 0);
  bind(b, (void *)&name, sizeof name);
  name = name_of(b);
  show("SO_REUSEADDR of one alone is EADDRINUSE", bind(c, (void *)&name, sizeof name));
  setsockopt(c, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  show("of both is fine", bind(c, (void *)&name, sizeof name));
  sendto(a, "who", 3, 0, (void *)&name, sizeof name);
  show("  the newest hears", recv(c, buffer, 10, MSG_DONTWAIT));
  close(b);
  close(c);

  family("options");
  b = socket(AF_INET, SOCK_DGRAM, 0);
  show("IP_TTL is 64", option(b, IPPROTO_IP, IP_TTL));
  value = 256;
  show("  256 is EINVAL", setsockopt(b, IPPROTO_IP, IP_TTL, &value, sizeof value));
  value = 0;
  show("  0 is EINVAL", setsockopt(b, IPPROTO_IP, IP_TTL, &value, sizeof value));
  value = 7;
  show("  7 is fine", setsockopt(b, IPPROTO_IP, IP_TTL, &value, sizeof value));
  show("  and shown", option(b, IPPROTO_IP, IP_TTL));
  value = -1;
  setsockopt(b, IPPROTO_IP, IP_TTL, &value, sizeof value);
  show("  -1 is the default", option(b, IPPROTO_IP, IP_TTL));
  show("IP_MULTICAST_TTL is 1", option(b, IPPROTO_IP, IP_MULTICAST_TTL));
  show("IP_MULTICAST_LOOP is on", option(b, IPPROTO_IP, IP_MULTICAST_LOOP));
  show("SO_BROADCAST is off", option(b, SOL_SOCKET, SO_BROADCAST));
  show("SO_RCVBUF", option(b, SOL_SOCKET, SO_RCVBUF));
  value = 5000;
  setsockopt(b, SOL_SOCKET, SO_RCVBUF, &value, sizeof value);
  show("  is doubled when set", option(b, SOL_SOCKET, SO_RCVBUF));
  value = 1;
  setsockopt(b, SOL_SOCKET, SO_RCVBUF, &value, sizeof value);
  show("  and has a least value", option(b, SOL_SOCKET, SO_RCVBUF));
  setsockopt(b, SOL_SOCKET, SO_SNDBUF, &value, sizeof value);
  show("  SO_SNDBUF another", option(b, SOL_SOCKET, SO_SNDBUF));
  show("an option that is none is ENOPROTOOPT", option(b, IPPROTO_IP, 300));
  show("a level that is none is EOPNOTSUPP or ENOPROTOOPT", option(b, 99, 1) == -1);
  show("an IPv6 option of an IPv4 socket", option(b, IPPROTO_IPV6, IPV6_V6ONLY));
  length = 2;
  value = 0;
  show("a short buffer gets a part", getsockopt(b, IPPROTO_IP, IP_MULTICAST_TTL, &value, &length));
  struct timeval tv = {0, 20000};
  setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
  show("SO_RCVTIMEO ends recv with EAGAIN", recv(a, buffer, 10, 0));
  memset(&tv, 0, sizeof tv);
  setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
  show("SO_BINDTODEVICE to what is not there is ENODEV", setsockopt(b, SOL_SOCKET, SO_BINDTODEVICE, "nope0", 6));
  close(b);

  family("control data");
  b = bound("127.0.0.1");
  setsockopt(a, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  setsockopt(a, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
  setsockopt(a, IPPROTO_IP, IP_RECVTOS, &on, sizeof on);
  value = 0x10;
  setsockopt(b, IPPROTO_IP, IP_TOS, &value, sizeof value);
  name = name_of(a);
  sendto(b, "info", 4, 0, (void *)&name, sizeof name);
  char control[512];
  struct iovec iov = {buffer, 100};
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1,
                           .msg_control = control, .msg_controllen = sizeof control};
  show("recvmsg", recvmsg(a, &message, 0));
  show("  flags", message.msg_flags);
  for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo *info = (void *)CMSG_DATA(h);
      show("  IP_PKTINFO: by the interface of index", info->ipi_ifindex);
      address_text("    to the address", info->ipi_addr);
      address_text("    local address", info->ipi_spec_dst);
    } else if (h->cmsg_type == IP_TTL) show("  IP_TTL", *(int *)CMSG_DATA(h));
    else if (h->cmsg_type == IP_TOS) show("  IP_TOS", *CMSG_DATA(h));
  }
  sendto(b, "long enough", 11, 0, (void *)&name, sizeof name);
  iov.iov_len = 4;
  message.msg_controllen = 12;
  show("short buffers", recvmsg(a, &message, 0));
  show("  MSG_TRUNC and MSG_CTRUNC", message.msg_flags);
  // the sender's address, chosen by control data
  memset(control, 0, sizeof control);
  message = (struct msghdr){.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &iov, .msg_iovlen = 1,
                            .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo))};
  struct cmsghdr *h = CMSG_FIRSTHDR(&message);
  h->cmsg_level = IPPROTO_IP;
  h->cmsg_type = IP_PKTINFO;
  h->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
  inet_pton(AF_INET, "127.0.0.9", &((struct in_pktinfo *)CMSG_DATA(h))->ipi_spec_dst);
  int free_socket = socket(AF_INET, SOCK_DGRAM, 0);
  show("sendmsg with IP_PKTINFO", sendmsg(free_socket, &message, 0));
  length = sizeof from;
  recvfrom(a, buffer, 10, 0, (void *)&from, &length);
  address_text("  comes from that address", from.sin_addr);
  close(free_socket);

  family("many at once");
  struct mmsghdr many[3];
  struct iovec parts[3] = {{"a", 1}, {"bb", 2}, {"ccc", 3}};
  memset(many, 0, sizeof many);
  for (int i = 0; i < 3; i++) many[i].msg_hdr = (struct msghdr){.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &parts[i], .msg_iovlen = 1};
  show("sendmmsg", sendmmsg(b, many, 3, 0));
  show("  lengths", many[0].msg_len + 10 * many[1].msg_len + 100 * many[2].msg_len);
  char room[3][8];
  for (int i = 0; i < 3; i++) {
    parts[i] = (struct iovec){room[i], 8};
    many[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  show("recvmmsg", recvmmsg(a, many, 3, MSG_WAITFORONE, NULL));
  show("  lengths", many[0].msg_len + 10 * many[1].msg_len + 100 * many[2].msg_len);
  sendto(b, "z", 1, 0, (void *)&name, sizeof name);
  show("MSG_WAITFORONE takes what there is", recvmmsg(a, many, 3, MSG_WAITFORONE, NULL));

  family("IPv6");
  int s6 = socket(AF_INET6, SOCK_DGRAM, 0), t6 = socket(AF_INET6, SOCK_DGRAM, 0);
  name6 = at6("::1", 0);
  show("bind to ::1", bind(s6, (void *)&name6, sizeof name6));
  name6 = name6_of(s6);
  show("sendto", sendto(t6, "six", 3, 0, (void *)&name6, sizeof name6));
  length = sizeof from6;
  show("recvfrom", recvfrom(s6, buffer, 10, 0, (void *)&from6, &length));
  address6_text("  from", &from6.sin6_addr);
  show("  the length of the address", length);
  show("IPV6_V6ONLY is off", option(t6, IPPROTO_IPV6, IPV6_V6ONLY));
  show("  and can't be set on a bound socket", setsockopt(s6, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
  close(t6);
  t6 = socket(AF_INET6, SOCK_DGRAM, 0);
  name6 = at6("::", 0);
  bind(t6, (void *)&name6, sizeof name6);
  name = at("127.0.0.1", ntohs(name6_of(t6).sin6_port));
  show("IPv4 reaches a socket bound to ::", sendto(b, "four", 4, 0, (void *)&name, sizeof name));
  length = sizeof from6;
  show("  recvfrom", recvfrom(t6, buffer, 10, 0, (void *)&from6, &length));
  address6_text("  from", &from6.sin6_addr);
  show("  and answers by the mapped address", sendto(t6, "back", 4, 0, (void *)&from6, sizeof from6));
  show("  recv", recv(b, buffer, 10, 0));
  c = socket(AF_INET, SOCK_DGRAM, 0);
  name = at("0.0.0.0", ntohs(name6_of(t6).sin6_port));
  show("the IPv4 port is taken as well", bind(c, (void *)&name, sizeof name));
  close(t6);
  t6 = socket(AF_INET6, SOCK_DGRAM, 0);
  setsockopt(t6, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  name6 = at6("::", ntohs(name.sin_port));
  show("with IPV6_V6ONLY it is free", bind(t6, (void *)&name6, sizeof name6) + bind(c, (void *)&name, sizeof name));
  name6 = at6("::ffff:127.0.0.1", 9);
  show("  and mapped addresses are ENETUNREACH", sendto(t6, "x", 1, 0, (void *)&name6, sizeof name6));
  name6 = at6("::ffff:127.0.0.1", 0);
  close(t6);
  t6 = socket(AF_INET6, SOCK_DGRAM, 0);
  show("bind to a mapped address", bind(t6, (void *)&name6, sizeof name6));
  name6 = name6_of(t6);
  address6_text("  is shown so", &name6.sin6_addr);
  setsockopt(s6, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  setsockopt(s6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on);
  name6 = name6_of(s6);
  close(t6);
  t6 = socket(AF_INET6, SOCK_DGRAM, 0);
  sendto(t6, "info", 4, 0, (void *)&name6, sizeof name6);
  iov.iov_len = 100;
  message = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  show("recvmsg", recvmsg(s6, &message, 0));
  for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo *info = (void *)CMSG_DATA(h);
      show("  IPV6_PKTINFO: by the interface of index", info->ipi6_ifindex);
      address6_text("    to the address", &info->ipi6_addr);
    } else if (h->cmsg_type == IPV6_HOPLIMIT) show("  IPV6_HOPLIMIT", *(int *)CMSG_DATA(h));
  }
  name6 = name6_of(t6);
  close(s6);
  s6 = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 nobody = at6("::1", ntohs(name6.sin6_port));
  close(t6);
  connect(s6, (void *)&nobody, sizeof nobody);
  send(s6, "x", 1, 0);
  show("nobody there is ECONNREFUSED with IPv6 too", recv(s6, buffer, 10, MSG_DONTWAIT));

  // getaddrinfo(3) asks so for the address that each of its answers would be reached from
  static const char *const pairs[][2] = { { "::", "0.0.0.0" }, { "::1", "127.0.0.1" }, { "::ffff:0.0.0.0", "0.0.0.0" } };
  for (int i = 0; i < 3; i++) {
    int one = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 six = at6(pairs[i][0], 80), named;
    struct sockaddr_in four = at(pairs[i][1], 80);
    struct sockaddr nobody = { AF_UNSPEC };
    show("one socket for both families: connect to IPv6", connect(one, (void *)&six, sizeof six));
    named = name6_of(one), address6_text("  from", &named.sin6_addr);
    show("  to nobody", connect(one, &nobody, sizeof nobody));
    show("  to IPv4", connect(one, (void *)&four, sizeof four));
    named = name6_of(one), address6_text("  from", &named.sin6_addr);
    close(one);
  }
  int mapped_only = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 own = at6("::ffff:127.0.0.1", 0), nowhere = at6("::", 80);
  bind(mapped_only, (void *)&own, sizeof own);
  show("of a mapped address, to ::", connect(mapped_only, (void *)&nowhere, sizeof nowhere));
  own = name6_of(mapped_only), address6_text("  from", &own.sin6_addr);
  close(mapped_only);
  family("readiness");
  int e = epoll_create1(0);
  struct epoll_event event = {EPOLLIN | EPOLLET, {.fd = a}};
  epoll_ctl(e, EPOLL_CTL_ADD, a, &event);
  show("epoll without data", epoll_wait(e, &event, 1, 0));
  name = name_of(a);
  sendto(b, "1", 1, 0, (void *)&name, sizeof name);
  show("epoll with data", epoll_wait(e, &event, 1, 0));
  show("  edge-triggered: once", epoll_wait(e, &event, 1, 0));
  sendto(b, "2", 1, 0, (void *)&name, sizeof name);
  show("  and for the next datagram", epoll_wait(e, &event, 1, 0));
  show("if_nametoindex of lo", if_nametoindex("lo"));
  show("  of nothing", if_nametoindex("nothing9"));
  text("if_indextoname of 1", if_indextoname(1, buffer));
  return 0;
}
