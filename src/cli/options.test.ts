// From text to values, and what is said about wrong ones.
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { MIB } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import { busOf } from '../library/parts.js';
import { absolutePort, parseDisk, parseOptions, type RawOptions } from './options.js';

const defaults: RawOptions = {
  mode: 'full',
  memory: '256M',
  disk: [],
  serial: 'stdio',
  logPort: [],
  dumpWat: [],
  clock: 'real',
  net: 'none',
  share: [],
  entry: 'protected',
};
const parse = (changes: Partial<RawOptions>) => parseOptions({ ...defaults, ...changes });

test('the defaults are a machine', () => {
  expect(parse({})).toMatchObject({ memory: 256 * MIB, serial: { kind: 'stdio' }, disks: [], trace: [], demo: false });
});

test.each([
  ['64', 64 * MIB],
  ['512M', 512 * MIB],
  ['2G', 2048 * MIB],
  ['2048K', 2 * MIB],
  ['128MiB', 128 * MIB],
])('--memory %s', (text, bytes) => {
  expect(parse({ memory: text }).memory).toBe(bytes);
});

test.each([
  ['d.img', { path: 'd.img', mode: 'write' }],
  ['d.img,if=ide', { path: 'd.img', mode: 'write', bus: 'ide' }],
  ['d.img,if=virtio,ro', { path: 'd.img', mode: 'read-only', bus: 'virtio' }],
  ['d.img,if=ide,ro', { path: 'd.img', mode: 'read-only', bus: 'ide' }],
  ['d.img,snapshot', { path: 'd.img', mode: 'snapshot' }],
  ['d.img,overlay=my,,writes', { path: 'd.img', mode: 'overlay', overlay: 'my,writes' }],
  ['a,,b.img,ro', { path: 'a,b.img', mode: 'read-only' }],
])('--disk %s', (text, disk) => {
  expect(parseDisk(text)).toEqual(disk);
});

test.each([
  ['f.img', { path: 'f.img', mode: 'write' }],
  ['f.img,ro', { path: 'f.img', mode: 'read-only' }],
  ['a,,b.img,snapshot', { path: 'a,b.img', mode: 'snapshot' }],
])('--floppy %s', (text, floppy) => {
  expect(parse({ floppy: [text] }).floppies).toEqual([floppy]);
});

test('floppies and the order of booting', () => {
  expect(parse({ bios: 'b', boot: 'cd,disk,floppy,network' }).bootOrder).toEqual([
    'cdrom',
    'disk',
    'floppy',
    'network',
  ]);
  expect(parse({}).bootOrder).toBeUndefined();
  expect(() => parse({ bios: 'b', boot: 'cd,tape' })).toThrow('--boot tape: unknown');
  expect(() => parse({ bios: 'b', boot: 'cd,cd' })).toThrow('twice');
  expect(() => parse({ boot: 'cd' })).toThrow('a kernel boots as it is given');
  expect(() => parse({ floppy: ['a', 'b', 'c'] })).toThrow('3 disks; there are two drives, A and B');
  expect(() => parse({ floppy: ['a,overlay=b'] })).toThrow('unknown setting overlay=b');
  expect(() => parse({ floppy: [',ro'] })).toThrow('no file name');
});

test('mode para has virtio disks unless they say otherwise, and a balloon', () => {
  const disks = parse({ mode: 'para', disk: ['a', 'b', 'c', 'd', 'e', 'f,if=ide'] }).disks;
  expect(disks.map((disk) => busOf(disk, 'para'))).toEqual([...Array(5).fill('virtio'), 'ide']);
  expect(disks.slice(0, 1).map((disk) => busOf(disk, 'hw'))).toEqual(['ide']);
  expect(() => parse({ mode: 'hw', disk: ['a', 'b', 'c', 'd', 'e'] })).toThrow('5 drives');
  expect(parse({ mode: 'para', balloon: '64M' }).balloon).toBe(64 * MIB);
  expect(() => parse({ mode: 'full', balloon: '64M' })).toThrow('in mode para alone');
  expect(() => parse({ mode: 'para', balloon: 'much' })).toThrow('not a size');
  expect(() => parse({ mode: 'para', balloon: '1G', memory: '64M' })).toThrow('--balloon 1G: the machine has 64 MiB');
});

test('named ports', () => {
  const virtioPort = ['org.example.agent.0=./a=b.sock', 'log=file:log.txt'];
  expect(parse({ virtioPort }).virtioPorts).toEqual([
    { name: 'org.example.agent.0', kind: 'socket', path: './a=b.sock' },
    { name: 'log', kind: 'file', path: 'log.txt' },
  ]);
  expect(virtioPort.map(absolutePort)).toEqual([
    `org.example.agent.0=${resolve('a=b.sock')}`,
    `log=file:${resolve('log.txt')}`,
  ]);
  for (const wrong of ['agent', 'agent=', '=x', 'a/b=x', `${'n'.repeat(65)}=x`])
    expect(() => parse({ virtioPort: [wrong] })).toThrow('no name and path');
  expect(() => parse({ virtioPort: ['a=1', 'b=2', 'a=3'] })).toThrow('--virtio-port a=3: the name is taken');
  const eight = Array.from({ length: 8 }, (_, i) => `p${i}=${i}`);
  expect(parse({ virtioPort: eight, mode: 'hw' }).virtioPorts).toHaveLength(8);
  expect(() => parse({ virtioPort: eight, mode: 'para' })).toThrow('8 ports; the device takes 7 in mode para');
});

test('numbers, ports and lists', () => {
  const options = parse({
    timeout: '1.5',
    maxInstructions: '1000000',
    debugExit: '0xf4',
    logPort: ['0x190=log=1.txt', '233=b'],
    trace: 'exit,irq',
    serial: 'file:out.txt',
  });
  expect(options).toMatchObject({
    timeout: 1.5e9,
    maxInstructions: 1_000_000,
    debugExit: 0xf4,
    logPorts: [
      { port: 0x190, path: 'log=1.txt' },
      { port: 233, path: 'b' },
    ],
    trace: ['exit', 'irq'],
    serial: { kind: 'file', path: 'out.txt' },
  });
});

test('VMX: extended page tables by default; a machine without VT-x still has mode full', () => {
  expect(parse({ mode: 'hw' })).toMatchObject({ mode: 'hw', ept: true });
  expect(parse({ mode: 'hw', ept: false })).toMatchObject({ ept: false });
  expect(parse({ vmx: false })).toMatchObject({ mode: 'full', vmx: false });
});

test.each<[Partial<RawOptions>, string]>([
  [{ mode: 'fast' }, '--mode fast: unknown'],
  [{ mode: 'hw', vmx: false }, '--mode hw: the processor has VT-x, but'],
  [{ mode: 'para', vmx: false }, '--mode para: the processor has VT-x, but'],
  [{ ept: false }, '--no-ept: mode full has no extended page tables'],
  [{ memory: '1M' }, '--memory 1M: a machine has 2 MiB to 3 GiB'],
  [{ memory: '4G' }, '--memory 4G: a machine has'],
  [{ memory: '-5' }, '--memory -5: not a size'],
  [{ memory: '12X' }, '--memory 12X: not a size'],
  [{ memory: '1e3M' }, '--memory 1e3M: not a size'],
  [{ memory: '2049K' }, '--memory 2049K: not a whole number of MiB'],
  [{ disk: [''] }, 'no file name'],
  [{ disk: ['a,if=scsi'] }, 'unknown setting if=scsi'],
  [{ disk: ['a,ro,snapshot'] }, 'exclude each other'],
  [{ disk: ['a', 'b', 'c', 'd'], cdrom: 'e' }, '5 drives; two IDE channels take 4'],
  [{ serial: 'tcp:1' }, '--serial tcp:1: unknown'],
  [{ serial: 'file:' }, '--serial file:: unknown'],
  [{ debugExit: '0x10000' }, '--debug-exit 0x10000: not an I/O port'],
  [{ debugExit: 'f4' }, '--debug-exit f4: not an I/O port'],
  [{ logPort: ['0x190'] }, '--log-port 0x190: no file name'],
  [{ logPort: ['x=f'] }, '--log-port x: not an I/O port'],
  [{ timeout: '0' }, '--timeout 0: not a positive number'],
  [{ timeout: 'soon' }, '--timeout soon: not a positive number'],
  [{ maxInstructions: '1.5' }, '--max-instructions 1.5: not a positive whole number'],
  [{ trace: 'exit,everything' }, '--trace everything: unknown'],
  [{ clock: 'wall' }, '--clock wall: unknown'],
  [{ net: 'e1000' }, '--net e1000: unknown'],
  [{ entry: 'long' }, '--entry long: unknown'],
  [{ bios: 'b', kernel: 'k' }, '--bios and --kernel'],
  [{ demo: true, kernel: 'k' }, '--demo: it runs our own guest'],
  [{ initrd: 'i' }, '--initrd i: there is no kernel'],
  [{ vgabios: 'v' }, '--vgabios v: only a BIOS runs it'],
  [{ netrom: 'n', net: 'user' }, '--netrom n: only a BIOS runs it'],
  [{ netrom: 'n', bios: 'b' }, '--netrom n: there is no network card'],
  [{ net: 'user,bootfile=' }, '--net bootfile=: 0 characters'],
  [{ bios: 'b', append: 'x' }, '--append: a BIOS takes no command line'],
])('refuses %j', (changes, message) => {
  expect(() => parse(changes)).toThrow(InputError);
  expect(() => parse(changes)).toThrow(message);
});

test('--net and --share', () => {
  const { net, shares } = parse({
    net: 'user,card=virtio,allow=10.0.0.0/8,allow=127.0.0.1:80,forward=:8080-:80,forward=0.0.0.0:1-10.0.2.16:2',
    share: ['work=./folder,ro', 'other=/with,comma'],
  });
  expect(net).toEqual({
    card: 'virtio',
    allowed: [
      { network: 0x0a000000, bits: 8, port: undefined },
      { network: 0x7f000001, bits: 32, port: 80 },
    ],
    forwards: [
      { host: '127.0.0.1', port: 8080, guest: undefined, guestPort: 80 },
      { host: '0.0.0.0', port: 1, guest: 0x0a000210, guestPort: 2 },
    ],
  });
  expect(shares).toEqual([
    { tag: 'work', path: './folder', readOnly: true },
    { tag: 'other', path: '/with,comma', readOnly: false },
  ]);
});

test.each([
  'user,allow=300.0.0.1',
  'user,allow=10.0.0.0/33',
  'user,allow=10.0.0.1:0',
  'user,forward=8080:80',
  'user,forward=:8080-:99999',
  'user,forward=:8080-8.8.8.8:80',
  'user,card=e1000',
  'none,card=virtio',
  'user,switch=',
  `user,switch=${'x'.repeat(91)}`,
  'user,mac=52:54:00:12:34',
  'user,mac=53:54:00:00:00:01',
  'user,mac=00:00:00:00:00:00',
  'user,mac=52:55:0a:00:02:02',
])('--net %s is refused', (net) => {
  expect(() => parse({ net })).toThrow(InputError);
});

test('the terminal shows the screen of what a BIOS boots, where a person sits at it and has not asked for the serial port', () => {
  const bios = { bios: 'b', append: undefined, serial: undefined };
  const console = (raw: Partial<RawOptions>, person: boolean) => {
    const { serial, display } = parseOptions({ ...defaults, ...raw }, person);
    return `${display} ${serial.kind}`;
  };
  expect(console(bios, true)).toBe('text none');
  expect(console(bios, false)).toBe('none stdio');
  expect(console({ ...bios, serial: 'stdio' }, true)).toBe('none stdio');
  expect(console({ ...bios, serial: 'none' }, true)).toBe('none none');
  expect(console({ serial: undefined }, true)).toBe('none stdio');
  expect(console({ serial: undefined, display: 'text' }, false)).toBe('text none');
  expect(console({ serial: 'file:f', display: 'text' }, true)).toBe('text file');
});
