// Flags of docker's client that ask for what a container or a network can have, and for what is not to be had: each does what it says, or is
// refused, or warned of, in words that say why. Oracle: the client; dockerd's words, where it has them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { startRegistry } from '../registry/docker-registry.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';

/** Of `tester`, who is secret. */
const PASSWORD = 'tester:$2b$04$nsqp4AeHJoQowpHzjgIqweAP8ihqQlZMFtBUR3wnLDLyS6NFvT9Cu';

let daemon: Daemon;
sharedDaemon((one) => {
  daemon = one;
});

const docker = (...args: string[]) => daemon.docker(...args);
const out = async (...args: string[]): Promise<string> => (await docker(...args)).stdout;
const words = (line: string): string[] => line.split(' ');
const withFlags = (flags: string, ...command: string[]) =>
  docker('run', '--rm', ...words(flags), 'busybox', ...command);
/** What the client says of a refusal, without its name. */
const why = ({ stderr }: { stderr: string }): string =>
  stderr.match(/^(?:docker: )?Error response from daemon: (.*)/m)?.[1] ?? stderr;

test.each([
  ['--cpu-period 50', 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)'],
  ['--cpu-quota 50', 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
  ['--cpu-rt-runtime 1000', 'kernel does not support CPU real-time scheduler'],
  ['--cpu-shares -5', 'invalid CPU shares (-5): value must be a positive integer'],
  ['--cpuset-cpus 5', 'Requested CPUs are not available - requested 5, available: 0'],
  ['--cpuset-cpus banana', 'Invalid value banana for cpuset cpus'],
  ['--cpuset-mems 0-1', 'Requested memory nodes are not available - requested 0-1, available: 0'],
  ['-m 64m --memory-reservation 128m', 'Minimum memory limit can not be less than memory reservation limit, see usage'],
  ['-m 64m --memory-swap 32m', 'Minimum memoryswap limit should be larger than memory limit, see usage'],
  ['--memory-swap 32m', 'You should always set the Memory limit when using Memoryswap limit, see usage'],
  ['--oom-score-adj 5000', 'Invalid value 5000, range for oom score adj is [-1000, 1000]'],
  ['--ipc banana', 'invalid IPC mode: banana'],
  ['--security-opt apparmor=mine', "AppArmor is not supported on this host, but the profile 'mine' was specified"],
  ['--storage-opt size=10m', "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
  ['--stop-signal BANANA', 'invalid signal: BANANA'],
  [
    '--network host --sysctl net.ipv4.ip_forward=1',
    'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
  ],
  ['--ipc host --sysctl kernel.shmmax=1', 'sysctl "kernel.shmmax" not allowed in host ipc namespace'],
  ['--uts host --hostname x', 'conflicting options: hostname and the UTS mode'],
  ['--network container:a --hostname x', 'conflicting options: hostname and the network mode'],
  ['--network container:a -p 80', 'conflicting options: port publishing and the container type network mode'],
  ['--network container:a --dns 1.1.1.1', 'conflicting options: dns and the network mode'],
  ['--network net --link-local-ip 1.2.3.4', 'invalid link-local IP address: 1.2.3.4'],
  ['--log-driver syslog', "no log driver named 'syslog' is registered: there are json-file, local, none"],
  ['--gpus all', 'could not select device driver "" with capabilities: [[gpu]]'],
  ['--group-add nosuch', 'unable to find group nosuch: no matching entries in group file'],
  ['-u nosuch', 'unable to find user nosuch: no matching entries in passwd file'],
  ['-u 1:nosuch', 'unable to find group nosuch: no matching entries in group file'],
  ['-u 5000000000', 'uids and gids must be in range'],
  ['-w rel', "the working directory 'rel' is invalid, it needs to be an absolute path"],
  ['--volume-driver banana -v x:/x', 'plugin "banana" not found'],
  ['--volumes-from nosuch', 'No such container: nosuch'],
  ['-v a:b', "invalid mount path: 'a:b' mount path must be absolute"],
  ['--tmpfs /t:size=banana', 'invalid tmpfs option "size=banana"'],
  ['--tmpfs /t:banana', 'invalid tmpfs option "banana"'],
  ['--tmpfs t', "invalid mount path: 't' mount path must be absolute"],
  ['--mount type=bind,src=/no/such,dst=/x', 'bind source path does not exist: /no/such'],
  ['--mount type=bind,src=/tmp,dst=/x,bind-propagation=banana', 'invalid propagation mode: banana'],
  ['--mount type=bind,dst=/x', 'field Source must not be empty'],
  ['--mount type=tmpfs,src=a,dst=/x', 'field Source must not be specified'],
  ['--mount type=volume,dst=/x,volume-driver=banana', 'plugin "banana" not found'],
  ['--mount type=volume,src=v,dst=/x,volume-opt=type=nfs', 'a volume of type "nfs" can\'t be mounted here'],
  ['--mount type=volume,dst=/x,volume-subpath=a', 'must not set Subpath when using anonymous volumes'],
  ['--mount type=volume,src=v,dst=/x,volume-subpath=../a', 'subpath must be a relative path within the volume'],
  ['--mount type=volume,src=v,dst=/x,volume-subpath=nothing', 'mounting /x: nothing: ENOENT'],
  ['--mount type=image,src=nothing,dst=/x', 'No such image: nothing:latest: pull it first'],
  ['--mount type=image,src=busybox,dst=/x,image-subpath=/etc', 'subpath must be a relative path within the image'],
])('run %s is refused', async (flags, message) => {
  const ran = await withFlags(flags, 'true');
  expect(why(ran)).toContain(message);
  expect(ran.status).toBe(125);
});

test.each([
  ['-m 64m --memory-swap 128m', 'swap limit'],
  ['-m 64m --memory-swappiness 50', 'memory swappiness'],
  ['--oom-kill-disable', 'OomKillDisable'],
  ['--security-opt label=type:x', 'SELinux'],
  ['--cpus 5', 'one processor'],
])('run %s is warned of', async (flags, warning) => {
  const ran = await withFlags(flags, 'true');
  expect(ran.stderr).toMatch(new RegExp(`^WARNING: .*${warning}`));
  expect(ran.status).toBe(0);
});

test.each([
  ['--cpuset-cpus 0 --cpuset-mems 0', 'cd /sys/fs/cgroup; cat cpuset.cpus cpuset.mems', '0\n0\n'],
  ['--cpu-period 50000 --cpu-quota 25000', 'cat /sys/fs/cgroup/cpu.max', '25000 50000\n'],
  ['--group-add 7 --group-add adm', 'id -G', '0 4 7\n'],
  ['--ipc none', 'ls -d /dev/shm; true', ''],
  ['--cgroup-parent own --cgroupns host', 'cut -c1-8 /proc/self/cgroup', '0::/own/\n'],
  ['--cgroupns private', 'cat /proc/self/cgroup', '0::/\n'],
  ['--security-opt writable-cgroups=true', 'mkdir /sys/fs/cgroup/own && echo made', 'made\n'],
  [
    '--mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700',
    'stat -c %a /t; df -k /t | tail -n 1 | tr -s " " | cut -d" " -f2',
    '700\n1024\n',
  ],
  ['--device-cgroup-rule', 'mknod /n b 254 0 && head -c 1 /n 2>&1 | wc -c', ''],
])('run %s is honoured', async (flags, script, output) => {
  if (flags === '--device-cgroup-rule') {
    // a node of a disk that there is none of: opening it is permitted, and fails for another reason
    const tried = async (...more: string[]) =>
      out('run', '--rm', ...more, 'busybox', 'sh', '-c', 'mknod /n c 1 11; head -c 0 /n 2>&1 && echo opened; true');
    expect(await tried()).toContain('Operation not permitted');
    expect(await tried(flags, 'c 1:* rwm')).toContain('opened');
    return;
  }
  expect((await withFlags(flags, 'sh', '-c', script)).stdout).toBe(output);
});

test('--volumes-from: what another one has mounted, by the same names, perhaps read-only', async () => {
  const folder = join(daemon.folder, 'lent');
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), 'host\n');
  await docker(
    'create',
    '--name',
    'lender',
    '-v',
    'data:/data',
    '-v',
    `${folder}:/host`,
    '--tmpfs',
    '/t',
    'busybox',
    'true',
  );
  await withFlags('--volumes-from lender', 'sh', '-c', 'echo kept >/data/a');
  const script = 'cat /data/a /host/file; echo x >/data/a; ls -d /t';
  const read = await withFlags('--volumes-from lender:ro', 'sh', '-c', script);
  expect(read.stdout).toBe('kept\nhost\n');
  expect(read.stderr).toContain("can't create /data/a: Read-only file system");
  expect((await docker('rm', 'lender')).status).toBe(0);
});

test('a part of a volume, and another image', async () => {
  await withFlags('-v parts:/v', 'sh', '-c', 'mkdir -p /v/a/b /v/c; echo deep >/v/a/b/f; ln -s /etc /v/link');
  const part = (path: string) => `--mount type=volume,src=parts,dst=/x,volume-subpath=${path}`;
  expect((await withFlags(part('a/b'), 'sh', '-c', 'cat /x/f; echo new >/x/g; ls /x')).stdout).toBe('deep\nf\ng\n');
  expect((await withFlags(part('a/b/f'), 'cat', '/x')).stdout).toBe('deep\n');
  expect(why(await withFlags(part('link'), 'true'))).toContain("'link' is a symbolic link");
  expect((await withFlags('-v parts:/v', 'cat', '/v/a/b/g')).stdout).toBe('new\n');

  const image = '--mount type=image,src=busybox,dst=/x,image-subpath=etc';
  const read = await withFlags(image, 'sh', '-c', 'ls /x; touch /x/file');
  expect([read.stdout, read.stderr]).toEqual(['group\npasswd\n', expect.stringContaining('Read-only file system')]);
  await docker('tag', 'busybox', 'tools');
  await docker('run', '-d', '--name', 'lent', ...words(image.replace('busybox', 'tools')), 'busybox', 'sleep', '1000');
  expect(await out('inspect', '-f', '{{range .Mounts}}{{.Type}} {{.Source}} {{.RW}}{{end}}', 'lent')).toBe(
    'image tools false\n',
  );
  await docker('rmi', 'tools');
  await daemon.restart('SIGTERM');
  await docker('start', 'lent');
  expect(await out('exec', 'lent', 'ls', '/x')).toBe('group\npasswd\n');
  await docker('rm', '-f', 'lent');
});

test('a volume of the local driver can be a folder of the host', async () => {
  const folder = join(daemon.folder, 'bound');
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), 'host\n');
  await docker('volume', 'create', '-o', 'type=none', '-o', 'o=bind', '-o', `device=${folder}`, 'bound');
  expect((await withFlags('-v bound:/v', 'cat', '/v/file')).stdout).toBe('host\n');
  expect(await out('volume', 'inspect', '-f', '{{.Mountpoint}} {{.Options.o}}', 'bound')).toBe(`${folder} bind\n`);
  await daemon.restart('SIGTERM');
  expect((await withFlags('-v bound:/v', 'cat', '/v/file')).stdout).toBe('host\n');
  expect(await out('volume', 'rm', 'bound')).toBe('bound\n');
  expect(why(await docker('volume', 'create', '-o', 'banana=1', 'x1'))).toBe('invalid option: "banana"');
  expect((await docker('volume', 'rm', '-f', 'nothing')).status).toBe(0);
});

test('--ipc container: one who shares it lends it', async () => {
  await docker('run', '-d', '--name', 'private', 'busybox', 'sleep', '1000');
  await docker('run', '-d', '--name', 'shares', '--ipc', 'shareable', 'busybox', 'sleep', '1000');
  expect(why(await withFlags('--ipc container:private', 'true'))).toContain('non-shareable IPC');
  const link = ['readlink', '/proc/self/ns/ipc'];
  expect((await withFlags('--ipc container:shares', ...link)).stdout).toBe(await out('exec', 'shares', ...link));
  await docker('rm', '-f', 'private', 'shares');
});

test('update changes what it names, and nothing else', async () => {
  await docker('run', '-d', '--name', 'one', 'busybox', 'sleep', '1000');
  const update = (flags: string) => docker('update', ...words(flags), 'one');
  expect((await update('--cpu-period 50000 --cpu-quota 25000')).status).toBe(0);
  expect((await update('--restart always')).status).toBe(0);
  expect((await update('-m 64m --pids-limit 20')).status).toBe(0);
  expect((await update('--cpuset-cpus 0')).status).toBe(0);
  const files = ['cpu.max', 'memory.max', 'pids.max', 'cpuset.cpus'].map((name) => `/sys/fs/cgroup/${name}`);
  expect(await out('exec', 'one', 'cat', ...files)).toBe('25000 50000\n67108864\n20\n0\n');
  expect(await out('inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', 'one')).toBe('always\n');
  expect(why(await update('--cpus 0.5'))).toBe(
    'Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set',
  );
  expect(why(await update('--cpuset-cpus 7'))).toContain('Requested CPUs are not available');
  expect(why(await update('-m 4m'))).toBe('Minimum memory limit allowed is 6MB');
  expect(why(await update('--cpu-rt-period 3'))).toContain('real-time');
  expect(await out('exec', '-u', 'nosuch', 'one', 'true')).toContain('unable to find user nosuch');
  const there = await docker('exec', '-w', '/nosuch', 'one', 'true');
  expect([there.status, there.stdout]).toEqual([127, expect.stringContaining('chdir to cwd ("/nosuch")')]);
  await docker('rm', '-f', 'one');
});

test.each([
  ['--config-only x', 'networks that are but a configuration are not supported here'],
  ['--ingress x', 'This node is not a swarm manager'],
  ['--scope swarm x', 'This node is not a swarm manager'],
  ['--ipam-driver banana x', 'could not find plugin banana'],
  ['-o com.docker.network.bridge.inhibit_ipv4=true x', 'inhibit_ipv4=true is not supported here'],
  ['-o com.docker.network.bridge.enable_icc=banana x', 'parsing "banana": invalid syntax'],
  [
    '-o com.docker.network.container_iface_prefix=Eth/ x',
    'invalid value for com.docker.network.container_iface_prefix',
  ],
  ['-o com.docker.network.driver.mtu=banana x', 'invalid value for com.docker.network.driver.mtu: banana'],
])('network create %s is refused', async (flags, message) => {
  expect(why(await docker('network', 'create', ...words(flags)))).toContain(message);
});

test('networks: the MTU, which of them leads out, where ports are to be had', async () => {
  const bridge = 'com.docker.network';
  const binding = `${bridge}.bridge.host_binding_ipv4=127.0.0.2`;
  await docker(
    'network',
    'create',
    '-o',
    `${bridge}.driver.mtu=1400`,
    '-o',
    binding,
    '--subnet',
    '10.31.0.0/24',
    'first',
  );
  await docker('network', 'create', '--subnet', '10.32.0.0/24', 'second');
  await docker('run', '-d', '--name', 'both', '--network', 'first', '-p', '80', 'busybox', 'sleep', '1000');
  expect(await out('exec', 'both', 'cat', '/sys/class/net/eth0/mtu')).toBe('1400\n');
  expect(await out('port', 'both')).toMatch(/^80\/tcp -> 127\.0\.0\.2:\d+\n$/);
  await docker('network', 'connect', '--gw-priority', '5', 'second', 'both');
  expect(await out('exec', 'both', 'ip', 'route', 'show', 'default')).toContain('via 10.32.0.1 ');
  expect(await out('inspect', '-f', '{{.NetworkSettings.Networks.second.GwPriority}}', 'both')).toBe('5\n');
  await docker('rm', '-f', 'both');
  await docker('network', 'rm', 'first', 'second');
});

test('networks: those in it do not reach each other; names of interfaces; addresses of the link', async () => {
  await docker(
    'network',
    'create',
    '-o',
    'com.docker.network.bridge.enable_icc=false',
    '--subnet',
    '10.33.0.0/24',
    'apart',
  );
  const server = ['busybox', 'httpd', '-f', '-p', '80'];
  await docker(
    'run',
    '-d',
    '--name',
    'server',
    '--network',
    'apart',
    '--ip',
    '10.33.0.9',
    '-p',
    '127.0.0.1::80',
    ...server,
  );
  const [, port] = /:(\d+)\n/.exec(await out('port', 'server', '80'))!;
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  // neither as a neighbour nor by way of the node
  const tries =
    'ping -c 1 -W 1 server; ip route add 10.33.0.9 via 10.33.0.1; ping -c 1 -W 1 10.33.0.9; ping -c 1 10.33.0.1';
  const tried = await withFlags('--network apart --cap-add NET_ADMIN', 'sh', '-c', tries);
  expect(tried.stdout.match(/\d+% packet loss/g)).toEqual(['100% packet loss', '100% packet loss', '0% packet loss']);

  await docker('network', 'create', '-o', 'com.docker.network.container_iface_prefix=lan', 'named');
  const shown = async (network: string): Promise<string[]> =>
    [...(await withFlags(`--network ${network}`, 'ip', '-o', 'link')).stdout.matchAll(/\d: (\w+)/g)].map(
      ([, name]) => name!,
    );
  expect(await shown('named')).toEqual(['lo', 'lan0']);
  expect(await shown('name=named,driver-opt=com.docker.network.endpoint.ifname=door0')).toEqual(['lo', 'door0']);
  const linked = await withFlags('--network named --link-local-ip 169.254.3.3', 'ip', 'addr', 'show', 'lan0');
  expect(linked.stdout).toContain('inet 169.254.3.3/16 scope link lan0');
  await docker('rm', '-f', 'server');
  await docker('network', 'rm', 'apart', 'named');
});

test.each([
  ['images --filter dangling=banana', "invalid filter 'dangling=[banana]'"],
  ['images --filter reference=[', 'syntax error in pattern'],
  ['network ls --filter type=banana', "invalid filter 'type=[banana]'"],
  ['volume ls --filter dangling=banana', "invalid filter 'dangling=[banana]'"],
  ['ps --filter exited=banana', "invalid filter 'exited=banana'"],
  ['ps --filter health=banana', "invalid filter 'health=[banana]'"],
  ['ps --filter is-task=banana', "invalid filter 'is-task=[banana]'"],
  ['image inspect --platform linux/amd64 busybox', 'does not match the specified platform (linux/amd64)'],
  ['history --platform linux/amd64 busybox', 'does not match the specified platform (linux/amd64)'],
  ['save --platform linux/amd64 busybox', 'does not match the specified platform (linux/amd64)'],
  ['import http://127.0.0.1:1/x', 'addresses are not fetched here'],
  ['plugin inspect x', 'plugin "x" not found'],
  ['plugin install x', 'plugins can not be installed here'],
  ['search busybox', 'registries are not searched here'],
  ['pull 127.0.0.1:1/x', 'Get "http://127.0.0.1:1/v2/": connect ECONNREFUSED 127.0.0.1:1'],
  ['run --log-driver syslog busybox true', "no log driver named 'syslog' is registered"],
  ['run --log-opt compress=true busybox true', 'compress cannot be true when max-file is less than 2'],
  ['run --log-opt banana=1 busybox true', "unknown log opt 'banana' for json-file log driver"],
  ['run --log-opt tag={{.Nothing}} busybox true', 'log opt tag: {{.Nothing}} is not supported here'],
])('%s is refused', async (line, message) => {
  const ran = await docker(...words(line));
  expect(ran.stderr).toContain(message);
  expect(ran.status).not.toBe(0);
});

test('lists of images by sets of letters; saved for a platform, loaded for another one', async () => {
  expect(await out('images', '-q', '--filter', 'reference=bus[xy]box')).toMatch(/^[0-9a-f]{12}\n$/);
  const tar = join(daemon.folder, 'platform.tar');
  expect((await docker('save', '--platform', 'linux/386', '-o', tar, 'busybox')).status).toBe(0);
  expect(await out('load', '--platform', 'linux/386', '-i', tar)).toBe('Loaded image: busybox:latest\n');
  const refused = await docker('load', '--platform', 'linux/amd64', '-i', tar);
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('no image for linux/amd64 is offered')]);
});

test('top by arguments of ps; logs with what was asked to be told; log drivers', async () => {
  const told = ['--log-opt', 'labels=a', '--log-opt', 'env=E', '--log-opt', 'tag={{.Name}}'];
  const flags = ['--name', 'teller', '-l', 'a=b c', '-e', 'E=1', ...told];
  await docker('run', '-d', ...flags, 'busybox', 'sh', '-c', 'echo said; exec sleep 1000');
  const titles = async (...args: string[]) => (await out('top', 'teller', ...args)).split('\n')[0]!.split(/ +/);
  expect(await titles('aux')).toEqual(words('USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND'));
  expect(await titles('-eo', 'pid,vsz,nice,etime')).toEqual(words('PID VSZ NI ELAPSED'));
  expect(await out('top', 'teller', '-o', 'pid=P', '-o', 'stat,cmd')).toMatch(/^P +STAT +CMD\n\d+ +S +sleep 1000\n/);
  expect((await docker('top', 'teller', 'banana')).stderr).toContain('unsupported option: banana');
  expect(await out('logs', '--details', 'teller')).toBe('E=1,a=b%20c,tag=teller said\n');
  await docker('rm', '-f', 'teller');
  await docker(
    'run',
    '--name',
    'local',
    '--log-driver',
    'local',
    '--log-opt',
    'max-size=1m',
    'busybox',
    'echo',
    'kept',
  );
  expect(await out('logs', 'local')).toBe('kept\n');
  await docker('rm', 'local');
});

test('login: the registry is asked', async (context) => {
  const { dockerRegistry } = needs(context, 'dockerRegistry');
  const folder = join(daemon.folder, 'private');
  mkdirSync(folder);
  const registry = await startRegistry(dockerRegistry, folder, PASSWORD);
  try {
    const login = (password: string) => docker('login', '-u', 'tester', '-p', password, registry.host);
    expect((await login('wrong')).stderr).toMatch(/Get "http:\/\/127\.0\.0\.1:\d+\/v2\/": unauthorized: /);
    expect((await login('secret')).stdout).toContain('Login Succeeded\n');
    await docker('tag', 'busybox', `${registry.host}/mine:1`);
    expect(await out('push', `${registry.host}/mine:1`)).toContain('1: digest: sha256:');
    expect((await docker('logout', registry.host)).status).toBe(0);
    expect((await docker('pull', `${registry.host}/mine:1`)).stderr).toContain('pull access denied');
    await docker('rmi', `${registry.host}/mine:1`);
  } finally {
    await registry.stop();
  }
});

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});
