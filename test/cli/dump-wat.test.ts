// `--dump-wat`: what it shows of a loop, and what it says of addresses that are not translated.
// Source: docs/usage.md; the Multiboot header is that of Multiboot 0.6.96, section 3.1.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linesOf, shapeOf } from '../../src/vcpu/wasm-text.js';
import { Console } from '../console.js';
import { root } from '../provisioned.js';
import { scratch } from '../scratch.js';

const LOAD = 0x100000;
const ENTRY = LOAD + 32;
const MAGIC = 0x1badb002;
const FLAGS = 0x10000;

/** A Multiboot kernel of raw code. */
function kernel(code: string): string {
  const bytes = Buffer.from(code.replaceAll(' ', ''), 'hex');
  const header = Uint32Array.of(MAGIC, FLAGS, -(MAGIC + FLAGS), LOAD, LOAD, 0, 0, ENTRY);
  const file = join(scratch(), 'kernel');
  writeFileSync(file, Buffer.concat([Buffer.from(header.buffer), bytes]));
  return file;
}

/** mov $20000000,%ecx; 1: add 0x200000,%eax; add %ecx,%eax; dec %ecx; jnz 1b; mov $0,%al; out %al,$0xf4; hlt */
const LOOP = 'b9002d3101 030500002000 01c8 49 75f5 b000 e6f4 f4';

const run = (...args: string[]) =>
  Console.machine(['--kernel', kernel(LOOP), '--debug-exit', '0xf4', '--memory', '16M', ...args], { deadline: 100 });

test('shows x86, micro-ops and WebAssembly of a block', async () => {
  const console = run('--mode', 'hw', '--dump-wat', '0x10002b');
  expect(await console.exit()).toBe(1);
  const output = console.output.replaceAll('\r', '');
  expect(output).toMatch(/^block \d+ of \d+ of a region in page 0x00100000/m);
  expect(output).toMatch(/^00100025 add eax,\[200000h\] +add32_rm mem=\[0x200000\] reg=eax +/m);
  expect(output).toMatch(/^0010002b add eax,ecx +add32_rr rm=eax reg=ecx +.*local\.get \$ecx/m);
  expect(output).toMatch(/^0010002d dec ecx +dec32_r rm=ecx +local\.get \$ecx +i32\.const 1 +i32\.sub/m);
  expect(output).toMatch(/^0010002e jne short 00100025h +jnz32 /m);
  expect(output).not.toContain('never translated');
});

test('says why an address was not translated', async () => {
  const console = run('--mode', 'hw', '--dump-wat', '100020', '--dump-wat', '0x300000');
  expect(await console.exit()).toBe(1);
  expect(console.output).toContain('--dump-wat 0x00100020: never translated; it ran, but never enough to be hot');
  expect(console.output).toContain('--dump-wat 0x00300000: never translated; no instruction that begins there has run');
});

test.each([
  [['--mode', 'hw', '--dump-wat', 'main'], '--dump-wat main: not an address'],
  [['--mode', 'full', '--dump-wat', '0x1000'], '--dump-wat: nothing is translated in --mode full'],
])('refuses %j', async (args, message) => {
  const console = run(...args);
  expect(await console.exit()).toBe(125);
  expect(console.output).toContain(message);
});

test('reads every function of the core to its end', () => {
  const bytes = readFileSync(join(root, 'build/core.wasm'));
  const shape = shapeOf(bytes);
  expect(shape.functions.length).toBeGreaterThan(1000);
  for (const one of shape.functions) {
    const last = linesOf(bytes, shape, one).at(-1)!;
    expect(last).toMatchObject({ text: 'end', depth: 0, at: one.end - 1 });
  }
});
