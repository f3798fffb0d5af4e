// proc(5), /proc/net/snmp, netstat, snmp6, dev: what the protocols of a namespace count. RFC 2011 to 2013.
#include "show.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static char before[3][8192];
static const char *FILES[] = {"snmp", "netstat", "snmp6"};

static void load(int which, char *into) {
  char path[64];
  sprintf(path, "/proc/self/net/%s", FILES[which]);
  FILE *f = fopen(path, "r");
  into[fread(into, 1, 8191, f)] = 0;
  fclose(f);
}
// The value of a column: "Udp" "NoPorts"; without a protocol that of a line.
static long value(const char *text, const char *protocol, const char *name) {
  char names[4096], values[4096], wanted[64];
  if (!protocol) {
    sprintf(wanted, "\n%s ", name);
    const char *at = strstr(text, wanted);
    return at ? strtol(at + strlen(wanted), NULL, 10) : -99;
  }
  sprintf(wanted, "%s: ", protocol);
  const char *head = strstr(text, wanted);
  if (!head) return 0;
  const char *next = strchr(head, '\n') + 1;
  sscanf(head, "%[^\n]", names);
  sscanf(next, "%[^\n]", values);
  char *a, *b, *n = strtok_r(names, " ", &a), *v = strtok_r(values, " ", &b);
  for (; n && v; n = strtok_r(NULL, " ", &a), v = strtok_r(NULL, " ", &b))
    if (!strcmp(n, name)) return strtol(v, NULL, 10);
  return 0;
}
static void mark(void) {
  for (int i = 0; i < 3; i++) load(i, before[i]);
}
// What a column has grown by since mark().
static void grown(const char *protocol, const char *name) {
  static char now[8192];
  int which = !protocol ? 2 : strstr(protocol, "Ext") ? 1 : 0;
  load(which, now);
  printf("  %s%s%s +%ld\n", protocol ? protocol : "", protocol ? " " : "", name, value(now, protocol, name) - value(before[which], protocol, name));
}
static unsigned short sum(unsigned short *data, int count) {
  unsigned s = 0;
  while (count--) s += *data++;
  return ~(s + (s >> 16));
}

int main(void) {
  setbuf(stdout, NULL);
  if (unshare(CLONE_NEWNET) < 0) return 77;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, nobody = at, far = at;
  socklen_t size = sizeof at;
  nobody.sin_port = htons(1);
  far.sin_addr.s_addr = htonl(0x0a000001);
  far.sin_port = htons(1);
  char data[70000] = {0};
  int udp = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
  puts("no way");
  mark();
  show("send", sendto(udp, data, 10, 0, (void *)&far, sizeof far));
  grown("Ip", "OutNoRoutes");
  grown("Ip", "OutRequests");
  struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  ioctl(udp, SIOCSIFFLAGS, &up);

  puts("UDP");
  bind(other, (void *)&at, sizeof at);
  getsockname(other, (void *)&at, &size);
  mark();
  for (int i = 0; i < 3; i++) sendto(udp, data, 100, 0, (void *)&at, sizeof at);
  grown("Udp", "OutDatagrams");
  puts(" is counted when it is read");
  grown("Udp", "InDatagrams");
  recv(other, data, 100, MSG_PEEK);
  recv(other, data, 100, 0);
  grown("Udp", "InDatagrams");
  grown("Ip", "OutRequests");
  grown("Ip", "InReceives");
  grown("Ip", "InDelivers");
  grown("IpExt", "InOctets");
  grown("IpExt", "OutOctets");
  mark();
  puts("no room");
  int least = 0;
  setsockopt(other, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
  for (int i = 0; i < 30; i++) sendto(udp, data, 1000, 0, (void *)&at, sizeof at);
  grown("Udp", "OutDatagrams");
  static char now[8192];
  load(0, now);
  long lost = value(now, "Udp", "RcvbufErrors");
  show("  some are lost", lost > 10 && lost <= 30);
  show("  and are errors", value(now, "Udp", "InErrors") == lost);
  mark();
  puts("nobody's port");
  sendto(udp, data, 10, 0, (void *)&nobody, sizeof nobody);
  grown("Udp", "NoPorts");
  grown("Udp", "InErrors");
  grown("Icmp", "OutMsgs");
  grown("Icmp", "OutDestUnreachs");
  grown("Icmp", "InMsgs");
  grown("Icmp", "InDestUnreachs");
  grown("IcmpMsg", "OutType3");
  grown("IcmpMsg", "InType3");
  grown("Ip", "InDelivers");

  puts("ICMP");
  mark();
  int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  struct icmphdr echo = {.type = ICMP_ECHO, .un.echo = {.id = 7}};
  echo.checksum = sum((void *)&echo, sizeof echo / 2);
  show("an echo request by a raw socket", sendto(raw, &echo, sizeof echo, 0, (void *)&nobody, sizeof nobody));
  grown("Icmp", "OutMsgs");
  grown("Icmp", "OutEchos");
  grown("Icmp", "OutEchoReps");
  grown("Icmp", "InEchos");
  grown("Icmp", "InEchoReps");
  mark();
  echo.checksum++;
  sendto(raw, &echo, sizeof echo, 0, (void *)&nobody, sizeof nobody);
  puts("a wrong checksum");
  grown("Icmp", "InMsgs");
  grown("Icmp", "InErrors");
  grown("Icmp", "OutEchoReps");
  mark();
  int strange = socket(AF_INET, SOCK_RAW, 200);
  close(raw);
  shutdown(strange, SHUT_RD);
  puts("a protocol that a raw socket has");
  sendto(strange, data, 10, 0, (void *)&nobody, sizeof nobody);
  grown("Ip", "InUnknownProtos");
  grown("Ip", "InDelivers");

  puts("TCP");
  mark();
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bind(listener, (void *)&tcp, sizeof tcp);
  listen(listener, 1);
  getsockname(listener, (void *)&tcp, &size);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  show("connect", connect(client, (void *)&tcp, sizeof tcp));
  grown("Tcp", "ActiveOpens");
  grown("Tcp", "PassiveOpens");
  grown("Tcp", "CurrEstab");
  grown("Tcp", "OutRsts");
  int accepted = accept(listener, NULL, NULL);
  mark();
  write(client, data, 1000);
  read(accepted, data, 1000);
  load(0, now);
  show("segments go and come", value(now, "Tcp", "InSegs") > value(before[0], "Tcp", "InSegs") && value(now, "Tcp", "OutSegs") > value(before[0], "Tcp", "OutSegs"));
  grown("Tcp", "RetransSegs");
  puts("one end closes");
  mark();
  close(client);
  read(accepted, data, 1);
  grown("Tcp", "CurrEstab");
  grown("Tcp", "EstabResets");
  close(accepted);
  puts("the other too");
  grown("Tcp", "CurrEstab");
  grown("Tcp", "EstabResets");
  puts("a reset");
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, (void *)&tcp, sizeof tcp);
  accepted = accept(listener, NULL, NULL);
  mark();
  struct linger hard = {1, 0};
  setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close(client);
  struct pollfd p = {accepted, POLLIN};
  poll(&p, 1, 5000);
  grown("Tcp", "EstabResets");
  grown("Tcp", "CurrEstab");
  grown("Tcp", "OutRsts");
  puts("a refusal");
  mark();
  client = socket(AF_INET, SOCK_STREAM, 0);
  show("connect", connect(client, (void *)&nobody, sizeof nobody));
  grown("Tcp", "ActiveOpens");
  grown("Tcp", "AttemptFails");
  grown("Tcp", "OutRsts");
  grown("Tcp", "EstabResets");

  puts("IPv6");
  int udp6 = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_port = htons(1)};
  mark();
  sendto(udp6, data, 100, 0, (void *)&six, sizeof six);
  grown(NULL, "Udp6OutDatagrams");
  grown(NULL, "Udp6NoPorts");
  grown(NULL, "Icmp6OutDestUnreachs");
  grown(NULL, "Icmp6InDestUnreachs");
  grown(NULL, "Ip6OutRequests");
  grown(NULL, "Ip6InDelivers");
  grown(NULL, "Ip6OutOctets");
  puts("each namespace has its own");
  unshare(CLONE_NEWNET);
  load(0, now);
  show("  Udp OutDatagrams", value(now, "Udp", "OutDatagrams"));
  show("  Ip DefaultTTL", value(now, "Ip", "DefaultTTL"));
  show("  Tcp MaxConn", value(now, "Tcp", "MaxConn"));
  return 0;
}
