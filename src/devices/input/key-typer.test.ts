// Strokes reach a guest that reads slowly, each whole, in order, none lost.
// Source: key-typer.ts.
import { expect, test } from 'vitest';
import { A20Gate } from '../firmware/a20.js';
import { NOWHERE } from '../line.js';
import { BenchTimers } from '../test-bench.js';
import { I8042 } from './i8042.js';
import { KeyTyper } from './key-typer.js';
import { strokesOf } from './terminal-keys.js';

function setUp() {
  const timers = new BenchTimers();
  const keyboard = new I8042({
    ...{ irq1: NOWHERE, irq12: NOWHERE, requestReset: () => {} },
    a20: new A20Gate(() => {}),
  });
  const typer = new KeyTyper(keyboard, timers);
  /** What the guest finds at port 60h, `most` bytes of it. */
  const read = (most: number): number[] => {
    const bytes: number[] = [];
    while (bytes.length < most && keyboard.commandPort.readPort(0, 1) & 1) bytes.push(keyboard.dataPort.readPort(0, 1));
    return bytes;
  };
  return { timers, typer, read };
}

test('one stroke after the other, as the guest takes them', () => {
  const { timers, typer, read } = setUp();
  typer.type(strokesOf('aB'));
  timers.advance(1e9);
  // nobody reads: the second waits
  expect(typer.size).toBe(1);
  expect(read(100)).toEqual([0x1e, 0x9e]);
  timers.advance(1e9);
  expect(read(100)).toEqual([0x2a, 0x30, 0xb0, 0xaa]);
  expect(typer.size).toBe(0);
});

test('a long text, whole, to a guest that reads a byte at a time', () => {
  const { timers, typer, read } = setUp();
  const text = 'echo hello, world\r'.repeat(50);
  typer.type(strokesOf(text));
  const codes: number[] = [];
  for (let i = 0; i < 10_000 && (typer.size > 0 || i % 10 > 0 || codes.length === 0); i++) {
    timers.advance(5e6);
    codes.push(...read(1));
  }
  for (let i = 0; i < 20; i++) codes.push(...read(1));
  expect(codes).toEqual(strokesOf(text).flatMap(({ code }) => [code, code | 0x80]));
});

test('no faster than a person, even where the guest is', () => {
  const { timers, typer, read } = setUp();
  typer.type(strokesOf('abc'));
  timers.advance(0);
  expect(read(100)).toEqual([0x1e, 0x9e]);
  timers.advance(9e6);
  expect(read(100)).toEqual([]);
  timers.advance(2e6);
  expect(read(100)).toEqual([0x30, 0xb0]);
});
