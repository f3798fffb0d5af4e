// A machine's state as sections of a snapshot file: the CPU as the guest sees it, devices, memory in pieces.
// Ours. The CPU is saved out of VMX, so that a snapshot of one mode can go on in another.
import { SnapshotError } from '../../devices/snapshot-fields.js';
import type { Section } from './file.js';
import { packPages, unpackPages } from './pages.js';
import { decodeValue, encodeValue } from './values.js';

/** Of guest memory in one section. */
const PIECE = 16 * 1024 * 1024;
const MEMORY = /^memory (\d+)$/;

/** What builder.ts hands out and takes back. */
export interface MachineState {
  /** The core's state area. */
  cpu: Uint8Array;
  /** Devices by name, the clock among them. */
  devices: Record<string, unknown>;
  /** RAM, firmware and video memory, in place. */
  memory: Uint8Array;
}

/** `more`: what the machine's owner wants to find again. */
export function toSections({ cpu, devices, memory }: MachineState, more: Record<string, unknown>): Section[] {
  const sections: Section[] = [
    { name: 'cpu', bytes: cpu.slice() },
    { name: 'devices', bytes: encodeValue(devices) },
    { name: 'owner', bytes: encodeValue(more) },
  ];
  for (let at = 0; at < memory.length; at += PIECE) {
    sections.push({ name: `memory ${at / PIECE}`, bytes: packPages(memory.subarray(at, at + PIECE)) });
  }
  return sections;
}

/**
 * Fills `memory`, which is the machine's own. Throws SnapshotError when something is missing or does not fit.
 * `ram`: how much of it is RAM of a machine that has never been on. Building one writes to its first MiB and behind its RAM alone.
 */
export function fromSections(
  sections: readonly Section[],
  memory: Uint8Array,
  ram = 0,
): { state: MachineState; more: Record<string, unknown> } {
  const find = (name: string): Uint8Array => {
    const section = sections.find((one) => one.name === name);
    if (!section) throw new SnapshotError(`section ${name} is missing`);
    return section.bytes;
  };
  const pieces = sections.filter(({ name }) => MEMORY.test(name)).length;
  if (pieces !== Math.ceil(memory.length / PIECE)) throw new SnapshotError('memory has another size');
  const devices = record(decodeValue(find('devices')));
  const more = record(decodeValue(find('owner')));
  const cpu = find('cpu');
  for (let i = 0; i < pieces; i++) {
    const end = Math.min(memory.length, (i + 1) * PIECE);
    unpackPages(find(`memory ${i}`), memory.subarray(i * PIECE, end), i > 0 && end <= ram);
  }
  return { state: { cpu, devices, memory }, more };
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new SnapshotError('a state that is no record');
  return value as Record<string, unknown>;
}
