// Containers of a node through the contract, the node in this thread: their lifecycle, what they see, what they may do and use.
// OCI runtime-spec 1.2: runtime.md, config.md, config-linux.md.
import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProcessSpec, RuntimeSpec } from '../../src/base/runtime-spec.js';
import { NodeHost } from '../../src/hosts/node/host.js';
import { SharedFolder } from '../../src/hosts/node/shared-folder.js';
import { createNode } from '../../src/kernel/node.js';
import type { Channel, FromNode, ToNode } from '../../src/node/contract.js';
import { NodeServer } from '../../src/node/server.js';
import { changesOf } from '../../src/runtime/archive-stream.js';
import { NodeClient } from '../../src/runtime/node-client.js';
import { MemoryBlockStore } from '../memory-block-store.js';
import { provisioned } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { busyboxRoot } from './busybox-root.js';
import { CORE } from './node-fixture.js';

const busybox = provisioned('busybox');
let node: NodeClient;
let server: NodeServer;
let next = 0;
/** Layers that the node has open, but for the one that all have. */
const opened: string[] = [];
/** Stores of the host's by name. */
const stores = new Map<string, MemoryBlockStore>();

/** A way whose messages are plain data and come in a later turn, as between threads. */
function channels(): [Channel<ToNode, FromNode>, Channel<FromNode, ToNode>] {
  let toClient: (message: FromNode) => void = () => {};
  let toServer: (message: ToNode) => void = () => {};
  return [
    {
      send: (message) => void setImmediate(() => toServer(structuredClone(message))),
      onMessage: (receive) => {
        toClient = receive;
      },
    },
    {
      send: (message) => void setImmediate(() => toClient(structuredClone(message))),
      onMessage: (receive) => {
        toServer = receive;
      },
    },
  ];
}

beforeAll(async () => {
  if (busybox === undefined) return;
  const bytes = busyboxRoot(busybox);
  const host = new NodeHost();
  const { kernel } = createNode({
    core: CORE,
    memory: 128 << 20,
    translate: 'at once',
    clock: host,
    random: (into) => host.random(into),
  });
  const [client, serving] = channels();
  node = new NodeClient(client);
  const blob = {
    name: 'root',
    size: bytes.length,
    read: (at: number, into: Uint8Array) => into.set(bytes.subarray(at, at + into.length)),
  };
  server = new NodeServer(
    kernel,
    host,
    {
      files: {
        openBlob: (name) => {
          if (name === 'busybox.tar') return blob;
          opened.push(name);
          return { ...blob, close: () => void opened.splice(opened.indexOf(name), 1) };
        },
        // as where the host's user is not root: what is his is the container's user's
        openTree: (path, readOnly) => ({
          tree: new SharedFolder(path, readOnly, 'bind'),
          owner: { uid: process.getuid!(), gid: process.getgid!() },
        }),
        openStore(name) {
          const store = new MemoryBlockStore(stores.get(name)?.contents);
          stores.set(name, store);
          return store;
        },
        removeStore: (name) => void stores.delete(name),
      },
    },
    serving,
  );
  void server.run();
});
afterAll(() => server?.close());

const ALL = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_KILL',
  'CAP_SETUID',
  'CAP_SETGID',
  'CAP_NET_BIND_SERVICE',
];

function specOf(
  args: string[],
  change: { process?: Partial<ProcessSpec> } & Omit<RuntimeSpec, 'process'> = {},
): RuntimeSpec {
  return {
    ociVersion: '1.2.0',
    hostname: 'box',
    mounts: [
      { destination: '/proc', type: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
      },
      { destination: '/sys', type: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', options: ['ro', 'nosuid', 'noexec', 'nodev'] },
      { destination: '/dev/shm', type: 'tmpfs', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=1m'] },
      { destination: '/dev/mqueue', type: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    ],
    ...change,
    process: {
      args,
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities: { bounding: ALL, effective: ALL, permitted: ALL },
      ...change.process,
    },
    linux: {
      namespaces: (['pid', 'mount', 'ipc', 'uts', 'network', 'cgroup'] as const).map((type) => ({ type })),
      ...change.linux,
    },
  };
}

interface Ended {
  output: string;
  status: number;
  oomKilled: boolean;
}

/** What processes have said so far, and who waits for something of it. */
const said = new Map<string, string>();
const listeners = new Map<string, () => void>();

function saying(id: string, text: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (said.get(id)?.includes(text)) resolve();
    };
    listeners.set(id, look);
    look();
  });
}

/** Hears a process until it ends. */
function heard(name: { id: string; exec?: string }): Promise<Ended> {
  return new Promise((resolve) => {
    let output = '';
    node.listen(name, {
      output: (_stream, bytes) => {
        output += Buffer.from(bytes).toString();
        said.set(name.id, output);
        listeners.get(name.id)?.();
      },
      exited: (status, oomKilled) =>
        resolve({ output, status: (status & 0x7f) === 0 ? status >> 8 : 128 + (status & 0x7f), oomKilled }),
    });
  });
}

async function created(
  spec: RuntimeSpec,
  files?: Record<string, string>,
  reaper?: boolean,
): Promise<{ id: string; ended: Promise<Ended> }> {
  const id = `c${next++}`;
  await node.call('addRoot', { id, layers: [{ id: 'busybox', blob: 'busybox.tar' }] });
  const ended = heard({ id });
  await node.call('create', { id, root: id, spec, files, reaper });
  return { id, ended };
}

async function removed(id: string): Promise<void> {
  await node.call('delete', { id, force: true });
  await node.call('removeRoot', { id });
}

async function run(spec: RuntimeSpec, files?: Record<string, string>): Promise<Ended> {
  const { id, ended } = await created(spec, files);
  await node.call('start', { id });
  node.endInput({ id });
  const result = await ended;
  await removed(id);
  return result;
}

const sh = (script: string, change?: Parameters<typeof specOf>[1]) => run(specOf(['sh', '-c', script], change));

describe.skipIf(busybox === undefined)('a container', () => {
  test('runs its program and ends with its status', async () => {
    expect(await sh('echo hello; exit 3')).toMatchObject({ output: 'hello\n', status: 3 });
  });

  test('has clocks of its own', async () => {
    const linux = {
      namespaces: (['pid', 'mount', 'time'] as const).map((type) => ({ type })),
      timeOffsets: { boottime: { secs: 86_400 }, monotonic: { secs: 100, nanosecs: 5 } },
    };
    const { output } = await sh('cut -d. -f1 /proc/uptime; cat /proc/self/timens_offsets', { linux });
    const [uptime, ...offsets] = output.split('\n');
    expect(Number(uptime)).toBeGreaterThanOrEqual(86_400);
    expect(offsets).toEqual(['monotonic         100         5', 'boottime        86400         0', '']);
    const wrong = specOf(['true'], { linux: { ...linux, timeOffsets: { boottime: { secs: -1e9 } } } });
    await expect(created(wrong)).rejects.toThrow('timeOffsets: ERANGE');
  });

  test('has users of its own: they own its files, and root among them nothing else', async () => {
    const owners = {
      uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
      gidMappings: [{ containerID: 0, hostID: 200_000, size: 65_536 }],
    };
    const types = ['pid', 'mount', 'ipc', 'uts', 'network', 'cgroup', 'time', 'user'] as const;
    const linux = { namespaces: types.map((type) => ({ type })), ...owners };
    const ADMIN = [...ALL, 'CAP_SYS_ADMIN', 'CAP_MKNOD'];
    const process = { capabilities: { bounding: ADMIN, effective: ADMIN, permitted: ADMIN } };
    const begin = async (script: string, change: Partial<ProcessSpec> = {}, sysctl = {}) => {
      const id = `u${next++}`;
      await node.call('addRoot', { id, layers: [{ id: 'busybox', blob: 'busybox.tar' }], owners });
      const ended = heard({ id });
      const args = ['sh', '-c', script];
      const spec = specOf(args, { linux: { ...linux, sysctl }, process: { ...process, args, ...change } });
      await node.call('create', { id, root: id, spec, files: { '/etc/hosts': '127.0.0.1 box\n' } });
      await node.call('start', { id });
      return { id, ended };
    };
    const { id, ended } = await begin(
      [
        'id -u; id -g; tr -s " " < /proc/self/uid_map; tr -s " " < /proc/self/gid_map',
        'for f in /bin/sh /etc/hosts /dev /dev/pts /dev/null /sys/fs/cgroup/cgroup.procs /home/bob /proc/1; do stat -c "%n %u:%g" $f; done',
        'echo x > /dev/null && head -c 2 /dev/zero | wc -c; ls -l /dev/null | cut -c1-10',
        'mknod /node c 1 3 || echo none; sysctl -n net.ipv4.ip_forward',
        'mkdir /m; mount -t tmpfs none /m && mkdir /m/x && umount /m && echo mounted; hostname inner; hostname',
        'touch /mine; chown 1000:1000 /mine; chown 70000 /mine || echo unmapped; stat -c %u /mine',
        'echo 5 > /proc/sys/kernel/pid_max || echo refused',
      ].join('\n'),
      {},
      { 'net.ipv4.ip_forward': '1' },
    );
    const { output } = await ended;
    expect(output.split('\n').filter((line) => !/^(mknod|chown|sh):/.test(line))).toEqual([
      ...['0', '0', ' 0 100000 65536', ' 0 200000 65536'],
      ...['/bin/sh 0:0', '/etc/hosts 0:0', '/dev 0:0', '/dev/pts 0:0', '/dev/null 65534:65534'],
      ...['/sys/fs/cgroup/cgroup.procs 0:0', '/home/bob 1000:1001', '/proc/1 0:0'],
      ...['2', 'crw-rw-rw-', 'none', '1', 'mounted', 'inner', 'unmapped', '1000', 'refused', ''],
    ]);
    const pieces: Uint8Array[] = [];
    for await (const piece of changesOf(node, id)) pieces.push(piece);
    const tar = Buffer.concat(pieces);
    const listed = execFileSync('tar', ['--numeric-owner', '-tvf', '-'], { input: tar, encoding: 'utf8' });
    expect(listed).toMatch(/^-rw-r--r-- 1000\/1000 .* mine$/m);
    await removed(id);

    const user = await begin('id -u; id -G; cat /proc/self/fd/0; echo told > /proc/self/fd/1', {
      user: { uid: 1000, gid: 1000, additionalGids: [5] },
    });
    node.endInput({ id: user.id });
    expect(await user.ended).toMatchObject({ output: '1000\n1000 5\ntold\n', status: 0 });
    await removed(user.id);
    const wrong = (change: object) => created(specOf(['true'], { linux: { ...linux, ...change } }));
    await expect(wrong({ uidMappings: [] })).rejects.toThrow('uidMappings: are needed');
    await expect(wrong({ namespaces: [] })).rejects.toThrow('there is no user namespace');
    await expect(begin('true', { user: { uid: 65_536, gid: 0 } })).rejects.toThrow('65536 is none of the ids');
  });

  test('has its layers as long as it is there, though the engine has forgotten them; then they go', async () => {
    const [first, second] = [`l${next++}`, `l${next++}`];
    const layers = [{ id: 'other', blob: 'other.tar' }];
    await node.call('addRoot', { id: first, layers });
    await node.call('addRoot', { id: second, layers });
    expect(opened).toEqual(['other.tar']);
    await node.call('removeRoot', { id: first });
    await node.call('forgetLayers', { ids: ['other', 'unknown'] });
    expect(opened).toEqual(['other.tar']);
    await node.call('removeRoot', { id: second });
    expect(opened).toEqual([]);
    await node.call('addRoot', { id: first, layers });
    await node.call('removeRoot', { id: first });
    expect(opened).toEqual(['other.tar']);
    await node.call('forgetLayers', { ids: ['other'] });
    expect(opened).toEqual([]);
  });

  test('leaves its changes as a layer: what it made, changed and removed, and nothing that was made for it', async () => {
    const script =
      'echo x > /new; echo y >> /etc/passwd; rm /etc/group; rm -r /home/bob; mkdir /home/bob; chmod 700 /var; ln /new /var/same';
    const { id, ended } = await created(specOf(['sh', '-c', script]), { '/etc/hosts': '127.0.0.1 box\n' });
    await node.call('start', { id });
    expect(await ended).toMatchObject({ output: '', status: 0 });
    const pieces: Uint8Array[] = [];
    for await (const piece of changesOf(node, id)) pieces.push(piece);
    const tar = Buffer.concat(pieces);
    const listed = execFileSync('tar', ['-tvf', '-'], { input: tar, encoding: 'utf8' }).trim().split('\n');
    expect(listed.map((line) => line.replace(/^(\S+) .*\d\d:\d\d /, '$1 '))).toEqual([
      'drwxr-xr-x etc/',
      '---------- etc/.wh.group',
      '-rw-r--r-- etc/passwd',
      'drwxr-xr-x home/',
      'drwxr-xr-x home/bob/',
      '---------- home/bob/.wh..wh..opq',
      '-rw-r--r-- new',
      'drwx------ var/',
      'hrw-r--r-- var/same link to new',
    ]);
    const passwd = execFileSync('tar', ['-xOf', '-', 'etc/passwd'], { input: tar, encoding: 'utf8' });
    expect(passwd).toMatch(/^root:[\s\S]*y\n$/);
    // left in the middle, it is closed
    for await (const _ of changesOf(node, id)) break;
    await removed(id);
    await expect(node.call('openChanges', { id })).rejects.toMatchObject({ kind: 'missing' });
  });

  test('sees its own host name, processes and mounts', async () => {
    const { output } = await sh(
      'hostname; echo $$; ls /proc | grep -c "^[0-9]"; cut -d" " -f2,3 /proc/mounts; ls /dev; cat /proc/self/cgroup',
    );
    expect(output.split('\n')).toEqual([
      'box',
      '1',
      expect.stringMatching(/^[1-4]$/),
      '/ overlay',
      '/proc proc',
      '/dev tmpfs',
      '/dev/pts devpts',
      '/sys sysfs',
      '/sys/fs/cgroup cgroup2',
      '/dev/shm tmpfs',
      '/dev/mqueue mqueue',
      ...[
        'fd',
        'full',
        'mqueue',
        'null',
        'ptmx',
        'pts',
        'random',
        'shm',
        'stderr',
        'stdin',
        'stdout',
        'tty',
        'urandom',
        'zero',
      ],
      '0::/',
      '',
    ]);
  });

  test('has the lifecycle of the runtime-spec', async () => {
    const { id, ended } = await created(specOf(['sleep', '1000']));
    await expect(node.call('start', { id: 'other' })).rejects.toMatchObject({ kind: 'missing' });
    await expect(node.call('pause', { id })).rejects.toMatchObject({ kind: 'conflict' });
    await node.call('start', { id });
    await expect(node.call('start', { id })).rejects.toMatchObject({ kind: 'conflict' });
    await expect(node.call('delete', { id })).rejects.toMatchObject({ kind: 'conflict' });
    await node.call('pause', { id });
    await expect(node.call('pause', { id })).rejects.toMatchObject({ kind: 'conflict' });
    await node.call('resume', { id });
    // process 1 does not die of a signal that it does not handle
    await node.call('kill', { id, signal: 15 });
    await node.call('kill', { id, signal: 9 });
    expect(await ended).toMatchObject({ status: 137 });
    await node.call('delete', { id });
    await expect(node.call('delete', { id })).rejects.toMatchObject({ kind: 'missing' });
    await node.call('removeRoot', { id });
  });

  test('has a program that is there, or says why not', async () => {
    await expect(created(specOf(['nothing']))).rejects.toMatchObject({
      kind: 'not-found',
      message: expect.stringContaining('executable file not found in $PATH'),
    });
    await expect(created(specOf(['/etc/passwd']))).rejects.toMatchObject({
      kind: 'not-executable',
      message: expect.stringContaining('permission denied'),
    });
  });

  test('runs further processes, which end on their own', async () => {
    const { id, ended } = await created(specOf(['sh', '-c', 'trap "exit 7" TERM; while :; do sleep 1; done']));
    await node.call('start', { id });
    const first = heard({ id, exec: 'a' });
    await node.call('exec', {
      id,
      exec: 'a',
      process: { args: ['sh', '-c', 'hostname; cat; exit 5'], env: ['PATH=/bin'] },
    });
    await node.input({ id, exec: 'a' }, Buffer.from('typed'));
    node.endInput({ id, exec: 'a' });
    expect(await first).toMatchObject({ output: 'box\ntyped', status: 5 });
    await expect(node.call('exec', { id, exec: 'b', process: { args: ['nothing'] } })).rejects.toMatchObject({
      kind: 'not-found',
    });
    await node.call('kill', { id, signal: 15 });
    expect(await ended).toMatchObject({ status: 7 });
    await removed(id);
  });

  test('is who the config says, by number and by name', async () => {
    expect((await sh('id', { process: { user: { uid: 5, gid: 6, additionalGids: [7] } } })).output).toBe(
      'uid=5 gid=6 groups=7(lp)\n',
    );
    const named = await sh('id; echo $HOME; pwd', { process: { user: { username: 'bob' }, cwd: '/made/here' } });
    expect(named.output).toBe('uid=1000(bob) gid=1001(bob) groups=4(adm),7(lp),1001(bob)\n/home/bob\n/made/here\n');
    await expect(run(specOf(['true'], { process: { user: { username: 'nobody-knows' } } }))).rejects.toMatchObject({
      kind: 'invalid',
    });
  });

  test('has the capabilities, limits and rights of its config', async () => {
    const script =
      'grep -E "Cap(Eff|Bnd)|NoNew|Seccomp:" /proc/self/status; ulimit -n; cat /proc/self/oom_score_adj; umask; chown 1 /tmp 2>/dev/null || echo no';
    const few = ['CAP_KILL'];
    const { output } = await sh(script, {
      process: {
        capabilities: { bounding: few, effective: few, permitted: few },
        noNewPrivileges: true,
        rlimits: [{ type: 'RLIMIT_NOFILE', soft: 99, hard: 100 }],
        oomScoreAdj: 7,
        user: { umask: 0o077 },
      },
      linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }], seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } },
    });
    expect(output).toBe(
      'CapEff:\t0000000000000020\nCapBnd:\t0000000000000020\nNoNewPrivs:\t1\nSeccomp:\t2\n99\n7\n0077\nno\n',
    );
  });

  test('can call what its profile lets it', async () => {
    const seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['mkdir', 'no_such_call'], action: 'SCMP_ACT_ERRNO', errnoRet: 27 },
        { names: ['kill'], action: 'SCMP_ACT_ERRNO', args: [{ index: 1, value: 10, op: 'SCMP_CMP_EQ' }] },
      ],
    };
    const { output } = await sh('mkdir /x; kill -USR1 1; kill -0 1 && echo may', { linux: { seccomp } });
    expect(output).toContain("mkdir: can't create directory '/x': File too large");
    expect(output).toContain('not permitted');
    expect(output).toContain('may\n');
  });

  test('can not write what is read-only, nor see what is masked', async () => {
    const { output } = await sh(
      'echo x >/etc/x; echo x >/proc/sys/kernel/hostname; cat /etc/passwd | wc -l; ls /home | wc -l; touch /dev/shm/x && echo shm',
      {
        root: { readonly: true },
        linux: { readonlyPaths: ['/proc/sys', '/not/there'], maskedPaths: ['/etc/passwd', '/home', '/not/there'] },
      },
    );
    expect(output).toBe(
      "sh: can't create /etc/x: Read-only file system\nsh: can't create /proc/sys/kernel/hostname: Read-only file system\n0\n0\nshm\n",
    );
  });

  test('has texts over its files, and sysctls', async () => {
    const spec = specOf(['sh', '-c', 'cat /etc/hosts /etc/made/up; cat /proc/sys/kernel/msgmax'], {
      linux: { sysctl: { 'kernel.msgmax': '4096' } },
    });
    spec.linux!.namespaces = (['pid', 'mount', 'ipc'] as const).map((type) => ({ type }));
    expect((await run(spec, { '/etc/hosts': '127.0.0.1 me\n', '/etc/made/up': 'text\n' })).output).toBe(
      '127.0.0.1 me\ntext\n4096\n',
    );
  });

  test('keeps to its limits, which can be changed while it runs', async () => {
    const resources = {
      memory: { limit: 16 << 20 },
      pids: { limit: 5 },
      cpu: { quota: 50_000, period: 100_000, shares: 512 },
    };
    const spec = specOf(
      ['sh', '-c', 'cd /sys/fs/cgroup; cat memory.max pids.max cpu.max cpu.weight; read x; cat pids.max'],
      {
        linux: { resources },
      },
    );
    const { id, ended } = await created(spec);
    await node.call('start', { id });
    await saying(id, '20\n');
    await node.call('update', { id, resources: { pids: { limit: 9 } } });
    await node.input({ id }, Buffer.from('\n'));
    expect((await ended).output).toBe('16777216\n5\n50000 100000\n20\n9\n');
    await removed(id);
    const greedy = await sh('x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done', { linux: { resources } });
    expect(greedy).toMatchObject({ status: 137, oomKilled: true });
  });

  test('opens the devices that containers have, and others that its list names', async () => {
    const script = 'head -c 1 /dev/zero | wc -c; mknod /dev/log c 1 11; head -c 1 /dev/log > /dev/null; echo $?';
    const process = { capabilities: { effective: ['CAP_MKNOD'], permitted: ['CAP_MKNOD'], bounding: ['CAP_MKNOD'] } };
    expect((await sh(script, { process })).output).toMatch(/1\n.*Operation not permitted\n1\n$/);
    const devices = [{ allow: true, type: 'c', major: 1, minor: 11, access: 'r' }];
    expect((await sh(script, { process, linux: { resources: { devices } } })).output).toBe('1\n0\n');
  });

  test('tells what it uses, and who is in it', async () => {
    const { id } = await created(
      specOf(['sh', '-c', 'sleep 100; true'], { linux: { resources: { pids: { limit: 20 } } } }),
    );
    await node.call('start', { id });
    for (;;) {
      const rows = await node.call('processes', { id });
      // the shell may not have started it yet
      if (rows.length < 2 || rows[1]!.command.startsWith('sh')) continue;
      expect(rows.map(({ command }) => command)).toEqual(['sh -c sleep 100; true', 'sleep 100']);
      expect(rows[1]!.parent).toBe(rows[0]!.pid);
      break;
    }
    const stats = await node.call('stats', { id });
    expect(stats).toMatchObject({ pids: 2, pidsLimit: 20 });
    expect(stats.cpu).toBeGreaterThan(0);
    expect(stats.memory).toBeGreaterThan(0);
    await removed(id);
  });

  test('has a terminal, with a size, signals and a console', async () => {
    const spec = specOf(['sh'], { process: { terminal: true, consoleSize: { height: 30, width: 90 } } });
    const { id, ended } = await created(spec);
    await node.call('start', { id });
    await node.input({ id }, Buffer.from('stty size; tty; echo hi >/dev/console; cat\n'));
    await saying(id, 'hi\r\n');
    await node.input({ id }, Buffer.from('\x03'));
    await saying(id, '^C');
    await node.call('resize', { id, rows: 40, columns: 100 });
    await node.input({ id }, Buffer.from('stty size; exit 4\n'));
    const { output, status } = await ended;
    expect(output).toContain('30 90\r\n/dev/pts/0\r\nhi\r\n');
    expect(output).toContain('^C');
    expect(output).toContain('40 100');
    expect(status).toBe(4);
    await removed(id);
  });

  test('has a process 1 of the kernel when asked, which lets orphans go and ends with the program', async () => {
    // a child that outlives the shell that started it, and ends before the program does
    const script =
      'sh -c "sleep 0.1 & echo \\$!" >/tmp/pid; while kill -0 $(cat /tmp/pid) 2>/dev/null; do sleep 0.05; done; ps -o pid,comm; true';
    const orphan = await created(specOf(['sh', '-c', script]), undefined, true);
    await node.call('start', { id: orphan.id });
    const { output } = await orphan.ended;
    expect(output.split('\n').map((line) => line.trim().split(/\s+/)[1])).toEqual([
      'COMMAND',
      'init',
      'sh',
      'ps',
      undefined,
    ]);
    await removed(orphan.id);
    // the program is not process 1: it dies of a signal that it does not handle
    const { id, ended } = await created(specOf(['sleep', '1000']), undefined, true);
    await node.call('start', { id });
    await node.call('kill', { id, signal: 15 });
    expect(await ended).toMatchObject({ status: 143 });
    await removed(id);
    const forced = await created(specOf(['sleep', '1000']), undefined, true);
    await node.call('start', { id: forced.id });
    await removed(forced.id);
    expect(
      await forced.ended.then(
        () => 'told',
        () => 'lost',
      ),
    ).toBe('told');
  });

  test("has what is the host user's as its own user's, and nobody else can be given any", async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'his'), 'of the host\n', { mode: 0o600 });
    const script =
      'stat -c "%u %g" his; cat his; echo mine > new; mkdir d; ln -s new l; chmod 640 new; stat -c "%u %a" new';
    const spec = specOf(['sh', '-c', `cd /d; ${script}`], {
      process: { user: { uid: 1000, gid: 50 } },
      mounts: [{ destination: '/d', type: 'bind', source: folder, options: ['rbind'] }],
    });
    const { output } = await run(spec);
    expect(output).toBe('1000 50\nof the host\n1000 640\n');
    for (const name of ['new', 'd']) expect(statSync(join(folder, name)).uid).toBe(process.getuid!());
    // others of the container make files that are his too
    const other = specOf(
      ['sh', '-c', 'cd /d; chmod 777 .; su -s /bin/sh bob -c "echo > other"; stat -c %u other; chown 5 new'],
      {
        mounts: [{ destination: '/d', type: 'bind', source: folder, options: ['rbind'] }],
      },
    );
    expect((await run(other)).output).toBe('0\nchown: new: Operation not permitted\n');
  });

  test('has its changes and its volume again, where they are kept in stores', async () => {
    const root = { layers: [{ id: 'busybox', blob: 'busybox.tar' }], upper: 'containers/kept/upper' };
    const volume = { id: 'kept', store: 'volumes/kept' };
    const mounts = [{ destination: '/data', type: 'bind', source: 'volume:kept', options: ['rbind'] }];
    const runs = async (script: string): Promise<Ended> => {
      const id = `c${next++}`;
      const ended = heard({ id });
      await node.call('create', { id, root: 'kept', spec: specOf(['sh', '-c', script], { mounts }) });
      await node.call('start', { id });
      const result = await ended;
      await node.call('delete', { id });
      return result;
    };
    await node.call('addRoot', { id: 'kept', ...root });
    await node.call('addVolume', volume);
    await runs('echo one > /home/file; rm /etc/group; mkfifo /data/fifo; chown 70:80 /data/fifo; chmod 1700 /data');
    // with the end of a container they are in the host's hands: the stores as they are now are what a kill would leave
    const files = [...stores].map(([name, { contents }]) => [name, contents] as const);
    await node.call('sync');
    await node.call('removeRoot', { id: 'kept', keep: true });
    await node.call('removeVolume', { id: 'kept', keep: true });
    for (const [name, contents] of files) stores.set(name, new MemoryBlockStore(contents));
    await node.call('addRoot', { id: 'kept', ...root });
    await node.call('addVolume', volume);
    const look = 'cat /home/file; ls /etc/group 2>&1; stat -c "%n %a %u %g %t" /data /data/fifo; stat -c %F /data/fifo';
    expect((await runs(look)).output).toMatch(/^one\nls: .*\n\/data 1700 0 0 0\n\/data\/fifo 644 70 80 0\nfifo\n$/);
    await node.call('removeRoot', { id: 'kept' });
    await node.call('removeVolume', { id: 'kept' });
    expect(stores.size).toBe(0);
    stores.set('wrong', new MemoryBlockStore([0, 1, 2].map(() => new Uint8Array(1000).fill(7))));
    await expect(node.call('addVolume', { id: 'wrong', store: 'wrong' })).rejects.toThrow('damaged');
    stores.clear();
  });

  test('shares namespaces with another one when asked', async () => {
    const first = await created(specOf(['sleep', '1000']));
    await node.call('start', { id: first.id });
    const [sleeper] = await node.call('processes', { id: first.id });
    const spec = specOf(['sh', '-c', 'ps -o args | grep -c "^sleep"; hostname'], { hostname: 'other' });
    spec.linux!.namespaces = [
      { type: 'mount' },
      { type: 'uts' },
      { type: 'pid', path: `/proc/${sleeper!.pid}/ns/pid` },
    ];
    expect((await run(spec)).output).toBe('1\nother\n');
    await removed(first.id);
  });

  test.each([
    ['no process', { ociVersion: '1.0.2' } as RuntimeSpec],
    ['arguments that are none', specOf([7 as unknown as string])],
    ['a relative destination', specOf(['true'], { mounts: [{ destination: 'proc', type: 'proc' }] })],
    ['an unknown filesystem', specOf(['true'], { mounts: [{ destination: '/x', type: 'ext9' }] })],
    ['a group outside', specOf(['true'], { linux: { cgroupsPath: '../up' } })],
    [
      'a namespace of nobody',
      specOf(['true'], { linux: { namespaces: [{ type: 'ipc', path: '/proc/99999/ns/ipc' }] } }),
    ],
    ['a limit that is none', specOf(['true'], { linux: { resources: { unified: { 'memory.max': 'a lot' } } } })],
    ['a rule that is none', specOf(['true'], { linux: { resources: { devices: [{ allow: true, type: 'x' }] } } })],
    ['a NUL', specOf(['tr\0ue'])],
    ['a list without end', specOf(Array.from({ length: 20_000 }, () => 'x'))],
  ])('is refused whole for %s', async (_what, spec) => {
    const id = `bad${next++}`;
    await node.call('addRoot', { id, layers: [] });
    const { free } = await node.call('info');
    await expect(node.call('create', { id, root: id, spec })).rejects.toMatchObject({ kind: 'invalid' });
    await expect(node.call('start', { id })).rejects.toMatchObject({ kind: 'missing' });
    expect((await node.call('info')).free).toBeGreaterThanOrEqual(free - 65536);
    await node.call('removeRoot', { id });
  });
});
