// tc(8), tc-tbf(8), tc-pfifo(8), rtnetlink(7): queueing disciplines as tc sets and asks for them, on the loopback of a namespace of our own.
#include "show.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

static int nl, sequence = 1;
static char answer[1 << 16];
static struct {
  struct nlmsghdr header;
  struct tcmsg tc;
  char rest[512];
} request;

static void begin(int type, int flags, unsigned handle, unsigned parent) {
  memset(&request, 0, sizeof request);
  request.header = (struct nlmsghdr){NLMSG_LENGTH(sizeof request.tc), type, flags | NLM_F_REQUEST, ++sequence, 0};
  request.tc = (struct tcmsg){.tcm_ifindex = 1, .tcm_handle = handle, .tcm_parent = parent};
}
static struct rtattr *attribute(int type, const void *value, int size) {
  struct rtattr *a = (void *)((char *)&request + NLMSG_ALIGN(request.header.nlmsg_len));
  a->rta_type = type;
  a->rta_len = RTA_LENGTH(size);
  memcpy(RTA_DATA(a), value, size);
  request.header.nlmsg_len = NLMSG_ALIGN(request.header.nlmsg_len) + RTA_ALIGN(a->rta_len);
  return a;
}
static void kind(const char *name) { attribute(TCA_KIND, name, strlen(name) + 1); }
static long ask(void) {
  request.header.nlmsg_flags |= NLM_F_ACK;
  send(nl, &request, request.header.nlmsg_len, 0);
  for (;;) {
    long length = recv(nl, answer, sizeof answer, 0);
    for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, length); h = NLMSG_NEXT(h, length))
      if (h->nlmsg_type == NLMSG_ERROR) {
        errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
        return errno == 0 ? 0 : -1;
      }
  }
}
static struct rtattr *find(struct rtattr *a, int length, int type) {
  for (; RTA_OK(a, length); a = RTA_NEXT(a, length))
    if ((a->rta_type & 0x3fff) == type) return a;
  return NULL;
}
static struct gnet_stats_queue {
  unsigned qlen, backlog, drops, requeues, overlimits;
} queue;
static unsigned long long sent;
static unsigned packets;
// Shows the disciplines of the loopback: a handle of the system's own as what it is. `quiet`: reads the statistics of the root alone.
static void list(int type, const char *what, int quiet) {
  if (!quiet) printf("%s\n", what);
  begin(type, NLM_F_DUMP, 0, 0);
  send(nl, &request, request.header.nlmsg_len, 0);
  for (;;) {
    long length = recv(nl, answer, sizeof answer, 0);
    for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, length); h = NLMSG_NEXT(h, length)) {
      if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) return;
      struct tcmsg *tc = NLMSG_DATA(h);
      if (tc->tcm_ifindex != 1) continue;
      struct rtattr *first = (void *)(tc + 1);
      int left = h->nlmsg_len - NLMSG_LENGTH(sizeof *tc);
      struct rtattr *stats = find(first, left, TCA_STATS2), *options = find(first, left, TCA_OPTIONS);
      if (stats && tc->tcm_parent == TC_H_ROOT) {
        struct rtattr *in = find(RTA_DATA(stats), RTA_PAYLOAD(stats), 3);
        if (in) queue = *(struct gnet_stats_queue *)RTA_DATA(in);
        in = find(RTA_DATA(stats), RTA_PAYLOAD(stats), 1);
        if (in) sent = *(unsigned long long *)RTA_DATA(in), packets = ((unsigned *)RTA_DATA(in))[2];
      }
      if (quiet) continue;
      printf("  %s", (char *)RTA_DATA(find(first, left, TCA_KIND)));
      if (tc->tcm_handle >= 0x80000000) printf(" own");
      else printf(" %x:%x", tc->tcm_handle >> 16, tc->tcm_handle & 0xffff);
      printf(" parent %x info %x", tc->tcm_parent, type == RTM_GETQDISC ? tc->tcm_info : tc->tcm_info >> 16);
      if (options) {
        struct rtattr *tbf = find(RTA_DATA(options), RTA_PAYLOAD(options), TCA_TBF_PARMS);
        const char *name = RTA_DATA(find(first, left, TCA_KIND));
        if (strstr(name, "fifo")) printf(" limit %u", *(unsigned *)RTA_DATA(options));
        else if (tbf) {
          struct tc_tbf_qopt *q = RTA_DATA(tbf);
          printf(" rate %u overhead %u mpu %u link %u limit %u buffer %u peak %u mtu %u", q->rate.rate, q->rate.overhead, q->rate.mpu,
                 q->rate.linklayer, q->limit, q->buffer, q->peakrate.rate, q->mtu);
          struct rtattr *more = find(RTA_DATA(options), RTA_PAYLOAD(options), TCA_TBF_RATE64);
          if (more) printf(" rate64 %llu", *(unsigned long long *)RTA_DATA(more));
        }
      }
      printf("\n");
    }
  }
}
static void pfifo(const char *name, unsigned limit) {
  kind(name);
  attribute(TCA_OPTIONS, &limit, 4);
}
static void tbf(unsigned rate, unsigned buffer, unsigned limit, unsigned peak, unsigned mtu, unsigned burst) {
  struct tc_tbf_qopt q = {.rate = {.rate = rate, .linklayer = 1}, .limit = limit, .buffer = buffer, .peakrate = {.rate = peak}, .mtu = mtu};
  kind("tbf");
  struct rtattr *options = attribute(TCA_OPTIONS, NULL, 0);
  attribute(TCA_TBF_PARMS, &q, sizeof q);
  if (burst) attribute(TCA_TBF_BURST, &burst, 4);
  options->rta_len = (char *)&request + request.header.nlmsg_len - (char *)options;
}
#define ADD (NLM_F_CREATE | NLM_F_EXCL)
#define REPLACE (NLM_F_CREATE | NLM_F_REPLACE)

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(void) {
  setbuf(stdout, NULL);
  if (unshare(CLONE_NEWNET) < 0) return 77;
  nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  list(RTM_GETQDISC, "an interface that never was up has none", 0);
  show("lo goes up", ioctl(nl, SIOCSIFFLAGS, &up));
  list(RTM_GETQDISC, "then it has noqueue, without a number", 0);

  puts("requests that are refused");
  begin(RTM_NEWQDISC, ADD, 0, TC_H_ROOT); pfifo("nothing", 3);
  show("a kind that there is not", ask());
  begin(RTM_NEWQDISC, ADD, 0, TC_H_ROOT);
  show("no kind", ask());
  begin(RTM_NEWQDISC, 0, 0, TC_H_ROOT); pfifo("pfifo", 3);
  show("a change where none is", ask());
  begin(RTM_NEWQDISC, ADD, 0, TC_H_ROOT); pfifo("pfifo", 3); request.tc.tcm_ifindex = 99;
  show("an interface that there is not", ask());
  begin(RTM_NEWQDISC, ADD, 0, 0); pfifo("pfifo", 3);
  show("neither handle nor parent", ask());
  begin(RTM_NEWQDISC, ADD, 0x10001, TC_H_ROOT); pfifo("pfifo", 3);
  show("a handle with a minor number", ask());
  begin(RTM_NEWQDISC, ADD, 0x20000, 0x10001); pfifo("pfifo", 3);
  show("a parent that there is not", ask());
  begin(RTM_NEWQDISC, ADD, 0, TC_H_ROOT); kind("pfifo"); attribute(TCA_OPTIONS, "ab", 2);
  show("options cut short", ask());
  begin(RTM_NEWQDISC, ADD, 0, TC_H_ROOT); kind("tbf");
  show("tbf without options", ask());
  begin(RTM_NEWQDISC, ADD, 0, TC_H_ROOT); tbf(125000, 1000000, 3000, 125000, 100000, 0);
  show("a peak rate that is not above the rate", ask());
  begin(RTM_DELQDISC, 0, 0, TC_H_ROOT);
  show("the one by default can't be removed", ask());
  begin(RTM_DELQDISC, 0, 0x50000, 0);
  show("nor one that is not there", ask());

  puts("pfifo and bfifo");
  begin(RTM_NEWQDISC, ADD, 0, TC_H_ROOT); kind("pfifo");
  show("pfifo: as many packets as txqueuelen says", ask());
  list(RTM_GETQDISC, "and a number of its own", 0);
  begin(RTM_NEWQDISC, ADD, 0, TC_H_ROOT); pfifo("pfifo", 5);
  show("a second one of the kind", ask());
  begin(RTM_NEWQDISC, ADD, 0x50000, TC_H_ROOT); pfifo("pfifo", 5);
  show("one with a number", ask());
  begin(RTM_NEWQDISC, REPLACE, 0, TC_H_ROOT); pfifo("pfifo", 6);
  show("replace by the same kind is a change", ask());
  begin(RTM_NEWQDISC, REPLACE, 0x10000, TC_H_ROOT); kind("bfifo");
  show("bfifo: as many bytes as those packets have", ask());
  list(RTM_GETQDISC, "now", 0);
  begin(RTM_NEWQDISC, 0, 0x10000, 0); pfifo("bfifo", 7000);
  show("a change by number alone", ask());
  begin(RTM_NEWQDISC, 0, 0x10000, 0); pfifo("pfifo", 7);
  show("to another kind", ask());
  begin(RTM_NEWQDISC, REPLACE, 0x10000, TC_H_ROOT); pfifo("pfifo", 7);
  show("replace by another kind with the same number", ask());
  list(RTM_GETQDISC, "now", 0);
  begin(RTM_DELQDISC, 0, 0x20000, TC_H_ROOT);
  show("removal of another number", ask());
  begin(RTM_DELQDISC, 0, 0x10000, 0);
  show("removal by number alone", ask());
  begin(RTM_DELQDISC, 0, 0x10000, TC_H_ROOT); kind("tbf");
  show("removal of another kind", ask());
  begin(RTM_DELQDISC, 0, 0x10000, TC_H_ROOT);
  show("removal", ask());

  puts("tbf");
  begin(RTM_NEWQDISC, ADD, 0x10000, TC_H_ROOT); tbf(125000, 1280000, 16250, 0, 0, 0);
  show("by time", ask());
  list(RTM_GETQDISC, "now", 0);
  begin(RTM_NEWQDISC, 0, 0x10000, TC_H_ROOT); tbf(250000, 0, 30000, 1000000, 100000, 5000);
  show("by bytes, with a peak rate", ask());
  list(RTM_GETQDISC, "now", 0);
  list(RTM_GETTCLASS, "its class", 0);
  begin(RTM_NEWQDISC, ADD, 0xa0000, 0x10001); pfifo("pfifo", 3);
  show("another queue in the class", ask());
  list(RTM_GETQDISC, "now", 0);
  list(RTM_GETTCLASS, "its class", 0);
  begin(RTM_NEWQDISC, 0, 0x10000, TC_H_ROOT); tbf(250000, 0, 40, 0, 0, 5000);
  show("a change of the limit", ask());
  list(RTM_GETQDISC, "reaches that queue", 0);
  begin(RTM_NEWQDISC, ADD, 0, TC_H_ROOT); pfifo("pfifo", 3);
  show("another kind, exclusively", ask());
  list(RTM_GETQDISC, "now", 0);
  begin(RTM_NEWQDISC, REPLACE, 0x10000, TC_H_ROOT); tbf(250000, 0, 30000, 0, 0, 5000);
  show("and back", ask());
  begin(RTM_DELQDISC, 0, 0, 0x10001);
  show("the queue by default can't be removed", ask());
  begin(RTM_NEWQDISC, 0, 0, TC_H_ROOT); pfifo("pfifo", 9);
  show("without any flag another kind comes", ask());
  list(RTM_GETQDISC, "now", 0);

  puts("packets");
  int udp = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  bind(other, (void *)&at, sizeof at);
  getsockname(other, (void *)&at, &size);
  connect(udp, (void *)&at, sizeof at);
  char data[2000] = {0};
  struct timeval patience = {.tv_sec = 10};
  setsockopt(other, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  send(udp, data, 100, 0);
  show("through pfifo", recv(other, data, sizeof data, 0));
  list(RTM_GETQDISC, "", 1);
  show("bytes with the link's header", sent);
  show("packets", packets);
  // 100,000 bytes a second, 1,042 at once, 10,000 may wait
  begin(RTM_NEWQDISC, REPLACE, 0x20000, TC_H_ROOT); tbf(100000, 0, 10000, 0, 0, 1042);
  show("tbf", ask());
  long long began = now();
  for (int i = 0; i < 6; i++) send(udp, data, 1000, 0);
  list(RTM_GETQDISC, "", 1);
  show("packets that wait", queue.qlen);
  show("bytes that wait", queue.backlog);
  for (int i = 0; i < 6; i++) recv(other, data, sizeof data, 0);
  double took = (now() - began) / 1e9;
  // five of 1,042 bytes have waited
  show("the rate holds", took > 0.045 && took < 2);
  list(RTM_GETQDISC, "", 1);
  show("all are counted", packets);
  show("it was over its limit", queue.overlimits > 0);
  show("none waits", queue.qlen);
  show("a packet above the burst", send(udp, data, 1100, 0));
  for (int i = 0; i < 20; i++) send(udp, data, 1000, 0);
  list(RTM_GETQDISC, "", 1);
  show("is dropped, as those above the limit", queue.drops > 8);
  begin(RTM_DELQDISC, 0, 0, TC_H_ROOT);
  show("removal with packets in it", ask());
  setuid(1000);
  begin(RTM_NEWQDISC, ADD, 0, TC_H_ROOT); pfifo("pfifo", 3);
  show("others may not change", ask());
  list(RTM_GETQDISC, "but ask", 0);
  return 0;
}
