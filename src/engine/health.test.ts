// What is asked for and what the image says become one check.
import { expect, test } from 'vitest';
import { mergeHealth, probeOf } from './health.js';

const image = {
  ...{
    Test: ['CMD-SHELL', 'true && true'],
    Interval: 5e9,
    Timeout: 6e9,
    StartPeriod: 7e9,
    StartInterval: 8e9,
    Retries: 9,
  },
};
const none = { Test: [], Interval: 0, Timeout: 0, StartPeriod: 0, StartInterval: 0, Retries: 0 };

test('what is not asked for is the image’s, member by member', () => {
  expect(mergeHealth(undefined, image)).toEqual(image);
  expect(mergeHealth({ ...none, Interval: 1e9 }, image)).toEqual({ ...image, Interval: 1e9 });
  expect(mergeHealth({ ...none, Test: ['NONE'] }, image)!.Test).toEqual(['NONE']);
  expect(mergeHealth(undefined, undefined)).toBeUndefined();
});

test('a line is the shell’s, words are a program’s, and the rest is no check', () => {
  expect(probeOf(image, undefined)).toEqual(['/bin/sh', '-c', 'true && true']);
  expect(probeOf(image, ['/bin/bash', '-ec'])).toEqual(['/bin/bash', '-ec', 'true && true']);
  expect(probeOf({ ...none, Test: ['CMD', 'a', 'b'] }, ['x'])).toEqual(['a', 'b']);
  for (const Test of [[], ['NONE'], ['CMD'], ['OTHER', 'x']])
    expect(probeOf({ ...none, Test }, undefined)).toBeUndefined();
});
