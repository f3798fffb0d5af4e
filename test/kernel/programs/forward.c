// ip(7), icmp(7), ipv6(7), ip-sysctl: a router between two namespaces. A client, the router, a server; each has interfaces of its own.
#include "route.h"
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

static int client, router, server;

static long write_setting(const char *path, const char *value) {
  char whole[200];
  snprintf(whole, sizeof whole, "/proc/sys/net/%s", path);
  int fd = open(whole, O_WRONLY);
  if (fd < 0) return -1;
  long done = write(fd, value, strlen(value));
  close(fd);
  return done < 0 ? -1 : 0;
}
static long read_setting(const char *path) {
  char whole[200], value[32] = "";
  snprintf(whole, sizeof whole, "/proc/sys/net/%s", path);
  int fd = open(whole, O_RDONLY);
  if (fd < 0) return -1;
  long done = read(fd, value, sizeof value - 1);
  close(fd);
  return done < 0 ? -1 : atoi(value);
}

static socklen_t endpoint(struct sockaddr_storage *s, const char *address, int port) {
  memset(s, 0, sizeof *s);
  if (strchr(address, ':')) {
    struct sockaddr_in6 *six = (void *)s;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    inet_pton(AF_INET6, address, &six->sin6_addr);
    return sizeof *six;
  }
  struct sockaddr_in *four = (void *)s;
  four->sin_family = AF_INET;
  four->sin_port = htons(port);
  inet_pton(AF_INET, address, &four->sin_addr);
  return sizeof *four;
}
// A socket of a namespace, bound to an address, which waits a moment for what comes.
static int bound(int namespace, int type, const char *address, int port) {
  struct sockaddr_storage s;
  socklen_t size = endpoint(&s, address, port);
  go(namespace);
  int fd = socket(s.ss_family, type, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (void *)&s, size) < 0) perror("bind");
  return fd;
}
static long send_to(int fd, const char *address, int port, int size) {
  static char data[4096];
  struct sockaddr_storage s;
  return sendto(fd, data, size, 0, (void *)&s, endpoint(&s, address, port));
}
static int comes(int fd, int milliseconds) {
  struct pollfd p = {fd, POLLIN};
  return poll(&p, 1, milliseconds);
}
// The bytes of the next datagram, and with which time to live it came.
static long take(int fd, int *hops) {
  static char data[4096];
  char control[128];
  struct iovec v = {data, sizeof data};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (comes(fd, 2000) == 0) return 0;
  long got = recvmsg(fd, &m, 0);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
    if (c->cmsg_type == IP_TTL || c->cmsg_type == IPV6_HOPLIMIT) *hops = *(int *)CMSG_DATA(c);
  return got;
}
// What the path says of what was sent.
static void error_of(const char *rule, int fd) {
  char control[512], data[2048], buffer[64];
  struct iovec v = {data, sizeof data};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct pollfd p = {fd, 0};
  poll(&p, 1, 3000);
  show(rule, recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0 ? -1 : 0);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c && m.msg_controllen > 0; c = CMSG_NXTHDR(&m, c)) {
    if (c->cmsg_type != IP_RECVERR && c->cmsg_type != IPV6_RECVERR) continue;
    struct sock_extended_err *e = (void *)CMSG_DATA(c);
    text("  errno", strerrorname_np(e->ee_errno));
    show("  origin", e->ee_origin);
    show("  type", e->ee_type);
    show("  code", e->ee_code);
    show("  info", e->ee_info);
    struct sockaddr *who = SO_EE_OFFENDER(e);
    if (who->sa_family == AF_INET) text("  from", inet_ntop(AF_INET, &((struct sockaddr_in *)who)->sin_addr, buffer, 64));
    if (who->sa_family == AF_INET6) text("  from", inet_ntop(AF_INET6, &((struct sockaddr_in6 *)who)->sin6_addr, buffer, 64));
  }
  int error;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
}

// One that does not forward: on Linux it begins with what the first one has.
static int quiet_namespace(void) {
  int made = new_namespace();
  write_setting("ipv4/ip_forward", "0");
  return made;
}

static void networks(void) {
  router = quiet_namespace();
  client = quiet_namespace();
  server = quiet_namespace();
  go(router);
  show("a pair to the client", add_veth("rc", "c0", client));
  show("and one to the server", add_veth("rs", "s0", server));
  long failed = set_up("rc", 1) | set_up("rs", 1) | set_up("lo", 1);
  failed |= add_address("rc", "10.1.0.1", 24) | add_address("rs", "10.2.0.1", 24);
  failed |= add_address("rc", "fd01::1", 64) | add_address("rs", "fd02::1", 64);
  go(client);
  failed |= set_up("c0", 1) | add_address("c0", "10.1.0.2", 24) | add_address("c0", "fd01::2", 64);
  failed |= add_route(0, 0, "10.1.0.1") | add_route(0, 0, "fd01::1");
  go(server);
  failed |= set_up("s0", 1) | add_address("s0", "10.2.0.2", 24) | add_address("s0", "fd02::2", 64);
  failed |= add_route(0, 0, "10.2.0.1") | add_route(0, 0, "fd02::1");
  show("all are up, with addresses and routes", failed);
}

static void settings(void) {
  family("settings");
  go(router);
  show("a namespace does not forward", read_setting("ipv4/ip_forward"));
  show("nor IPv6", read_setting("ipv6/conf/all/forwarding"));
  show("each interface has a setting", read_setting("ipv4/conf/rc/forwarding"));
  show("ip_forward", write_setting("ipv4/ip_forward", "1"));
  show("  is conf.all.forwarding", read_setting("ipv4/conf/all/forwarding"));
  show("  and that of those to come", read_setting("ipv4/conf/default/forwarding"));
  show("  and of each interface", read_setting("ipv4/conf/rc/forwarding"));
  show("  but not IPv6's", read_setting("ipv6/conf/rc/forwarding"));
  show("an interface's alone", write_setting("ipv4/conf/rc/forwarding", "0"));
  show("  leaves the others'", read_setting("ipv4/conf/rs/forwarding"));
  show("  and ip_forward", read_setting("ipv4/ip_forward"));
  show("no more", write_setting("ipv4/conf/all/forwarding", "0"));
  show("  is ip_forward", read_setting("ipv4/ip_forward"));
  show("  and each interface's", read_setting("ipv4/conf/rs/forwarding"));
  show("an interface that is not there has none", read_setting("ipv4/conf/c0/forwarding"));
  go(client);
  show("another namespace has its own", read_setting("ipv4/conf/c0/forwarding"));
  show("what is no number", write_setting("ipv4/ip_forward", "yes"));
  show("disable_ipv6", write_setting("ipv6/conf/lo/disable_ipv6", "1"));
  show("  no address is taken", add_address("lo", "fd09::1", 64));
  show("  and again", write_setting("ipv6/conf/lo/disable_ipv6", "0"));
}

static void datagrams(int six) {
  const char *to = six ? "fd02::2" : "10.2.0.2", *from = six ? "fd01::2" : "10.1.0.2";
  family(six ? "IPv6" : "IPv4");
  int in = bound(server, SOCK_DGRAM, to, 700), out = bound(client, SOCK_DGRAM, from, 701), on = 1, hops = -1;
  setsockopt(in, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVHOPLIMIT : IP_RECVTTL, &on, sizeof on);
  setsockopt(out, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on);
  show("what is for others is lost", send_to(out, to, 700, 100));
  show("  nothing comes", comes(in, 100));
  go(router);
  show("forwarding", write_setting(six ? "ipv6/conf/all/forwarding" : "ipv4/ip_forward", "1"));
  // addresses of a link are not good for asking neighbours before they have been looked for: it may take a while
  do send_to(out, to, 700, 100);
  while (!comes(in, 100));
  while (comes(in, 200)) take(in, &hops);
  send_to(out, to, 700, 100);
  show("  it comes", take(in, &hops));
  show("  with a hop less", hops);
  show("and back", send_to(in, from, 701, 50));
  show("  it comes", take(out, &hops));

  family("errors of the path");
  int one = 1, many = 64, level = six ? IPPROTO_IPV6 : IPPROTO_IP, name = six ? IPV6_UNICAST_HOPS : IP_TTL;
  setsockopt(out, level, name, &one, sizeof one);
  send_to(out, to, 700, 100);
  error_of("one hop is too few", out);
  show("  nothing comes", comes(in, 0));
  setsockopt(out, level, name, &many, sizeof many);
  send_to(out, six ? "fd03::2" : "10.3.0.2", 700, 100);
  error_of("the router knows no way", out);
  send_to(out, to, 702, 100);
  error_of("nobody listens there", out);

  family("pieces");
  go(router);
  show("the second link is narrow", set_int("rs", IFLA_MTU, 1400));
  int discover = six ? IPV6_PMTUDISC_DO : IP_PMTUDISC_DO;
  setsockopt(out, level, six ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &discover, sizeof discover);
  show("a packet that may not be cut", send_to(out, to, 700, 1430));
  error_of("  does not go through", out);
  show("  nothing comes", comes(in, 0));
  show("more than the first link takes", send_to(out, to, 700, 2000));
  int leave = six ? IPV6_PMTUDISC_DONT : IP_PMTUDISC_DONT;
  setsockopt(out, level, six ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &leave, sizeof leave);
  if (!six) {
    show("one that may be cut", send_to(out, to, 700, 1430));
    show("  comes whole", take(in, &hops));
    show("two pieces are cut again", send_to(out, to, 700, 2800));
    show("  and come whole", take(in, &hops));
  }
  go(router);
  set_int("rs", IFLA_MTU, 1500);
  close(in);
  close(out);
}

// A connection through the router moves a megabyte, both ways of knowing segments' length.
static void stream(int six, int narrow) {
  const char *to = six ? "fd02::2" : "10.2.0.2", *from = six ? "fd01::2" : "10.1.0.2";
  static char data[65536];
  struct sockaddr_storage s;
  go(router);
  if (narrow) set_int("rs", IFLA_MTU, 1400);
  int listener = bound(server, SOCK_STREAM, to, 800 + narrow), out = bound(client, SOCK_STREAM, from, 0);
  listen(listener, 1);
  socklen_t size = endpoint(&s, to, 800 + narrow);
  show("a connection through the router", connect(out, (void *)&s, size));
  int in = accept(listener, 0, 0), child = fork();
  if (child == 0) {
    close(in);
    long done = 0;
    for (int i = 0; i < 16; i++)
      for (int at = 0; at < sizeof data;) {
        for (int j = at; j < sizeof data; j++) data[j] = (i * 31 + j) % 251;
        int put = write(out, data + at, sizeof data - at);
        if (put <= 0) _exit(1);
        at += put;
      }
    shutdown(out, SHUT_WR);
    _exit(read(out, data, 1) == 1 ? 0 : 2);
  }
  close(out);
  long total = 0, wrong = 0, got;
  while ((got = read(in, data, sizeof data)) > 0) {
    for (int j = 0; j < got; j++) {
      long at = total + j;
      wrong += (unsigned char)data[j] != (at / 65536 * 31 + at % 65536) % 251;
    }
    total += got;
  }
  show("  bytes that come", total);
  show("  wrong ones", wrong);
  show("  one goes back", write(in, "x", 1));
  int status;
  waitpid(child, &status, 0);
  show("  the sender's end", status);
  close(in);
  close(listener);
  go(router);
  if (narrow) set_int("rs", IFLA_MTU, 1500);
}

static void routes(void) {
  family("routes that lead nowhere");
  go(router);
  struct rtmsg m = {AF_INET, 24, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNREACHABLE};
  begin(RTM_NEWROUTE, NLM_F_CREATE, &m, sizeof m);
  attribute_address(RTA_DST, "10.8.0.0");
  show("unreachable", ask());
  m.rtm_type = RTN_PROHIBIT;
  begin(RTM_NEWROUTE, NLM_F_CREATE, &m, sizeof m);
  attribute_address(RTA_DST, "10.9.0.0");
  show("prohibit", ask());
  m.rtm_type = RTN_BLACKHOLE;
  begin(RTM_NEWROUTE, NLM_F_CREATE, &m, sizeof m);
  attribute_address(RTA_DST, "10.10.0.0");
  show("blackhole", ask());
  int out = bound(client, SOCK_DGRAM, "10.1.0.2", 703), on = 1;
  setsockopt(out, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  send_to(out, "10.8.0.1", 1, 10);
  error_of("unreachable", out);
  send_to(out, "10.9.0.1", 1, 10);
  error_of("prohibit", out);
  send_to(out, "10.10.0.1", 1, 10);
  struct pollfd p = {out, 0};
  show("blackhole says nothing", poll(&p, 1, 100));
  close(out);
}

static void answers(void) {
  family("whose addresses are asked for");
  go(client);
  struct rtmsg m = {AF_INET, 32, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_scope = RT_SCOPE_LINK, .rtm_type = RTN_UNICAST};
  begin(RTM_NEWROUTE, NLM_F_CREATE, &m, sizeof m);
  attribute_address(RTA_DST, "10.2.0.1");
  attribute_int(RTA_OIF, index_of("c0"));
  show("as if it was on the link", ask());
  int hops, in = bound(router, SOCK_DGRAM, "10.2.0.1", 900), out = bound(client, SOCK_DGRAM, "10.1.0.2", 901);
  show("an address of another interface", send_to(out, "10.2.0.1", 900, 30));
  show("  is answered for", take(in, &hops));
  close(in), close(out);
}

static void reverse_paths(void) {
  family("the way back");
  go(client);
  show("an address that the router knows no way to", add_address("c0", "10.9.9.9", 32));
  go(router);
  struct rtmsg none = {AF_INET, 24, .rtm_table = RT_TABLE_MAIN, .rtm_type = RTN_PROHIBIT};
  begin(RTM_DELROUTE, 0, &none, sizeof none);
  attribute_address(RTA_DST, "10.9.0.0");
  ask();
  int hops, in = bound(server, SOCK_DGRAM, "10.2.0.2", 910), out = bound(client, SOCK_DGRAM, "10.9.9.9", 911);
  go(router);
  for (int mode = 0; mode < 3; mode++) {
    write_setting("ipv4/conf/rc/rp_filter", (char[]){'0' + mode, 0});
    show("rp_filter", read_setting("ipv4/conf/rc/rp_filter"));
    send_to(out, "10.2.0.2", 910, 40);
    show("  it comes", comes(in, mode == 0 ? 2000 : 100) ? take(in, &hops) : 0);
  }
  show("a way to it by the other interface", add_route("10.9.9.9", 32, "10.2.0.2"));
  send_to(out, "10.2.0.2", 910, 40);
  show("  is enough", take(in, &hops));
  write_setting("ipv4/conf/rc/rp_filter", "1");
  send_to(out, "10.2.0.2", 910, 40);
  show("  or is not", comes(in, 100));
  show("that of all counts too", write_setting("ipv4/conf/rc/rp_filter", "0") | write_setting("ipv4/conf/all/rp_filter", "1"));
  send_to(out, "10.2.0.2", 910, 40);
  show("  it does not come", comes(in, 100));
  write_setting("ipv4/conf/all/rp_filter", "0");
  go(client);
  show("the router's own address", add_address("c0", "10.2.0.1", 32));
  int thief = bound(client, SOCK_DGRAM, "10.2.0.1", 912);
  send_to(thief, "10.2.0.2", 910, 40);
  show("  is believed of nobody", comes(in, 100));
  close(in), close(out), close(thief);
}

// Is the server's other station known to be at its address?
static int known;
static void see(struct nlmsghdr *h) {
  struct rtattr *to = find(h, sizeof(struct ndmsg), NDA_DST), *station = find(h, sizeof(struct ndmsg), NDA_LLADDR);
  unsigned char wanted[] = {2, 0, 0, 0, 0x5a, 0x5a}, address[] = {10, 2, 0, 2};
  if (to && station && !memcmp(RTA_DATA(to), address, 4) && !memcmp(RTA_DATA(station), wanted, 6)) known = 1;
}
static void notices(void) {
  family("arp_notify");
  go(server);
  show("a setting", write_setting("ipv4/conf/s0/arp_notify", "1"));
  show("another station", set_station("s0", 0x5a5a));
  go(router);
  // the neighbour is known already: what is heard of it counts
  known = 0;
  for (int i = 0; i < 100 && !known; i++) {
    struct ndmsg m = {.ndm_family = AF_INET};
    begin(RTM_GETNEIGH, NLM_F_DUMP, &m, sizeof m);
    dump(see);
    if (!known) usleep(20000);
  }
  show("  is told to neighbours", known);
}

static void users(void) {
  family("whose settings they are");
  go(router);
  int ends[2], child;
  pipe(ends);
  if ((child = fork()) == 0) {
    setresuid(1000, 1000, 1000);
    unshare(CLONE_NEWUSER | CLONE_NEWNET);
    write(ends[1], "", 1);
    char c;
    // mapped by then
    while (getuid() != 0) usleep(1000);
    struct stat s;
    show("root of the user namespace owns them", stat("/proc/sys/net/ipv4/ip_forward", &s) == 0 ? (long)s.st_uid : -1);
    show("  and sets them", write_setting("ipv4/ip_forward", "1"));
    show("  but no others", access("/proc/sys/kernel/hostname", W_OK));
    show("another namespace is not entered", setns(router, CLONE_NEWNET));
    _exit(0);
  }
  read(ends[0], (char[1]){0}, 1);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/uid_map", child);
  int fd = open(path, O_WRONLY);
  write(fd, "0 1000 10", 9);
  close(fd);
  int status;
  waitpid(child, &status, 0);
  show("its end", status);
  show("ours are as they were", read_setting("ipv4/ip_forward"));
}

int main(void) {
  if (unshare(CLONE_NEWNET) < 0) return 77;
  speak();
  networks();
  settings();
  datagrams(0);
  datagrams(1);
  family("connections");
  stream(0, 0);
  stream(0, 1);
  stream(1, 0);
  stream(1, 1);
  routes();
  answers();
  reverse_paths();
  notices();
  users();
  return 0;
}
