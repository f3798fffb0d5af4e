// What a machine is made of, as plain data and interfaces: the input of builder.ts.
// Ours.
import type { ByteSource } from '../base/host.js';
import type { BlockBackend } from '../devices/storage/block-backend.js';
import type { BootDevice } from '../devices/timers/cmos-layout.js';
import type { FileTree } from '../base/file-tree.js';
import type { ConsolePort } from '../devices/virtio/console.js';

/** What runs first. */
export type BootConfig =
  | { kind: 'kernel'; kernel: ByteSource; initrd?: ByteSource; commandLine: string; entry: 'protected' | 'real' }
  | { kind: 'bios'; bios: ByteSource; vgabios?: ByteSource; netrom?: ByteSource };

/** One of four places on the IDE channels, in order: primary master, slave, secondary master, slave. */
export interface DriveConfig {
  backend: BlockBackend;
  cdrom: boolean;
}

/** A virtio device on the PCI bus. */
export type VirtioConfig =
  | { kind: 'block'; backend: BlockBackend; serial: string }
  | { kind: 'console'; ports: readonly ConsolePort[] }
  | { kind: 'p9'; tag: string; tree: FileTree }
  | { kind: 'rng' }
  | { kind: 'balloon' };

/** What is at the other end of a serial port. */
export interface SerialConfig {
  /** One byte sent by the guest. */
  transmit: (byte: number) => void;
  /** More bytes will be accepted by the port's `receive`. */
  room?: () => void;
}

/** How the guest is virtualized: every instruction interpreted, or run directly (translated) with sensitive ones trapped. */
export type Mode = 'full' | 'hw' | 'para';

export interface MachineConfig {
  mode: Mode;
  /** Mode hw: extended page tables; without them the monitor shadows the guest's page tables. Default true. */
  ept?: boolean;
  /** The processor answers for the local APIC what needs no exit (in mode full: the core does). Default true. */
  apicv?: boolean;
  /** Whether the firmware has VT-x on; mode hw needs it. Default true. */
  vmx?: boolean;
  /** Bytes of RAM: whole MiB, MEMORY_MIN to MEMORY_MAX. */
  memory: number;
  boot: BootConfig;
  drives: readonly (DriveConfig | undefined)[];
  /** Drives A and B, with a disk of a size that has a format (devices/storage/floppy/floppy-format). Default: there are none. */
  floppies?: readonly (BlockBackend | undefined)[];
  /** What a BIOS tries first, in order; what is not named comes after. */
  bootOrder?: readonly BootDevice[];
  /** In the order of their PCI slots. */
  virtio: readonly VirtioConfig[];
  /** COM1 and COM2. */
  serial: readonly (SerialConfig | undefined)[];
  network: 'none' | 'ne2000' | 'virtio';
  /** The network card's address, 6 bytes. Default NETWORK_ADDRESS. */
  networkAddress?: Uint8Array;
  clock: 'real' | 'virtual';
  /** Port of isa-debug-exit. */
  debugExit?: number;
  /** Ports whose written bytes go to a sink, in blocks. */
  logPorts: readonly { port: number; sink: (bytes: Uint8Array) => void }[];
  /** Shown while files are loaded. */
  progress?: (name: string, done: number, total: number) => void;
}
