// From bytes to text, on a module by hand; and on the core, whose instructions are most of those there are.
// WebAssembly core specification 2.0, chapter 5.
import { expect, it } from 'vitest';
import { linesOf, shapeOf } from './wasm-text.js';

/** A function of type (i32) -> i32 that imports `read` and the global `budget`; `code` is its body. */
function moduleOf(code: number[]): Uint8Array {
  const name = (text: string) => [text.length, ...Buffer.from(text)];
  const section = (id: number, bytes: number[]) => [id, bytes.length, ...bytes];
  const body = [1, 2, 0x7f, ...code, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]),
    ...section(2, [2, ...name('env'), ...name('read'), 0, 0, ...name('env'), ...name('budget'), 3, 0x7f, 1]),
    ...section(3, [1, 0]),
    ...section(10, [1, body.length, ...body]),
  ]);
}

function text(...code: number[]): string[] {
  const bytes = moduleOf(code);
  const shape = shapeOf(bytes);
  return linesOf(bytes, shape, shape.functions[0]!, ['target', 'eax']).map((line) => `${line.depth} ${line.text}`);
}

it('names locals, globals and imports, and nests scopes', () => {
  expect(text(0x02, 0x40, 0x20, 1, 0x0d, 0, 0x23, 0, 0x10, 0, 0x21, 2, 0x0b, 0x20, 0)).toEqual([
    '0 block',
    '1 local.get $eax',
    '1 br_if 0',
    '1 global.get $budget',
    '1 call $read',
    '1 local.set $2',
    '0 end',
    '0 local.get $target',
    '0 end',
  ]);
});

it('writes numbers, offsets, lanes and lists of targets', () => {
  expect(
    text(
      ...[0x41, 0x7f, 0x41, 0x80, 0x80, 0x04, 0x42, 0x80, 0x78, 0x28, 2, 0x80, 0x08, 0x0e, 2, 0, 1, 2],
      ...[0xfd, 0x5b, 3, 0, 1, 0xfd, 0xe4, 0x01, 0xfc, 10, 0, 0, 0xc1],
    ),
  ).toEqual([
    '0 i32.const -1',
    '0 i32.const 0x10000',
    '0 i64.const -0x400',
    '0 i32.load offset=0x400',
    '0 br_table 0 1 2',
    '0 v128.store64_lane 1',
    '0 f32x4.add',
    '0 memory.copy',
    '0 i32.extend16_s',
    '0 end',
  ]);
});

it('refuses what is no instruction', () => {
  expect(() => text(0xff)).toThrow(RangeError);
  expect(() => text(0xfd, 0x9a, 0x01)).toThrow(RangeError);
});
