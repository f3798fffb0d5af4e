// A target is kept or missed by what was measured, and left out when it was not.
import { expect, test } from 'vitest';
import { targetsTable } from './targets.mjs';

const row = (ours, theirs) => ({ tabvisor: { cpu: { median: ours } }, v86: { cpu: { median: theirs } } });
const MIB = 1 << 20;

test('a mean, the worst of each, and memory', () => {
  const times = { boot: row(1, 3), syscall: row(1, 4), fork: row(2, 4), pipe: row(1, 3), sieve: row(1, 9) };
  expect(targetsTable(times, { tabvisor: 300 * MIB, v86: 310 * MIB }).rows.slice(1)).toEqual([
    ['boot', 'x 2 at least', 'x 3.00', 'PASS'],
    ['system calls, fork and exec, pipes: each', 'x 2.5 at least', 'x 2.00 (fork)', 'MISS'],
    ['peak memory', '310 MiB at most', '300 MiB', 'PASS'],
  ]);
});
