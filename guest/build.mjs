// Builds every guest image from its source: `node guest/build.mjs [FOLDER]`, by default into guest/build.
// GCC manual 3.18.59 (x86 options), ld manual 2.1; the same compiler gives the same bytes anywhere.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

// The compiler that built the committed images.
export const REFERENCE_COMPILER = 'gcc (Debian 12.2.0-14+deb12u1) 12.2.0';

const compileFlags = [
  ...['-m32', '-march=i686', '-mtune=generic', '-mno-sse', '-mno-mmx', '-mno-80387'],
  ...['-std=gnu11', '-O2', '-ffreestanding', '-nostdinc', '-fno-pic', '-fno-pie', '-fno-stack-protector'],
  ...['-fno-asynchronous-unwind-tables', '-fcf-protection=none', '-fno-ident', '-fno-strict-aliasing'],
  ...['-fno-tree-loop-distribute-patterns', '-fno-common', '-Wall', '-Wextra', `-ffile-prefix-map=${here}=guest`],
];
const linkFlags = [
  ...['-m32', '-nostdlib', '-static', '-no-pie', '-Wl,--build-id=none', '-Wl,-z,noexecstack', '-Wl,-z,max-page-size=4096'],
  ...['-Wl,--no-warn-rwx-segments', '-s'],
];

function run(command, args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function sources(folder) {
  return readdirSync(join(here, folder), { recursive: true })
    .filter((name) => /\.[cS]$/.test(name))
    .sort()
    .map((name) => join(here, folder, name));
}

/** The first line of `gcc --version`, or a sentence that says why a 32-bit build is not possible. */
export function findCompiler() {
  const folder = mkdtempSync(join(tmpdir(), 'guest-'));
  try {
    const args = ['-m32', '-ffreestanding', '-c', '-x', 'c', '-', '-o', join(folder, 'empty.o')];
    execFileSync('gcc', args, { input: '#include <stdint.h>\n', stdio: ['pipe', 'ignore', 'ignore'] });
    return { compiler: run('gcc', ['--version']).split('\n', 1)[0] };
  } catch {
    return { missing: 'gcc -m32 does not work here; on Debian: apt-get install gcc-multilib binutils' };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compile(source, folder) {
  // user/calls.c becomes user-calls.o: the linker script knows ring 3's objects by that name.
  const object = join(folder, `${relative(here, source).replaceAll('/', '-')}.o`);
  const include = run('gcc', ['-print-file-name=include']).trim();
  run('gcc', [...compileFlags, '-isystem', include, '-c', source, '-o', object]);
  return object;
}

function link(objects, script, output) {
  run('gcc', [...linkFlags, '-T', script, '-o', output, ...objects]);
}

function buildKernel(folder, output) {
  const objects = sources('kernel').map((source) => compile(source, folder));
  link(objects, join(here, 'kernel/link.ld'), join(output, 'tabvisor-guest.elf'));
}

/** Builds all images into `output` and gives their file names. */
export function buildGuests(output) {
  const folder = mkdtempSync(join(tmpdir(), 'guest-'));
  try {
    mkdirSync(output, { recursive: true });
    buildKernel(folder, output);
    return readdirSync(output).sort();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { compiler, missing } = findCompiler();
  if (missing) {
    console.error(missing);
    process.exit(1);
  }
  const output = process.argv[2] ?? join(here, 'build');
  console.log(compiler);
  for (const name of buildGuests(output)) console.log(basename(name));
}
