// What the comparison of the modes makes of runs: samples, the guest's line, exits for each operation.
// Ours.
import { expect, test } from 'vitest';
import { readLine } from './guest-workload.mjs';
import { digest } from './modes.mjs';
import { sampleRuns } from './sampler.mjs';

test('a measurement is warmed up and repeated, and its failure is thrown', () => {
  let calls = 0;
  expect(sampleRuns(() => ++calls, 3)).toEqual([calls - 2, calls - 1, calls]);
  expect(calls).toBeGreaterThan(3);
  const fail = () => {
    throw new Error('the guest failed');
  };
  expect(() => sampleRuns(fail, 2)).toThrow('the guest failed');
});

test('the line of a workload', () => {
  const output = 'x\r\nWORKLOAD name=net-echo checksum=0a ticks=1500 ops=256 bytes=28672\r\n';
  expect(readLine('net-echo', output)).toEqual({ seconds: 1.5, operations: 256, checksum: '0a' });
  expect(() => readLine('net-echo', 'WORKLOAD name=net-echo skipped=no-network\r\n')).toThrow('skipped=no-network');
  expect(() => readLine('net-echo', 'PANIC')).toThrow('PANIC');
});

test('exits of a run without work are taken off', () => {
  const run = { operations: 100, seconds: 2, cpuSeconds: 1, exits: { IO_INSTRUCTION: 350, CPUID: 3, HLT: 1 } };
  const found = digest([run, run], { IO_INSTRUCTION: 150, CPUID: 3 });
  expect(found.exits).toBe(201);
  expect(found.exitsPerSecond).toBe(100.5);
  expect(found.exitsPerOperation).toEqual({ IO_INSTRUCTION: 2, HLT: 0.01 });
});
