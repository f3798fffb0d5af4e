// Builds every guest image from its source: `node guest/build.mjs [FOLDER | --compiler]`, by default into guest/build.
// GCC manual 3.18.59 (x86 options), ld manual 2.1; the same compiler gives the same bytes anywhere.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

const compileFlags = [
  ...['-m32', '-march=i686', '-mtune=generic', '-mno-sse', '-mno-mmx', '-mno-80387'],
  ...['-std=gnu11', '-O2', '-ffreestanding', '-nostdinc', '-fno-pic', '-fno-pie', '-fno-stack-protector'],
  ...['-fno-asynchronous-unwind-tables', '-fcf-protection=none', '-fno-ident', '-fno-strict-aliasing'],
  ...['-fno-tree-loop-distribute-patterns', '-fno-common', '-Wall', '-Wextra', `-ffile-prefix-map=${here}=guest`],
];
const linkFlags = ['-m', 'elf_i386', '-static', '-nostdlib', '-s', '--build-id=none', '--no-warn-rwx-segments'];

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
function findCompiler() {
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

// The compiler's own headers: stdint.h, stdbool.h, stdarg.h, stddef.h.
let compilerIncludes;
function includes() {
  compilerIncludes ??= run('gcc', ['-print-file-name=include']).trim();
  return compilerIncludes;
}

function compile(source, folder) {
  // user/calls.c becomes user-calls.o: the linker script knows ring 3's objects by that name.
  const object = join(folder, `${relative(here, source).replaceAll('/', '-')}.o`);
  run('gcc', [...compileFlags, '-isystem', includes(), '-c', source, '-o', object]);
  return object;
}

function link(objects, layout, output) {
  run('ld', [...linkFlags, ...layout, '-o', output, ...objects]);
  chmodSync(output, 0o644);
}

function buildKernel(folder, output) {
  const objects = sources('kernel').map((source) => compile(source, folder));
  link(objects, ['-z', 'max-page-size=4096', '-T', join(here, 'kernel/link.ld')], join(output, 'tabvisor-guest.elf'));
}

function buildBootSector(folder, output) {
  const object = compile(join(here, 'bootsector/sector.S'), folder);
  link([object], ['-Ttext=0x7c00', '-e', 'start', '--oformat', 'binary'], join(output, 'bootsector.bin'));
}

// One image each; all share their start, and the PCI search of the kernel where they use it.
function buildHostile(folder, output) {
  const start = join(here, 'hostile/start.S');
  const shared = [start, join(here, 'kernel/pci.c')].map((source) => compile(source, folder));
  const layout = ['-N', '--gc-sections', '-T', join(here, 'hostile/link.ld')];
  for (const source of sources('hostile').filter((source) => source !== start)) {
    const name = basename(source).replace(/\.[cS]$/, '');
    link([...shared, compile(source, folder)], layout, join(output, `hostile-${name}.elf`));
  }
}

/** One entry of a ustar archive, of root's, at a date that is always the same. POSIX.1-2017, pax, ustar Interchange Format. */
function entry(name, mode, type, body = Buffer.alloc(0), link = '') {
  const header = Buffer.alloc(512);
  const octal = (value, length) => value.toString(8).padStart(length - 1, '0');
  const numbers = { 100: mode, 108: 0, 116: 0, 124: body.length, 136: Date.UTC(2026, 0) / 1000 };
  const texts = { 0: name, 148: ' '.repeat(8), 156: type, 157: link, 257: 'ustar\x0000', 265: 'root', 297: 'root' };
  for (const [at, value] of Object.entries(numbers)) texts[at] = octal(value, at < 124 ? 8 : 12);
  for (const [at, text] of Object.entries(texts)) header.write(text, Number(at), 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)}\0 `, 148, 'latin1');
  return Buffer.concat([header, body, Buffer.alloc(-body.length & 511)]);
}

// The image that the package brings: one program with a name for each of its tools, and the files that a root has.
function buildImage(folder, output) {
  const program = join(folder, 'box');
  const objects = sources('image').map((source) => compile(source, folder));
  link(objects, ['-z', 'max-page-size=4096', '-e', '_start'], program);
  const tools = [...readFileSync(join(here, 'image/main.c'), 'utf8').matchAll(/X\((\w+), "/g)].map((found) => found[1]);
  const directories = ['bin', 'dev', 'etc', 'home', 'mnt', 'proc', 'root', 'run', 'sys', 'tmp', 'var'];
  const files = readdirSync(join(here, 'image/etc')).sort();
  const archive = [
    ...directories.map((name) => entry(`${name}/`, name === 'tmp' ? 0o1777 : name === 'root' ? 0o700 : 0o755, '5')),
    entry('bin/box', 0o755, '0', readFileSync(program)),
    ...[...tools, '['].map((name) => entry(`bin/${name}`, 0o777, '2', undefined, 'box')),
    ...files.map((name) => entry(`etc/${name}`, 0o644, '0', readFileSync(join(here, 'image/etc', name)))),
    Buffer.alloc(1024),
  ];
  writeFileSync(join(output, 'tabvisor-image.tar'), Buffer.concat(archive));
}

/** Builds all images into `output`. */
function buildGuests(output) {
  const folder = mkdtempSync(join(tmpdir(), 'guest-'));
  try {
    mkdirSync(output, { recursive: true });
    buildKernel(folder, output);
    buildBootSector(folder, output);
    buildHostile(folder, output);
    buildImage(folder, output);
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
  console.log(compiler);
  if (process.argv[2] !== '--compiler') buildGuests(process.argv[2] ?? join(here, 'build'));
}
