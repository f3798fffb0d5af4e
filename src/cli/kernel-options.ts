// The options of `tabvisor kernel run`, from their texts.
import { parseSize } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import { type CaptureOption, parseCapture } from './kernel-capture.js';
import { parseNetRate } from './net-rate.js';
import { parseNet } from './net-option.js';
import type { ShapeOptions } from '../kernel/net/queue/shaper.js';
import type { Limits } from '../kernel/cgroup/limits.js';
import { parseLimits, type RawLimits } from './kernel-limits.js';
import { SYSCALLS } from '../kernel/syscalls/table.js';

export interface RawKernelOptions extends RawLimits {
  rootfs?: string[];
  image?: string;
  upper?: string;
  env?: string[];
  cwd?: string;
  user?: string;
  bind?: string[];
  hostname?: string;
  net?: string;
  netRate?: string;
  pcap?: string[];
  nodeMemory: string;
  control?: string;
  clock?: string;
  seed?: string;
  interactive?: boolean;
  tty?: boolean;
  strace?: string | true;
  stats?: string;
  interpret?: boolean;
}

export interface Bind {
  host: string;
  path: string;
  readOnly: boolean;
}

export interface KernelRunOptions {
  /** Folders and archives, the lowest first. */
  rootfs: string[];
  /** An image whose layers are the root, instead of folders and archives. */
  image?: string;
  /** Changes go to the folder itself, the only one then. */
  writeThrough: boolean;
  /** The file that changes are kept in; undefined: nowhere. */
  upper?: string;
  env: string[];
  cwd: string;
  /** As it was given: the root knows who that is. */
  user: string;
  binds: Bind[];
  hostname: string;
  /** As `--net` of machines. */
  net: string;
  netRate?: ShapeOptions;
  captures: CaptureOption[];
  memory: number;
  /** Of the program and all that it starts; undefined: none. */
  limits?: Limits;
  /** The socket of `tabvisor kernel top`. */
  control?: string;
  clock: 'real' | 'virtual';
  seed: number;
  interactive: boolean;
  tty: boolean;
  /** Calls to show; empty: all; undefined: none. */
  strace?: Set<string>;
  stats?: string;
  interpret: boolean;
}

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MEMORY_MIN = 16 << 20;
/** With the core's own 96 MiB a wasm memory of 4 GiB. */
const MEMORY_MAX = 3 * 2 ** 30;

export function parseKernelOptions(raw: RawKernelOptions): KernelRunOptions {
  if ((raw.rootfs === undefined) === (raw.image === undefined))
    throw new InputError('give either --rootfs or --image', 'As --rootfs debian.tar, or --image debian:12.');
  const { rootfs, writeThrough } = parseRoot(raw.rootfs ?? []);
  if (writeThrough && raw.upper !== undefined)
    throw new InputError('--upper: with --rootfs DIR,rw changes go to the folder', 'Leave one of the two away.');
  const memory = parseSize(raw.nodeMemory);
  if (memory === undefined || memory < MEMORY_MIN || memory > MEMORY_MAX)
    throw new InputError(`--node-memory ${raw.nodeMemory}: must be 16M to 3G`, 'For example --node-memory 1G.');
  const { clock = 'real' } = raw;
  if (clock !== 'real' && clock !== 'virtual')
    throw new InputError(`--clock ${clock}: there is no such clock`, 'Give real or virtual.');
  return {
    rootfs,
    image: raw.image,
    writeThrough,
    upper: raw.upper,
    env: environment(raw.env ?? [], raw.tty ?? false),
    cwd: absolute('--cwd', raw.cwd ?? '/'),
    user: raw.user ?? '0',
    binds: (raw.bind ?? []).map(parseBind),
    hostname: raw.hostname ?? 'tabvisor',
    net: checkNet(raw.net ?? 'none', clock),
    netRate: checkRate(raw.netRate, raw.net ?? 'none'),
    captures: (raw.pcap ?? []).map(parseCapture),
    memory,
    limits: parseLimits(raw),
    control: raw.control,
    clock,
    seed: parseSeed(raw.seed, clock),
    interactive: raw.interactive ?? false,
    tty: raw.tty ?? false,
    strace: raw.strace === undefined ? undefined : parseCalls(raw.strace),
    stats: raw.stats,
    interpret: raw.interpret ?? false,
  };
}

function parseRoot(given: readonly string[]): { rootfs: string[]; writeThrough: boolean } {
  let writeThrough = false;
  const rootfs = given.map((text) => {
    const [path, ...modes] = text.split(',');
    const other = modes.find((mode) => mode !== 'rw');
    if (other !== undefined)
      throw new InputError(`--rootfs ${text}: what is '${other}'?`, 'Only ,rw may follow a folder.');
    writeThrough ||= modes.length > 0;
    return path!;
  });
  if (writeThrough && rootfs.length > 1)
    throw new InputError('--rootfs: ,rw is for a single folder', 'Of layers none is written: leave ,rw away.');
  return { rootfs, writeThrough };
}

function environment(given: readonly string[], tty: boolean): string[] {
  const values = new Map<string, string>();
  for (const text of [DEFAULT_PATH, ...(tty ? [`TERM=${process.env.TERM ?? 'xterm'}`] : []), ...given]) {
    const [name, ...rest] = text.split('=');
    if (!name || rest.length === 0)
      throw new InputError(`--env ${text}: is no NAME=VALUE`, 'For example --env LANG=C.');
    values.set(name, rest.join('='));
  }
  return [...values].map(([name, value]) => `${name}=${value}`);
}

/** A network as `--net` of machines has it, but for what is about their cards. */
function checkNet(text: string, clock: string): string {
  const option = parseNet(text);
  if (option && clock === 'virtual')
    throw new InputError(
      `--net ${text}: a run with --clock virtual has its loopback alone`,
      'What comes from a network can not be repeated.',
    );
  if (option?.card !== undefined || option?.bootFile !== undefined)
    throw new InputError(`--net ${text}: card= and bootfile= are about a machine's card`, 'Leave them out here.');
  return text;
}

function checkRate(text: string | undefined, net: string): ShapeOptions | undefined {
  if (text === undefined) return undefined;
  if (net === 'none') throw new InputError(`--net-rate ${text}: there is no network`, 'Add --net user.');
  return parseNetRate(text);
}

function parseSeed(text: string | undefined, clock: string): number {
  if (text === undefined) return 0;
  if (clock !== 'virtual')
    throw new InputError('--seed: only a run with --clock virtual is repeatable', 'Add --clock virtual.');
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffffffff)
    throw new InputError(`--seed ${text}: is no number from 0 to 4294967295`, 'For example --seed 1.');
  return Number(text);
}

/** Names of system calls; none for all. */
function parseCalls(list: string | true): Set<string> {
  if (list === true) return new Set();
  const names = list.split(',');
  const unknown = names.find((name) => !SYSCALLS.some((row) => row.name === name));
  if (unknown !== undefined)
    throw new InputError(
      `--strace=${list}: there is no system call '${unknown}'`,
      'docs/SYSCALLS.md lists them; --strace alone shows all.',
    );
  return new Set(names);
}

function parseBind(text: string): Bind {
  const parts = text.split(':');
  const [host, path, mode] = parts;
  if (parts.length < 2 || parts.length > 3 || !host || !path || (mode !== undefined && mode !== 'ro'))
    throw new InputError(`--bind ${text}: is no HOST:PATH or HOST:PATH:ro`, 'For example --bind ./src:/src:ro.');
  return { host, path: absolute('--bind', path), readOnly: mode === 'ro' };
}

function absolute(option: string, path: string): string {
  if (!path.startsWith('/'))
    throw new InputError(`${option} ${path}: must begin with /`, 'It is a path inside the root.');
  return path;
}
