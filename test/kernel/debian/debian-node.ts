// Debian's root twice: on our kernel, and natively under chroot. A script runs in both, and what it prints is compared.
// The root is never written: changes go to an upper layer in memory here, to overlayfs on a tmpfs there.
import { spawn } from 'node:child_process';
import { getPriority } from 'node:os';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeHost } from '../../../src/hosts/node/host.js';
import { SharedFolder } from '../../../src/hosts/node/shared-folder.js';
import { drive } from '../../../src/kernel/drive.js';
import { HostInput, HostOutput, HostStream } from '../../../src/kernel/fs/host-stream.js';
import { Hostfs } from '../../../src/kernel/fs/hostfs.js';
import { Overlayfs } from '../../../src/kernel/fs/overlayfs.js';
import { Procfs } from '../../../src/kernel/fs/procfs/procfs.js';
import { Tmpfs } from '../../../src/kernel/fs/tmpfs.js';
import type { Kernel } from '../../../src/kernel/kernel.js';
import {
  createNode,
  initialNamespaces,
  mountAt,
  type StandardMounts,
  standardMounts,
} from '../../../src/kernel/node.js';
import { PidNamespace } from '../../../src/kernel/ns/pid-namespace.js';
import type { Mount } from '../../../src/kernel/vfs/mount.js';
import { Path } from '../../../src/kernel/vfs/path.js';
import { compile } from '../../../src/vcpu/engine.js';
import { provisioned } from '../../provisioned.js';

const MEMORY = 1 << 30;
const SCRIPTS = new URL('scripts', import.meta.url).pathname;
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ENVIRONMENT = [PATH, 'HOME=/root', 'LANG=C.UTF-8', 'TERM=xterm'];
/** The shell that is process 1, as `bash` should not be it; its end ends all that a script has left behind. */
const INIT = 'bash "/mnt/$1.sh" 2>&1; exit $?';
/** Milliseconds of a slow machine. */
const PATIENCE = 300_000;

export interface Ended {
  output: string;
  /** As a shell has it. */
  status: number;
}

export class Debian {
  readonly kernel: Kernel;
  private readonly host = new NodeHost();
  private readonly mounts: StandardMounts;
  private readonly root: string;
  /** What both have at /mnt: the scripts and what they use. */
  private readonly shared = mkdtempSync(join(tmpdir(), 'tabvisor-debian-'));
  /** Each run has a process 1, and a /proc that shows what comes after it. */
  private proc: Mount;

  /** `programs` lie beside the scripts. */
  constructor(root: string, programs: Record<string, Uint8Array> = {}) {
    this.root = root;
    cpSync(SCRIPTS, this.shared, { recursive: true });
    for (const [name, bytes] of Object.entries(programs))
      writeFileSync(join(this.shared, name), bytes, { mode: 0o755 });
    const esbuild = provisioned('esbuild32');
    if (esbuild) copyFileSync(esbuild, join(this.shared, 'esbuild'));
    const { kernel } = createNode({
      core: compile(readFileSync(new URL('../../../build/core.wasm', import.meta.url))),
      memory: MEMORY,
      translate: 'in the background',
      clock: this.host,
      random: (into) => this.host.random(into),
    });
    this.kernel = kernel;
    const upper = new Tmpfs(kernel.newDevice(), kernel.frames, { size: MEMORY, mode: 0o755 }, kernel.clock);
    const overlay = new Overlayfs(kernel.newDevice(), kernel.setup, upper, [this.folder(root)]);
    this.mounts = standardMounts(kernel, overlay);
    const top = this.mounts.namespace.rootPath;
    this.proc = new Path(top.mount, top.dentry.child('proc')!).covered.mount;
    mountAt(kernel, this.mounts.namespace, '/mnt', this.folder(this.shared));
  }

  /** A folder of the host that nobody changes meanwhile. */
  private folder(path: string): Hostfs {
    const { kernel } = this;
    return new Hostfs(kernel.newDevice(), kernel.frames, new SharedFolder(path, true), { live: false, readOnly: true });
  }

  close(): void {
    for (const folder of [this.shared, `${this.shared}.native`]) rmSync(folder, { recursive: true, force: true });
  }

  /** Runs scripts/`name`.sh on our kernel, to its end. */
  async here(name: string): Promise<Ended> {
    const { kernel } = this;
    const stdin = new HostStream();
    const output = new HostStream(1 << 24);
    stdin.end();
    const pids = new PidNamespace(kernel.pidNamespace, kernel.userNamespace);
    this.proc.detach();
    this.proc = mountAt(kernel, this.mounts.namespace, '/proc', new Procfs(kernel.newDevice(), kernel, pids))!;
    const process = kernel.startProcess('/bin/dash', {
      args: ['dash', '-c', INIT, 'dash', name],
      env: ENVIRONMENT,
      namespaces: { ...initialNamespaces(kernel, this.mounts.namespace), pidForChildren: pids },
      files: (task) => [new HostInput(task, stdin), new HostOutput(task, output), new HostOutput(task, output)],
    });
    if (typeof process === 'number') throw new Error(`dash: errno ${-process}`);
    const end = kernel.clock.monotonic() + PATIENCE * 1e6;
    const impatient = setTimeout(() => this.host.wake(), PATIENCE);
    await drive(kernel, this.host, () => process.isZombie || kernel.clock.monotonic() > end);
    clearTimeout(impatient);
    const text = textOf(output);
    if (!process.isZombie) throw new Error(`${name} does not end; it said ${text}`);
    const status = process.exitStatus!;
    return { output: text, status: (status & 0x7f) === 0 ? status >> 8 : 128 + (status & 0x7f) };
  }

  /** Runs it natively. */
  there(name: string): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const child = spawn(
        'nice',
        [
          // as ours begins, whatever the tests were started with
          ...['-n', String(-getPriority()), 'unshare'],
          ...['--mount', '--pid', '--fork', '--kill-child', '--net', '--ipc', '--uts', '--propagation', 'private'],
          ...['sh', '-ec', CHROOT, 'sh', this.root, this.shared, INIT, name, ...ENVIRONMENT],
        ],
        { stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE, killSignal: 'SIGKILL' },
      );
      let output = '';
      let errors = '';
      child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
      child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
      child.on('error', reject);
      child.on('close', (status) => {
        if (errors !== '' || status === null) reject(new Error(`natively: ${errors} ${output}`));
        else resolve({ output, status });
      });
    });
  }
}

/** $1 the root, $2 what goes to /mnt, $3 the shell's program, $4 the script, then its environment. The mounts are those of standardMounts(). */
const CHROOT = `
lower=$1 shared=$2 init=$3 name=$4
shift 4
place=$shared.native
mkdir -p "$place"
mount -t tmpfs tmpfs "$place"
cd "$place"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=$lower,upperdir=upper,workdir=work" root
mount --bind "$shared" root/mnt
mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount -t tmpfs -o mode=755 tmpfs root/dev
mkdir root/dev/pts root/dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts root/dev/pts
mount -t tmpfs tmpfs root/dev/shm
for node in null zero full random urandom tty; do
  touch root/dev/$node
  mount --bind /dev/$node root/dev/$node
done
ln -s pts/ptmx root/dev/ptmx
ln -s /proc/self/fd root/dev/fd
for link in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/\${link%:*} root/dev/\${link#*:}; done
hostname tabvisor
cd root
mount --move . /
chroot . ip link set lo up
exec setarch i686 env -i "$@" chroot . /bin/dash -c "$init" dash "$name"
`;

function textOf(stream: HostStream): string {
  const pieces: Uint8Array[] = [];
  while (stream.length > 0) pieces.push(stream.shift(1 << 20));
  return Buffer.concat(pieces).toString();
}
