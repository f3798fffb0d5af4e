// createVm on any platform: opens what the options name, builds the machine, and puts it into a program's hands.
// Ours; docs/library.md. src/hosts/*/index.ts give it their platform.
import { formatSize, MIB, parseSize } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import { createLog, type Log } from '../base/log.js';
import type { ConsolePort } from '../devices/virtio/console.js';
import { checkBootFile } from '../net/boot-file.js';
import { parseCardAddress } from '../net/card-address.js';
import { stationAt, stationBytes } from '../net/ethernet.js';
import { parseAllowed } from '../net/policy.js';
import { parseForward } from '../net/port-forward.js';
import type { WasmModule } from '../vcpu/engine.js';
import { type BuiltMachine, buildMachine } from '../vmm/builder.js';
import type { MachineConfig, Mode } from '../vmm/config.js';
import { MEMORY_MAX, MEMORY_MIN, NETWORK_ADDRESS } from '../vmm/layout.js';
import { openSnapshot, type SnapshotFile } from '../vmm/snapshot/file.js';
import { Vm } from '../vmm/vm.js';
import { nameOf } from './images.js';
import { PanicText } from './panic-text.js';
import { cardOf, type Closers, openParts } from './parts.js';
import type { NetworkRequest, Platform } from './platform.js';
import { SerialInput } from './serial-input.js';
import { SerialOutput } from './serial-output.js';
import { readState } from './snapshots.js';
import { VirtualMachine } from './virtual-machine.js';
import type { NetworkOptions, VmOptions } from './vm-options.js';

const MODES: readonly Mode[] = ['hw', 'para', 'full'];
const MEMORY = 256 * MIB;

/** What our own command and page do besides. */
export interface Hooks {
  /** Each byte that the guest writes to its console, as it is sent. */
  transmit?: (byte: number) => void;
  /** What the guest must wait for besides readers. */
  backlog?: () => Promise<void> | undefined;
  /** In place of the options `log` and `trace`. */
  log?: Log;
  /** Makes what is called before each instruction when `insn` is traced. */
  traceInstruction?: (machine: BuiltMachine) => () => void;
  /** Compiled elsewhere. */
  core?: WasmModule;
}

/** Throws InputError when the machine cannot be as it was asked for. */
export async function createVmOn(
  platform: Platform,
  options: VmOptions = {},
  hooks: Hooks = {},
): Promise<VirtualMachine> {
  const closers: Closers = [];
  try {
    return await assemble(platform, options, hooks, closers);
  } catch (error) {
    for (const close of closers.reverse()) close();
    throw error;
  }
}

async function assemble(
  platform: Platform,
  options: VmOptions,
  hooks: Hooks,
  closers: Closers,
): Promise<VirtualMachine> {
  const snapshot = await openRestore(platform, options, closers);
  const { mode, memory } = shapeOf(options, snapshot?.file.description);
  const net = networkOf(options.network);
  const host = platform.host();
  const log = hooks.log ?? createLog(options.log ?? (() => {}), options.trace);
  const parts = await openParts(platform, options, mode, closers);
  const output = new SerialOutput();
  const transmit = (byte: number): void => {
    hooks.transmit?.(byte);
    output.write(byte);
    panic.see(byte);
  };
  const panic = new PanicText({
    after: (nanoseconds, then) => machine.timers.create(then).arm(machine.timers.now() + nanoseconds),
    isAlive: () => vm.asleep || machine.privilege() > 0,
    panicked: () => vm.end({ kind: 'panic' }),
  });
  const input: SerialInput = new SerialInput((bytes) => {
    const { console } = machine.virtio;
    const taken = mode === 'para' && console?.isUsed(0) ? console.receive(0, bytes) : machine.uarts[0].receive(bytes);
    host.wake();
    return taken;
  });
  const { room } = input;
  // the guest of mode para has a console of its own, which is the same to whoever sits at it
  const hvc: ConsolePort = { output: (bytes) => bytes.forEach(transmit), room };
  const ports = [...(mode === 'para' ? [hvc] : []), ...(options.ports ?? [])];
  const config: MachineConfig = {
    boot: parts.boot,
    drives: parts.drives,
    floppies: parts.floppies,
    bootOrder: options.bootOrder,
    virtio: ports.length > 0 ? [...parts.virtio, { kind: 'console', ports }] : parts.virtio,
    mode,
    ept: options.ept,
    apicv: options.apicv,
    vmx: options.vmx,
    memory,
    serial: [{ transmit, room }],
    networkAddress: stationBytes(net?.station ?? stationAt(NETWORK_ADDRESS, 0)),
    network: cardOf(net, mode),
    clock: options.clock ?? 'real',
    debugExit: options.debugExit,
    logPorts: options.logPorts ?? [],
    progress: options.progress,
  };
  const machine: BuiltMachine = buildMachine(hooks.core ?? (await platform.core()), config, host, log, {
    powerOff: () => vm.end({ kind: 'power-off' }),
    reset: () => (options.reboot === false ? vm.end({ kind: 'reset' }) : vm.reset()),
    debugExit: (value) => vm.end({ kind: 'debug-exit', value }),
    nmi: () => vm.raiseNmi(),
    panicked: () => vm.end({ kind: 'panic' }),
  });
  // a damaged file is refused before anything of the host's can reach the guest, or is written to
  const restored = snapshot && {
    name: snapshot.name,
    state: await readState(snapshot.name, snapshot.file, machine.blankMemory(), parts.disks),
  };
  const { balloon, console } = machine.virtio;
  const wake = (): void => host.wake();
  if (console) for (const port of options.ports ?? []) port.attach?.(console, ports.indexOf(port), wake);
  if (balloon) balloon.target = options.balloon ?? 0;
  if (mode !== 'full') platform.tune(machine.processor);
  const vm: Vm = new Vm(machine, host, log, {
    timeout: options.timeout === undefined ? undefined : options.timeout * 1e9,
    maxInstructions: options.maxInstructions,
    backlog: () => hooks.backlog?.() ?? output.backlog(),
    traceInstruction: log.on.insn ? hooks.traceInstruction?.(machine) : undefined,
  });
  if (net) {
    const { cable, timers } = machine;
    const around = { cable, station: stationAt(config.networkAddress as Uint8Array, 0), timers, wake };
    const random = (): number => {
      const word = new Uint32Array(1);
      host.random(new Uint8Array(word.buffer));
      return word[0];
    };
    const network = await platform.network(net, { ...around, random, say: log.warn });
    closers.push(() => network.close());
  }
  const shape = { mode, memory };
  return new VirtualMachine({
    ...{ machine, vm, output, input, host, closers, shape, restored },
    ...{ disks: parts.disks, codec: platform.codec },
  });
}

interface OpenedSnapshot {
  name: string;
  file: SnapshotFile;
}

async function openRestore(
  platform: Platform,
  { restore }: VmOptions,
  closers: Closers,
): Promise<OpenedSnapshot | undefined> {
  if (restore === undefined) return undefined;
  const source = await platform.source(restore, 'snapshot');
  closers.push(() => source.close?.());
  return { name: nameOf(restore), file: openSnapshot(source, platform.codec) };
}

/** What the options do not say is as it was in the snapshot, or the default. Throws InputError. */
function shapeOf(options: VmOptions, description: unknown): { mode: Mode; memory: number } {
  const then = (description as { machine?: { mode?: unknown; memory?: unknown } } | undefined)?.machine;
  const mode = MODES.find((one) => one === (options.mode ?? then?.mode ?? 'hw'));
  if (!mode) throw new InputError(`mode ${options.mode}: unknown`, `Use ${MODES.join(', ')}.`);
  const asked = options.memory ?? (typeof then?.memory === 'number' ? then.memory : MEMORY);
  const memory = typeof asked === 'number' ? asked : parseSize(asked);
  if (memory === undefined || memory % MIB !== 0 || memory < MEMORY_MIN || memory > MEMORY_MAX) {
    throw new InputError(
      `memory ${asked}: a machine has ${formatSize(MEMORY_MIN)} to ${formatSize(MEMORY_MAX)}, in whole MiB`,
      'Write it as 512M, or as a number of bytes.',
    );
  }
  return { mode, memory };
}

/** What the network's options say, as numbers. */
interface Net extends NetworkRequest {
  card?: NetworkOptions['card'];
  station?: number;
}

/** Throws InputError. */
function networkOf(network: VmOptions['network']): Net | undefined {
  if (!network) return undefined;
  const {
    card,
    mac,
    allow = [],
    forward = [],
    switch: switchPath,
    bootFile,
  }: NetworkOptions = network === true ? {} : network;
  return {
    card,
    station: mac === undefined ? undefined : parseCardAddress(mac, 'network mac='),
    allowed: allow.map((one) => (typeof one === 'string' ? parseAllowed(one, 'network allow=') : one)),
    forwards: forward.map((one) => (typeof one === 'string' ? parseForward(one, 'network forward=') : one)),
    switchPath,
    bootFile: bootFile === undefined ? undefined : checkBootFile(bootFile, 'network bootFile'),
  };
}
