// The options of `tabvisor vm run`, from text to values; each wrong value is an InputError that says what would be right.
// Issue of the command line; sizes as QEMU writes them.
import { resolve } from 'node:path';
import { formatSize, MIB, parseSize } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import { TOPICS, type Topic } from '../base/log.js';
import type { BootDevice } from '../devices/timers/cmos-layout.js';
import { PORTS_MAX } from '../devices/virtio/console.js';
import type { Mode } from '../vmm/config.js';
import { MEMORY_MAX, MEMORY_MIN } from '../vmm/layout.js';
import { featureControl, requireVmx } from '../vmm/vmx/firmware.js';
import { busOf } from '../library/parts.js';
import { type NetOption, parseNet } from './net-option.js';
import { type ExitOption, parseExitOn, parseSendAfter, type SendOption } from './script-option.js';
import type { PortOption } from '../hosts/node/virtio-port.js';

/** As commander hands them over. */
export interface RawOptions {
  mode: string;
  /** false: --no-ept, --no-apicv, --no-vmx. */
  ept?: boolean;
  apicv?: boolean;
  vmx?: boolean;
  kernel?: string;
  initrd?: string;
  append?: string;
  bios?: string;
  vgabios?: string;
  netrom?: string;
  memory: string;
  disk: string[];
  cdrom?: string;
  /** Absent in snapshots from before there was the option. */
  floppy?: string[];
  /** Absent: what the terminal is for depends on what boots. */
  serial?: string;
  display?: string;
  screenshot?: string;
  screenshotOn?: string;
  /** false: --no-reboot. */
  reboot?: boolean;
  debugExit?: string;
  logPort: string[];
  maxInstructions?: string;
  timeout?: string;
  stats?: string;
  trace?: string;
  dumpWat: string[];
  clock: string;
  net: string;
  share: string[];
  /** Absent in snapshots from before there was the option. */
  virtioPort?: string[];
  snapshotOn?: string[];
  /** Absent in snapshots. */
  sendAfter?: string[];
  exitOn?: string[];
  balloon?: string;
  entry: string;
  boot?: string;
  demo?: boolean;
}

/** snapshot and overlay: the image is read, writes go elsewhere. */
type DiskMode = 'write' | 'read-only' | 'snapshot' | 'overlay';

export interface DiskOption {
  path: string;
  /** File that takes the writes; the image stays as it is. */
  overlay?: string;
  /** By default IDE, virtio in mode para. */
  bus?: 'ide' | 'virtio';
  mode: DiskMode;
}

export interface FloppyOption {
  path: string;
  mode: Exclude<DiskMode, 'overlay'>;
}

/** A folder that the guest mounts by its tag. */
export interface ShareOption {
  tag: string;
  path: string;
  readOnly: boolean;
}

export type SerialOption = { kind: 'stdio' } | { kind: 'none' } | { kind: 'file' | 'socket'; path: string };

export interface VmRunOptions {
  mode: Mode;
  /** Extended page tables; without them page tables are shadowed. */
  ept: boolean;
  /** The processor answers for the local APIC what needs no exit. */
  apicv: boolean;
  /** Whether the machine's firmware has VT-x on. */
  vmx: boolean;
  kernel?: string;
  initrd?: string;
  append: string;
  bios?: string;
  vgabios?: string;
  netrom?: string;
  memory: number;
  disks: DiskOption[];
  cdrom?: string;
  floppies: FloppyOption[];
  serial: SerialOption;
  /** The terminal shows the guest's text screen. */
  display: 'text' | 'none';
  /** File for a picture of the screen: of the last one, or of that which `screenshotOn` was first on. */
  screenshot?: string;
  screenshotOn?: string;
  /** A reset starts the machine anew; otherwise it ends the run. */
  reboot: boolean;
  debugExit?: number;
  logPorts: { port: number; path: string }[];
  maxInstructions?: number;
  /** Nanoseconds. */
  timeout?: number;
  stats?: string;
  trace: Topic[];
  /** Linear addresses. */
  dumpWat: number[];
  clock: 'real' | 'virtual';
  net?: NetOption;
  shares: ShareOption[];
  virtioPorts: PortOption[];
  /** A snapshot goes to `path` when `line` has come out of the first serial port. */
  snapshotOn?: { line: string; path: string };
  /** In the order in which they are typed. */
  sendAfter: SendOption[];
  exitOn: ExitOption[];
  /** Bytes that the guest is asked to give back. */
  balloon: number;
  /** Of a Linux kernel. */
  entry: 'protected' | 'real';
  /** What a BIOS tries first. */
  bootOrder?: BootDevice[];
  demo: boolean;
}

const DRIVES = 4;
const FLOPPIES = 2;
const DISK_USAGE = 'Settings are if=ide or if=virtio, and one of ro, snapshot and overlay=FILE.';

/** `person`: somebody sits at a terminal. */
export function parseOptions(raw: RawOptions, person = false): VmRunOptions {
  const mode = oneOf('--mode', raw.mode, ['full', 'hw', 'para']);
  const vmx = raw.vmx !== false;
  if (mode !== 'full') requireVmx(mode, featureControl(vmx));
  if (mode === 'full' && raw.ept === false) {
    throw new InputError(
      '--no-ept: mode full has no extended page tables to leave out, it emulates every access',
      'Use it with --mode hw, to see what EPT saves.',
    );
  }
  if (raw.bios && raw.kernel)
    throw new InputError('--bios and --kernel: a BIOS boots a disk, a kernel boots without', 'Give one of them.');
  if (raw.initrd && !raw.kernel)
    throw new InputError(`--initrd ${raw.initrd}: there is no kernel to give it to`, 'Give --kernel too.');
  if (raw.vgabios && !raw.bios)
    throw new InputError(`--vgabios ${raw.vgabios}: only a BIOS runs it`, 'Give --bios too.');
  if (raw.netrom && !raw.bios) throw new InputError(`--netrom ${raw.netrom}: only a BIOS runs it`, 'Give --bios too.');
  if (raw.append !== undefined && raw.bios)
    throw new InputError('--append: a BIOS takes no command line', 'Set it in the boot loader.');
  if (raw.demo && (raw.kernel || raw.bios))
    throw new InputError('--demo: it runs our own guest', 'Leave --kernel and --bios out.');
  const disks = raw.disk.map(parseDisk);
  const drives = disks.filter((disk) => busOf(disk, mode) === 'ide').length + (raw.cdrom ? 1 : 0);
  const net = parseNet(raw.net);
  if (raw.netrom && !net)
    throw new InputError(`--netrom ${raw.netrom}: there is no network card`, 'Give --net user too.');
  if (net?.switchPath !== undefined && raw.clock === 'virtual') {
    throw new InputError(
      '--net switch= and --clock virtual: machines on one switch live in the same time, and such a run is never the same twice',
      'Leave one of them out.',
    );
  }
  const memory = parseMemory(raw.memory);
  if (drives > DRIVES) throw new InputError(`--disk, --cdrom: ${drives} drives; two IDE channels take ${DRIVES}`);
  return {
    mode,
    ept: raw.ept !== false,
    apicv: raw.apicv !== false,
    vmx,
    kernel: raw.kernel,
    initrd: raw.initrd,
    append: raw.append ?? '',
    bios: raw.bios,
    vgabios: raw.vgabios,
    netrom: raw.netrom,
    memory,
    disks,
    cdrom: raw.cdrom,
    floppies: parseFloppies(raw.floppy ?? []),
    ...parseConsole(raw, person),
    screenshot: raw.screenshot,
    screenshotOn: raw.screenshotOn,
    reboot: raw.reboot !== false,
    debugExit: raw.debugExit === undefined ? undefined : parsePort('--debug-exit', raw.debugExit),
    logPorts: raw.logPort.map(parseLogPort),
    maxInstructions:
      raw.maxInstructions === undefined ? undefined : positive('--max-instructions', raw.maxInstructions, true),
    timeout: raw.timeout === undefined ? undefined : positive('--timeout', raw.timeout, false) * 1e9,
    stats: raw.stats,
    trace: parseTrace(raw.trace),
    dumpWat: parseDumpWat(raw.dumpWat, mode),
    clock: oneOf('--clock', raw.clock, ['real', 'virtual']),
    net,
    shares: parseShares(raw.share),
    virtioPorts: parseVirtioPorts(raw.virtioPort ?? [], mode),
    snapshotOn: parseSnapshotOn(raw.snapshotOn),
    sendAfter: (raw.sendAfter ?? []).map(parseSendAfter),
    exitOn: (raw.exitOn ?? []).map(parseExitOn),
    balloon: parseBalloon(raw.balloon, mode, memory),
    entry: oneOf('--entry', raw.entry, ['protected', 'real']),
    bootOrder: parseBootOrder(raw.boot, raw.bios !== undefined),
    demo: raw.demo === true,
  };
}

export function parseMemory(text: string): number {
  const size = parseSize(text);
  if (size === undefined) throw new InputError(`--memory ${text}: not a size`, 'Write it as 256M or 1G.');
  if (size % MIB !== 0) throw new InputError(`--memory ${text}: not a whole number of MiB`, 'Write it as 256M or 1G.');
  if (size < MEMORY_MIN || size > MEMORY_MAX) {
    throw new InputError(`--memory ${text}: a machine has ${formatSize(MEMORY_MIN)} to ${formatSize(MEMORY_MAX)}`);
  }
  return size;
}

/** `F[,if=ide|,if=virtio][,ro|,snapshot|,overlay=O]`; a comma in a name is written twice. */
export function parseDisk(text: string): DiskOption {
  const [path, ...settings] = text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(',,', ','));
  if (!path) throw new InputError(`--disk ${text}: no file name`, 'Write it as --disk image.img,snapshot.');
  let mode: DiskMode = 'write';
  let bus: DiskOption['bus'];
  let overlay: string | undefined;
  for (const setting of settings) {
    if ((setting === 'if=ide' || setting === 'if=virtio') && !bus) bus = setting === 'if=ide' ? 'ide' : 'virtio';
    else if (/^(ro|snapshot|overlay=.+)$/.test(setting)) {
      if (mode !== 'write')
        throw new InputError(`--disk ${text}: ro, snapshot and overlay exclude each other`, DISK_USAGE);
      mode = setting === 'ro' ? 'read-only' : setting === 'snapshot' ? 'snapshot' : 'overlay';
      if (mode === 'overlay') overlay = setting.slice('overlay='.length);
    } else throw new InputError(`--disk ${text}: unknown setting ${setting}`, DISK_USAGE);
  }
  return { path, mode, ...(bus && { bus }), ...(overlay && { overlay }) };
}

/** `F[,ro|,snapshot]`; a comma in a name is written twice. */
export function parseFloppy(text: string): FloppyOption {
  const [path, setting, ...rest] = text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(',,', ','));
  if (!path) throw new InputError(`--floppy ${text}: no file name`, 'Write it as --floppy image.img,snapshot.');
  if (setting === undefined) return { path, mode: 'write' };
  if (rest.length > 0 || (setting !== 'ro' && setting !== 'snapshot'))
    throw new InputError(
      `--floppy ${text}: unknown setting ${[setting, ...rest].join(',')}`,
      'The setting is ro or snapshot.',
    );
  return { path, mode: setting === 'ro' ? 'read-only' : 'snapshot' };
}

function parseFloppies(texts: readonly string[]): FloppyOption[] {
  if (texts.length > FLOPPIES) throw new InputError(`--floppy: ${texts.length} disks; there are two drives, A and B`);
  return texts.map(parseFloppy);
}

const BOOT_NAMES: Record<string, BootDevice> = { cd: 'cdrom', disk: 'disk', floppy: 'floppy', network: 'network' };

/** `cd,disk,floppy,network`, or some of them. */
function parseBootOrder(text: string | undefined, bios: boolean): BootDevice[] | undefined {
  if (text === undefined) return undefined;
  if (!bios)
    throw new InputError(
      `--boot ${text}: a kernel boots as it is given, without a BIOS that would look for one`,
      'Give --bios too: Debian’s package seabios has /usr/share/seabios/bios-256k.bin.',
    );
  const names = text.split(',').map((name) => oneOf('--boot', name.trim(), Object.keys(BOOT_NAMES)));
  if (new Set(names).size < names.length) throw new InputError(`--boot ${text}: one of them is there twice`);
  return names.map((name) => BOOT_NAMES[name]);
}

function parseBalloon(text: string | undefined, mode: Mode, memory: number): number {
  if (text === undefined) return 0;
  if (mode !== 'para')
    throw new InputError(`--balloon ${text}: there is a balloon in mode para alone`, 'Use --mode para.');
  const size = parseSize(text);
  if (size === undefined) throw new InputError(`--balloon ${text}: not a size`, 'Write it as 64M.');
  if (size >= memory)
    throw new InputError(`--balloon ${text}: the machine has ${formatSize(memory)}`, 'Ask for less, or use --memory.');
  return size;
}

/** `TAG=FOLDER[,ro]`. */
function parseShares(texts: readonly string[]): ShareOption[] {
  const shares = texts.map((text) => {
    const match = /^([\w.-]{1,31})=(.+?)(,ro)?$/.exec(text);
    if (!match) throw new InputError(`--share ${text}: no tag and folder`, 'Write it as --share work=./folder,ro.');
    return { tag: match[1], path: match[2], readOnly: match[3] !== undefined };
  });
  const twice = shares.find(({ tag }, i) => shares.findIndex((one) => one.tag === tag) !== i);
  if (twice)
    throw new InputError(`--share ${twice.tag}=${twice.path}: the tag is taken`, 'Give each folder its own tag.');
  return shares;
}

/** `NAME=SOCKET` or `NAME=file:F`. */
export function parseVirtioPort(text: string): PortOption {
  const match = /^([\w.:-]{1,64})=(file:)?(.+)$/s.exec(text);
  if (match) return { name: match[1], kind: match[2] ? 'file' : 'socket', path: match[3] };
  throw new InputError(
    `--virtio-port ${text}: no name and path; a name has up to 64 letters, digits and ._:-`,
    'Write it as --virtio-port org.example.agent.0=./agent.sock, or =file:F.',
  );
}

function parseVirtioPorts(texts: readonly string[], mode: Mode): PortOption[] {
  const ports = texts.map(parseVirtioPort);
  const twice = ports.find(({ name }, i) => ports.findIndex((one) => one.name === name) !== i);
  if (twice)
    throw new InputError(
      `--virtio-port ${twice.name}=${twice.path}: the name is taken`,
      'Give each port its own name.',
    );
  // in mode para the first one is the console hvc0
  const most = mode === 'para' ? PORTS_MAX - 1 : PORTS_MAX;
  if (ports.length > most)
    throw new InputError(`--virtio-port: ${ports.length} ports; the device takes ${most} in mode ${mode}`);
  return ports;
}

/** The option with its path from any folder. */
export function absolutePort(text: string): string {
  const { name, kind, path } = parseVirtioPort(text);
  return `${name}=${kind === 'file' ? 'file:' : ''}${resolve(path)}`;
}

function parseSnapshotOn(values: readonly string[] | undefined): VmRunOptions['snapshotOn'] {
  if (!values) return undefined;
  const [line, path, ...rest] = values;
  if (!line || !path || rest.length > 0) {
    throw new InputError(
      `--snapshot-on ${values.join(' ')}: takes a text and a file`,
      'Write it as --snapshot-on "login:" booted.snap.',
    );
  }
  return { line, path };
}

/** The terminal has the first serial port, or the text screen of a guest that has been booted by a BIOS. */
function parseConsole(raw: RawOptions, person: boolean): Pick<VmRunOptions, 'serial' | 'display'> {
  const screen = person && raw.bios !== undefined && raw.serial === undefined;
  const display = oneOf('--display', raw.display ?? (screen ? 'text' : 'none'), ['text', 'none']);
  const serial = parseSerial(raw.serial ?? (display === 'text' ? 'none' : 'stdio'));
  if (display === 'text' && serial.kind === 'stdio')
    throw new InputError(
      '--display text and --serial stdio: the terminal shows one of them',
      'Put the port elsewhere (--serial file:F or socket:PATH), or leave --serial out.',
    );
  return { serial, display };
}

export function parseSerial(text: string): SerialOption {
  if (text === 'stdio' || text === 'none') return { kind: text };
  const match = /^(file|socket):(.+)$/s.exec(text);
  if (match) return { kind: match[1] as 'file' | 'socket', path: match[2] };
  throw new InputError(`--serial ${text}: unknown`, 'Use stdio, file:NAME, socket:PATH or none.');
}

export function parsePort(option: string, text: string): number {
  const port = /^(0x[0-9a-f]{1,8}|\d{1,8})$/i.test(text) ? Number(text) : Number.NaN;
  if (!(port >= 0 && port <= 0xffff))
    throw new InputError(`${option} ${text}: not an I/O port`, 'Ports are 0 to 0xffff, as in 0xf4.');
  return port;
}

function parseLogPort(text: string): { port: number; path: string } {
  const at = text.indexOf('=');
  if (at < 0 || at === text.length - 1)
    throw new InputError(`--log-port ${text}: no file name`, 'Write it as 0x190=FILE.');
  return { port: parsePort('--log-port', text.slice(0, at)), path: text.slice(at + 1) };
}

function parseTrace(text: string | undefined): Topic[] {
  if (text === undefined) return [];
  return text.split(',').map((topic) => oneOf('--trace', topic.trim(), TOPICS));
}

function parseDumpWat(texts: readonly string[], mode: Mode): number[] {
  const addresses = texts.map((text) => {
    if (!/^(0x)?[0-9a-f]{1,8}$/i.test(text))
      throw new InputError(
        `--dump-wat ${text}: not an address`,
        'Write a linear address in hexadecimal, as in 0xc1000000.',
      );
    return Number.parseInt(text, 16);
  });
  if (addresses.length > 0 && mode === 'full')
    throw new InputError('--dump-wat: nothing is translated in --mode full', 'Use --mode hw.');
  return addresses;
}

function positive(option: string, text: string, whole: boolean): number {
  const value = /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && (!whole || Number.isInteger(value))) return value;
  throw new InputError(`${option} ${text}: not a positive ${whole ? 'whole number' : 'number'}`);
}

function oneOf<T extends string>(option: string, text: string, values: readonly T[]): T {
  const value = values.find((one) => one === text);
  if (value === undefined) throw new InputError(`${option} ${text}: unknown`, `Use ${values.join(', ')}.`);
  return value;
}
