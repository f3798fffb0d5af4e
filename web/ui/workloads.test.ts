// The guest's lines, in whatever pieces they come.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type WorkloadLine, WORKLOADS } from '../../src/modes/workload-line.js';
import { WorkloadReader } from './workloads.js';

function read(text: string, piece: number): WorkloadLine[] {
  const found: WorkloadLine[] = [];
  const reader = new WorkloadReader((line) => void found.push(line));
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += piece) reader.take(bytes.subarray(at, at + piece));
  return found;
}

test.each([1, 7, 1000])('done, skipped and failed, in pieces of %d bytes', (piece) => {
  const text =
    'banner\r\nWORKLOAD name=integer checksum=1f ticks=20 ops=1\r\nWORKLOAD name=hypercall skipped=no-hypervisor\r\n' +
    'WORKLOAD name=disk-write failed=io-error\r\n';
  expect(read(text, piece)).toMatchObject([
    { name: 'integer', checksum: '1f', seconds: 0.02, skipped: undefined },
    { name: 'hypercall', seconds: undefined, skipped: 'no-hypervisor' },
    { name: 'disk-write', failed: 'io-error' },
  ]);
});

test('a line without end is not kept', () => {
  expect(read(`${'x'.repeat(1e6)}\nWORKLOAD name=memory checksum=2 ticks=3\n`, 4096)).toHaveLength(1);
});

test('the table has the workloads that the guest has', () => {
  const expected = JSON.parse(readFileSync(new URL('../../guest/expected.json', import.meta.url), 'utf8'));
  expect(WORKLOADS).toEqual(Object.keys(expected['1']));
});
