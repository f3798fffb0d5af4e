// What a row promises is kept by our own number and by the ratio, or it is missed.
import { expect, test } from 'vitest';
import { tableRow } from './kernel.mjs';
import { ROWS } from './kernel-rows.mjs';

const row = (name) => ROWS.find((one) => one.name === name);
/** One run of `count` in so many CPU seconds. */
const run = ({ tells, per = 1 }, seconds, count) => [{ each: seconds / count, value: tells.of(seconds, count * per) }];
const verdict = (name, ours, peer, count) =>
  tableRow(row(name), { ours: run(row(name), ours, count), peer: peer ? run(row(name), peer, count) : [] }).at(-1);

test.each([
  ['a rate, and the ratio', 'getppid', 0.25, 0.5, 1e6, 'met'],
  ['too slow', 'getppid', 0.4, 0.8, 1e6, 'MISSED'],
  ['fast, but qemu-i386 is nearly as fast', 'getppid', 0.25, 0.3, 1e6, 'MISSED'],
  ['a time', 'write fault', 1.4, 2, 1e6, 'met'],
  ['too long a time', 'write fault', 1.6, 3, 1e6, 'MISSED'],
  ['no ratio is asked for', 'fork of 100 MiB', 0.9, 0.1, 1000, 'met'],
  ['a ratio alone', 'bash -c :: first start', 2, 1, 1, 'met'],
  ['bytes', 'pipe 4 KiB', 1, undefined, 800, 'met'],
])('%s', (_what, name, ours, peer, count, expected) => {
  expect(verdict(name, ours, peer, count)).toBe(expected);
});
