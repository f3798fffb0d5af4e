// The options of `tabvisor kernel run`, from their texts.
import { resolve } from 'node:path';
import { parseSize } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import { OWN_ROOT } from '../hosts/node/package-root.js';
import { type CaptureOption, parseCapture } from './kernel-capture.js';
import { parseShares, parseUserMap, type Shares } from './kernel-isolation.js';
import { parseNetRate } from './net-rate.js';
import { parseNet, withAbsolutePath } from './net-option.js';
import type { ShapeOptions } from '../kernel/net/queue/shaper.js';
import type { Limits } from '../kernel/cgroup/limits.js';
import type { Extent } from '../kernel/ns/id-map.js';
import { type DataOption, dataFolder } from './data-folder.js';
import { parseLimits, type RawLimits } from './kernel-limits.js';
import { SYSCALLS } from '../kernel/syscalls/table.js';

/** The root of whoever names no other. */

export interface RawKernelOptions extends RawLimits {
  rootfs?: string[];
  image?: string;
  node?: string;
  share?: string[];
  userns?: string | true;
  upper?: string;
  env?: string[];
  cwd?: string;
  user?: string;
  bind?: string[];
  hostname?: string;
  net?: string;
  netRate?: string;
  pcap?: string[];
  nodeMemory?: string;
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

/** What a program is given, on a node of its own or on another's. */
export interface ProgramOptions {
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
  /** Of the program and all that it starts. */
  limits: Limits;
  /** Ids of its own user namespace; undefined: it has none. */
  userMap?: Extent[];
  /** Namespaces of others that it is in. */
  shares: Shares;
  interactive: boolean;
  tty: boolean;
}

/** And its node. */
export interface KernelRunOptions extends ProgramOptions {
  captures: CaptureOption[];
  memory: number;
  /** The socket of `tabvisor kernel top`. */
  control?: string;
  clock: 'real' | 'virtual';
  seed: number;
  /** Calls to show; empty: all; undefined: none. */
  strace?: Set<string>;
  stats?: string;
  interpret: boolean;
}

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MEMORY_MIN = 16 << 20;
/** With the core's own 96 MiB a wasm memory of 4 GiB. */
const MEMORY_MAX = 3 * 2 ** 30;

/** Options by their names, where they were given. */
function givenOf(raw: RawKernelOptions): string[] {
  const name = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return Object.entries(raw).flatMap(([key, value]) => (value === undefined ? [] : [name(key)]));
}

/** Throws InputError. */
export function parseProgramOptions(raw: RawKernelOptions): ProgramOptions {
  const shares = parseShares(raw.share ?? [], givenOf(raw));
  if (raw.rootfs !== undefined && raw.image !== undefined)
    throw new InputError('give either --rootfs or --image', 'As --rootfs debian.tar, or --image debian:12.');
  const none = raw.rootfs === undefined && raw.image === undefined && shares.mnt === undefined;
  const { rootfs, writeThrough } = parseRoot(none ? [OWN_ROOT] : (raw.rootfs ?? []));
  if (writeThrough && raw.upper !== undefined)
    throw new InputError('--upper: with --rootfs DIR,rw changes go to the folder', 'Leave one of the two away.');
  return {
    rootfs,
    image: raw.image,
    writeThrough,
    upper: raw.upper,
    env: environment(raw.env ?? [], raw.tty ?? false),
    cwd: absolute('--cwd', raw.cwd ?? '/'),
    user: raw.user ?? '0',
    binds: (raw.bind ?? []).map(parseBind),
    hostname: parseHostname(raw.hostname ?? 'tabvisor'),
    net: checkNet(raw.net ?? 'none', raw.clock),
    netRate: checkRate(raw.netRate, raw.net ?? 'none'),
    limits: parseLimits(raw),
    userMap: parseUserMap(raw.userns),
    shares,
    interactive: raw.interactive ?? false,
    tty: raw.tty ?? false,
  };
}

/** Throws InputError. */
export function parseKernelOptions(raw: RawKernelOptions): KernelRunOptions {
  if (raw.share !== undefined)
    throw new InputError(
      `--share ${raw.share.join(',')}: the first program of a node has nobody to share with`,
      'Add --node SOCKET, where a program runs with --control SOCKET.',
    );
  const { nodeMemory = '1G', clock = 'real' } = raw;
  const memory = parseSize(nodeMemory);
  if (memory === undefined || memory < MEMORY_MIN || memory > MEMORY_MAX)
    throw new InputError(`--node-memory ${nodeMemory}: must be 16M to 3G`, 'For example --node-memory 1G.');
  if (clock !== 'real' && clock !== 'virtual')
    throw new InputError(`--clock ${clock}: there is no such clock`, 'Give real or virtual.');
  return {
    ...parseProgramOptions(raw),
    captures: (raw.pcap ?? []).map(parseCapture),
    memory,
    control: raw.control,
    clock,
    seed: parseSeed(raw.seed, clock),
    strace: raw.strace === undefined ? undefined : parseCalls(raw.strace),
    stats: raw.stats,
    interpret: raw.interpret ?? false,
  };
}

/** Those that are about a whole node, which has been started without them. */
const OF_THE_NODE = ['nodeMemory', 'control', 'pcap', 'clock', 'seed', 'strace', 'stats', 'interpret'] as const;

/**
 * `raw` for a node of somebody else, in another folder and on another terminal: paths of the host are absolute, and what was taken from
 * this process is there. Throws InputError.
 */
export function optionsForNode({ node, ...raw }: RawKernelOptions & DataOption): RawKernelOptions & DataOption {
  const [own] = givenOf(Object.fromEntries(OF_THE_NODE.map((key) => [key, raw[key]])));
  if (own !== undefined)
    throw new InputError(
      `${own}: is about the node, which runs already`,
      `Give it to the tabvisor kernel run that has --control ${node}.`,
    );
  parseProgramOptions(raw);
  const resolved = (text: string, separator: string): string => {
    const at = text.indexOf(separator);
    return at < 0 ? resolve(text) : resolve(text.slice(0, at)) + text.slice(at);
  };
  return {
    ...raw,
    rootfs: raw.rootfs?.map((text) => resolved(text, ',')),
    data: raw.image === undefined ? undefined : resolve(dataFolder(raw)),
    upper: raw.upper && resolve(raw.upper),
    bind: raw.bind?.map((text) => resolved(text, ':')),
    net: raw.net && withAbsolutePath(raw.net),
    env: raw.tty ? [TERM(), ...(raw.env ?? [])] : raw.env,
  };
}

const TERM = (): string => `TERM=${process.env.TERM ?? 'xterm'}`;

/** As sethostname(2) takes it. */
function parseHostname(text: string): string {
  if (text === '' || text.length > 64 || /[^\x21-\x7e]/.test(text))
    throw new InputError(
      `--hostname ${text}: must be 1 to 64 characters without spaces`,
      'For example --hostname web.',
    );
  return text;
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
  for (const text of [DEFAULT_PATH, ...(tty ? [TERM()] : []), ...given]) {
    const [name, ...rest] = text.split('=');
    if (!name || rest.length === 0)
      throw new InputError(`--env ${text}: is no NAME=VALUE`, 'For example --env LANG=C.');
    values.set(name, rest.join('='));
  }
  return [...values].map(([name, value]) => `${name}=${value}`);
}

/** A network as `--net` of machines has it, but for what is about their cards. */
function checkNet(text: string, clock: string | undefined): string {
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
