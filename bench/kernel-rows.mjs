// What `npm run bench -- --kernel` measures: programs of bench/kernel, what a run of each stands for, and what is required of it.
// Ours; the numbers are SPECIFICATION.md's.
import { INTEGER } from './programs.mjs';

const MIB = 1 << 20;
const PAIR = 2;

const FILES = { python3: 'python3 -c 1', cc1: 'cc1 hello.c', bash: 'bash -c :', perl: 'perl -e 1' };

/** Columns of numbers: how CPU seconds for so many are told, and compared with what is required. */
const each = (unit, scale) => ({
  unit,
  of: (seconds, count) => (seconds / count) * scale,
  good: (is, want) => is <= want,
});
const rate = (unit, scale) => ({
  unit,
  of: (seconds, count) => count / seconds / scale,
  good: (is, want) => is >= want,
});
const MICROSECONDS = each('µs', 1e6);
const MILLISECONDS = each('ms', 1e3);

/**
 * `program`, `row`, `args`: what runs. `count`: how often it does it, `peer`: how often under qemu-i386 when that is fewer; `per`: how many
 * of what is told are in one. `tells`: the number and its unit; `required`: of that number; `ratio`: qemu-i386's CPU time to ours, at least.
 * `measures`: the moment from which; `native`: the program starts others, and under qemu-i386 it is these that are emulated.
 */
export const ROWS = [
  { name: 'getppid', program: 'calls', count: 3_000_000, tells: rate('M/s', 1e6), required: 3, ratio: 1.5 },
  {
    name: 'write fault',
    program: 'memory',
    row: 'write-fault',
    count: 409_600,
    tells: MICROSECONDS,
    required: 1.5,
    ratio: 1.2,
  },
  {
    name: 'copy-on-write fault',
    program: 'memory',
    row: 'copy-fault',
    count: 204_800,
    tells: MICROSECONDS,
    required: 2.5,
    ratio: 1.2,
  },
  {
    ...{
      name: 'fork+exec+wait busybox true',
      program: 'processes',
      row: 'exec',
      args: ['busybox', 'true'],
      native: true,
    },
    ...{ count: 1000, peer: 50, tells: rate('/s', 1), required: 1000, ratio: 10 },
  },
  {
    name: 'fork of 100 MiB',
    program: 'memory',
    row: 'fork',
    args: ['100'],
    count: 500,
    peer: 50,
    tells: MILLISECONDS,
    required: 1,
  },
  {
    name: 'switch with 16 pages touched',
    program: 'processes',
    row: 'switch',
    count: 200_000,
    peer: 50_000,
    per: PAIR,
    tells: MICROSECONDS,
    required: 3,
  },
  {
    name: 'pipe 64 KiB',
    program: 'bytes',
    row: 'pipe',
    args: ['65536'],
    count: 2000,
    per: MIB,
    tells: rate('GB/s', 1e9),
    required: 2,
  },
  {
    name: 'pipe 4 KiB',
    program: 'bytes',
    row: 'pipe',
    args: ['4096'],
    count: 800,
    per: MIB,
    tells: rate('MB/s', 1e6),
    required: 800,
  },
  { name: 'file cached', program: 'bytes', row: 'file', count: 2048, per: MIB, tells: rate('GB/s', 1e9), required: 2 },
  {
    name: 'file first out of a layer',
    program: 'bytes',
    row: 'first',
    args: ['/layer'],
    count: 256,
    per: MIB,
    ours: true,
    tells: rate('GB/s', 1e9),
    required: 1,
  },
  {
    name: 'SIGSEGV and mprotect and return',
    program: 'calls',
    row: 'segv',
    count: 200_000,
    tells: MICROSECONDS,
    required: 6,
    ratio: 2,
  },
  { name: 'epoll round trips', program: 'calls', row: 'epoll', count: 200_000, tells: rate('k/s', 1e3), required: 300 },
  {
    name: 'TCP to oneself',
    program: 'bytes',
    row: 'tcp',
    count: 800,
    per: MIB,
    tells: rate('MB/s', 1e6),
    required: 500,
  },
  {
    ...{
      name: 'TCP over a bridge',
      program: 'bytes',
      row: 'bridge',
      args: ['65536'],
      count: 400,
      per: MIB,
      ours: true,
    },
    ...{ tells: rate('MB/s', 1e6), required: 300 },
  },
  {
    ...{ name: 'TCP over a bridge in frames of 1500', program: 'bytes', row: 'bridge', args: ['1500'] },
    ...{ count: 150, per: MIB, ours: true, tells: rate('MB/s', 1e6), required: 100 },
  },
  ...Object.keys(FILES).flatMap((program) => [
    startRow(program, 'later starts', { count: 5, ratio: 1 }),
    startRow(program, 'first start', { count: 1, ratio: 0.5, measures: 'first' }),
  ]),
];

function startRow(program, name, rest) {
  return {
    ...{ name: `${FILES[program]}: ${name}`, program: 'processes', row: 'starts', args: [program], native: true },
    ...{ tells: each('s', 1), ...rest },
  };
}

/** Rows that are not a program's. */
export const FLUSHES = 'whole flushes of the code cache';
export const INTEGERS = 'integer programs';
export const KERNEL_ROWS = [...ROWS.map(({ name }) => name), FLUSHES, INTEGERS];
export const INTEGER_PROGRAMS = INTEGER;
/** Of mode hw's CPU time, at most. */
export const INTEGER_RATIO = 1.1;

const INCLUDED = ['lib/gcc/i686-linux-gnu/12/include', 'include/i386-linux-gnu', 'include'];

/** Programs of the root by the names that rows have for them. */
export const STARTED = {
  busybox: ({ bench }) => [`${bench}/busybox`],
  python3: ({ root }) => [`${root}/usr/bin/python3.11`, '-c', '1'],
  bash: ({ root }) => [`${root}/bin/bash`, '-c', ':'],
  perl: ({ root }) => [`${root}/usr/bin/perl`, '-e', '1'],
  cc1: ({ root, bench }) => [
    ...[`${root}/usr/lib/gcc/i686-linux-gnu/12/cc1`, '-quiet', '-nostdinc'],
    ...INCLUDED.flatMap((folder) => ['-isystem', `${root}/usr/${folder}`]),
    ...[`${bench}/hello.c`, '-o', '/dev/null'],
  ],
};

/** What compiles, links and starts, in turn: more code than any cache of decoded code has room for if it does not know what to keep. */
export const ROUND = [
  'python3 -c "import json"',
  'gcc -c /bench/hello.c -o /tmp/hello.o',
  'gcc -S /bench/hello.c -o /tmp/hello.s',
  'as /tmp/hello.s -o /tmp/hello.o',
  'ld -r /tmp/hello.o -o /tmp/all.o',
  'bash -c :',
  'perl -e 1',
];
