// What is kept of containers between calls of `tabvisor oci`: a folder each below --root, with its state and its sandbox's socket.
// OCI runtime-spec, runtime.md, "State".
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../base/errors.js';
import { reason } from '../../hosts/node/files.js';

const ID = /^[\w+.-]{1,255}$/;
/** A path of a Unix-domain socket has room for 107 bytes: sun_path, unix(7). */
const SOCKET_MAX = 100;

export interface Kept {
  ociVersion: string;
  id: string;
  /** The sandbox's process; in somebody else's sandbox, the one that stands for the container. */
  pid: number;
  /** When that process began, as /proc has it: another one may have its number later. */
  started: string;
  bundle: string;
  rootfs: string;
  /** The container whose sandbox it is in; absent: it has its own. */
  sandbox?: string;
  /** Which network namespace of the host's the sandbox has. */
  network?: string;
  created: string;
  annotations?: Record<string, string>;
}

export class StateFolder {
  readonly path: string;
  readonly socket: string;

  /** Throws InputError. */
  constructor(
    readonly root: string,
    readonly id: string,
  ) {
    if (!ID.test(id) || id === '.' || id === '..')
      throw new InputError(`invalid container ID format: '${id.slice(0, 80)}'`, 'Letters, digits and _+.- are taken.');
    this.path = join(root, id);
    const socket = join(this.path, 'sandbox');
    const short = createHash('sha256').update(this.path).digest('hex').slice(0, 32);
    this.socket = socket.length <= SOCKET_MAX ? socket : join(tmpdir(), `tabvisor-oci-${short}`);
  }

  /** Throws InputError. */
  make(): void {
    try {
      mkdirSync(this.root, { recursive: true, mode: 0o711 });
      mkdirSync(this.path, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST')
        throw new InputError(
          `container with given ID already exists: ${this.id}`,
          'Choose another ID, or delete that one first.',
        );
      throw new InputError(`${this.path}: ${reason(error)}`, undefined, { cause: error });
    }
  }

  write(kept: Kept): void {
    const next = join(this.path, 'state.json.next');
    writeFileSync(next, `${JSON.stringify(kept)}\n`, { mode: 0o600 });
    renameSync(next, join(this.path, 'state.json'));
  }

  /** Throws InputError when there is no such container. */
  read(): Kept {
    try {
      return JSON.parse(readFileSync(join(this.path, 'state.json'), 'utf8'));
    } catch {
      throw new InputError(`container does not exist: ${this.id}`, '`tabvisor oci list` shows those that do.');
    }
  }

  readIfThere(): Kept | undefined {
    try {
      return this.read();
    } catch {
      return undefined;
    }
  }

  /** Where the sandbox that the container is in is asked. Throws InputError. */
  get door(): string {
    const { sandbox } = this.read();
    return sandbox === undefined ? this.socket : new StateFolder(this.root, sandbox).socket;
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
    rmSync(this.socket, { force: true });
  }

  static all(root: string): StateFolder[] {
    if (!existsSync(root)) return [];
    return readdirSync(root)
      .filter((name) => existsSync(join(root, name, 'state.json')))
      .sort()
      .map((name) => new StateFolder(root, name));
  }
}

/** When a process began: the host's boot, and ticks since then; undefined: there is none, or it has ended. */
export function startOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

export const isAlive = (kept: Kept): boolean => startOf(kept.pid) === kept.started;
