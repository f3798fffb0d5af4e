// Options of `kernel run`, from text to values, and what is said about wrong ones.
import { expect, test } from 'vitest';
import { MIB } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import { optionsForNode, parseKernelOptions, parseProgramOptions, type RawKernelOptions } from './kernel-options.js';
import { resolve } from 'node:path';

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
  expect(parse({ rootfs: undefined }).rootfs).toEqual([expect.stringMatching(/tabvisor-image\.tar$/)]);
  expect(parse({ rootfs: undefined, image: 'debian' }).rootfs).toEqual([]);
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
  [{ share: ['net=1'] }, 'nobody to share with'],
  [{ hostname: 'a b' }, 'without spaces'],
  [{ userns: '0:1' }, 'no UID:HOST:COUNT'],
  [{ userns: '0:1:2,1:5:1' }, 'overlap'],
  [{ userns: '5:5:5' }, 'no id 0'],
  [{ userns: '0:4294967290:100' }, 'no UID:HOST:COUNT'],
])('%j is refused with a sentence', (changes, message) => {
  expect(() => parse(changes)).toThrow(message);
  expect(() => parse(changes)).toThrow(InputError);
});

test('namespaces of others, and ids of its own', () => {
  const shared = (share: string[], more: Partial<RawKernelOptions> = {}) =>
    parseProgramOptions({ rootfs: ['root'], ...more, share }).shares;
  expect(shared(['net=7,ipc=7', 'pid=3'])).toEqual({ net: 7, ipc: 7, pid: 3 });
  expect(parseProgramOptions({ share: ['all=1'] }).shares).toMatchObject({ mnt: 1, user: 1, cgroup: 1 });
  for (const wrong of ['net', 'net=0', 'net=x', 'disk=1', 'net=1,', ''])
    expect(() => shared([wrong])).toThrow('is no NS=PID');
  expect(() => shared(['mnt=1'])).toThrow('--rootfs: the program has the mnt namespace of process 1');
  expect(() => shared(['cgroup=1'], { memoryHigh: '5M' })).toThrow('--memory-high: the program has the cgroup');
  expect(parse({ userns: true }).userMap).toEqual([{ first: 0, lower: 100_000, count: 65_536 }]);
  expect(parse({ userns: '0:5:1,1:9:3' }).userMap).toHaveLength(2);
});

test('for a node elsewhere paths of the host are absolute, and what is about the node is refused', () => {
  const raw = { rootfs: ['a,rw'], bind: ['b:/b:ro'], net: 'user,switch=s', node: 'k' };
  expect(optionsForNode(raw)).toEqual({
    rootfs: [`${resolve('a')},rw`],
    bind: [`${resolve('b')}:/b:ro`],
    net: `user,switch=${resolve('s')}`,
  });
  for (const [key, value] of Object.entries({
    nodeMemory: '1G',
    seed: '1',
    strace: true,
    control: 'k',
    interpret: true,
  }))
    expect(() => optionsForNode({ ...raw, [key]: value })).toThrow('is about the node');
});
