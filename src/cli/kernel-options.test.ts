// Options of `kernel run`, from text to values, and what is said about wrong ones.
import { expect, test } from 'vitest';
import { MIB } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import { parseKernelOptions, type RawKernelOptions } from './kernel-options.js';

const parse = (changes: Partial<RawKernelOptions>) =>
  parseKernelOptions({ rootfs: ['root'], nodeMemory: '1G', ...changes });

test('values', () => {
  expect(parse({})).toMatchObject({
    rootfs: ['root'],
    writeThrough: false,
    cwd: '/',
    user: '0',
    clock: 'real',
    seed: 0,
  });
  expect(parse({ rootfs: ['a', 'b.tar'], upper: 'u' })).toMatchObject({ rootfs: ['a', 'b.tar'], upper: 'u' });
  expect(parse({ rootfs: ['a,rw'] })).toMatchObject({ rootfs: ['a'], writeThrough: true });
  expect(parse({ env: ['A=b=c', 'PATH=/x'] }).env).toEqual(['PATH=/x', 'A=b=c']);
  expect(parse({ nodeMemory: '64M' }).memory).toBe(64 * MIB);
  expect(parse({ strace: 'open,read' }).strace).toEqual(new Set(['open', 'read']));
  expect(parse({ strace: true }).strace).toEqual(new Set());
  expect(parse({ clock: 'virtual', seed: '5' })).toMatchObject({ clock: 'virtual', seed: 5 });
  expect(parse({ bind: ['a:/b:ro'] }).binds).toEqual([{ host: 'a', path: '/b', readOnly: true }]);
});

test.each<[Partial<RawKernelOptions>, string]>([
  [{ rootfs: ['.,ro'] }, "what is 'ro'"],
  [{ rootfs: ['.,rw', '.'] }, 'single folder'],
  [{ rootfs: ['.,rw'], upper: 'x' }, '--upper'],
  [{ image: 'debian' }, 'either --rootfs or --image'],
  [{ rootfs: undefined }, 'either --rootfs or --image'],
  [{ env: ['A'] }, 'NAME=VALUE'],
  [{ cwd: 'etc' }, 'must begin with /'],
  [{ nodeMemory: '1M' }, '16M to 3G'],
  [{ nodeMemory: 'much' }, '16M to 3G'],
  [{ clock: 'fast' }, 'no such clock'],
  [{ net: 'bridge' }, '--net bridge: unknown'],
  [{ netRate: '10mbit' }, '--net-rate 10mbit: there is no network'],
  [{ net: 'user', netRate: '10' }, '--net-rate 10: is no rate of 8kbit to 100gbit'],
  [{ net: 'user', netRate: '1mbit:1K' }, '--net-rate 1mbit:1K: the burst'],
  [{ net: 'user,card=virtio' }, "a machine's card"],
  [{ net: 'user', clock: 'virtual' }, 'loopback alone'],
  [{ seed: '1' }, '--clock virtual'],
  [{ clock: 'virtual', seed: 'x' }, 'no number'],
  [{ strace: 'opennat' }, "no system call 'opennat'"],
  [{ bind: ['/tmp'] }, 'HOST:PATH'],
])('%j is refused with a sentence', (changes, message) => {
  expect(() => parse(changes)).toThrow(message);
  expect(() => parse(changes)).toThrow(InputError);
});
