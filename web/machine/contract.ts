// What the page and a machine's worker say to each other: control by comlink, events on a port, bytes and numbers on shared memory.
// Ours; comlink 4.
import type { BootDevice } from '../../src/devices/timers/cmos-layout.js';
import type { Lap } from '../../src/modes/laps.js';
import type { Mode } from '../../src/vmm/config.js';
import type { TrailLine } from '../../src/vmm/exit-trail.js';
import type { Outcome, Statistics } from '../../src/vmm/vm.js';
import type { NamedFile } from './named-file.js';

/** Bytes of a console that may be on their way to its screen. */
export const UNSHOWN_MOST = 32768;
/** Of a text screen what is read out. */
export const CELLS_MOST = 16384;

/** What runs first: a kernel, or the BIOS, which finds a disk, CD or floppy, and of several takes `first`. */
export type BootRequest =
  | { kind: 'kernel'; kernel: NamedFile; initrd?: NamedFile; commandLine: string }
  | { kind: 'bios'; bios: NamedFile; vgabios?: NamedFile; first: BootDevice };

/** Everything that a machine is made of; it crosses by structured clone. */
export interface MachineRequest {
  /** A WebAssembly.Module: the core, compiled once for all machines. */
  core: object;
  mode: Mode;
  /** Whether the processor has extended page tables, and the firmware VT-x on. */
  ept: boolean;
  vmx: boolean;
  /** Bytes. */
  memory: number;
  boot: BootRequest;
  /** `scratch`: the disk that our own guest may write to. Files are never changed. */
  disk?: 'scratch' | NamedFile;
  cdrom?: NamedFile;
  floppy?: NamedFile;
  /** Whether the workloads of our own guest are to be told of as they end. */
  laps?: boolean;
  /** A ByteRing's and a Gauges' memory; absent where memory cannot be shared: events carry everything then. */
  shared?: { output: SharedArrayBuffer; gauges: SharedArrayBuffer };
}

/** How a run ended, or why there was none; `stopped` by the page. */
export type Ending =
  | { kind: 'stopped' }
  | { kind: 'ended'; outcome: Outcome; statistics: Statistics }
  | { kind: 'refused'; what: string; advice?: string };

export interface Screen {
  picture: ImageBitmap;
  /** Of a text mode, at most CELLS_MOST characters. */
  lines: string[];
}

export interface MachineApi {
  /** Resolves when the machine has ended. */
  run(request: MachineRequest, events: MessagePort): Promise<Ending>;
  /** Bytes for the first serial port. */
  type(bytes: Uint8Array): void;
  key(code: number, down: boolean): void;
  /** Machine time stands still until `resume`. */
  pause(): void;
  resume(): void;
  /** As the button. */
  reset(): void;
  /** Keeps the last exits from now on, or no longer. */
  watch(on: boolean): void;
  /** Of a machine that is watched, the oldest first. */
  lastExits(): TrailLine[];
  statistics(): Statistics;
  screen(): Screen;
  /** So many bytes of `output` events have been shown. */
  shown(count: number): void;
}

export type MachineEvent =
  | { kind: 'output'; bytes: Uint8Array }
  | { kind: 'gauges'; values: number[] }
  | { kind: 'loading'; name: string; done: number; total: number }
  | { kind: 'warning'; line: string }
  | { kind: 'lap'; lap: Lap }
  /** The last one: all output has gone before it. What `run` answers takes another way and may overtake it. */
  | { kind: 'end' };
