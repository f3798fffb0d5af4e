// Networks of containers on one node: what reaches what, as whom, by which name. The node's outer interface is a wire to a namespace that plays
// the world.
import { readFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { beforeAll, describe, expect, test } from 'vitest';
import { formatAddress, parseIpv4 } from '../../src/net/address.js';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../src/kernel/abi/inet.js';
import { HostInput, HostOutput, HostStream } from '../../src/kernel/fs/host-stream.js';
import { TC_H_ROOT } from '../../src/kernel/abi/rtnetlink.js';
import { NameService } from '../../src/kernel/net/name-service.js';
import { NameTable } from '../../src/kernel/net/name-table.js';
import type { Packet } from '../../src/kernel/net/packet.js';
import { Rate } from '../../src/kernel/net/queue/rate.js';
import { Tbf } from '../../src/kernel/net/queue/tbf.js';
import type { Datagram } from '../../src/net/udp.js';
import { ContainerNetwork } from '../../src/kernel/net/container-network.js';
import type { Rule } from '../../src/kernel/net/filter/rules.js';
import { Veth } from '../../src/kernel/net/link/veth.js';
import { initialNamespaces } from '../../src/kernel/node.js';
import { NetNamespace } from '../../src/kernel/ns/net-namespace.js';
import { writeNode } from '../../src/kernel/snapshot/snapshot.js';
import type { Process } from '../../src/kernel/task/process.js';
import { needs, provisioned } from '../provisioned.js';
import { TestNode } from './node-fixture.js';

const v4 = (text: string): number => parseIpv4(text)!;
const OUTER = v4('203.0.113.2');
const WORLD = v4('203.0.113.1');

interface Running {
  process: Process;
  output: HostStream;
}

/** A node with two networks, two containers on one of them, and the world behind its outer interface. */
class Networks {
  readonly node = new TestNode();
  readonly world: NetNamespace;
  readonly front: ContainerNetwork;
  readonly back: ContainerNetwork;
  readonly web: NetNamespace;
  readonly client: NetNamespace;
  readonly store: NetNamespace;

  constructor(busybox: string) {
    const { node } = this;
    const { kernel } = node;
    node.file('/bin/busybox', readFileSync(busybox));
    for (const name of ['sh', 'nc', 'ping', 'nslookup', 'sleep', 'echo', 'cat', 'head', 'ip', 'traceroute', 'wc'])
      node.link('busybox', `/bin/${name}`);
    this.world = this.namespace();
    const first = kernel.netNamespace;
    const outer = new Veth(first, first.newIndex(), 'eth0', 0x020000000002);
    const there = new Veth(this.world, this.world.newIndex(), 'eth0', 0x020000000001);
    Veth.join(outer, there);
    for (const [one, address] of [
      [outer, OUTER],
      [there, WORLD],
    ] as const) {
      one.namespace.add(one);
      one.namespace.addressing.add(one, one.namespace.addressing.plain(address, 24));
      one.namespace.addressing.setUp(one, true);
    }
    this.front = this.network('front', '172.18.0.0', [WORLD]);
    this.back = this.network('back', '172.19.0.0', []);
    this.web = this.namespace();
    this.client = this.namespace();
    this.store = this.namespace();
    this.front.attach(this.web, {
      names: ['web', 'www.example'],
      published: [
        { protocol: IPPROTO_TCP, port: 8080, to: 80 },
        { protocol: IPPROTO_UDP, port: 5353, to: 53 },
      ],
    });
    this.front.attach(this.client, { names: ['client'] });
    this.back.attach(this.store, { names: ['store'] });
  }

  network(name: string, network: string, nameServers: number[], internal = false): ContainerNetwork {
    const options = { name, network: { network: v4(network), bits: 16 }, nameServers, internal };
    return ContainerNetwork.create(this.node.kernel.netNamespace, options) as ContainerNetwork;
  }

  namespace(): NetNamespace {
    const { kernel } = this.node;
    const made = new NetNamespace(kernel, kernel.userNamespace).hold();
    made.addressing.setUp(made.loopback, true);
    return made;
  }

  start(net: NetNamespace, script: string): Running {
    const { kernel, mounts } = this.node;
    const [stdin, output] = [new HostStream(), new HostStream(1 << 20)];
    stdin.end();
    const process = kernel.startProcess('/bin/sh', {
      args: ['sh', '-c', script],
      env: ['PATH=/bin', 'HOME=/'],
      init: false,
      namespaces: { ...initialNamespaces(kernel, mounts.namespace), net },
      files: (task) => [new HostInput(task, stdin), new HostOutput(task, output), new HostOutput(task, output)],
    });
    if (typeof process === 'number') throw new Error(`errno ${-process}`);
    return { process, output };
  }

  ended({ process, output }: Running): string {
    this.node.runUntil(() => process.isZombie);
    let all = '';
    while (output.length > 0) all += Buffer.from(output.shift(1 << 20)).toString();
    return all;
  }

  /** What a script prints in a namespace, to its end. */
  run(net: NetNamespace, script: string): string {
    return this.ended(this.start(net, script));
  }

  /** A server that answers once: it listens already. */
  serve(net: NetNamespace, port: number, answer: string): Running {
    return this.listen(net, port, `read line; echo ${answer} has heard $line`);
  }
  listen(net: NetNamespace, port: number, script: string, how = '-l'): Running {
    const server = this.start(net, `exec nc ${how} -p ${port} -e sh -c '${script}'`);
    this.node.runUntil(() => [...net.tcp.ports.holders(port)].some(({ listening }) => listening));
    return server;
  }

  call(net: NetNamespace, to: string, port: number): string {
    return this.run(net, `echo hello | nc -w 2 ${to} ${port} 2>&1`);
  }
}

let networks: Networks;
beforeAll(() => {
  const busybox = provisioned('busybox');
  if (busybox !== undefined) networks = new Networks(busybox);
});

describe('two networks', () => {
  test('containers of one network reach each other, those of another do not', (context) => {
    needs(context, 'busybox');
    const { web, client, store } = networks;
    expect(networks.run(client, 'ping -c 1 -W 1 172.18.0.2 | head -2')).toContain('64 bytes from 172.18.0.2');
    networks.serve(web, 80, 'web');
    expect(networks.call(client, '172.18.0.2', 80)).toBe('web has heard hello\n');
    const other = networks.serve(web, 80, 'web');
    expect(networks.call(store, '172.18.0.2', 80)).not.toContain('web');
    expect(networks.run(store, 'ping -c 1 -W 1 172.18.0.2 | head -4')).toContain('100% packet loss');
    // the world can't come in past the published port either
    networks.run(networks.world, 'ip route add 172.18.0.0/16 via 203.0.113.2');
    expect(networks.call(networks.world, '172.18.0.2', 80)).not.toContain('web');
    expect(networks.call(client, '172.18.0.2', 80)).toBe('web has heard hello\n');
    networks.ended(other);
  });

  test('a published port is reached from the world, from the node, from another network and from its own', (context) => {
    needs(context, 'busybox');
    const { web, client, store, world, node } = networks;
    const first = node.kernel.netNamespace;
    for (const [from, address] of [
      [world, '203.0.113.2'],
      [store, '203.0.113.2'],
      [store, '172.19.0.1'],
      [client, '203.0.113.2'],
      [web, '203.0.113.2'],
      [first, '203.0.113.2'],
      [first, '127.0.0.1'],
    ] as const) {
      const server = networks.serve(web, 80, 'web');
      expect(networks.call(from, address, 8080), address).toBe('web has heard hello\n');
      networks.ended(server);
    }
    // nobody listens there now: who has called hears it
    expect(networks.call(world, '203.0.113.2', 8080)).toContain('refused');
    expect(networks.call(world, '203.0.113.2', 8081)).toContain('refused');
  });

  test('a published port of UDP, and what comes back from it', (context) => {
    needs(context, 'busybox');
    const { web, world, node } = networks;
    const names = new NameTable();
    const server = new NameService(web, v4('172.18.0.2'), [], [names]);
    names.add('here', v4('192.0.2.9'));
    const heard: string[] = [];
    const listener = {
      arrived: ({ source }: Packet, { sourcePort, data }: Datagram) => {
        heard.push(`${formatAddress(source)}:${sourcePort} ${[...data.subarray(-4)].join('.')}`);
      },
    };
    world.udp.serve(WORLD, 4444, listener);
    const query = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0x68, 0x65, 0x72, 0x65, 0, 0, 1, 0, 1];
    const datagram = { sourcePort: 4444, destinationPort: 5353, data: Uint8Array.from(query) };
    world.internet.sendTo({
      ...{ source: WORLD, destination: OUTER, protocol: IPPROTO_UDP, datagram },
      ...{ timeToLive: 64, service: 0, interface: 0 },
    });
    node.runUntil(() => heard.length > 0);
    expect(heard).toEqual(['203.0.113.2:5353 192.0.2.9']);
    world.udp.serve(WORLD, 4444, undefined);
    server.close();
  });

  test('a token bucket before one container holds within 10 %, and is not felt by the one beside it', (context) => {
    needs(context, 'busybox');
    const { web, client, world, node } = networks;
    const now = (): number => node.kernel.clock.monotonic();
    const bytes = 500_000;
    const rate = new Rate({ bytes: 100_000 });
    const outside = (web.interfaceNamed('eth0') as Veth).peer!;
    const options = { rate, buffer: rate.timeOf(10_000), longest: 10_000, limit: 60_000, peakBuffer: 0 };
    outside.traffic.setRoot(new Tbf(0x10000, TC_H_ROOT, options, now()));
    /** Seconds that a container takes to fetch them. */
    const fetch = (net: NetNamespace): number => {
      const server = networks.listen(world, 9002, `head -c ${bytes} /dev/zero`);
      const start = now();
      const count = networks.run(net, 'nc 203.0.113.1 9002 < /dev/null | wc -c');
      networks.ended(server);
      expect(Number(count)).toBe(bytes);
      return (now() - start) / 1e9;
    };
    const [limited, free] = [fetch(web), fetch(client)];
    expect(bytes / limited).toBeGreaterThan(90_000);
    expect(bytes / limited).toBeLessThan(110_000);
    expect(bytes / free).toBeGreaterThan(10 * 100_000);
    outside.traffic.setRoot(undefined);
    expect(fetch(web)).toBeLessThan(1);
  });

  test('what goes out goes as the node, and its answers find back', (context) => {
    needs(context, 'busybox');
    const { client, web, world, node } = networks;
    expect(networks.run(client, 'ping -c 2 -i 0.1 -W 1 203.0.113.1')).toContain('2 packets received');
    const server = networks.listen(world, 9000, 'cat /proc/net/tcp');
    const seen = networks.call(client, '203.0.113.1', 9000);
    networks.ended(server);
    // the peer is the outer address, not the container's
    expect(seen).toContain('027100CB');
    expect(seen).not.toContain('000012AC');
    // two at once with the same port: one of them has another one outside
    const both = networks.listen(world, 9001, 'read line; sleep 1; echo for $line', '-ll');
    const calls = [client, web].map((net, i) => networks.start(net, `echo caller${i} | nc -p 4000 203.0.113.1 9001`));
    expect(calls.map((one) => networks.ended(one))).toEqual(['for caller0\n', 'for caller1\n']);
    node.kernel.signals.endProcess(both.process, 9);
    // errors about packets find back, too: a router's, and the last one's that nobody has the port
    expect(networks.run(client, 'traceroute -n -m 2 -q 1 -w 1 203.0.113.1 2>&1')).toMatch(
      /172\.18\.0\.1 [\s\S]*203\.0\.113\.1 /,
    );
  });

  test('names of the network, and the world’s', (context) => {
    needs(context, 'busybox');
    const { client, store, front, world } = networks;
    expect(networks.run(client, 'nslookup -type=a web 172.18.0.1 2>&1')).toContain('Address: 172.18.0.2');
    expect(networks.run(client, 'nslookup -type=a WWW.Example 172.18.0.1 2>&1')).toContain('Address: 172.18.0.2');
    // the world has a name server like theirs; before it answers nobody does
    expect(networks.run(client, 'nslookup -type=a example.org 172.18.0.1 2>&1')).toMatch(/SERVFAIL|timed out/);
    const names = new NameTable();
    const outer = new NameService(world, WORLD, [], [names]);
    names.add('example.org', v4('198.51.100.7'));
    expect(networks.run(client, 'nslookup -type=a example.org 172.18.0.1 2>&1')).toContain('Address: 198.51.100.7');
    outer.close();
    // what another network's containers are called is nobody's business
    expect(networks.run(client, 'nslookup -type=a store 172.18.0.1 2>&1')).not.toContain('172.19');
    expect(networks.run(store, 'nslookup -type=a web 172.19.0.1 2>&1')).toContain('SERVFAIL');
    front.names.remove(v4('172.18.0.2'));
    expect(front.names.lookup('web')).toEqual([]);
    expect(front.names.add('-', 1)).toBe(false);
    expect(front.names.add(`${'a'.repeat(64)}`, 1)).toBe(false);
    front.names.add('web', v4('172.18.0.2'));
  });

  test('an internal network has no way out, and what is detached is gone', (context) => {
    needs(context, 'busybox');
    const { node, web, world } = networks;
    const inner = networks.network('inner', '172.20.0.0', [], true);
    const [one, two] = [networks.namespace(), networks.namespace()];
    const place = inner.attach(one, { names: ['one'] });
    inner.attach(two, { published: [{ protocol: IPPROTO_TCP, port: 8090, to: 80 }] });
    expect(networks.run(two, 'ping -c 1 -W 1 172.20.0.2')).toContain('1 packets received');
    networks.run(two, 'ip route add default via 172.20.0.1');
    expect(networks.run(two, 'ping -c 1 -W 1 203.0.113.1')).toContain('0 packets received');
    expect(networks.call(world, '203.0.113.2', 8090)).toContain('refused');
    if (typeof place === 'number') throw new Error(`errno ${-place}`);
    inner.detach(place);
    expect(networks.run(two, 'ping -c 1 -W 1 172.20.0.2')).toContain('0 packets received');
    inner.close();
    expect(node.kernel.netNamespace.interfaceNamed('inner')).toBeUndefined();
    expect([...two.interfaces.values()].map(({ name }) => name)).toEqual(['lo']);
    expect(web.interfaceNamed('eth0')).toBeDefined();
  });
});

describe('rules', () => {
  test('accept, drop, reject: by state, address, port, interface; the first that fits', (context) => {
    needs(context, 'busybox');
    const { node, world } = networks;
    const first = node.kernel.netNamespace;
    const rules = (...list: Rule[]): boolean => first.filter.set('test', list);
    const input = (match: Rule['match'], what: 'accept' | 'drop' | 'reject'): Rule => ({
      ...{ hook: 'input', match, verdict: { do: what } },
    });
    const tcp = { protocol: IPPROTO_TCP, destinationPorts: [7000, 7010] as const };
    rules(
      input({ states: ['established', 'related'] }, 'accept'),
      input({ ...tcp, source: { network: WORLD, bits: 32 } }, 'reject'),
      input({ in: 'eth0', protocol: 1 }, 'drop'),
    );
    const server = networks.serve(first, 7001, 'node');
    expect(networks.call(world, '203.0.113.2', 7001)).toContain('refused');
    expect(networks.run(world, 'ping -c 1 -W 1 203.0.113.2')).toContain('0 packets received');
    expect(networks.run(first, 'ping -c 1 -W 1 203.0.113.1')).toContain('1 packets received');
    expect(networks.call(first, '127.0.0.1', 7001)).toBe('node has heard hello\n');
    networks.ended(server);
    rules({ hook: 'output', match: { destination: { network: WORLD, bits: 32 } }, verdict: { do: 'drop' } });
    expect(networks.run(first, 'ping -c 1 -W 1 203.0.113.1 2>&1')).toContain('Operation not permitted');
    rules();
    expect(networks.run(first, 'ping -c 1 -W 1 203.0.113.1 2>&1')).toContain('1 packets received');
  });

  test('flows are bounded, forgotten, and written into a snapshot', (context) => {
    needs(context, 'busybox');
    const { node, client } = networks;
    const { flows } = node.kernel.netNamespace.filter;
    networks.run(client, 'ping -c 1 -W 1 203.0.113.1');
    expect(flows.size).toBeGreaterThan(0);
    expect(() => deserialize(serialize(writeNode(node)))).not.toThrow();
    const start = node.kernel.clock.monotonic();
    networks.run(client, 'sleep 130');
    expect(node.kernel.clock.monotonic() - start).toBeGreaterThan(129e9);
    expect(flows.size).toBe(0);
    expect(
      node.kernel.netNamespace.filter.set(
        'many',
        Array(5000).fill({ hook: 'input', match: {}, verdict: { do: 'drop' } }),
      ),
    ).toBe(false);
  });
});
