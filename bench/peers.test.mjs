// Engines that compute something else are no peers.
import { expect, test } from 'vitest';
import { compareChecksums } from './peers.mjs';

const run = (checksum) => ({ programs: { sieve: { checksum } } });

test('the same checksum everywhere passes, another one in any run of any engine does not', () => {
  expect(() => compareChecksums({ a: [run('1'), run('1')], b: [run('1')] }, ['sieve'])).not.toThrow();
  expect(() => compareChecksums({ a: [run('1'), run('2')] }, ['sieve'])).toThrow(
    'sieve: the engines disagree: a 1, a 2',
  );
  expect(() => compareChecksums({ a: [run('1')], b: [run('3')] }, ['sieve'])).toThrow('b 3');
});
