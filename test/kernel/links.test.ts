// What programs could do to the node with interfaces: bridges in a circle, more of them than there may be, stations without end.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { missing } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { TestNode } from './node-fixture.js';

/** Runs a program's `main` in a namespace of its own, whose netlink socket is open. */
function run(context: TestContext, main: string): { node: TestNode; output: string } {
  const place = scratch();
  const route = new URL('programs/route.h', import.meta.url).pathname;
  writeFileSync(
    join(place, 'program.c'),
    `#include "${route}"\n#include <netinet/in.h>\nint main(void) { unshare(CLONE_NEWNET); speak(); ${main} return 0; }`,
  );
  try {
    const options = ['-m32', '-O1', '-w', '-static', '-o', join(place, 'program'), join(place, 'program.c')];
    execFileSync('gcc', options, { stdio: 'pipe' });
  } catch {
    missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  }
  const node = new TestNode();
  node.file('/work/program', readFileSync(join(place, 'program')));
  const { output, status } = node.run(['/work/program'], '', '/work');
  expect(status).toBe(0);
  return { node, output };
}

test('frames of bridges in a circle are lost after a while, and the node goes on', (context) => {
  const { output } = run(
    context,
    `add_kind("one", "bridge"), add_kind("other", "bridge");
     for (int i = 0; i < 3; i++) {
       char a[] = {'a', '0' + i, 0}, b[] = {'b', '0' + i, 0};
       add_veth(a, b, -1);
       set_int(a, IFLA_MASTER, index_of("one")), set_int(b, IFLA_MASTER, index_of("other"));
       set_up(a, 1), set_up(b, 1);
     }
     set_up("one", 1), set_up("other", 1);
     show("an address", add_address("one", "10.0.0.1", 24));
     int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
     setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
     struct sockaddr_in to = {AF_INET, htons(9), {htonl(0x0a0000ff)}};
     for (int i = 0; i < 3; i++) show("everybody's", sendto(fd, "x", 1, 0, (void *)&to, sizeof to));
     show("the node goes on", remove_link("one"));`,
  );
  expect(output).toBe("an address: 0\neverybody's: 1\neverybody's: 1\neverybody's: 1\nthe node goes on: 0\n");
});

test('a namespace has so many interfaces, a bridge so many stations, and all go with it', (context) => {
  const { node, output } = run(
    context,
    `long made = 0, failed;
     while ((failed = add_kind("d%d", "dummy")) == 0 && made < 10000) made++;
     show("interfaces", made), show("one more", failed);
     for (int i = 0; i < 8; i++) { char n[8]; sprintf(n, "d%d", i); remove_link(n); }
     add_kind("br", "bridge"), add_veth("p", "q", -1), set_int("p", IFLA_MASTER, index_of("br"));
     set_up("br", 1), set_up("p", 1);
     for (made = 0; made < 30000; made++) {
       struct ndmsg m = {.ndm_family = AF_BRIDGE, .ndm_ifindex = index_of("p"), .ndm_state = NUD_NOARP, .ndm_flags = NTF_MASTER};
       begin(RTM_NEWNEIGH, NLM_F_CREATE, &m, sizeof m);
       attribute_station(NDA_LLADDR, made);
       if ((failed = ask()) != 0) break;
     }
     show("fewer stations than", made < 20000 ? 20000 : made), show("one more", failed);`,
  );
  expect(output).toBe('interfaces: 4095\none more: ENOBUFS\nfewer stations than: 20000\none more: ENOSPC\n');
  expect([...node.kernel.netNamespaces]).toEqual([node.kernel.netNamespace]);
  expect(node.kernel.netNamespace.interfaces.size).toBe(1);
});

test('requests of any bytes are answered, and the node goes on', (context) => {
  const { output } = run(
    context,
    `add_kind("br", "bridge"), add_veth("v", "w", -1), add_kind("d", "dummy"), set_int("v", IFLA_MASTER, index_of("br"));
     for (int i = 0; i < 3; i++) set_up((const char *[]){"br", "v", "w"}[i], 1);
     add_address("w", "10.0.0.1", 24);
     int types[] = {16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 28, 29, 30, 34, 36, 37, 38, 88, 90};
     const char *kinds[] = {"veth", "bridge", "dummy", "macvlan", "none"};
     unsigned seed = 1;
     #define any(n) ((seed = seed * 1103515245 + 12345) / 65536 % (n))
     fcntl(nl, F_SETFL, O_NONBLOCK);
     long answers = 0;
     for (int i = 0; i < 4000; i++) {
       char fixed[64];
       for (int j = 0; j < 64; j++) fixed[j] = any(3) ? 0 : any(256);
       if (any(4)) fixed[0] = (int[]){0, 2, 10, 7}[any(4)];
       if (any(4)) *(int *)(fixed + 4) = any(8);
       begin(types[any(19)], any(2) ? NLM_F_CREATE : any(65536), fixed, (int[]){0, 1, 4, 8, 12, 16, 20, 24}[any(8)]);
       for (int j = any(5); j > 0; j--) {
         char value[40];
         for (int k = 0; k < 40; k++) value[k] = any(2) ? any(4) : any(256);
         if (any(3) == 0) {
           struct rtattr *n = nest(IFLA_LINKINFO);
           attribute_text(IFLA_INFO_KIND, kinds[any(5)]);
           struct rtattr *d = nest(IFLA_INFO_DATA);
           attribute(any(40), value, any(20));
           unnest(d), unnest(n);
         } else if (any(2)) attribute_int(any(64), any(9));
         else attribute(any(64), value, any(40));
       }
       if (any(8) == 0) request.header.nlmsg_len = any(request.header.nlmsg_len + 8);
       send(nl, &request, NLMSG_ALIGN(request.header.nlmsg_len), 0);
       while (recv(nl, answer, sizeof answer, 0) > 0) answers++;
     }
     printf("answers %d\\n", answers > 1000);
     speak();
     show("the node goes on", add_kind("last", "bridge") | set_up("last", 1) | remove_link("last"));`,
  );
  expect(output).toBe('answers 1\nthe node goes on: 0\n');
});

test('who asks for lists and never reads them fills his socket alone', (context) => {
  const { node, output } = run(
    context,
    `for (int i = 0; i < 500; i++) add_kind("d%d", "dummy");
     for (int i = 0; i < 300; i++) {
       struct ifinfomsg m = {0};
       begin(RTM_GETLINK, NLM_F_DUMP, &m, sizeof m);
       send(nl, &request, request.header.nlmsg_len, 0);
     }
     show("what is left of it", recv(nl, answer, sizeof answer, 0));
     long lists = 0, length;
     while ((length = recv(nl, answer, sizeof answer, MSG_DONTWAIT)) > 0)
       for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, length); h = NLMSG_NEXT(h, length)) lists += h->nlmsg_type == NLMSG_DONE;
     show("fewer lists than", lists < 10 ? 10 : lists);`,
  );
  expect(output).toBe('what is left of it: ENOBUFS\nfewer lists than: 10\n');
  expect(node.kernel.netNamespace.interfaces.size).toBe(1);
});

test('a bridge forgets a station that it has not heard for five minutes, or for as long as it was told', (context) => {
  const { output } = run(
    context,
    `int here = this_namespace(), there = new_namespace(), found;
     go(here);
     add_kind("br", "bridge"), add_veth("p", "eth0", there), set_int("p", IFLA_MASTER, index_of("br"));
     set_up("br", 1), set_up("p", 1), add_address("br", "10.0.0.1", 24);
     go(there), set_station("eth0", 0x44), set_up("eth0", 1), add_address("eth0", "10.0.0.2", 24);
     int fd = socket(AF_INET, SOCK_DGRAM, 0);
     struct sockaddr_in to = {AF_INET, htons(9), {htonl(0x0a000001)}};
     int known(void) {
       struct ndmsg m = {.ndm_family = AF_BRIDGE, .ndm_ifindex = index_of("p")};
       begin(RTM_GETNEIGH, 0, &m, sizeof m);
       attribute_station(NDA_LLADDR, 0x44);
       return ask() == 0;
     }
     sendto(fd, "x", 1, 0, (void *)&to, sizeof to);
     go(here), show("heard", known());
     sleep(299), show("after 299 s", known());
     // its neighbours have asked it once more
     sleep(12), show("after 311 s", known());
     begin_link(RTM_NEWLINK, 0, "br");
     struct rtattr *i = nest(IFLA_LINKINFO);
     attribute_text(IFLA_INFO_KIND, "bridge");
     struct rtattr *d = nest(IFLA_INFO_DATA);
     attribute_int(4, 1000), unnest(d), unnest(i), show("ten seconds", ask());
     sendto(fd, "x", 1, 0, (void *)&to, sizeof to), show("heard", known());
     sleep(17), show("after 17 s", known());`,
  );
  const wanted = ['heard: 1', 'after 299 s: 1', 'after 311 s: 0', 'ten seconds: 0', 'heard: 1', 'after 17 s: 0', ''];
  expect(output).toBe(wanted.join('\n'));
});
