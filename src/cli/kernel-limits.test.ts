import { expect, test } from 'vitest';
import { parseLimits } from './kernel-limits.js';

test('limits are what was given, in bytes and numbers', () => {
  expect(parseLimits({})).toEqual({});
  expect(parseLimits({ memory: '64M', cpus: '.5', pids: '20' })).toEqual({ memory: 64 << 20, cpus: 0.5, pids: 20 });
  expect(parseLimits({ memoryHigh: '2048K', cpuWeight: '10000' })).toEqual({ memoryHigh: 2 << 20, cpuWeight: 10_000 });
});

test('limits of disks', () => {
  const given = ['all:rbps=10M,wiops=100', 'vdb:wbps=4096', '254:16:riops=2'];
  expect(parseLimits({ ioMax: given })).toMatchObject({
    io: [
      { disk: 'all', rbps: 10 << 20, wiops: 100 },
      { disk: 'vdb', wbps: 4096 },
      { disk: '254:16', riops: 2 },
    ],
  });
});

test('rules of devices follow those that containers have', () => {
  const { devices } = parseLimits({ device: ['c 1:11 r', 'deny b *:7 wm', 'deny a'] })!;
  expect(devices!.slice(-3)).toEqual([
    { allow: true, type: 'c', major: 1, minor: 11, access: 1 },
    { allow: false, type: 'b', major: undefined, minor: 7, access: 6 },
    { allow: false, type: 'a', major: undefined, minor: undefined, access: 7 },
  ]);
});

test.each([
  [{ memory: 'much' }, '--memory much: is no size of 1M and more'],
  [{ memory: '4K' }, '--memory 4K: is no size'],
  [{ cpus: '0' }, '--cpus 0: must be a number from 0.01'],
  [{ cpus: '' }, '--cpus : must be a number'],
  [{ cpus: '1e1' }, '--cpus 1e1: must be'],
  [{ cpuWeight: '10001' }, '--cpu-weight 10001: must be a number from 1 to 10000'],
  [{ ioMax: ['all'] }, '--io-max all: is no DISK:LIMITS'],
  [{ ioMax: ['all:rbps=1'] }, 'rbps=1 must be a number of 2 and more'],
  [{ ioMax: ['sda:rbps=1M'] }, '--io-max sda:rbps=1M: is no'],
  [{ ioMax: ['all:riops=1M'] }, 'riops=1M must be a number'],
  [{ device: ['c 1 r'] }, '--device c 1 r: is no [allow|deny] TYPE'],
  [{ pids: '-1' }, '--pids -1: must be a number from 1'],
])('%o is refused', (raw, message) => {
  expect(() => parseLimits(raw)).toThrow(message);
});
