// packet(7), socket(7): frames at an interface, filters of classic BPF, a ring in memory. On a veth pair of a namespace of our own, and lo.
#include "show.h"
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

static struct { struct nlmsghdr h; struct ifinfomsg i; char rest[512]; } request;
static struct rtattr *add(int type, const void *value, int size) {
  struct rtattr *a = (void *)((char *)&request + NLMSG_ALIGN(request.h.nlmsg_len));
  a->rta_type = type;
  a->rta_len = RTA_LENGTH(size);
  if (size) memcpy(RTA_DATA(a), value, size);
  request.h.nlmsg_len = NLMSG_ALIGN(request.h.nlmsg_len) + RTA_ALIGN(a->rta_len);
  return a;
}
static void end(struct rtattr *a) { a->rta_len = (char *)&request + request.h.nlmsg_len - (char *)a; }
static void veth(const char *one, const char *other) {
  int nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  request.h = (struct nlmsghdr){NLMSG_LENGTH(sizeof request.i), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, 1, 0};
  add(IFLA_IFNAME, one, strlen(one) + 1);
  struct rtattr *info = add(IFLA_LINKINFO, NULL, 0);
  add(IFLA_INFO_KIND, "veth", 5);
  struct rtattr *data = add(IFLA_INFO_DATA, NULL, 0);
  struct ifinfomsg none = {0};
  struct rtattr *peer = add(VETH_INFO_PEER, &none, sizeof none);
  add(IFLA_IFNAME, other, strlen(other) + 1);
  end(peer), end(data), end(info);
  char answer[1024];
  send(nl, &request, request.h.nlmsg_len, 0);
  recv(nl, answer, sizeof answer, 0);
  close(nl);
}
static void up(const char *name) {
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  struct ifreq r = {.ifr_flags = IFF_UP | IFF_NOARP};
  strcpy(r.ifr_name, name);
  ioctl(s, SIOCSIFFLAGS, &r);
  close(s);
}
static struct sockaddr_ll place(int protocol, int index) {
  return (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = index};
}
static char frame[2048];
static struct sockaddr_ll from;
static long take(int s, int flags) {
  socklen_t size = sizeof from;
  memset(&from, 0, sizeof from);
  return recvfrom(s, frame, sizeof frame, flags | MSG_DONTWAIT, (void *)&from, &size);
}
static void drain(int s) { while (take(s, 0) >= 0); }
static long filter(int s, struct sock_filter *code, int count) {
  struct sock_fprog p = {count, code};
  return setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof p);
}
#define FILTER(s, ...) filter(s, (struct sock_filter[]){__VA_ARGS__}, sizeof((struct sock_filter[]){__VA_ARGS__}) / sizeof(struct sock_filter))
#define ABS(size, k) BPF_STMT(BPF_LD | size | BPF_ABS, k)
#define RET(k) BPF_STMT(BPF_RET | BPF_K, k)

int main(void) {
  setbuf(stdout, NULL);
  if (unshare(CLONE_NEWNET) < 0) return 77;
  // neighbour discovery would be seen besides
  FILE *f = fopen("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w");
  if (f) fputs("1", f), fclose(f);
  veth("p0", "p1");
  up("p0"), up("p1"), up("lo");
  int p0 = if_nametoindex("p0"), p1 = if_nametoindex("p1");

  puts("socket");
  show("a stream", socket(AF_PACKET, SOCK_STREAM, 0) < 0 ? -1 : 0);
  int a = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), b = socket(AF_PACKET, SOCK_RAW, 0), c = socket(AF_PACKET, SOCK_DGRAM, htons(0x88b5));
  show("bind to what is not an interface", bind(b, (void *)&(struct sockaddr_ll){.sll_family = AF_PACKET, .sll_ifindex = 999}, sizeof from));
  show("bind with another family", bind(b, (void *)&(struct sockaddr_ll){.sll_family = AF_INET}, sizeof from));
  show("bind with a short address", bind(b, (void *)&(struct sockaddr_ll){.sll_family = AF_PACKET}, 12));
  struct sockaddr_ll at = place(ETH_P_ALL, p1);
  show("bind", bind(b, (void *)&at, sizeof at));
  socklen_t size = sizeof at;
  memset(&at, 0, sizeof at);
  show("its name", getsockname(b, (void *)&at, &size));
  show("is as long as", size);
  show("with protocol", ntohs(at.sll_protocol));
  show("and hardware", at.sll_hatype);
  show("and an address of", at.sll_halen);
  show("connect", connect(b, (void *)&at, sizeof at));
  show("listen", listen(b, 1));
  show("peer", getpeername(b, (void *)&at, &size));
  at = place(0x88b5, p1);
  bind(c, (void *)&at, sizeof at);
  int value = -1;
  size = 4;
  getsockopt(a, SOL_SOCKET, SO_TYPE, &value, &size);
  show("its type", value);

  puts("frames");
  drain(a), drain(b);
  at = place(0, p0);
  bind(a, (void *)&at, sizeof at);
  static unsigned char out[2000] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x88, 0xb5, 'h', 'e', 'l', 'l', 'o'};
  show("too short", send(a, out, 13, 0));
  show("too long", send(a, out, 1515, 0));
  show("a frame", send(a, out, 60, 0));
  show("its sender does not see it", take(a, 0));
  show("the other end does", take(b, 0));
  show("as it was", !memcmp(frame, out, 60));
  show("to everybody", from.sll_pkttype);
  show("from", from.sll_addr[5]);
  show("of protocol", ntohs(from.sll_protocol));
  show("at", from.sll_ifindex == p1);
  show("a datagram has no header", take(c, 0));
  text("its data", frame);
  out[0] = 2;
  send(a, out, 60, 0);
  take(b, 0);
  show("to somebody else", from.sll_pkttype);
  out[0] = 1;
  send(a, out, 60, 0);
  take(b, 0);
  show("to a group", from.sll_pkttype);
  drain(c);
  int d = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  struct sockaddr_ll d0 = place(ETH_P_ALL, p0);
  bind(d, (void *)&d0, sizeof d0);
  drain(d);
  send(a, out, 60, 0);
  show("another socket sees it go", take(d, 0));
  show("as going", from.sll_pkttype);
  drain(b), drain(c);
  at = place(0x88b5, p1);
  at.sll_ifindex = p0;
  at.sll_halen = 6;
  memset(at.sll_addr, 0xff, 6);
  show("a header is made for a datagram", sendto(c, "abc", 3, 0, (void *)&at, sizeof at));
  show("that has come", take(b, 0));
  show("with the interface's address", memcmp(frame + 6, out + 6, 6) != 0);
  show("and the protocol", ntohs(*(unsigned short *)(frame + 12)));
  show("only who asked for all sees what goes", take(c, 0) == 3 && take(c, 0) == -1);
  at.sll_ifindex = 0;
  show("no interface", sendto(c, "abc", 3, 0, (void *)&at, sizeof at));
  send(a, out, 60, 0);
  char small[20];
  show("a short buffer", recv(b, small, sizeof small, MSG_PEEK));
  show("with MSG_TRUNC", recv(b, small, sizeof small, MSG_TRUNC));
  show("nothing more", take(b, 0));

  puts("filters");
  show("an empty program", FILTER(b, RET(0)) || filter(b, NULL, 0));
  show("one that does not return", FILTER(b, ABS(BPF_W, 0)));
  show("a jump beyond the end", FILTER(b, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 5, 0), RET(0)));
  show("scratch memory that was not written", FILTER(b, BPF_STMT(BPF_LD | BPF_MEM, 1), RET(0)));
  show("division by zero", FILTER(b, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RET(0)));
  show("an instruction that there is not", FILTER(b, BPF_STMT(0xff, 0), RET(0)));
  show("nothing is let through", FILTER(b, RET(0)));
  send(a, out, 60, 0);
  show("and nothing comes", take(b, 0));
  show("some bytes are", FILTER(b, RET(20)));
  send(a, out, 60, 0);
  show("and come", take(b, 0));
  show("by a word", FILTER(b, ABS(BPF_H, 12), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x88b5, 0, 1), RET(100), RET(0)));
  send(a, out, 60, 0);
  show("which it has", take(b, 0));
  out[13]++;
  send(a, out, 60, 0);
  show("or has not", take(b, 0));
  out[13]--;
  show("by a byte and scratch memory", FILTER(b, BPF_STMT(BPF_LDX | BPF_IMM, 14), BPF_STMT(BPF_LD | BPF_B | BPF_IND, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3),
    BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 'e'), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), RET(33), RET(0)));
  send(a, out, 60, 0);
  show("is let through", take(b, 0));
  show("by length", FILTER(b, BPF_STMT(BPF_LD | BPF_LEN, 0), BPF_STMT(BPF_RET | BPF_A, 0)));
  send(a, out, 70, 0);
  show("as many", take(b, 0));
  show("what lies behind the end", FILTER(b, ABS(BPF_B, 60), RET(100)));
  send(a, out, 60, 0);
  show("ends it", take(b, 0));
  send(a, out, 61, 0);
  show("unless it is there", take(b, 0));
  show("by the kind of packet", FILTER(b, ABS(BPF_W, SKF_AD_OFF + SKF_AD_PKTTYPE), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_MULTICAST, 0, 1), RET(50), RET(0)));
  send(a, out, 60, 0);
  show("is let through", take(b, 0));
  show("by protocol, interface and the network's header", FILTER(b, ABS(BPF_W, SKF_AD_OFF + SKF_AD_PROTOCOL), BPF_STMT(BPF_MISC | BPF_TAX, 0), ABS(BPF_W, SKF_AD_OFF + SKF_AD_IFINDEX),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, p1, 0, 2), ABS(BPF_B, SKF_NET_OFF), BPF_STMT(BPF_RET | BPF_A, 0), RET(0)));
  send(a, out, 200, 0);
  show("as many bytes as h is", take(b, 0));
  show("modulo", FILTER(b, BPF_STMT(BPF_LD | BPF_IMM, 117), BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 50), BPF_STMT(BPF_RET | BPF_A, 0)));
  send(a, out, 60, 0);
  show("is", take(b, 0));
  show("an unknown auxiliary", FILTER(b, ABS(BPF_W, SKF_AD_OFF + 200), RET(1)));
  value = 1;
  show("lock", setsockopt(b, SOL_SOCKET, SO_LOCK_FILTER, &value, 4));
  show("then it stays", setsockopt(b, SOL_SOCKET, SO_DETACH_FILTER, &value, 4));
  show("and is not replaced", FILTER(b, RET(0)));
  value = 0;
  show("nor unlocked", setsockopt(b, SOL_SOCKET, SO_LOCK_FILTER, &value, 4));
  show("detach where none is", setsockopt(d, SOL_SOCKET, SO_DETACH_FILTER, &value, 4));

  puts("filters of datagrams");
  int udp = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  size = sizeof in;
  bind(other, (void *)&in, sizeof in);
  getsockname(other, (void *)&in, &size);
  show("by the first byte behind UDP's header", FILTER(other, ABS(BPF_B, 8), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'x', 0, 1), RET(12), RET(0)));
  sendto(udp, "y1", 2, 0, (void *)&in, sizeof in);
  sendto(udp, "x123456", 7, 0, (void *)&in, sizeof in);
  show("four bytes are let through", recv(other, frame, 100, MSG_DONTWAIT));
  show("nothing else", recv(other, frame, 100, MSG_DONTWAIT));
  show("detach", setsockopt(other, SOL_SOCKET, SO_DETACH_FILTER, &value, 4));

  puts("the loopback");
  int l = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)), m = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  struct sockaddr_ll lo = place(ETH_P_ALL, 1);
  bind(m, (void *)&lo, sizeof lo);
  drain(l), drain(m);
  sendto(udp, "12345", 5, 0, (void *)&in, sizeof in);
  show("a datagram's packet", take(l, 0));
  show("of IP", (frame[0] & 0xff) == 0x45 && !memcmp(frame + 28, "12345", 5));
  show("for us", from.sll_pkttype);
  show("hardware", from.sll_hatype);
  show("once", take(l, 0));
  show("who asks for all sees it go", take(m, 0) == 47 && from.sll_pkttype == PACKET_OUTGOING);
  show("and come", take(m, 0) == 47 && from.sll_pkttype == PACKET_HOST);
  show("and no more", take(m, 0));

  puts("options");
  struct tpacket_stats stats = {0};
  size = sizeof stats;
  getsockopt(d, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
  show("some have been seen", stats.tp_packets > 10);
  show("none is lost", stats.tp_drops);
  getsockopt(d, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
  show("then it counts anew", stats.tp_packets);
  struct packet_mreq mreq = {.mr_ifindex = p1, .mr_type = PACKET_MR_PROMISC};
  show("promiscuous", setsockopt(d, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof mreq));
  show("no more", setsockopt(d, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &mreq, sizeof mreq));
  show("which it is not", setsockopt(d, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &mreq, sizeof mreq));
  mreq.mr_ifindex = 999;
  show("of no interface", setsockopt(d, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof mreq));
  value = 1;
  setsockopt(d, SOL_PACKET, PACKET_AUXDATA, &value, 4);
  drain(d);
  send(a, out, 60, 0);
  char control[128];
  struct iovec io = {frame, sizeof frame};
  struct msghdr msg = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  show("with PACKET_AUXDATA", recvmsg(d, &msg, 0));
  struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
  show("comes", cm && cm->cmsg_level == SOL_PACKET && cm->cmsg_type == PACKET_AUXDATA);
  struct tpacket_auxdata *aux = (void *)CMSG_DATA(cm);
  show("the length", aux->tp_len);
  show("the network's header", aux->tp_net - aux->tp_mac);
  int level = 9999;
  show("a strange option", setsockopt(d, SOL_PACKET, level, &value, 4));

  puts("a ring");
  int r = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  at = place(ETH_P_ALL, p1);
  bind(r, (void *)&at, sizeof at);
  show("without a ring there is nothing to map", mmap(NULL, 4096, PROT_READ, MAP_SHARED, r, 0) == MAP_FAILED ? -1 : 0);
  value = TPACKET_V2;
  size = 4;
  show("header's length", getsockopt(r, SOL_PACKET, PACKET_HDRLEN, &value, &size));
  show("is", value);
  value = TPACKET_V2;
  show("version", setsockopt(r, SOL_PACKET, PACKET_VERSION, &value, 4));
  struct tpacket_req ring = {.tp_block_size = 4000, .tp_block_nr = 1, .tp_frame_size = 512, .tp_frame_nr = 8};
  show("a block that is no page", setsockopt(r, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring));
  ring.tp_block_size = 4096, ring.tp_frame_nr = 9;
  show("frames that do not fit", setsockopt(r, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring));
  ring.tp_frame_nr = 8, ring.tp_frame_size = 510;
  show("frames that are not aligned", setsockopt(r, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring));
  ring.tp_frame_size = 1024, ring.tp_frame_nr = 8, ring.tp_block_nr = 2;
  show("a ring", setsockopt(r, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring));
  show("a second one", setsockopt(r, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring));
  show("another version now", setsockopt(r, SOL_PACKET, PACKET_VERSION, &value, 4));
  char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, r, 0);
  show("it is mapped", map != MAP_FAILED);
  struct pollfd p = {r, POLLIN};
  show("nothing to read", poll(&p, 1, 0));
  struct tpacket2_hdr *h = (void *)map;
  show("the slot is the kernel's", h->tp_status);
  for (int i = 0; i < 10; i++) out[20] = i, send(a, out, 100, 0);
  show("something to read", poll(&p, 1, 0));
  show("the slot is ours", h->tp_status & TP_STATUS_USER);
  show("length", h->tp_len);
  show("of which are here", h->tp_snaplen);
  show("where the frame is", h->tp_mac);
  show("and the network's header", h->tp_net);
  show("the first", map[h->tp_mac + 20]);
  struct sockaddr_ll *sll = (void *)(map + TPACKET_ALIGN(sizeof *h));
  show("its address", sll->sll_addr[5]);
  show("its kind", sll->sll_pkttype);
  h = (void *)(map + 4096 + 3 * 1024);
  show("the last slot", ((char *)h)[h->tp_mac + 20]);
  size = sizeof stats;
  getsockopt(r, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
  show("all have been seen", stats.tp_packets);
  show("two found no slot", stats.tp_drops);
  for (int i = 0; i < 8; i++) ((struct tpacket2_hdr *)(map + i * 1024))->tp_status = TP_STATUS_KERNEL;
  show("all are given back", poll(&p, 1, 0));
  out[20] = 42;
  send(a, out, 1400, 0);
  h = (void *)map;
  show("it goes on at the first", map[h->tp_mac + 20]);
  show("of a long frame", h->tp_len);
  show("as much as fits", h->tp_snaplen);
  show("munmap", munmap(map, 8192));
  memset(&ring, 0, sizeof ring);
  show("the ring goes", setsockopt(r, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring));
  drain(r);
  send(a, out, 60, 0);
  show("frames are read again", take(r, 0));
  ring = (struct tpacket_req){.tp_block_size = 4096, .tp_block_nr = 1, .tp_frame_size = 48, .tp_frame_nr = 85};
  show("slots without room for a header", setsockopt(r, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring));
  ring.tp_frame_size = 64, ring.tp_frame_nr = 64;
  show("slots with room for nothing else", setsockopt(r, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring));
  map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, r, 0);
  for (int i = 0; i < 65; i++) send(a, out, 60, 0);
  h = (void *)(map + 63 * 64);
  show("the last one is told the length", h->tp_len);
  show("and that none of it is here", h->tp_snaplen);
  show("the first one is as it was", ((struct tpacket2_hdr *)map)->tp_len);
  getsockopt(r, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
  show("one found no slot", stats.tp_drops);
  munmap(map, 4096);

  puts("what others see");
  f = fopen("/proc/self/net/packet", "r");
  char line[200], pointer[40];
  while (fgets(line, sizeof line, f)) {
    int references, type, proto, index, running, memory;
    if (sscanf(line, "%s %d %d %x %d %d %d", pointer, &references, &type, &proto, &index, &running, &memory) != 7) printf("  %s", line);
    else printf("  type %d proto %04x iface %d running %d waiting %d\n", type, proto, index == p1 ? 91 : index == p0 ? 90 : index, running, memory > 0);
  }
  fclose(f);
  puts("without the right");
  setuid(1000);
  show("a packet socket", socket(AF_PACKET, SOCK_RAW, 0));
  show("a filter is anybody's", FILTER(udp, RET(100)));
  return 0;
}
