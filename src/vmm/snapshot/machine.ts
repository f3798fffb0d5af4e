// A machine's state as sections of a snapshot file: the CPU as the guest sees it, devices, memory in pieces.
// Ours. The CPU is saved out of VMX, so that a snapshot of one mode can go on in another.
import { MIB } from '../../base/bytes.js';
import { SnapshotError } from '../../devices/snapshot-fields.js';
import type { Section } from './file.js';
import { packPages, unpackPages } from './pages.js';
import { decodeValue, encodeValue } from './values.js';

/** Of guest memory in one section: enough for packing to find repetitions, little enough that reading, unpacking and filling go on side by side. */
const PIECE = MIB;
const MEMORY = /^memory (\d{1,4})$/;

/** What builder.ts hands out and takes back. */
export interface MachineState {
  /** The core's state area. */
  cpu: Uint8Array;
  /** Devices by name, the clock among them. */
  devices: Record<string, unknown>;
  /** RAM, firmware and video memory, in place. */
  memory: Uint8Array;
}

/** `more`: what the machine's owner wants to find again. Memory is packed as its sections are asked for. */
export function* toSections({ cpu, devices, memory }: MachineState, more: Record<string, unknown>): Iterable<Section> {
  yield { name: 'cpu', bytes: cpu };
  yield { name: 'devices', bytes: encodeValue(devices) };
  yield { name: 'owner', bytes: encodeValue({ ...more, memory: memory.length }) };
  for (let at = 0; at < memory.length; at += PIECE) {
    const bytes = packPages(memory.subarray(at, at + PIECE));
    if (bytes) yield { name: `memory ${at / PIECE}`, bytes };
  }
}

/** Takes sections, in any order, and makes a state of them. */
export class StateReader {
  private readonly small = new Map<string, Uint8Array>();

  /** `memory`: the machine's own, all zeros. */
  constructor(private readonly memory: Uint8Array) {}

  /** Fills memory, and keeps what is not memory. Throws SnapshotError when it does not fit. */
  take({ name, bytes }: Section): void {
    const piece = MEMORY.exec(name)?.[1];
    if (piece === undefined) {
      this.small.set(name, bytes.slice());
      return;
    }
    const at = Number(piece) * PIECE;
    if (at >= this.memory.length) throw new SnapshotError('memory has another size');
    unpackPages(bytes, this.memory.subarray(at, at + PIECE));
  }

  /** When all is taken. Throws SnapshotError when something is missing or does not fit. */
  finish(): { state: MachineState; more: Record<string, unknown> } {
    const { memory: size, ...more } = this.record('owner');
    if (size !== this.memory.length) throw new SnapshotError('memory has another size');
    return { state: { cpu: this.find('cpu'), devices: this.record('devices'), memory: this.memory }, more };
  }

  private find(name: string): Uint8Array {
    const bytes = this.small.get(name);
    if (!bytes) throw new SnapshotError(`section ${name} is missing`);
    return bytes;
  }

  private record(name: string): Record<string, unknown> {
    const value = decodeValue(this.find(name));
    if (typeof value !== 'object' || value === null) throw new SnapshotError('a state that is no record');
    return value as Record<string, unknown>;
  }
}
