// The committed guest images are what their sources make, byte for byte.
// Source: guest/build.mjs; another compiler makes other bytes, so the comparison is for Debian 12's.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { guestImage } from './guest-report.js';
import { missing, root } from './provisioned.js';
import { scratch } from './scratch.js';

const COMPILER = /^gcc \(Debian 12\.2\.0-\S+\) 12\.2\.0$/;
const build = (argument: string): string =>
  execFileSync(process.execPath, [join(root, 'guest/build.mjs'), argument], { encoding: 'utf8', stdio: 'pipe' });

function compiler(context: TestContext): string {
  try {
    return build('--compiler').trim();
  } catch (error) {
    return missing(context, (error as { stderr: string }).stderr.trim());
  }
}

/** Skips where another compiler than Debian 12's would make other bytes. */
function needsCompiler(context: TestContext): void {
  const version = compiler(context);
  console.log(version);
  if (!COMPILER.test(version)) missing(context, `the images were built by Debian 12's gcc 12.2.0, this is ${version}`);
}

test('the vDSO is built from its source', (context) => {
  needsCompiler(context);
  const made = join(scratch(), 'vdso-image.ts');
  execFileSync(process.execPath, [join(root, 'guest/vdso/build.mjs'), made]);
  const committed = 'src/kernel/abi/i386/vdso-image.ts';
  expect(readFileSync(made, 'utf8'), 'run node guest/vdso/build.mjs').toBe(readFileSync(join(root, committed), 'utf8'));
});

test('the committed images are built from their sources', { timeout: 120_000 }, (context) => {
  needsCompiler(context);
  const folder = scratch();
  build(folder);
  const images = readdirSync(folder).sort();
  expect(images).toEqual(readdirSync(guestImage('')).sort());
  for (const image of images) {
    const same = readFileSync(join(folder, image)).equals(readFileSync(guestImage(image)));
    expect(same, `${image} differs: run node guest/build.mjs and commit guest/build`).toBe(true);
  }
});

// A multiboot loader looks for the header in the file's first 8 KiB, at a multiple of 4.
test('every ELF image has a multiboot header where a loader looks', () => {
  const images = readdirSync(guestImage('')).filter((name) => name.endsWith('.elf'));
  expect(images.length).toBeGreaterThan(8);
  for (const image of images) {
    const bytes = readFileSync(guestImage(image)).subarray(0, 8192);
    const offsets = Array.from({ length: Math.floor((bytes.length - 11) / 4) }, (_, i) => 4 * i);
    const at = offsets.find((offset) => bytes.readUInt32LE(offset) === 0x1badb002);
    expect(at, image).toBeDefined();
    const sum = [0, 4, 8].reduce((total, offset) => total + bytes.readUInt32LE(at! + offset), 0);
    expect(sum % 2 ** 32, image).toBe(0);
  }
});

test('the boot sector is one sector with its signature', () => {
  const sector = readFileSync(guestImage('bootsector.bin'));
  expect(sector.length).toBe(512);
  expect(sector.readUInt16LE(510)).toBe(0xaa55);
});
