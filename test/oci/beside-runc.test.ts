// The same bundle by runc on the host's kernel and by `tabvisor oci` on ours: what its program finds, says and ends with is the same.
// OCI runtime-spec, config.md, config-linux.md; runc(8). Programs: Debian's busybox for i386, which both can run.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProcessSpec, RuntimeSpec } from '../../src/base/runtime-spec.js';
import { defaultSpec } from '../../src/cli/oci/default-spec.js';
import { provisioned, root } from '../provisioned.js';

const busybox = provisioned('busybox');
const isThere = busybox !== undefined && spawnSync('runc', ['--version']).status === 0 && process.getuid?.() === 0;
const RUNTIMES = { runc: ['runc'], ours: [join(root, 'bin/tabvisor-oci.mjs'), '--node-memory', '64M'] };
type Runtime = keyof typeof RUNTIMES;

let folder: string;
let next = 0;

beforeAll(() => {
  if (!isThere) return;
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-runc-'));
  // whoever is root in a user namespace must come by
  chmodSync(folder, 0o755);
  for (const runtime of Object.keys(RUNTIMES)) makeRoot(join(folder, runtime, 'rootfs'));
});
afterAll(() => folder && rmSync(folder, { recursive: true, force: true }));

function makeRoot(path: string): void {
  for (const name of ['bin', 'proc', 'dev', 'sys', 'etc', 'tmp', 'root', 'home/bob', 'mnt'])
    mkdirSync(join(path, name), { recursive: true });
  copyFileSync(busybox!, join(path, 'bin/busybox'));
  for (const name of execFileSync(busybox!, ['--list'], { encoding: 'utf8' }).split('\n'))
    if (name !== '' && name !== 'busybox') execFileSync('ln', ['-s', 'busybox', join(path, 'bin', name)]);
  writeFileSync(join(path, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nbob:x:1000:1001::/home/bob:/bin/sh\n');
  writeFileSync(join(path, 'etc/group'), 'root:x:0:\nbob:x:1001:\n');
  writeFileSync(join(path, 'etc/text'), 'a text\n', { mode: 0o640 });
  chownSync(join(path, 'home/bob'), 1000, 1001);
}

type Change = (
  spec: RuntimeSpec & { process: ProcessSpec; linux: NonNullable<RuntimeSpec['linux']>; hooks?: object },
) => void;

/** A bundle whose program is a shell's `script`; its paths are the same in both. */
function bundle(runtime: Runtime, script: string, change: Change): string {
  const spec = structuredClone(defaultSpec('1.0.2')) as Parameters<Change>[0];
  // the hierarchy of groups is the host's, of whatever version
  spec.mounts = spec.mounts!.filter(({ type }) => type !== 'cgroup');
  spec.linux.namespaces = spec.linux.namespaces!.filter(({ type }) => type !== 'cgroup');
  spec.process.terminal = false;
  spec.process.args = ['sh', '-c', script];
  change(spec);
  const path = join(folder, runtime);
  writeFileSync(join(path, 'config.json'), JSON.stringify(spec));
  return path;
}

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

function call(runtime: Runtime, ...args: string[]): Ended {
  const [command, ...words] = RUNTIMES[runtime];
  const globals = ['--root', join(folder, runtime, 'states')];
  return spawnSync(command!, [...words, ...globals, ...args], { encoding: 'utf8', input: '', timeout: 30_000 });
}

function run(runtime: Runtime, script: string, change: Change): Ended {
  const { status, stdout, stderr } = call(runtime, 'run', '--bundle', bundle(runtime, script, change), `c${next++}`);
  return { status, stdout, stderr };
}

/** Its program, with nothing that differs but by whose kernel it is on. */
function same(script: string, change: Change = () => {}): string {
  const [theirs, ours] = [run('runc', script, change), run('ours', script, change)];
  expect(ours).toEqual(theirs);
  return ours.stdout;
}

const CAPS = 'grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups|Uid|Gid)" /proc/self/status';

describe.skipIf(!isThere)('beside runc', () => {
  test('a config to begin with: who, where, rights, environment, devices', () => {
    const script = `id; ${CAPS}; env | sort; pwd; umask; hostname; ulimit -n; echo $$; ls -l /dev | awk '{print $1, $3, $4, $5, $6, $9, $10, $11}' | grep -v mqueue; touch /x; exit 9`;
    expect(same(script)).toContain('CapEff:\t0000000020000420\n');
  });

  test('a user with groups, a mask, a directory that is made, rights that he keeps', () => {
    const change: Change = ({ process, root: of }) => {
      process.user = { uid: 1000, gid: 1001, additionalGids: [50, 60], umask: 0o077 };
      process.cwd = '/tmp/made';
      process.capabilities!.ambient = ['CAP_NET_BIND_SERVICE'];
      process.capabilities!.inheritable = ['CAP_NET_BIND_SERVICE'];
      process.env!.push('A=b c', 'EMPTY=');
      process.noNewPrivileges = false;
      of!.readonly = false;
    };
    const script = `id -u; id -G; ${CAPS}; pwd; umask; echo $HOME; env | sort; echo told > /dev/stdout; cat < /dev/null; cat /etc/text; touch /y`;
    expect(same(script, change)).toContain('told\n');
  });

  test('limits of a process', () => {
    const change: Change = ({ process }) => {
      process.rlimits = [
        ['RLIMIT_NOFILE', 64, 128],
        ['RLIMIT_CORE', 0, 0],
        ['RLIMIT_STACK', 1 << 20, 1 << 22],
        ['RLIMIT_FSIZE', 4096, 8192],
      ].map(([type, soft, hard]) => ({ type: String(type), soft: Number(soft), hard: Number(hard) }));
      process.oomScoreAdj = 300;
    };
    const limits = 'grep -E "^Max (open|core|stack|file size)" /proc/self/limits';
    same(`${limits}; cat /proc/self/oom_score_adj; dd if=/dev/zero of=/dev/shm/f bs=5000 count=1; echo $?`, change);
  });

  test('mounts with their options, binds, what is masked and what is read-only', () => {
    const change: Change = ({ mounts, linux }) => {
      mounts!.push(
        {
          destination: '/mnt/store',
          type: 'tmpfs',
          source: 'store',
          options: ['size=64k', 'mode=1750', 'uid=7', 'gid=8', 'noexec'],
        },
        {
          destination: '/mnt/store/in/text',
          type: 'bind',
          source: join(root, 'LICENSE'),
          options: ['rbind', 'ro', 'nodev'],
        },
        { destination: '/tmp', type: 'bind', source: join(root, 'docs'), options: ['bind', 'ro', 'nosuid'] },
      );
      linux.maskedPaths = ['/proc/version', '/sys/kernel', '/nowhere'];
      linux.readonlyPaths = ['/proc/sys', '/etc'];
    };
    const shown = 'grep -vE "^[^ ]+ (/|/tmp|/mnt/store/in/text|/proc/version|/etc) " /proc/mounts';
    const files =
      'stat -c "%A %u %g" /mnt/store; head -n 1 /mnt/store/in/text; ls /tmp | head -n 2; cat /proc/version; ls /sys/kernel';
    const refused =
      'echo x > /mnt/store/in/text; touch /tmp/x; echo 1 > /proc/sys/net/ipv4/ip_forward; touch /etc/x; echo x > /sys/x';
    same(
      `${shown}; ${files}; ${refused}; echo '#!/bin/sh' > /mnt/store/x; chmod +x /mnt/store/x; /mnt/store/x; dd if=/dev/zero of=/mnt/store/f bs=1k count=100`,
      change,
    );
  });

  test('sysctls of its namespaces, names of the host', () => {
    const change: Change = (spec) => {
      spec.hostname = 'named';
      Object.assign(spec.linux, { sysctl: { 'net.ipv4.ip_forward': '1', 'kernel.msgmax': '4096' } });
    };
    expect(
      same(
        'hostname; sysctl -n net.ipv4.ip_forward kernel.msgmax; cat /proc/net/dev | wc -l; ip addr show lo | grep -c UP',
        change,
      ),
    ).toBe('named\n1\n4096\n3\n1\n');
  });

  test('calls by a seccomp profile', () => {
    const change: Change = ({ linux }) => {
      linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        ...{ architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'] },
        syscalls: [
          { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 },
          { names: ['sethostname', 'symlink', 'symlinkat'], action: 'SCMP_ACT_ERRNO' },
          { names: ['sync'], action: 'SCMP_ACT_KILL' },
          {
            names: ['chmod', 'fchmodat'],
            action: 'SCMP_ACT_ERRNO',
            errnoRet: 13,
            args: [{ index: 1, value: 0o600, op: 'SCMP_CMP_EQ' }],
          },
        ],
      };
    };
    same(
      `grep Seccomp: /proc/self/status; mkdir /dev/shm/x; ln -s a /dev/shm/b; touch /dev/shm/c; chmod 600 /dev/shm/c; chmod 644 /dev/shm/c; echo $?; sync; echo $?`,
      change,
    );
  });

  test('a user namespace: ids, owners, what its root may', () => {
    const change: Change = ({ linux, process, root: of }) => {
      linux.namespaces!.push({ type: 'user' });
      linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 2000 }];
      linux.gidMappings = [{ containerID: 0, hostID: 200_000, size: 2000 }];
      process.capabilities!.bounding =
        process.capabilities!.permitted =
        process.capabilities!.effective =
          ['CAP_SYS_ADMIN', 'CAP_CHOWN', 'CAP_MKNOD'];
      of!.readonly = false;
    };
    for (const runtime of Object.keys(RUNTIMES))
      for (const [name, uid] of [
        ['', 100_000],
        ['tmp', 100_000],
        ['home/bob', 101_000],
      ] as const)
        chownSync(join(folder, runtime, 'rootfs', name), uid, uid + 100_000);
    const script = `id; cat /proc/self/uid_map /proc/self/gid_map; ${CAPS}
      for f in / /tmp /home/bob /etc/text /dev /dev/pts /dev/shm /dev/null /proc/1 /proc/sys /sys; do stat -c '%n %A %u %g' $f; done
      touch /tmp/a; stat -c '%u %g' /tmp/a; chown 1000:1000 /tmp/a; chown 3000 /tmp/a; stat -c '%u %g' /tmp/a; rm /tmp/a
      mknod /tmp/n c 1 3; echo x > /dev/null; echo $?; hostname other; hostname; mount -t tmpfs none /mnt; echo $?; cat /etc/text`;
    try {
      expect(same(script, change)).toContain('other\n');
    } finally {
      for (const runtime of Object.keys(RUNTIMES))
        execFileSync('chown', ['-R', '0:0', join(folder, runtime, 'rootfs')]);
    }
  });

  test('a program that is not there, one that may not run, and how one has ended', () => {
    for (const args of [['nope'], ['/nope'], ['/etc/text'], ['sh', '-c', 'kill -9 $$'], ['sh', '-c', 'exit 300']]) {
      const of = (runtime: Runtime) => {
        const { status, stdout } = run(runtime, '', ({ process }) => {
          process.args = args;
        });
        return { status: status === 0 ? 0 : status, stdout };
      };
      const [theirs, ours] = [of('runc'), of('ours')];
      expect([args, ours.stdout]).toEqual([args, theirs.stdout]);
      expect([args, ours.status === 0]).toEqual([args, theirs.status === 0]);
    }
  });

  test('what runc of this age has not yet: scheduling, personality, propagation; what is passed over, and what is refused', () => {
    const log = join(folder, 'log');
    const change: Change = (spec) => {
      Object.assign(spec.process, {
        scheduler: { policy: 'SCHED_BATCH', nice: 5, flags: ['SCHED_FLAG_RESET_ON_FORK'] },
        ioPriority: { class: 'IOPRIO_CLASS_IDLE', priority: 0 },
        apparmorProfile: 'unconfined',
      });
      Object.assign(spec.linux, { personality: { domain: 'LINUX32' }, rootfsPropagation: 'rshared' });
      spec.linux.resources = { cpu: { quota: 50_000, burst: 20_000 }, memory: { limit: 64 << 20 } };
      spec.mounts!.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] });
      spec.linux.namespaces!.push({ type: 'cgroup' });
    };
    const script =
      'cut -d" " -f19,41 /proc/1/stat; ionice -p 1; cat /sys/fs/cgroup/cpu.max.burst; grep -c "/ / .* shared:" /proc/self/mountinfo';
    const path = bundle('ours', script, change);
    const { stdout, stderr } = call('ours', '--log', log, 'run', '--bundle', path, `f${next++}`);
    // nice and policy of stat(5): SCHED_BATCH is 3
    expect(stdout, stderr).toBe('5 3\nidle\n20000\n1\n');
    expect(readFileSync(log, 'utf8')).toMatch(
      /level=warning msg="config.json: process.apparmorProfile unconfined: is passed over/,
    );
    const refused = run('ours', 'true', ({ linux }) => void Object.assign(linux, { intelRdt: { closID: 'x' } }));
    expect(refused).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('linux.intelRdt.closID x: caches and memory'),
    });
  });

  test('programs more in it: as the container, as somebody else, elsewhere; hooks; its states', () => {
    const of = (runtime: Runtime): unknown[] => {
      const id = `x${next++}`;
      const log = join(folder, runtime, 'hooks');
      const path = bundle(runtime, 'exec sleep 1000', (spec) => {
        const hook = (name: string) => [
          {
            path: '/bin/sh',
            args: ['sh', '-c', `echo ${name} $A $(sed 's/.*"status": *"\\([a-z]*\\)".*/\\1/') >> ${log}`],
            env: ['A=b'],
          },
        ];
        const outside = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'];
        // the container's own program, which finds its files
        const inside = { path: '/bin/sh' };
        spec.root!.readonly = false;
        spec.hooks = {
          ...Object.fromEntries(outside.map((name) => [name, hook(name)])),
          startContainer: [
            { ...inside, args: ['sh', '-c', 'pwd > /in; id -u >> /in; cat | grep -c \'"status": *"created"\' >> /in'] },
          ],
        };
      });
      const state = (): unknown => JSON.parse(call(runtime, 'state', id).stdout).status;
      const [command, ...words] = RUNTIMES[runtime];
      const globals = ['--root', join(folder, runtime, 'states')];
      // who waits for the end of its streams would wait for the container's
      const create = [...words, ...globals, 'create', '--bundle', path, id];
      const said: unknown[] = [spawnSync(command!, create, { stdio: 'ignore' }).status, state()];
      said.push(call(runtime, 'start', id).status, state());
      for (const args of [
        ['sh', '-c', `id -u; pwd; env | sort; ${CAPS}; exit 3`],
        [
          '--user',
          '1000:1001',
          '--cwd',
          '/home/bob',
          '--env',
          'X=y',
          'sh',
          '-c',
          `id -u; id -g; pwd; env | sort; ${CAPS}`,
        ],
        ['nope'],
      ]) {
        const at = args.findIndex((word) => word === 'sh' || word === 'nope');
        const { status, stdout } = call(runtime, 'exec', ...args.slice(0, at), id, ...args.slice(at));
        said.push(args[at] === 'nope' ? status !== 0 : status, stdout);
      }
      said.push(call(runtime, 'pause', id).status, state(), call(runtime, 'resume', id).status, state());
      said.push(call(runtime, 'delete', id).status !== 0, call(runtime, 'kill', id, 'KILL').status);
      for (let looks = 0; state() !== 'stopped' && looks < 200; looks++);
      said.push(call(runtime, 'delete', id).status, call(runtime, 'state', id).status !== 0);
      // runc 1.1 tells poststart that it is still created
      said.push(readFileSync(join(path, 'rootfs/in'), 'utf8'));
      said.push(readFileSync(log, 'utf8').replace('poststart b created', 'poststart b running'));
      return said;
    };
    expect(of('ours')).toEqual(of('runc'));
  });

  test('statuses of verbs, in their order and out of it; bundles that make no sense', () => {
    const of = (runtime: Runtime): unknown[] => {
      const id = `v${next++}`;
      const said: unknown[] = [];
      const status = (...words: string[]): void =>
        void said.push([words.join(' ').replaceAll(id, 'ID'), call(runtime, ...words).status]);
      for (const words of [['state'], ['delete'], ['delete', '-f'], ['exec']])
        status(...words, 'nobody', ...(words[0] === 'exec' ? ['true'] : []));
      const path = bundle(runtime, 'exec sleep 1000', () => {});
      const [command, ...words] = RUNTIMES[runtime];
      const create = (): void => {
        const globals = ['--root', join(folder, runtime, 'states')];
        said.push(
          spawnSync(command!, [...words, ...globals, 'create', '--bundle', path, id], { stdio: 'ignore' }).status,
        );
      };
      const state = (): string => JSON.parse(call(runtime, 'state', id).stdout).status;
      const wait = (): void => {
        for (let looks = 0; state() !== 'stopped' && looks < 200; looks++);
        said.push(state());
      };
      create();
      create();
      for (const verb of ['start', 'start', 'delete', 'pause']) status(verb, id);
      status('exec', id, 'true');
      status('exec', '--ignore-paused', '--process', '/nowhere', id);
      status('resume', id);
      status('exec', '-u', '1000:1001', '-g', '50', id, 'id');
      said.push(
        call(runtime, 'exec', '-g', '50', '--cap', 'CAP_SYS_ADMIN', '--no-new-privs', id, 'sh', '-c', `id -G; ${CAPS}`)
          .stdout,
      );
      status('exec', '--cwd', '/nowhere', id, 'pwd');
      status('exec', id, 'nope');
      for (const signal of ['NOPE', '0', 'KILL']) status('kill', id, signal);
      wait();
      for (const verb of ['kill', 'start', 'pause', 'ps']) status(verb, id);
      status('kill', '--all', id);
      status('update', '--pids-limit', '10', id);
      status('exec', id, 'true');
      status('delete', id);
      // one that has not begun
      create();
      status('kill', id, 'TERM');
      wait();
      status('delete', id);
      const wrong: [string, Change][] = [
        ['no program', ({ process: of }) => void Object.assign(of, { args: [] })],
        ['no directory', ({ process: of }) => void Object.assign(of, { cwd: '' })],
        ['a directory that is none', ({ process: of }) => void Object.assign(of, { cwd: 'tmp' })],
        ['a root that is not there', ({ root: of }) => void Object.assign(of!, { path: 'nowhere' })],
        ['a link', ({ root: of }) => void Object.assign(of!, { path: 'link' })],
        ['twice', ({ linux }) => void linux.namespaces!.push({ type: 'pid' })],
        [
          'nowhere',
          ({ linux }) =>
            void Object.assign(linux.namespaces!.find(({ type }) => type === 'network')!, { path: '/nowhere' }),
        ],
        [
          'a name of the host',
          ({ linux }) =>
            void Object.assign(linux, { namespaces: linux.namespaces!.filter(({ type }) => type !== 'uts') }),
        ],
        [
          'a source',
          ({ mounts }) => void mounts!.push({ destination: '/x', type: 'bind', source: '/nowhere', options: ['bind'] }),
        ],
        ['of the host', ({ linux }) => void Object.assign(linux, { sysctl: { 'vm.swappiness': '1' } })],
      ];
      symlinkSync('rootfs', join(folder, runtime, 'link'));
      for (const [name, change] of wrong) said.push([name, run(runtime, 'true', change).status]);
      said.push(call(runtime, 'list', '-q').stdout);
      return said;
    };
    expect(of('ours')).toEqual(of('runc'));
  });
});
