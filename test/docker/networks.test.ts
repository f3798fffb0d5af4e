// Networks of containers by docker's own client: entering and leaving, addresses, names, published ports.
// Oracle: the client itself, and the Engine API's description, which every answer is checked against.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { needs, root } from '../provisioned.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';

let daemon: Daemon;
sharedDaemon(
  (one) => {
    daemon = one;
  },
  { options: ['--net-allow', '127.0.0.1'] },
);

const docker = (...args: string[]) => daemon.docker(...args);
/** What a client prints that must not fail. */
async function ok(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await docker(...args);
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
  return stdout;
}
const run = (...args: string[]) => ok('run', '--rm', ...args);
const shell = (container: string, script: string) => ok('exec', container, 'sh', '-c', script);
/** A container that only waits, in the background. */
const begin = (name: string, ...args: string[]) => ok('run', '-d', '--name', name, ...args, 'busybox', 'sleep', '1000');
const gone = (...names: string[]) => ok('rm', '-f', ...names);
const words = (text: string) => text.trim().split(/\s+/);

test('a container that runs enters a network and leaves it', async () => {
  const ipam = ['--subnet', '10.10.0.0/24', '--gateway', '10.10.0.254', '--ip-range', '10.10.0.128/25'];
  await ok('network', 'create', ...ipam, '--aux-address', 'printer=10.10.0.128', 'side');
  await begin('mover');
  await ok('network', 'connect', '--alias', 'db', '--ip', '10.10.0.200', 'side', 'mover');
  expect(await shell('mover', 'ip -4 addr show eth1')).toContain('10.10.0.200/24');
  // what is not asked for comes out of the range, and is nobody's yet
  const other = await run('--network', 'side', 'busybox', 'sh', '-c', 'hostname -i; ip route; ping -c1 db');
  expect(other).toMatch(/^10\.10\.0\.129\ndefault via 10\.10\.0\.254 [\s\S]*from 10\.10\.0\.200/);
  const format = '{{range .Containers}}{{.Name}} {{.IPv4Address}} {{.MacAddress}}{{end}}';
  expect(await ok('network', 'inspect', 'side', '--format', format)).toBe('mover 10.10.0.200/24 02:42:0a:0a:00:c8\n');
  const of = '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{.Aliases}} {{end}}';
  expect(await ok('inspect', 'mover', '--format', of)).toBe('bridge [] side [db] \n');
  expect((await docker('network', 'connect', 'side', 'mover')).stderr).toContain(
    'endpoint with name mover already exists in network side',
  );
  expect((await docker('network', 'rm', 'side')).stderr).toContain('has active endpoints');
  await ok('network', 'disconnect', 'side', 'mover');
  expect(await shell('mover', 'ls /sys/class/net')).toBe('eth0\nlo\n');
  expect((await docker('network', 'disconnect', 'side', 'mover')).stderr).toContain('is not connected to network side');
  // the last one that is left has the way out
  await ok('network', 'connect', 'side', 'mover');
  await ok('network', 'disconnect', 'bridge', 'mover');
  expect(await shell('mover', 'ip route')).toContain('default via 10.10.0.254 dev eth1');
  await gone('mover');
  // nor does it have to run
  await ok('create', '--name', 'still', 'busybox', 'sh', '-c', 'ls /sys/class/net');
  await ok('network', 'connect', 'side', 'still');
  await ok('network', 'rm', 'side');
  expect((await docker('start', '-a', 'still')).stderr).toContain('network side not found');
  await ok('network', 'disconnect', '-f', 'bridge', 'still');
  await gone('still');
});

test.each([
  [['--subnet', '172.17.4.0/24'], 'Pool overlaps with other one on this address space'],
  [['--subnet', '10.1.2.3/24'], 'it should be 10.1.2.0/24'],
  [['--driver', 'overlay'], 'This node is not a swarm manager'],
  [['--driver', 'macvlan'], 'could not find plugin macvlan'],
  [['--driver', 'host'], 'only one instance of "host" network is allowed'],
])('network create %s is refused', async (flags, words) => {
  expect((await docker('network', 'create', ...flags, 'wrong')).stderr).toContain(words);
});

test('networks whose addresses can be asked for, and cannot', async () => {
  await ok('network', 'create', 'plain');
  await ok('network', 'create', '--subnet', '10.2.0.0/24', 'chosen');
});

test.each([
  ['bridge', '172.17.0.9', 'supported on user defined networks only'],
  ['plain', '172.18.0.9', 'only when connecting to networks with user configured subnets'],
  ['chosen', '10.3.0.9', 'no configured subnet contains IP address 10.3.0.9'],
])('an address that %s does not give is refused', async (network, address, words) => {
  expect((await docker('run', '--network', network, '--ip', address, 'busybox', 'true')).stderr).toContain(words);
  await ok('container', 'prune', '-f');
});

test('a network of IPv6: addresses, names and the way', async () => {
  await ok('network', 'create', '--ipv6', '--subnet', 'fd12:3456::/64', 'six');
  await begin('far', '--network', 'six', '--ip6', 'fd12:3456::77');
  const near = await run('--network', 'six', 'busybox', 'sh', '-c', 'ip -6 route; ping -6 -c1 -w9 far');
  expect(near).toMatch(/default via fd12:3456::1 [\s\S]*from fd12:3456::77/);
  const format = '{{range .Containers}}{{.IPv6Address}}{{end}} {{.EnableIPv6}}';
  expect(await ok('network', 'inspect', 'six', '--format', format)).toBe('fd12:3456::77/64 true\n');
  await gone('far');
  await ok('network', 'rm', 'six');
  await ok('network', 'create', '--ipv6', 'own');
  expect(await run('--network', 'own', 'busybox', 'ip', '-6', 'addr', 'show', 'eth0')).toMatch(
    /inet6 fd[0-9a-f:]+\/64/,
  );
  await ok('network', 'rm', 'own');
});

test('names: several of one name in turn, an address’s name, links, two networks at once', async () => {
  await ok('network', 'create', '--internal', 'inner');
  await ok('network', 'create', 'outer');
  for (const name of ['one', 'two']) await begin(name, '--network', 'inner', '--network-alias', 'service');
  await begin(
    'third',
    '--network',
    'outer',
    '--hostname',
    'box',
    '--link',
    'absent:fourth',
    '--mac-address',
    '02:00:00:00:00:07',
  );
  await ok('network', 'connect', '--link', 'one:first', 'inner', 'third');
  const addresses = await Promise.all(['one', 'two'].map(async (name) => (await shell(name, 'hostname -i')).trim()));
  const ask = (name: string) => shell('third', `nslookup -type=a ${name} | sed -n "s/^Address: *//p" | grep -v :53`);
  const found = [words(await ask('service')), words(await ask('service'))];
  expect(found.map((list) => [...list].sort())).toEqual([[...addresses].sort(), [...addresses].sort()]);
  expect(found[0]).toEqual([...found[1]!].reverse());
  expect(words(await ask('first'))).toEqual([addresses[0]]);
  expect(words(await ask('two.inner'))).toEqual([addresses[1]]);
  expect(await shell('third', `nslookup ${addresses[0]}`)).toContain('name = one.inner');
  expect(await shell('one', 'nslookup -type=a third')).toMatch(/Address: \d/);
  // by its short id, and by a new name
  await ok('rename', 'one', 'uno');
  expect(words(await ask('uno'))).toEqual([addresses[0]]);
  await ok('rename', 'uno', 'one');
  const id = (await ok('inspect', 'one', '--format', '{{.Id}}')).slice(0, 12);
  expect(words(await ask(id))).toEqual([addresses[0]]);
  expect(await shell('third', 'cat /sys/class/net/eth0/address; cat /etc/resolv.conf')).toBe(
    '02:00:00:00:00:07\nnameserver 127.0.0.11\n',
  );
  // an internal network leads nowhere
  expect(await shell('one', 'ip route | grep -c default || true')).toBe('0\n');
  await gone('one');
  expect(words(await ask('service'))).toEqual([addresses[1]]);
  await gone('two', 'third');
});

test('old links, hosts of one’s own, and the host, where --net-allow lets containers reach it', async () => {
  await begin('linked');
  const server = createServer((socket) => void socket.end('from the host\n').on('error', () => {}));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const gateway = ['--add-host', 'host.docker.internal:host-gateway'];
  const ask = `nc host.docker.internal ${port} </dev/null`;
  expect(await run(...gateway, 'busybox', 'sh', '-c', ask)).toBe('from the host\n');
  server.close();
  const hosts = ['--add-host', 'there:192.0.2.7'];
  const text = await run('--link', 'linked:db', ...hosts, 'busybox', 'cat', '/etc/hosts');
  expect(text).toMatch(/^192\.0\.2\.7\tthere$/m);
  expect(text).toMatch(/^172\.17\.0\.\d+\tdb [0-9a-f]{12} linked$/m);
  // who joins another's network has its name, its hosts and its resolver
  const joined = await run(
    '--network',
    'container:linked',
    'busybox',
    'sh',
    '-c',
    'hostname; cat /etc/hosts /etc/resolv.conf',
  );
  expect(joined).toBe(await shell('linked', 'hostname; cat /etc/hosts /etc/resolv.conf'));
  expect(await run('--link', 'linked:db', 'busybox', 'ping', '-c1', 'db')).toContain('1 packets received');
  await ok('stop', '-t', '0', 'linked');
  expect((await docker('run', '--rm', '--link', 'linked:db', 'busybox', 'true')).stderr).toContain(
    'Cannot link to a non running container: /linked',
  );
  await gone('linked');
});

/** What a server of UDP answers, asked until it does. */
async function askUdp(port: number, text: string): Promise<string> {
  const socket = createSocket('udp4');
  const again = setInterval(() => socket.send(text, port, '127.0.0.1'), 50);
  try {
    return String((await once(socket, 'message'))[0]);
  } finally {
    clearInterval(again);
    socket.close();
  }
}

/** What a server of TCP says; undefined: nobody is there. */
async function askTcp(port: number): Promise<string | undefined> {
  const socket = connect(port, '127.0.0.1');
  try {
    let text = '';
    for await (const piece of socket) text += piece;
    return text;
  } catch {
    return undefined;
  }
}

test('published ports: both protocols, ranges, addresses; one that is taken leaves nothing behind', async (context) => {
  needs(context, 'gcc');
  const source = join(root, 'test/docker/udp-echo.c');
  execFileSync('gcc', ['-m32', '-static', '-o', join(daemon.folder, 'udp-echo'), source]);
  const servers = '/own/udp-echo 7 & exec nc -ll -p 7 -e echo hello';
  const ports = ['-p', '7/udp', '-p', '7/tcp', '-p', '0.0.0.0::9'];
  const args = ['-v', `${daemon.folder}:/own:ro`, 'busybox', 'sh', '-c', servers];
  await ok('run', '-d', '--name', 'echo', ...ports, ...args);
  const port = async (which: string) => (await ok('port', 'echo', which)).trim();
  expect(await port('9/tcp')).toMatch(/^0\.0\.0\.0:\d+$/);
  const [udp, tcp] = [await port('7/udp'), await port('7/tcp')];
  for (const one of [udp, tcp]) expect(one).toMatch(/^127\.0\.0\.1:\d+$/);
  const portOf = (text: string) => Number(text.split(':')[1]);
  expect(await askUdp(portOf(udp), 'datagram')).toBe('datagram');
  let text: string | undefined;
  while (!text) text = await askTcp(portOf(tcp));
  expect(text).toBe('hello\n');
  expect(await ok('ps', '--filter', `publish=${portOf(udp)}/udp`, '--format', '{{.Names}}')).toBe('echo\n');
  // what leads in goes on when the network it came by is left
  await ok('network', 'create', 'elsewhere');
  await ok('network', 'connect', 'elsewhere', 'echo');
  await ok('network', 'disconnect', 'bridge', 'echo');
  expect(await askUdp(portOf(udp), 'still')).toBe('still');

  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port: number } = taken.address() as { port: number };
  const refused = await docker('run', '--name', 'late', '-p', '80', '-p', `${number}:7`, 'busybox', 'true');
  expect(refused.status).toBe(125);
  expect(refused.stderr).toMatch(
    new RegExp(
      `driver failed programming external connectivity on endpoint late .*Bind for 127.0.0.1:${number} failed: port is already allocated`,
    ),
  );
  expect(await ok('ps', '-a', '--filter', 'name=late', '--format', '{{.Status}} {{.Ports}}')).toBe('Created \n');
  // of a range the first that is free
  expect(await run('-p', `${number}-${Math.min(number + 50, 65535)}:7`, 'busybox', 'echo', 'there')).toBe('there\n');
  taken.close();
  await gone('late', 'echo');
  expect(await askTcp(portOf(tcp))).toBeUndefined();
});

test('networks by filters; prune takes those that nobody is in; events', async () => {
  const since = String(Math.floor(Date.now() / 1000));
  await ok('network', 'create', '--label', 'kind=test', '--opt', 'com.docker.network.bridge.name=tb0', 'labelled');
  const list = (...filters: string[]) =>
    ok('network', 'ls', ...filters.flatMap((one) => ['--filter', one]), '--format', '{{.Name}}').then(words);
  expect(await list('type=builtin')).toEqual(['bridge', 'host', 'none']);
  expect(await list('label=kind')).toEqual(['labelled']);
  expect(await list('label=kind=other')).toEqual(['']);
  await begin('inside', '--network', 'labelled');
  expect(await list('dangling=true')).not.toContain('labelled');
  expect(await ok('ps', '--filter', 'network=labelled', '--format', '{{.Names}} {{.Networks}}')).toBe(
    'inside labelled\n',
  );
  const pruned = await ok('network', 'prune', '-f');
  expect(pruned).toContain('plain');
  expect(pruned).not.toContain('labelled');
  await gone('inside');
  await ok('network', 'rm', 'labelled');
  const until = String(Date.now() / 1000);
  const filters = ['--filter', 'type=network', '--filter', 'network=labelled'];
  const events = await ok('events', '--since', since, '--until', until, ...filters, '--format', '{{.Action}}');
  expect(words(events)).toEqual(['create', 'connect', 'disconnect', 'destroy']);
});

test('there is no swarm, and clients are told so', async () => {
  for (const command of [
    ['node', 'ls'],
    ['service', 'ls'],
    ['stack', 'ls'],
    ['secret', 'ls'],
  ])
    expect((await docker(...command)).stderr, command.join(' ')).toContain('This node is not a swarm manager');
  expect((await docker('swarm', 'init')).stderr).toContain('there are no swarms here');
  expect((await docker('swarm', 'leave')).stderr).toContain('This node is not part of a swarm');
});

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});
