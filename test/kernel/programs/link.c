// rtnetlink(7), veth(4), network_namespaces(7), netdevice(7), ip-link(8), bridge(8): interfaces that programs make, in namespaces of their own.
#include "route.h"
#include <netinet/in.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#ifndef AF_BRIDGE
#define AF_BRIDGE 7
#endif

static int here, there;

// ---- what has changed, as those hear who have joined a group ----
static int heard;
static void listen_for(int groups) {
  struct sockaddr_nl a = {AF_NETLINK, 0, 0, groups};
  heard = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  bind(heard, (void *)&a, sizeof a);
}
// Kinds of messages that have come about interfaces of a name, one after the other without repetitions.
static void told(const char *rule, const char *name) {
  static char bytes[1 << 16];
  char line[200] = "";
  int last = 0;
  long length;
  while ((length = recv(heard, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    for (struct nlmsghdr *h = (void *)bytes; NLMSG_OK(h, length); h = NLMSG_NEXT(h, length)) {
      struct ifinfomsg *m = NLMSG_DATA(h);
      struct rtattr *a = find(h, sizeof *m, IFLA_IFNAME);
      if (m->ifi_family == AF_BRIDGE || !a || strcmp(RTA_DATA(a), name)) continue;
      int kind = h->nlmsg_type * 2 + ((m->ifi_flags & IFF_UP) != 0);
      if (kind == last) continue;
      last = kind;
      strcat(line, h->nlmsg_type == RTM_DELLINK ? "gone " : m->ifi_flags & IFF_UP ? "up " : "there ");
    }
  text(rule, line);
}

// ---- what is said of an interface ----
static char of[32];
static struct { int index, flags, mtu, link, link_namespace, master, state, group, carrier; char kind[32], port_kind[32], alias[64]; } seen;
static void see(struct nlmsghdr *h) {
  struct ifinfomsg *m = NLMSG_DATA(h);
  struct rtattr *a = find(h, sizeof *m, IFLA_IFNAME);
  if (h->nlmsg_type != RTM_NEWLINK || !a || strcmp(RTA_DATA(a), of)) return;
  memset(&seen, 0, sizeof seen);
  seen.link_namespace = -1;
  seen.index = m->ifi_index;
  seen.flags = m->ifi_flags;
#define take(field, type) if ((a = find(h, sizeof *m, type))) seen.field = RTA_PAYLOAD(a) == 1 ? *(char *)RTA_DATA(a) : *(int *)RTA_DATA(a)
  take(mtu, IFLA_MTU);
  take(link, IFLA_LINK);
  take(link_namespace, IFLA_LINK_NETNSID);
  take(master, IFLA_MASTER);
  take(state, IFLA_OPERSTATE);
  take(group, IFLA_GROUP);
  take(carrier, IFLA_CARRIER);
  if ((a = find(h, sizeof *m, IFLA_IFALIAS))) strcpy(seen.alias, RTA_DATA(a));
  if (!(a = find(h, sizeof *m, IFLA_LINKINFO))) return;
  int length = RTA_PAYLOAD(a);
  for (struct rtattr *in = RTA_DATA(a); RTA_OK(in, length); in = RTA_NEXT(in, length)) {
    if (in->rta_type == IFLA_INFO_KIND) strcpy(seen.kind, RTA_DATA(in));
    if (in->rta_type == IFLA_INFO_SLAVE_KIND) strcpy(seen.port_kind, RTA_DATA(in));
  }
}
static int look(const char *name) {
  struct ifinfomsg m = {0};
  memset(&seen, 0, sizeof seen);
  strcpy(of, name);
  begin(RTM_GETLINK, NLM_F_DUMP, &m, sizeof m);
  dump(see);
  return seen.index != 0;
}
// `state`: of RFC 2863. It comes a little after what it follows from.
static void states(const char *rule, const char *name, int state) {
  for (int i = 0; i < 400; i++) {
    look(name);
    // what is up by its state runs, by its flags
    if (seen.state == state && ((seen.flags & IFF_RUNNING) != 0) == (state == 6 || state == 0)) break;
    usleep(10000);
  }
  printf("%s: %s%s%s%s state %d\n", rule, seen.flags & IFF_UP ? "up " : "", seen.flags & IFF_RUNNING ? "running " : "",
         seen.flags & 0x10000 ? "lower-up " : "", seen.carrier ? "carrier" : "", seen.state);
}

static void pairs(void) {
  family("veth");
  show("a pair", add_veth("a", "b", -1));
  show("  the other end is there first", index_of("a") > index_of("b"));
  look("a");
  text("  its kind", seen.kind);
  show("  IFLA_LINK is the other end", seen.link == index_of("b"));
  show("  its namespace is not told", seen.link_namespace);
  show("  packets' length", seen.mtu);
  states("down", "a", 2);
  set_up("a", 1);
  states("alone up", "a", 3);
  set_up("b", 1);
  states("both up", "a", 6);
  set_up("b", 0);
  states("the other one down", "a", 3);
  show("its name again", add_veth("a", "c", -1));
  show("the other's again", add_veth("c", "b", -1));
  show("both the same", add_veth("c", "c", -1));
  show("too long a name", add_kind("abcdefghijklmnop", "veth"));
  show("a slash in it", add_kind("a/b", "veth"));
  show("no name", add_kind("", "veth"));
  show("a number in it", add_veth("e%d", "f%d", -1));
  show("  is the first that is free", index_of("e0") > 0 && index_of("f0") > 0);
  show("  and the next", add_veth("e%d", "f%d", -1) == 0 && index_of("e1") > 0);
  show("an unknown kind", add_kind("c", "nothing"));
  show("no kind", (begin_link(RTM_NEWLINK, NLM_F_CREATE, "c"), ask()));
  show("to change one that is not there", (begin_link(RTM_NEWLINK, 0, "nobody"), ask()));
  show("a kind that it is not", ({
    begin_link(RTM_NEWLINK, 0, "a");
    struct rtattr *i = nest(IFLA_LINKINFO);
    attribute_text(IFLA_INFO_KIND, "bridge");
    unnest(i);
    ask(); }));
  show("with an index", ({
    struct ifinfomsg m = {.ifi_index = 777};
    begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &m, sizeof m);
    attribute_text(IFLA_IFNAME, "seven");
    struct rtattr *i = nest(IFLA_LINKINFO);
    attribute_text(IFLA_INFO_KIND, "veth");
    unnest(i);
    ask(); }));
  show("  it has it", index_of("seven"));
  show("  and its end the kind's name", index_of("veth0") > 0);
  show("the loopback is not removed", remove_link("lo"));
  show("an end is removed", remove_link("seven"));
  show("  and the other one with it", index_of("veth0"));
}

static void changes(void) {
  family("changes");
  show("packets' length", set_int("a", IFLA_MTU, 9000));
  show("too short", set_int("a", IFLA_MTU, 67));
  show("too long", set_int("a", IFLA_MTU, 65536));
  show("another address", set_station("a", 0x77));
  show("a group's address", ({
    about_link(RTM_NEWLINK, "a");
    attribute(IFLA_ADDRESS, "\1\0\0\0\0\1", 6);
    ask(); }));
  show("the loopback's address", set_station("lo", 1));
  show("a name that is taken", ({ set_up("a", 0); about_link(RTM_NEWLINK, "a"); attribute_text(IFLA_IFNAME, "b"); ask(); }));
  show("a new name", ({ about_link(RTM_NEWLINK, "a"); attribute_text(IFLA_IFNAME, "aa"); ask(); }));
  show("  the old one is nobody's", index_of("a"));
  about_link(RTM_NEWLINK, "aa"), attribute_text(IFLA_IFNAME, "a"), ask();
  show("an alias", ({ about_link(RTM_NEWLINK, "a"); attribute_text(IFLA_IFALIAS, "one end"); ask(); }));
  look("a");
  text("  is told", seen.alias);
  show("a group", set_int("a", IFLA_GROUP, 5));
  look("a");
  show("  is told", seen.group);
  show("a longest segment", set_int("a", IFLA_GSO_MAX_SIZE, 3000));
  show("the flags are the sockets' too", (flags_of("a") & IFF_UP) == 0 && (set_up("a", 1), flags_of("a") & IFF_UP));
  set_up("b", 1);
}

static long with(const char *name, int command, const void *value, int size) {
  struct ifreq r = {0};
  strcpy(r.ifr_name, name);
  memcpy(r.ifr_newname, value, size);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  long done = ioctl(fd, command, &r);
  close(fd);
  return done;
}
static void requests(void) {
  family("ioctl");
  struct sockaddr station = {1, {2, 0, 0, 0, 0, 0x55}}, group = {1, {3}}, other = {2, {2}};
  show("SIOCSIFNAME", with("f0", SIOCSIFNAME, "new", 4));
  show("  it has it", index_of("new") > 0 && index_of("f0") == 0);
  show("  one that is taken", with("new", SIOCSIFNAME, "f1", 3));
  show("  none", with("new", SIOCSIFNAME, "", 1));
  show("  of nobody", with("nobody", SIOCSIFNAME, "f2", 3));
  with("new", SIOCSIFNAME, "f0", 3);
  show("SIOCSIFHWADDR", with("f0", SIOCSIFHWADDR, &station, sizeof station));
  show("  of another kind", with("f0", SIOCSIFHWADDR, &other, sizeof other));
  show("  a group's", with("f0", SIOCSIFHWADDR, &group, sizeof group));
  show("SIOCSIFMTU", with("f0", SIOCSIFMTU, &(int){1300}, 4));
  look("f0");
  show("  it has it", seen.mtu);
  show("  too short", with("f0", SIOCSIFMTU, &(int){60}, 4));
  show("SIOCSIFTXQLEN", with("f0", SIOCSIFTXQLEN, &(int){77}, 4));
  show("  of less than none", with("f0", SIOCSIFTXQLEN, &(int){-1}, 4));
}

static void moves(void) {
  family("namespaces");
  there = new_namespace();
  go(here);
  listen_for(RTMGRP_LINK);
  show("one end goes", set_int("b", IFLA_NET_NS_FD, there));
  show("  it is here no more", index_of("b"));
  told("  those here hear", "b");
  look("a");
  show("  the other end has a number for its namespace", seen.link_namespace);
  show("  and nobody behind it", seen.carrier);
  go(there);
  show("  it is there", index_of("b") > 0);
  states("  and down", "b", 2);
  show("an end there has no way back of its own", set_int("b", IFLA_NET_NS_PID, getppid()) == 0 ? index_of("b") : 0);
  go(here);
  show("the loopback stays", set_int("lo", IFLA_NET_NS_FD, there));
  show("what is no namespace", set_int("e0", IFLA_NET_NS_FD, 0));
  show("nobody's", set_int("e0", IFLA_NET_NS_PID, 0x7ffffff));
  go(there);
  show("a name that is taken there", ({ add_veth("e0", "g0", -1); go(here); set_int("e0", IFLA_NET_NS_FD, there); }));
  show("  goes by another one", ({ about_link(RTM_NEWLINK, "e0"); attribute_int(IFLA_NET_NS_FD, there); attribute_text(IFLA_IFNAME, "e9"); ask(); }));
  go(there);
  show("  which it has there", index_of("e9") > 0);
  go(here);
  show("made there", ({
    begin_link(RTM_NEWLINK, NLM_F_CREATE, "made");
    attribute_int(IFLA_NET_NS_FD, there);
    struct rtattr *i = nest(IFLA_LINKINFO);
    attribute_text(IFLA_INFO_KIND, "bridge");
    unnest(i);
    ask(); }));
  show("  is not here", index_of("made"));
  go(there);
  show("  but there", index_of("made") > 0);
  show("a bridge stays where it is", set_int("made", IFLA_NET_NS_FD, here));
  go(here);
  show("an end of which the other is elsewhere", add_veth("here", "there", there));
  show("  goes", ({ go(there); remove_link("there"); }));
  go(here);
  show("  with it", index_of("here"));
  // the last one goes, and what is in it
  int pipe_[2], child;
  pipe(pipe_);
  if ((child = fork()) == 0) {
    unshare(CLONE_NEWNET);
    write(pipe_[1], "", 1);
    pause();
  }
  read(pipe_[0], (char[1]){0}, 1);
  show("to a process's", ({ add_veth("near", "far", -1); set_int("far", IFLA_NET_NS_PID, child); }));
  show("  it is gone", index_of("far"));
  kill(child, SIGKILL);
  waitpid(child, 0, 0);
  for (int i = 0; i < 500 && index_of("near"); i++) usleep(10000);
  show("with its namespace it goes, and its other end", index_of("near"));
  close(heard);
}

static struct { int number, count; } numbers;
static void see_number(struct nlmsghdr *h) {
  struct rtattr *a = find(h, 4, 1);
  if (h->nlmsg_type == 88 && a) numbers.number = *(int *)RTA_DATA(a), numbers.count++;
}
static long number_of(int fd) {
  char fixed[4] = {0};
  begin(90, 0, fixed, 4);
  attribute_int(3, fd);
  numbers.number = -9;
  request.header.nlmsg_flags |= NLM_F_ACK;
  send(nl, &request, request.header.nlmsg_len, 0);
  long length = recv(nl, answer, sizeof answer, 0);
  struct nlmsghdr *h = (void *)answer;
  see_number(h);
  if (h->nlmsg_type == NLMSG_ERROR) {
    errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
    return -1;
  }
  recv(nl, answer, sizeof answer, 0);
  return numbers.number == -1 ? -100 : numbers.number;
}
static void namespace_numbers(void) {
  family("numbers of namespaces");
  int other = new_namespace();
  go(here);
  show("one that nobody has named has none", number_of(other));
  char fixed[4] = {0};
  show("a number", (begin(88, 0, fixed, 4), attribute_int(1, 42), attribute_int(3, other), ask()));
  show("  is told", number_of(other));
  show("  only once", (begin(88, 0, fixed, 4), attribute_int(1, 43), attribute_int(3, other), ask()));
  show("what is no namespace", number_of(0));
  close(other);
}

static struct { int count, local, reachable, port, master; } stations;
static unsigned char wanted_station[6] = {2, 0, 0, 0, 0, 0};
static void see_station(struct nlmsghdr *h) {
  struct ndmsg *m = NLMSG_DATA(h);
  struct rtattr *a = find(h, sizeof *m, NDA_LLADDR);
  if (!a || memcmp(RTA_DATA(a), wanted_station, 6)) return;
  // where cards list addresses of their own these are not the bridge's
  struct rtattr *master = find(h, sizeof *m, NDA_MASTER);
  if (!master) return;
  stations.count++;
  stations.local = m->ndm_state & NUD_PERMANENT ? 1 : 0;
  stations.reachable = m->ndm_state & NUD_REACHABLE ? 1 : 0;
  stations.port = m->ndm_ifindex;
  stations.master = *(int *)RTA_DATA(master);
}
static int station(int last) {
  struct ndmsg m = {.ndm_family = AF_BRIDGE};
  memset(&stations, 0, sizeof stations);
  wanted_station[4] = last >> 8;
  wanted_station[5] = last;
  begin(RTM_GETNEIGH, NLM_F_DUMP, &m, sizeof m);
  dump(see_station);
  return stations.count;
}
static long change_station(int type, int flags, const char *port, int state, int last) {
  struct ndmsg m = {.ndm_family = AF_BRIDGE, .ndm_ifindex = index_of(port), .ndm_state = state, .ndm_flags = NTF_MASTER};
  begin(type, flags, &m, sizeof m);
  attribute_station(NDA_LLADDR, last);
  return ask();
}
static int bound(const char *address, int port) {
  struct sockaddr_in a = {AF_INET, htons(port)};
  inet_pton(AF_INET, address, &a.sin_addr);
  int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  if (bind(fd, (void *)&a, sizeof a) < 0) perror("bind");
  return fd;
}
static long say(int fd, const char *address, int port) {
  struct sockaddr_in a = {AF_INET, htons(port)};
  inet_pton(AF_INET, address, &a.sin_addr);
  return sendto(fd, "hello", 5, 0, (void *)&a, sizeof a);
}
// How many come, until none has for a while.
static int hear(int fd) {
  struct pollfd p = {fd, POLLIN};
  char bytes[64];
  int count = 0;
  while (poll(&p, 1, count == 0 ? 300 : 50) > 0) recv(fd, bytes, sizeof bytes, 0), count++;
  return count;
}
static long port_flag(const char *port, int type, int value) {
  struct ifinfomsg m = {.ifi_family = AF_BRIDGE, .ifi_index = index_of(port)};
  char byte = value;
  begin(RTM_SETLINK, 0, &m, sizeof m);
  struct rtattr *a = nest(IFLA_PROTINFO);
  attribute(type, &byte, 1);
  unnest(a);
  return ask();
}

static void bridges(void) {
  family("bridge");
  int places[3], sockets[3], everybody[3];
  show("a bridge", add_kind("br", "bridge"));
  look("br");
  text("  its kind", seen.kind);
  set_up("br", 1);
  states("without ports", "br", 0);
  for (int i = 0; i < 3; i++) {
    char port[] = {'p', '0' + i, 0}, address[] = "10.1.0.1";
    address[7] += i;
    places[i] = new_namespace();
    go(here);
    add_veth(port, "eth0", places[i]);
    set_station(port, 0x100 + i);
    set_int(port, IFLA_MASTER, index_of("br"));
    set_up(port, 1);
    go(places[i]);
    set_station("eth0", 0x200 + i);
    set_up("eth0", 1);
    add_address("eth0", address, 24);
    sockets[i] = bound(address, 7);
    everybody[i] = bound("0.0.0.0", 8);
  }
  go(here);
  for (int i = 0; i < 3; i++) states("a port", (char[]){'p', '0' + i, 0}, 6);
  states("with ports", "br", 6);
  look("p0");
  show("a port's master", seen.master == index_of("br"));
  text("  and what it is to it", seen.port_kind);
  show("the bridge's address is the lowest port's", ({
    struct ifreq r = {.ifr_name = "br"};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    ioctl(fd, SIOCGIFHWADDR, &r);
    close(fd);
    (unsigned char)r.ifr_hwaddr.sa_data[4] << 8 | (unsigned char)r.ifr_hwaddr.sa_data[5]; }));
  show("a port's own address is the bridge's", station(0x100) && stations.local);
  show("a station that nobody has heard", station(0x299));
  show("a datagram from one port to another", say(sockets[0], "10.1.0.2", 7));
  show("  comes", hear(sockets[1]));
  show("  nowhere else", hear(sockets[2]));
  show("then the bridge knows where it is", station(0x201) && stations.port == index_of("p1"));
  show("  it was heard", stations.reachable);
  show("everybody's", say(sockets[0], "10.1.0.255", 8));
  show("  comes to each", hear(everybody[1]) + hear(everybody[2]));
  show("  not back", hear(everybody[0]));
  show("a port without learning", port_flag("p2", IFLA_BRPORT_LEARNING, 0));
  show("two ports kept apart", port_flag("p0", IFLA_BRPORT_ISOLATED, 1) | port_flag("p1", IFLA_BRPORT_ISOLATED, 1));
  say(sockets[0], "10.1.0.2", 7);
  show("  do not hear each other", hear(sockets[1]));
  say(sockets[0], "10.1.0.3", 7);
  show("  but others", hear(sockets[2]));
  port_flag("p0", IFLA_BRPORT_ISOLATED, 0), port_flag("p1", IFLA_BRPORT_ISOLATED, 0);
  show("a blocking port", port_flag("p1", IFLA_BRPORT_STATE, 4));
  say(sockets[0], "10.1.0.2", 7);
  show("  without a spanning tree forwards all the same", hear(sockets[1]));
  show("one that is off", port_flag("p1", IFLA_BRPORT_STATE, 0));
  say(sockets[0], "10.1.0.2", 7);
  show("  hears nothing", hear(sockets[1]));
  show("  on again", port_flag("p1", IFLA_BRPORT_STATE, 3));
  say(sockets[0], "10.1.0.2", 7);
  show("  and hears", hear(sockets[1]));
  show("a state that there is not", port_flag("p1", IFLA_BRPORT_STATE, 9));

  family("stations set by hand");
  show("one", change_station(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, "p1", NUD_NOARP, 0x300));
  show("  again", change_station(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, "p1", NUD_NOARP, 0x300));
  show("  is there", station(0x300) && stations.port == index_of("p1"));
  show("without making", change_station(RTM_NEWNEIGH, 0, "p1", NUD_NOARP, 0x301));
  show("removed", change_station(RTM_DELNEIGH, 0, "p1", 0, 0x300));
  show("  again", change_station(RTM_DELNEIGH, 0, "p1", 0, 0x300));
  show("at what is no bridge's", change_station(RTM_NEWNEIGH, NLM_F_CREATE, "lo", NUD_NOARP, 0x300));

  family("masters");
  show("the loopback", set_int("lo", IFLA_MASTER, index_of("br")));
  add_kind("br2", "bridge");
  show("a bridge", set_int("br2", IFLA_MASTER, index_of("br")));
  show("itself", set_int("br", IFLA_MASTER, index_of("br")));
  show("what is no bridge", set_int("p0", IFLA_MASTER, index_of("a")));
  look("p0");
  show("  it has left its own", seen.master);
  show("nobody", set_int("p0", IFLA_MASTER, 0x7ffffff));
  show("back again", set_int("p0", IFLA_MASTER, index_of("br")));
  listen_for(RTMGRP_LINK);
  show("a port changes", set_int("p2", IFLA_MASTER, index_of("br2")));
  told("  those who listen hear", "p2");
  look("p2");
  show("  it is the other's", seen.master == index_of("br2"));
  say(sockets[0], "10.1.0.3", 7);
  show("  and hears no more", hear(sockets[2]));

  family("bridges in a circle");
  set_up("br2", 1);
  for (int i = 0; i < 2; i++) {
    char one[] = {'x', '0' + i, 0}, other[] = {'y', '0' + i, 0};
    add_veth(one, other, -1);
    set_int(one, IFLA_MASTER, index_of("br"));
    set_int(other, IFLA_MASTER, index_of("br2"));
    set_up(one, 1);
    // only one way: the frames of a circle would go round natively
    if (i == 0) set_up(other, 1);
  }
  states("the way round", "x0", 6);
  states("  at its other end", "y0", 6);
  say(sockets[0], "10.1.0.3", 7);
  show("a way round leads there", hear(sockets[2]));
  close(heard);
  listen_for(RTMGRP_LINK);
  show("a bridge is removed", remove_link("br2"));
  told("  those who listen hear", "br2");
  look("p2");
  show("  its ports are nobody's", seen.master);
  remove_link("br");
}

static long add_macvlan(const char *name, const char *on) {
  begin_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
  attribute_int(IFLA_LINK, index_of(on));
  struct rtattr *i = nest(IFLA_LINKINFO);
  attribute_text(IFLA_INFO_KIND, "macvlan");
  unnest(i);
  return ask();
}
static void nested(void) {
  family("interfaces on each other");
  char bridge[8], on[8];
  long failed = add_kind("n0", "bridge");
  int levels = 0;
  for (; failed == 0 && levels < 20; levels++) {
    sprintf(on, "m%d", levels), sprintf(bridge, "n%d", levels);
    if ((failed = add_macvlan(on, bridge)) != 0) break;
    sprintf(bridge, "n%d", levels + 1);
    add_kind(bridge, "bridge");
    failed = set_int(on, IFLA_MASTER, index_of(bridge));
  }
  show("as many", levels);
  show("  and no more", failed);
  show("none on itself", set_int("m0", IFLA_MASTER, index_of("n0")));
  show("the lowest goes", remove_link("n0"));
  show("  and what was on it", index_of("m0"));
  show("  but no bridge", index_of("n1") > 0);
}

// Names of unix sockets that are not files are a namespace's.
static void names(void) {
  family("abstract names");
  struct sockaddr_un a = {AF_UNIX, "\0links"};
  socklen_t size = sizeof a.sun_family + 6;
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), caller = socket(AF_UNIX, SOCK_STREAM, 0);
  show("a name", bind(listener, (void *)&a, size) | listen(listener, 1));
  go(there);
  int elsewhere = socket(AF_UNIX, SOCK_STREAM, 0), datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
  show("is not found from another namespace", connect(elsewhere, (void *)&a, size));
  show("nor by a datagram", sendto(datagram, "", 1, 0, (void *)&a, size));
  show("there it is free", bind(elsewhere, (void *)&a, size));
  show("a socket stays in the namespace that it was made in", connect(caller, (void *)&a, size));
  go(here);
  show("what is a file is found from anywhere", ({
    struct sockaddr_un f = {AF_UNIX, "links.socket"};
    int l = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(l, (void *)&f, sizeof f), listen(l, 1);
    go(there);
    int c = socket(AF_UNIX, SOCK_STREAM, 0);
    long done = connect(c, (void *)&f, sizeof f);
    unlink("links.socket");
    close(l), close(c);
    done; }));
  go(here);
  close(listener), close(caller), close(elsewhere), close(datagram);
}

static void rights(void) {
  family("rights");
  int child = fork(), status;
  if (child == 0) {
    setresuid(1000, 1000, 1000);
    show("an interface is made by who administers the network", add_kind("mine", "bridge"));
    show("  looked at by anybody", look("lo"));
    unshare(CLONE_NEWUSER | CLONE_NEWNET);
    speak();
    show("in a namespace of one's own by its root", add_kind("mine", "bridge"));
    show("  it does not go where he is nobody", ({ add_veth("q", "r", -1); set_int("q", IFLA_NET_NS_FD, here); }));
    show("  nor does an end of a new one", add_veth("s", "t", here));
    _exit(0);
  }
  waitpid(child, &status, 0);
  show("its end", status);
}

int main(void) {
  if (unshare(CLONE_NEWNET) < 0) return 77;
  speak();
  here = this_namespace();
  set_up("lo", 1);
  pairs();
  changes();
  requests();
  moves();
  namespace_numbers();
  bridges();
  nested();
  names();
  rights();
  return 0;
}
