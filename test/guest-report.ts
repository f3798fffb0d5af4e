// The lines that our own guest prints of its workloads, and what they must say.
// Source: guest/README.md; guest/expected.json has the deterministic part of each line, by scale.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { root } from './provisioned.js';

/** The built images. */
export const guestImage = (name: string): string => join(root, 'guest/build', name);

type Fields = Record<string, string | number>;

const expected: Record<string, Record<string, Fields>> = JSON.parse(
  readFileSync(join(root, 'guest/expected.json'), 'utf8'),
);

/** The deterministic part of a workload's line. */
export const expectedOf = (scale: 1 | 3, workload: string): Fields => expected[scale]![workload]!;

/** Makes a 4 MiB disk that disk-write may write to, or one that boots our boot sector. */
export function makeDisk(kind: 'scratch' | 'boot', file: string): void {
  execFileSync(process.execPath, [join(root, 'guest/disks.mjs'), kind, file]);
}

/** Every WORKLOAD line of `output`, by name: its fields, numbers as numbers but for the checksum. */
export function workloadLines(output: string): Map<string, Fields> {
  const lines = new Map<string, Fields>();
  for (const [, text] of output.matchAll(/^WORKLOAD (.*?)\r?$/gm)) {
    const fields: Fields = {};
    for (const word of text!.split(' ')) {
      const [key, value] = word.split('=', 2) as [string, string];
      fields[key] = key !== 'checksum' && /^\d+$/.test(value) ? Number(value) : value;
    }
    expect(lines.has(`${fields.name}`), `one line of ${fields.name}`).toBe(false);
    lines.set(`${fields.name}`, fields);
  }
  return lines;
}

/** The machine that a guest ran on: what it has not, workloads skip. */
export interface GuestMachine {
  disk?: 'ide' | 'virtio';
  network?: boolean;
  kvm?: boolean;
}

/** Checks the lines of `run=all scale=N`; a disk is the scratch disk. */
export function expectAllWorkloads(output: string, scale: 1 | 3, machine: GuestMachine): void {
  const lines = workloadLines(output);
  const all = expected[scale]!;
  expect([...lines.keys()]).toEqual(Object.keys(all));
  for (const [name, fields] of lines) {
    const { ticks, ...rest } = fields;
    const reason = skipReason(name, machine);
    if (reason) {
      expect(fields).toEqual({ name, skipped: reason });
    } else {
      expect(rest).toEqual({ name, ...all[name] });
      expect(ticks).toBeTypeOf('number');
    }
  }
}

function skipReason(name: string, { disk, network, kvm }: GuestMachine): string | undefined {
  const needsIde = name === 'disk-read' || name === 'disk-write';
  if (needsIde && disk !== 'ide') return 'no-disk';
  if (name.startsWith('disk-') && !disk) return 'no-disk';
  if (name.startsWith('net-') && !network) return 'no-network';
  if (name === 'hypercall' && !kvm) return 'no-hypervisor';
  return undefined;
}
