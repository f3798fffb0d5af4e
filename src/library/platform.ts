// What createVm asks of the place it runs in: clock, compiled core, files, disks, folders, a network.
// Ours. Node's is src/hosts/node/platform.ts, a browser's src/hosts/browser/platform.ts.
import type { ByteSource, Codec, Host } from '../base/host.js';
import type { Timers } from '../devices/device.js';
import type { BlockBackend } from '../devices/storage/block-backend.js';
import type { FileTree } from '../base/file-tree.js';
import type { Allowed } from '../net/policy.js';
import type { Forward } from '../net/port-forward.js';
import type { WasmModule } from '../vcpu/engine.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import type { Cable } from '../vmm/cable.js';
import type { DiskAccess, Image } from './vm-options.js';

export interface Platform {
  /** One for each machine. */
  host(): Host;
  readonly codec: Codec;
  /** The processor, compiled once. Throws InputError. */
  core(): Promise<WasmModule>;
  /** Our own small guest. Throws InputError. */
  ownGuest(): Promise<Source>;
  /** `what` names the option in messages. Throws InputError. */
  source(image: Image, what: string): Promise<Source>;
  /** Throws InputError. */
  disk(image: Image, how: DiskRequest): Promise<Disk>;
  /** Throws InputError. */
  folder(path: string, readOnly: boolean): FileTree;
  /** Throws InputError. */
  network(request: NetworkRequest, around: Surroundings): Promise<Network>;
  /** Before the first run of a machine that translates. */
  tune(processor: Vcpu): void;
}

export interface Source extends ByteSource {
  close?(): void;
}

export interface DiskRequest {
  what: 'disk' | 'cdrom' | 'floppy';
  access: DiskAccess;
  /** File that takes the writes. */
  overlay?: string;
}

export interface Disk extends BlockBackend {
  close?(): void;
  /** Of a disk whose writes are the machine's own: what has been written, in pieces that go into its snapshots. */
  save?(): Uint8Array[];
  /** Takes one piece back. Throws SnapshotError. */
  load?(bytes: Uint8Array): void;
}

/** What is behind the network card. */
export interface NetworkRequest {
  /** Unix-domain socket of a switch that several machines are plugged into. */
  switchPath?: string;
  /** What a guest may reach besides what is public. */
  allowed: readonly Allowed[];
  forwards: readonly Forward[];
  /** What a boot ROM is told to load. */
  bootFile?: string;
}

export interface Network {
  close(): void;
}

/** What a network needs of the machine. */
export interface Surroundings {
  /** Of the machine's card. */
  cable: Cable;
  /** The card's address. */
  station: number;
  timers: Timers;
  /** 32 random bits. */
  random: () => number;
  say: (line: string) => void;
  /** Something has happened while the machine sleeps. */
  wake: () => void;
}
