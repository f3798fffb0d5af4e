// Requests of rtnetlink, put together and sent: rtnetlink(7). For programs that make networks of their own.
#pragma once
#include "show.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int nl, sequence = 1;
static char answer[1 << 18];
static struct {
  struct nlmsghdr header;
  char body[512];
} request;

static void begin(int type, int flags, const void *fixed, int size) {
  memset(&request, 0, sizeof request);
  request.header = (struct nlmsghdr){NLMSG_LENGTH(size), type, flags | NLM_F_REQUEST, ++sequence, 0};
  memcpy(request.body, fixed, size);
}
static void attribute(int type, const void *value, int size) {
  struct rtattr *a = (void *)((char *)&request + NLMSG_ALIGN(request.header.nlmsg_len));
  a->rta_type = type;
  a->rta_len = RTA_LENGTH(size);
  memcpy(RTA_DATA(a), value, size);
  request.header.nlmsg_len = NLMSG_ALIGN(request.header.nlmsg_len) + RTA_ALIGN(a->rta_len);
}
static void attribute_address(int type, const char *text) {
  unsigned char bytes[16];
  int six = strchr(text, ':') != NULL;
  inet_pton(six ? AF_INET6 : AF_INET, text, bytes);
  attribute(type, bytes, six ? 16 : 4);
}
// Sends the request; the error of its acknowledgment, as a call gives it.
static long ask(void) {
  request.header.nlmsg_flags |= NLM_F_ACK;
  if (send(nl, &request, request.header.nlmsg_len, 0) < 0) return -1;
  for (;;) {
    long length = recv(nl, answer, sizeof answer, 0);
    for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, length); h = NLMSG_NEXT(h, length))
      if (h->nlmsg_type == NLMSG_ERROR) {
        errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
        return errno == 0 ? 0 : -1;
      }
  }
}
// Calls `see` for each message of a dump.
static int dump(void (*see)(struct nlmsghdr *)) {
  int count = 0;
  send(nl, &request, request.header.nlmsg_len, 0);
  for (;;) {
    long length = recv(nl, answer, sizeof answer, 0);
    if (length <= 0) return -1;
    for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, length); h = NLMSG_NEXT(h, length)) {
      if (h->nlmsg_type == NLMSG_DONE) return count;
      if (h->nlmsg_type == NLMSG_ERROR) {
        errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
        return -1;
      }
      count++;
      see(h);
    }
  }
}
static struct rtattr *find(struct nlmsghdr *h, int size, int type) {
  int length = h->nlmsg_len - NLMSG_SPACE(size);
  struct rtattr *a = (void *)((char *)NLMSG_DATA(h) + NLMSG_ALIGN(size));
  for (; RTA_OK(a, length); a = RTA_NEXT(a, length))
    if ((a->rta_type & 0x3fff) == type) return a;
  return NULL;
}

// ---- attributes in attributes ----
static struct rtattr *nest(int type) {
  struct rtattr *a = (void *)((char *)&request + NLMSG_ALIGN(request.header.nlmsg_len));
  attribute(type | NLA_F_NESTED, "", 0);
  return a;
}
static void unnest(struct rtattr *a) {
  a->rta_len = (char *)&request + request.header.nlmsg_len - (char *)a;
}
static void attribute_text(int type, const char *value) { attribute(type, value, strlen(value) + 1); }
static void attribute_int(int type, int value) { attribute(type, &value, 4); }
static void attribute_station(int type, int last) {
  unsigned char bytes[6] = {2, 0, 0, 0, last >> 8, last};
  attribute(type, bytes, 6);
}

// ---- namespaces: files of them, and a netlink socket in the one that a task is in ----
static int this_namespace(void) { return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC); }
static void speak(void) {
  if (nl > 0) close(nl);
  nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}
static long go(int namespace) {
  long failed = setns(namespace, CLONE_NEWNET);
  speak();
  return failed;
}
// A new namespace, in which the task is then.
static int new_namespace(void) {
  if (unshare(CLONE_NEWNET) < 0) return -1;
  speak();
  return this_namespace();
}

// ---- interfaces ----
static int index_of(const char *name) { return if_nametoindex(name); }
static void begin_link(int type, int flags, const char *name) {
  struct ifinfomsg m = {0};
  begin(type, flags, &m, sizeof m);
  if (name) attribute_text(IFLA_IFNAME, name);
}
static void about_link(int type, const char *name) {
  struct ifinfomsg m = {.ifi_index = index_of(name)};
  begin(type, 0, &m, sizeof m);
}
// `peer_in`: a file of the namespace that the other end goes to; negative: this one.
static long add_veth(const char *name, const char *peer, int peer_in) {
  begin_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
  struct rtattr *information = nest(IFLA_LINKINFO);
  attribute_text(IFLA_INFO_KIND, "veth");
  struct rtattr *data = nest(IFLA_INFO_DATA);
  struct rtattr *other = nest(VETH_INFO_PEER);
  request.header.nlmsg_len += sizeof(struct ifinfomsg);
  if (peer) attribute_text(IFLA_IFNAME, peer);
  if (peer_in >= 0) attribute_int(IFLA_NET_NS_FD, peer_in);
  unnest(other);
  unnest(data);
  unnest(information);
  return ask();
}
static long add_kind(const char *name, const char *kind) {
  begin_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
  struct rtattr *information = nest(IFLA_LINKINFO);
  attribute_text(IFLA_INFO_KIND, kind);
  unnest(information);
  return ask();
}
static long set_up(const char *name, int up) {
  struct ifinfomsg m = {.ifi_index = index_of(name), .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP};
  begin(RTM_NEWLINK, 0, &m, sizeof m);
  return ask();
}
static long set_int(const char *name, int type, int value) {
  about_link(RTM_NEWLINK, name);
  attribute_int(type, value);
  return ask();
}
static long set_station(const char *name, int last) {
  about_link(RTM_NEWLINK, name);
  attribute_station(IFLA_ADDRESS, last);
  return ask();
}
static long remove_link(const char *name) {
  about_link(RTM_DELLINK, name);
  return ask();
}
static long add_address(const char *name, const char *address, int bits) {
  int six = strchr(address, ':') != NULL;
  struct ifaddrmsg m = {.ifa_family = six ? AF_INET6 : AF_INET, .ifa_prefixlen = bits, .ifa_index = index_of(name)};
  // nobody else has it
  m.ifa_flags = six ? IFA_F_NODAD : 0;
  begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &m, sizeof m);
  attribute_address(IFA_LOCAL, address);
  attribute_address(IFA_ADDRESS, address);
  return ask();
}
// The default route of the gateway's family, or one to `to`.
static long add_route(const char *to, int bits, const char *gateway) {
  int six = strchr(gateway, ':') != NULL;
  struct rtmsg m = {six ? AF_INET6 : AF_INET, bits, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST};
  begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &m, sizeof m);
  if (to) attribute_address(RTA_DST, to);
  attribute_address(RTA_GATEWAY, gateway);
  return ask();
}
static int flags_of(const char *name) {
  struct ifreq r = {0};
  strcpy(r.ifr_name, name);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (ioctl(fd, SIOCGIFFLAGS, &r) < 0) r.ifr_flags = -1;
  close(fd);
  return r.ifr_flags;
}
