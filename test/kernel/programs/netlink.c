// netlink(7), rtnetlink(7), sock_diag(7), netdevice(7), proc(5): the network as programs ask for it. All on lo, and of sockets of the
// program's own: what the host has besides is left out.
#include "route.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/stat.h>

static void address_line(const char *rule, int family, struct rtattr *a) {
  char buffer[64];
  text(rule, a ? inet_ntop(family, RTA_DATA(a), buffer, sizeof buffer) : "none");
}

static void see_link(struct nlmsghdr *h) {
  struct ifinfomsg *info = NLMSG_DATA(h);
  if (info->ifi_index != 1) return;
  text("  IFLA_IFNAME", RTA_DATA(find(h, sizeof *info, IFLA_IFNAME)));
  show("  type", info->ifi_type);
  show("  flags", info->ifi_flags);
  show("  IFLA_MTU", *(int *)RTA_DATA(find(h, sizeof *info, IFLA_MTU)));
  show("  IFLA_TXQLEN", *(int *)RTA_DATA(find(h, sizeof *info, IFLA_TXQLEN)));
  show("  IFLA_OPERSTATE", *(char *)RTA_DATA(find(h, sizeof *info, IFLA_OPERSTATE)));
  show("  IFLA_ADDRESS has 6 bytes", RTA_PAYLOAD(find(h, sizeof *info, IFLA_ADDRESS)));
  show("  IFLA_STATS64", find(h, sizeof *info, IFLA_STATS64) != NULL);
}
static void see_address(struct nlmsghdr *h) {
  struct ifaddrmsg *m = NLMSG_DATA(h);
  if (m->ifa_index != 1) return;
  address_line("  IFA_ADDRESS", m->ifa_family, find(h, sizeof *m, IFA_ADDRESS));
  address_line("    IFA_LOCAL", m->ifa_family, find(h, sizeof *m, IFA_LOCAL));
  show("    prefix", m->ifa_prefixlen);
  show("    scope", m->ifa_scope);
  show("    flags", m->ifa_flags);
  struct rtattr *label = find(h, sizeof *m, IFA_LABEL);
  text("    IFA_LABEL", label ? RTA_DATA(label) : "none");
}
static int table_wanted;
static void see_route(struct nlmsghdr *h) {
  struct rtmsg *m = NLMSG_DATA(h);
  struct rtattr *by = find(h, sizeof *m, RTA_OIF);
  if (!by || *(int *)RTA_DATA(by) != 1 || m->rtm_table != table_wanted) return;
  address_line("  RTA_DST", m->rtm_family, find(h, sizeof *m, RTA_DST));
  show("    prefix", m->rtm_dst_len);
  show("    type", m->rtm_type);
  show("    scope", m->rtm_scope);
  show("    protocol", m->rtm_protocol);
  address_line("    RTA_PREFSRC", m->rtm_family, find(h, sizeof *m, RTA_PREFSRC));
  address_line("    RTA_GATEWAY", m->rtm_family, find(h, sizeof *m, RTA_GATEWAY));
  struct rtattr *metric = find(h, sizeof *m, RTA_PRIORITY);
  show("    RTA_PRIORITY", metric ? *(int *)RTA_DATA(metric) : 0);
}
static void routes(const char *rule, int family, int table) {
  struct rtmsg m = {.rtm_family = family};
  table_wanted = table;
  begin(RTM_GETROUTE, NLM_F_DUMP, &m, sizeof m);
  show(rule, dump(see_route) > 0);
}
static void addresses(const char *rule, int family) {
  struct ifaddrmsg m = {.ifa_family = family};
  begin(RTM_GETADDR, NLM_F_DUMP, &m, sizeof m);
  show(rule, dump(see_address) > 0);
}
static int port_wanted, seen;
static void see_socket(struct nlmsghdr *h) {
  struct inet_diag_msg *m = NLMSG_DATA(h);
  if (ntohs(m->id.idiag_sport) != port_wanted) return;
  seen++;
  show("  state", m->idiag_state);
  show("  receive queue", m->idiag_rqueue);
  show("  send queue", m->idiag_state == 10 ? m->idiag_wqueue : 0);
  show("  inode is there", m->idiag_inode != 0);
}
static long change_address(int type, int flags, const char *address, int bits, int index) {
  struct ifaddrmsg m = {.ifa_family = strchr(address, ':') ? AF_INET6 : AF_INET, .ifa_prefixlen = bits, .ifa_index = index, .ifa_scope = 0};
  begin(type, flags, &m, sizeof m);
  attribute_address(IFA_LOCAL, address);
  attribute_address(IFA_ADDRESS, address);
  return ask();
}
static long change_route(int type, int flags, const char *to, int bits, const char *gateway, int by, int kind, int scope) {
  struct rtmsg m = {.rtm_family = strchr(to, ':') ? AF_INET6 : AF_INET, .rtm_dst_len = bits, .rtm_table = RT_TABLE_MAIN,
                    .rtm_protocol = RTPROT_BOOT, .rtm_scope = scope, .rtm_type = kind};
  begin(type, flags, &m, sizeof m);
  attribute_address(RTA_DST, to);
  if (gateway) attribute_address(RTA_GATEWAY, gateway);
  if (by) attribute(RTA_OIF, &by, sizeof by);
  return ask();
}
static void find_route(const char *rule, const char *to) {
  struct rtmsg m = {.rtm_family = strchr(to, ':') ? AF_INET6 : AF_INET, .rtm_dst_len = strchr(to, ':') ? 128 : 32};
  begin(RTM_GETROUTE, 0, &m, sizeof m);
  attribute_address(RTA_DST, to);
  send(nl, &request, request.header.nlmsg_len, 0);
  recv(nl, answer, sizeof answer, 0);
  struct nlmsghdr *h = (void *)answer;
  if (h->nlmsg_type == NLMSG_ERROR) {
    errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
    show(rule, -1);
    return;
  }
  struct rtmsg *r = NLMSG_DATA(h);
  show(rule, r->rtm_type);
  address_line("  RTA_PREFSRC", r->rtm_family, find(h, sizeof *r, RTA_PREFSRC));
  show("  RTA_OIF", *(int *)RTA_DATA(find(h, sizeof *r, RTA_OIF)));
}
static void file_lines(const char *path, const char *with, int lines) {
  char line[512];
  FILE *file = fopen(path, "r");
  if (!file) {
    show(path, -1);
    return;
  }
  while (lines > 0 && fgets(line, sizeof line, file))
    if (!with || strstr(line, with)) text(path, line), lines--;
  fclose(file);
}

int main(void) {
  int value, on = 1;
  socklen_t length;
  char buffer[1024];
  // a namespace of its own where there can be one; lo up, as it is here
  if (unshare(CLONE_NEWNET) != 0) unshare(CLONE_NEWUSER | CLONE_NEWNET);
  struct sockaddr_nl name = {.nl_family = AF_NETLINK};

  family("sockets");
  show("a protocol that is none is EPROTONOSUPPORT", socket(AF_NETLINK, SOCK_RAW, 30));
  show("SOCK_STREAM is ESOCKTNOSUPPORT", socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
  nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  show("a short address is EINVAL", bind(nl, (void *)&name, 4));
  show("bind", bind(nl, (void *)&name, sizeof name));
  length = sizeof name;
  getsockname(nl, (void *)&name, &length);
  show("  the length of the address", length);
  show("  the port is the process's number", name.nl_pid == getpid());
  int second = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
  show("a port that is taken is EADDRINUSE", bind(second, (void *)&name, sizeof name));
  close(second);
  show("listen is EOPNOTSUPP", listen(nl, 1));
  show("SO_TYPE", (length = sizeof value, getsockopt(nl, SOL_SOCKET, SO_TYPE, &value, &length), value));
  show("NETLINK_EXT_ACK", setsockopt(nl, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on));
  show("an option that is none is ENOPROTOOPT", setsockopt(nl, SOL_NETLINK, 99, &on, sizeof on));
  show("MSG_DONTWAIT without an answer is EAGAIN", recv(nl, buffer, 10, MSG_DONTWAIT));

  family("links");
  struct ifinfomsg link = {.ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  begin(RTM_NEWLINK, 0, &link, sizeof link);
  show("lo goes up", ask());
  link = (struct ifinfomsg){0};
  begin(RTM_GETLINK, NLM_F_DUMP, &link, sizeof link);
  show("RTM_GETLINK", dump(see_link) > 0);
  link.ifi_index = 1;
  begin(RTM_GETLINK, 0, &link, sizeof link);
  show("RTM_GETLINK of one, with an acknowledgment", ask());
  link.ifi_index = 9999;
  begin(RTM_GETLINK, 0, &link, sizeof link);
  show("  that is not there is ENODEV", ask());
  link = (struct ifinfomsg){0};
  begin(RTM_NEWLINK, 0, &link, sizeof link);
  attribute(IFLA_IFNAME, "nothing7", 9);
  show("RTM_NEWLINK of what is not there is ENODEV", ask());
  link.ifi_index = 1;
  begin(RTM_DELLINK, 0, &link, sizeof link);
  show("lo can't be deleted: EOPNOTSUPP", ask());
  begin(254, 0, &link, sizeof link);
  show("a type that is none is EOPNOTSUPP", ask());

  family("addresses");
  addresses("IPv4", AF_INET);
  addresses("IPv6", AF_INET6);
  show("add", change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "10.77.1.2", 24, 1));
  show("  once more is EEXIST", change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "10.77.1.2", 24, 1));
  show("  to nothing is ENODEV", change_address(RTM_NEWADDR, NLM_F_CREATE, "10.77.1.3", 24, 9999));
  show("  too long a prefix is EINVAL", change_address(RTM_NEWADDR, NLM_F_CREATE, "10.77.1.4", 33, 1));
  show("add IPv6", change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "fd77::2", 64, 1));
  addresses("IPv4 then", AF_INET);
  int u = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET};
  inet_pton(AF_INET, "10.77.1.2", &at.sin_addr);
  show("a socket can be bound to it", bind(u, (void *)&at, sizeof at));
  close(u);

  family("routes");
  routes("IPv4, main", AF_INET, RT_TABLE_MAIN);
  routes("IPv4, local", AF_INET, RT_TABLE_LOCAL);
  find_route("the way to it is local", "10.77.1.2");
  find_route("to its network", "10.77.1.99");
  find_route("to 127.0.0.5", "127.0.0.5");
  find_route("to nowhere is ENETUNREACH", "198.51.100.1");
  find_route("IPv6 to ::1", "::1");
  show("add", change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "10.88.0.0", 16, "10.77.1.1", 0, RTN_UNICAST, RT_SCOPE_UNIVERSE));
  show("  once more is EEXIST", change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "10.88.0.0", 16, "10.77.1.1", 0, RTN_UNICAST, RT_SCOPE_UNIVERSE));
  find_route("  is the way to what lies there", "10.88.3.4");
  show("a gateway that is not near is ENETUNREACH", change_route(RTM_NEWROUTE, NLM_F_CREATE, "10.89.0.0", 16, "192.0.2.1", 0, RTN_UNICAST, RT_SCOPE_UNIVERSE));
  show("bits behind the prefix are EINVAL", change_route(RTM_NEWROUTE, NLM_F_CREATE, "10.89.0.1", 16, NULL, 1, RTN_UNICAST, RT_SCOPE_LINK));
  show("an interface that is not there is ENODEV", change_route(RTM_NEWROUTE, NLM_F_CREATE, "10.89.0.0", 16, NULL, 9999, RTN_UNICAST, RT_SCOPE_LINK));
  show("unreachable", change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "10.90.0.0", 16, NULL, 0, RTN_UNREACHABLE, RT_SCOPE_UNIVERSE));
  find_route("  is EHOSTUNREACH", "10.90.1.1");
  show("prohibited", change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "10.91.0.0", 16, NULL, 0, RTN_PROHIBIT, RT_SCOPE_UNIVERSE));
  find_route("  is EACCES", "10.91.1.1");
  show("a black hole", change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "10.92.0.0", 16, NULL, 0, RTN_BLACKHOLE, RT_SCOPE_UNIVERSE));
  find_route("  is EINVAL", "10.92.1.1");
  show("delete", change_route(RTM_DELROUTE, 0, "10.88.0.0", 16, NULL, 0, 0, RT_SCOPE_NOWHERE));
  show("  once more is ESRCH", change_route(RTM_DELROUTE, 0, "10.88.0.0", 16, NULL, 0, 0, RT_SCOPE_NOWHERE));
  show("the address goes", change_address(RTM_DELADDR, 0, "10.77.1.2", 24, 1));
  show("  once more is EADDRNOTAVAIL", change_address(RTM_DELADDR, 0, "10.77.1.2", 24, 1));
  find_route("  and its route with it", "10.77.1.99");
  show("IPv6 goes", change_address(RTM_DELADDR, 0, "fd77::2", 64, 1));
  for (int i = 0; i < 3; i++) {
    const char *nets[] = {"10.90.0.0", "10.91.0.0", "10.92.0.0"};
    change_route(RTM_DELROUTE, 0, nets[i], 16, NULL, 0, 0, RT_SCOPE_NOWHERE);
  }

  family("groups");
  int ears = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  name = (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR};
  bind(ears, (void *)&name, sizeof name);
  change_address(RTM_NEWADDR, NLM_F_CREATE, "10.66.0.1", 32, 1);
  show("an address that comes is told", recv(ears, answer, sizeof answer, MSG_DONTWAIT) > 0);
  show("  as RTM_NEWADDR", ((struct nlmsghdr *)answer)->nlmsg_type);
  change_address(RTM_DELADDR, 0, "10.66.0.1", 32, 1);
  recv(ears, answer, sizeof answer, MSG_DONTWAIT);
  show("  one that goes as RTM_DELADDR", ((struct nlmsghdr *)answer)->nlmsg_type);
  show("  and no more", recv(ears, answer, sizeof answer, MSG_DONTWAIT));
  close(ears);

  family("sock_diag");
  int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);
  at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bind(l, (void *)&at, sizeof at);
  listen(l, 7);
  length = sizeof at;
  getsockname(l, (void *)&at, &length);
  port_wanted = ntohs(at.sin_port);
  connect(c, (void *)&at, sizeof at);
  close(nl);
  nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  struct inet_diag_req_v2 diag = {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1 << 10};
  begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &diag, sizeof diag);
  show("a listener", dump(see_socket) > 0);
  diag.idiag_states = 1 << 1;
  seen = 0;
  begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &diag, sizeof diag);
  show("connections", dump(see_socket) > 0);
  show("  of that port", seen);

  family("/proc/net");
  snprintf(buffer, sizeof buffer, "0100007F:%04X 00000000:0000 0A", port_wanted);
  struct stat status;
  fstat(l, &status);
  char line[512];
  FILE *file = fopen("/proc/net/tcp", "r");
  fgets(line, sizeof line, file);
  text("tcp", line);
  int found = 0;
  while (fgets(line, sizeof line, file))
    if (strstr(line, buffer)) {
      unsigned long inode = 0;
      unsigned uid, queue;
      sscanf(line, " %*d: %*s %*s 0A %*8x:%8x %*s %*s %u %*d %lu", &queue, &uid, &inode);
      show("  the listener is there, its inode", inode == status.st_ino);
      show("  waiting", queue);
      show("  uid", uid);
      show("  as long as Linux's", strlen(line));
      found++;
    }
  show("  lines of it", found);
  fclose(file);
  file_lines("/proc/net/tcp6", NULL, 1);
  file_lines("/proc/net/udp", NULL, 1);
  file_lines("/proc/net/udp6", NULL, 1);
  file_lines("/proc/net/raw", NULL, 1);
  file_lines("/proc/net/unix", NULL, 1);
  file_lines("/proc/net/dev", NULL, 2);
  file_lines("/proc/net/route", NULL, 1);
  file_lines("/proc/net/arp", NULL, 1);
  file_lines("/proc/net/if_inet6", " lo", 1);
  int v = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un un = {AF_UNIX, "\0netlink-test"};
  bind(v, (void *)&un, sizeof(sa_family_t) + 13);
  listen(v, 1);
  file = fopen("/proc/net/unix", "r");
  while (fgets(line, sizeof line, file))
    if (strstr(line, "@netlink-test")) {
      unsigned flags, type, state;
      sscanf(line, "%*s %*s %*s %x %x %x", &flags, &type, &state);
      show("unix: flags of a listener", flags);
      show("  type", type);
      show("  state", state);
    }
  fclose(file);
  file_lines("/proc/sys/net/ipv4/ip_default_ttl", NULL, 1);
  file_lines("/proc/sys/net/ipv4/ip_local_port_range", NULL, 1);
  file_lines("/proc/sys/net/ipv4/ip_unprivileged_port_start", NULL, 1);
  file_lines("/proc/sys/net/core/somaxconn", NULL, 1);

  family("netdevice");
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  struct ifreq ifr = {0};
  strcpy(ifr.ifr_name, "lo");
  show("SIOCGIFINDEX", (ioctl(s, SIOCGIFINDEX, &ifr), ifr.ifr_ifindex));
  show("SIOCGIFFLAGS", (ioctl(s, SIOCGIFFLAGS, &ifr), ifr.ifr_flags));
  show("SIOCGIFMTU", (ioctl(s, SIOCGIFMTU, &ifr), ifr.ifr_mtu));
  show("SIOCGIFADDR", ioctl(s, SIOCGIFADDR, &ifr));
  text("  ", inet_ntoa(((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr));
  show("SIOCGIFNETMASK", ioctl(s, SIOCGIFNETMASK, &ifr));
  text("  ", inet_ntoa(((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr));
  show("SIOCGIFHWADDR: family", (ioctl(s, SIOCGIFHWADDR, &ifr), ifr.ifr_hwaddr.sa_family));
  ifr.ifr_ifindex = 1;
  ifr.ifr_name[0] = 0;
  show("SIOCGIFNAME", ioctl(s, SIOCGIFNAME, &ifr));
  text("  ", ifr.ifr_name);
  strcpy(ifr.ifr_name, "nope");
  show("what is not there is ENODEV", ioctl(s, SIOCGIFFLAGS, &ifr));
  show("an unreadable request is EFAULT", ioctl(s, SIOCGIFFLAGS, (void *)16));
  struct ifconf conf = {.ifc_len = sizeof buffer, .ifc_buf = buffer};
  show("SIOCGIFCONF", ioctl(s, SIOCGIFCONF, &conf));
  show("  gives one address at least", conf.ifc_len >= (int)sizeof ifr);
  struct ifaddrs *all;
  show("getifaddrs", getifaddrs(&all));
  for (struct ifaddrs *i = all; i; i = i->ifa_next) {
    if (strcmp(i->ifa_name, "lo") || !i->ifa_addr) continue;
    show("  family", i->ifa_addr->sa_family);
    if (i->ifa_addr->sa_family == AF_INET) text("    address", inet_ntoa(((struct sockaddr_in *)i->ifa_addr)->sin_addr));
  }

  family("ICMP");
  show("a raw socket without a protocol is EPROTONOSUPPORT", socket(AF_INET, SOCK_RAW, 0));
  int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  struct icmp echo = {.icmp_type = ICMP_ECHO, .icmp_hun.ih_idseq = {htons(77), htons(1)}};
  unsigned sum = 0;
  for (int i = 0; i < 4; i++) sum += ((unsigned short *)&echo)[i];
  echo.icmp_cksum = ~((sum & 0xffff) + (sum >> 16));
  at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  show("an echo request", sendto(raw, &echo, 8, 0, (void *)&at, sizeof at));
  int types = 0;
  for (int i = 0; i < 2; i++) {
    value = recv(raw, buffer, sizeof buffer, MSG_DONTWAIT);
    show("  received, with the IP header", value);
    types += (unsigned char)buffer[20] + 100;
  }
  show("  the request and its answer", types);
  show("  protocol in the header", buffer[9]);
  value = ~(1 << ICMP_ECHOREPLY);
  show("ICMP_FILTER", setsockopt(raw, IPPROTO_RAW, 1, &value, sizeof value));
  sendto(raw, &echo, 8, 0, (void *)&at, sizeof at);
  show("  lets the answer alone through", (recv(raw, buffer, sizeof buffer, MSG_DONTWAIT), buffer[20]));
  show("  and nothing else", recv(raw, buffer, sizeof buffer, MSG_DONTWAIT));
  file = fopen("/proc/sys/net/ipv4/ping_group_range", "w");
  if (file) fprintf(file, "0 0\n"), fclose(file);
  int ping = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  show("a ping socket", ping >= 0);
  show("  sends an echo request", sendto(ping, &echo, 8, 0, (void *)&at, sizeof at));
  show("  and gets the answer", recv(ping, buffer, sizeof buffer, MSG_DONTWAIT));
  show("    of type", buffer[0]);
  length = sizeof at;
  getsockname(ping, (void *)&at, &length);
  show("    with the identifier that is its port", at.sin_port == *(unsigned short *)(buffer + 4));
  echo.icmp_type = ICMP_ECHOREPLY;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  show("  but nothing else: EINVAL", sendto(ping, &echo, 8, 0, (void *)&at, sizeof at));
  show("  nor less than a header: EINVAL", sendto(ping, &echo, 4, 0, (void *)&at, sizeof at));
  file = fopen("/proc/sys/net/ipv4/ping_group_range", "w");
  if (file) fprintf(file, "1 0\n"), fclose(file);
  return 0;
}
