// The benchmark programs: how each is built, and the initramfs that carries them to the guest.
// Ours; GCC manual 3.18.59 (x86 options). Freestanding: no C library that chooses its code by CPUID.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { archive } from './cpio.mjs';

const sources = fileURLToPath(new URL('programs', import.meta.url));
const cache = fileURLToPath(new URL('../.cache/bench', import.meta.url));

const x87 = ['-mfpmath=387', '-mno-sse'];
const sse2 = ['-msse2', '-mfpmath=sse'];

/** `kind`: what the program is bound by. Source is NAME.c unless said. */
export const PROGRAMS = [
  { name: 'sieve', kind: 'integer' },
  { name: 'sha256', kind: 'integer' },
  { name: 'crc32', kind: 'integer' },
  { name: 'interpreter', kind: 'integer' },
  { name: 'fib', kind: 'integer' },
  { name: 'quicksort', kind: 'integer' },
  { name: 'divide64', kind: 'integer' },
  { name: 'nbody-x87', kind: 'x87', source: 'nbody.c', flags: [...x87, '-DSTEPS=200000'] },
  { name: 'nbody-sse2', kind: 'sse2', source: 'nbody.c', flags: [...sse2, '-DSTEPS=600000'] },
  { name: 'matrix-x87', kind: 'x87', source: 'matrix.c', flags: [...x87, '-DROUNDS=120'] },
  { name: 'matrix-sse2', kind: 'sse2', source: 'matrix.c', flags: [...sse2, '-DROUNDS=400'] },
  { name: 'memcpy', kind: 'memory' },
  { name: 'chase', kind: 'memory' },
  { name: 'syscall', kind: 'kernel' },
  { name: 'fork', kind: 'kernel' },
  { name: 'pipe', kind: 'kernel' },
  { name: 'pagefault', kind: 'kernel' },
  { name: 'self-modifying', kind: 'code' },
  { name: 'code-generator', kind: 'code' },
];

/** Names of the integer programs. */
export const INTEGER = PROGRAMS.filter(({ kind }) => kind === 'integer').map(({ name }) => name);

/** Pairs of a program's name and its bytes, compiled. */
export function buildPrograms(names) {
  mkdirSync(cache, { recursive: true });
  return names.map((name) => [name, build(PROGRAMS.find((program) => program.name === name))]);
}

const flags = [
  ...['-m32', '-march=i686', '-mtune=generic', '-std=gnu11', '-O2', '-ffreestanding', '-fno-builtin', '-nostdlib'],
  ...['-static', '-fno-pic', '-no-pie', '-fno-stack-protector', '-fno-asynchronous-unwind-tables'],
  ...['-fcf-protection=none', '-fno-ident', '-fno-strict-aliasing', '-fno-tree-loop-distribute-patterns'],
  ...['-fno-tree-vectorize', '-fno-math-errno', '-Wall', '-Wextra', '-s', '-Wl,--build-id=none', '-Wl,-z,noexecstack'],
];

/** Programs of `npm run bench -- --disk`; their second argument is the device. */
const DISK_PROGRAMS = [
  ['disk-read'],
  ['disk-direct-read', 'DIRECT'],
  ['disk-random', 'DIRECT', 'RANDOM'],
  ['disk-write', 'WRITE'],
  ['disk-direct-write', 'DIRECT', 'WRITE'],
].map(([name, ...what]) => ({
  name,
  source: 'disk.c',
  flags: ['DIRECT', 'RANDOM', 'WRITE'].map((one) => `-D${one}=${Number(what.includes(one))}`),
}));
export const DISK_TESTS = DISK_PROGRAMS.map(({ name }) => name);

/** /etc/tv/disks PERCENT DEVICE DRIVERS...: between two QUIETs the guest does one test and nothing else. */
const DISK_SCRIPT = `#!/bin/sh
percent=$1 device=$2
shift 2
"$@" || exit 1
until [ -b $device ]; do sleep 0.1; done
for name in ${DISK_TESTS.join(' ')}; do
  echo QUIET
  sleep 1
  /bench/$name $percent $device || echo "FAILED name=$name"
done
echo QUIET
sleep 1
`;

/** /etc/tv/programs PERCENT NAME...: what the base initramfs runs for tv.run="programs ...". */
const SCRIPT = `#!/bin/sh
percent=$1
shift
for name; do /bench/$name $percent || echo "FAILED name=$name status=$?"; done
`;

/** Builds what has changed; the path of an initramfs made of `base` and the programs. Throws with the compiler's words. */
export function programsInitramfs(base) {
  return initramfs(base, PROGRAMS, { 'etc/tv/programs': SCRIPT });
}

/** The same with what `npm run bench -- --disk` runs; `base` has the drivers. */
export function diskInitramfs(base) {
  return initramfs(base, DISK_PROGRAMS, { 'etc/tv/disks': DISK_SCRIPT });
}

function initramfs(base, programs, scripts) {
  mkdirSync(cache, { recursive: true });
  const hash = createHash('sha256').update(readFileSync(base));
  hash.update(JSON.stringify([flags, programs, scripts]));
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  const path = join(cache, `initramfs-${hash.digest('hex').slice(0, 16)}.cpio.gz`);
  if (existsSync(path)) return path;

  const entries = [
    { path: 'bench', directory: true },
    ...programs.map((program) => ({ path: `bench/${program.name}`, bytes: build(program) })),
    ...Object.entries(scripts).map(([name, text]) => ({ path: name, bytes: Buffer.from(text) })),
  ];
  // the kernel unpacks archives that follow one another
  writeFileSync(`${path}.new`, Buffer.concat([readFileSync(base), gzipSync(archive(entries))]));
  renameSync(`${path}.new`, path);
  return path;
}

function build({ name, source = `${name}.c`, flags: more = [] }) {
  const output = join(cache, name);
  const args = [...flags, ...more, `-DNAME="${name}"`, 'start.c', source, '-o', output, '-lgcc'];
  execFileSync('gcc', args, { cwd: sources, stdio: ['ignore', 'inherit', 'inherit'] });
  return readFileSync(output);
}
