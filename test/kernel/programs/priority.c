// socket(7), ip(7), tc-prio(8): the priority of a socket's packets, and what sets it.
#include "show.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int get(int s, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(s, name == IP_TOS ? IPPROTO_IP : SOL_SOCKET, name, &value, &size);
  return value;
}
static int set(int s, int level, int name, int value) { return setsockopt(s, level, name, &value, sizeof value); }
static int tos(int s, int value) { return set(s, IPPROTO_IP, IP_TOS, value); }

int main(void) {
  setbuf(stdout, NULL);
  if (unshare(CLONE_NEWNET) < 0) return 77;
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  puts("SO_PRIORITY");
  show("at first", get(udp, SO_PRIORITY));
  show("6 is anybody's", set(udp, SOL_SOCKET, SO_PRIORITY, 6));
  show("root may name a class", set(udp, SOL_SOCKET, SO_PRIORITY, 0x10002));
  show("and reads it", get(udp, SO_PRIORITY));
  show("a negative one", set(udp, SOL_SOCKET, SO_PRIORITY, -1));
  show("is read as it is", get(udp, SO_PRIORITY));
  puts("IP_TOS");
  for (int value = 0; value < 32; value += 2) {
    tos(udp, value);
    printf("tos %x: priority %d\n", value, get(udp, SO_PRIORITY));
  }
  tos(udp, 0x10);
  set(udp, SOL_SOCKET, SO_PRIORITY, 3);
  show("the later one counts", get(udp, SO_PRIORITY));
  tos(udp, 0x10);
  show("the same type of service again changes nothing", get(udp, SO_PRIORITY));
  show("more than a byte", tos(udp, 0x1b8));
  show("is its last byte", get(udp, IP_TOS));
  show("upper bits do not count", get(udp, SO_PRIORITY));
  unsigned char byte = 8;
  show("a byte alone", setsockopt(udp, IPPROTO_IP, IP_TOS, &byte, 1));
  show("is the same", get(udp, SO_PRIORITY));
  int six = socket(AF_INET6, SOCK_DGRAM, 0);
  show("a class of IPv6", set(six, IPPROTO_IPV6, IPV6_TCLASS, 0x10));
  show("changes nothing", get(six, SO_PRIORITY));
  show("IP_TOS of a socket of IPv6", tos(six, 0x10));
  show("does", get(six, SO_PRIORITY));

  puts("TCP");
  struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  ioctl(udp, SIOCSIFFLAGS, &up);
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  show("bits of congestion are not a program's", tos(listener, 0x13));
  show("they stay", get(listener, IP_TOS));
  show("the others count", get(listener, SO_PRIORITY));
  set(listener, SOL_SOCKET, SO_MARK, 9);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  bind(listener, (void *)&at, sizeof at);
  listen(listener, 1);
  getsockname(listener, (void *)&at, &size);
  set(client, SOL_SOCKET, SO_PRIORITY, 4);
  show("connect", connect(client, (void *)&at, sizeof at));
  int accepted = accept(listener, NULL, NULL);
  show("what is accepted has the type of service", get(accepted, IP_TOS));
  show("but no priority", get(accepted, SO_PRIORITY));
  show("and the mark", get(accepted, SO_MARK));
  show("who connects keeps his", get(client, SO_PRIORITY));

  puts("others");
  setuid(1000);
  show("6", set(udp, SOL_SOCKET, SO_PRIORITY, 6));
  show("7", set(udp, SOL_SOCKET, SO_PRIORITY, 7));
  show("a class", set(udp, SOL_SOCKET, SO_PRIORITY, 0x10002));
  show("-1", set(udp, SOL_SOCKET, SO_PRIORITY, -1));
  show("a mark", set(udp, SOL_SOCKET, SO_MARK, 1));
  show("any type of service", tos(udp, 0xff));
  show("whose priority is what it is", get(udp, SO_PRIORITY));
  return 0;
}
