// What the comparison of the modes makes of runs: samples, exits for each operation, and the words for the figures.
// Ours.
import { expect, test } from 'vitest';
import { explain, verdictOf } from './explain.mjs';
import { EXPLANATIONS } from './explanations.mjs';
import { readLine } from './guest-workload.mjs';
import { MODES, modesOf, ROWS } from './mode-rows.mjs';
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

test('every row has its words, for every mode that it is measured in', () => {
  for (const row of ROWS) {
    const { about, claims } = EXPLANATIONS[row.workload];
    expect(about).toBeTypeOf('string');
    for (const claim of claims) {
      for (const mode of [claim.fast, claim.slow]) {
        expect(Object.keys(MODES)).toContain(mode);
        expect(modesOf(row), `${row.workload}: ${mode}`).toContain(mode);
      }
      for (const verdict of ['because', 'alike', 'otherwise']) expect(claim[verdict]).toBeTypeOf('string');
    }
  }
});

test('the words go by the figures, also against what was expected', () => {
  expect([2, 1.05, 0.95, 0.5].map(verdictOf)).toEqual(['because', 'alike', 'alike', 'otherwise']);
  const mode = (median, exits) => ({ seconds: { median }, exits, operations: 1000 });
  const [claim] = EXPLANATIONS['clock-read'].claims;
  const row = { workload: 'clock-read', operation: 'read', modes: { hw: mode(1, 5000), para: mode(0.1, 0) } };
  expect(explain(row)).toContain(`Mode para is 10.0 times as fast as hw: ${claim.because}.`);
  expect(explain(row)).toContain('Exits for each read: hw 5.00 (200 µs each, all told; 5,000 a second).');
  row.modes.para = mode(2, 0);
  expect(explain(row)).toContain(`Here mode para is slower than hw (x 0.50): ${claim.otherwise}.`);
});
