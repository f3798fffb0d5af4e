// A workload's exits are those between the line before it and its own.
import { expect, test } from 'vitest';
import { type Lap, Laps } from './laps.js';

function laps(text: string, exits: () => Record<string, number>): Lap[] {
  const found: Lap[] = [];
  const watch = new Laps(exits, (lap) => void found.push(lap));
  for (const byte of new TextEncoder().encode(text)) watch.see(byte);
  return found;
}

test('done, skipped and failed, with what was counted since the line before', () => {
  const counted: Record<string, number>[] = [
    { hlt: 7 },
    { hlt: 7, 'io-in': 200 },
    { hlt: 9, 'io-in': 201 },
    { hlt: 9, 'io-in': 201 },
  ];
  const text =
    'banner\r\nWORKLOAD name=integer checksum=1f ticks=20 ops=1\r\nWORKLOAD name=hypercall skipped=no-hypervisor\r\n' +
    'WORKLOAD name=disk-write failed=io-error\r\n';
  expect(laps(text, () => counted.shift()!)).toMatchObject([
    { name: 'integer', checksum: '1f', seconds: 0.02, operations: 1, skipped: undefined, exits: { 'io-in': 200 } },
    { name: 'hypercall', seconds: undefined, skipped: 'no-hypervisor', exits: { hlt: 2, 'io-in': 1 } },
    { name: 'disk-write', failed: 'io-error', exits: {} },
  ]);
});

test('a line without end is not kept, and others are none of ours', () => {
  const text = `${'x'.repeat(1e6)}\nWORKLOADS name=a\nWORKLOAD\nWORKLOAD ticks=3\nWORKLOAD name=memory checksum=2 ticks=3\n`;
  expect(laps(text, () => ({}))).toHaveLength(1);
});
