import { expect, it } from 'vitest';
import { DebugConsole, DebugExit, LogPort } from './debug-ports.js';

it('the console passes bytes on and is recognised by reading 0xE9', () => {
  const seen: number[] = [];
  const port = new DebugConsole((byte) => seen.push(byte));
  port.writePort(0, 1, 0x41);
  port.writePort(0, 2, 0x4342);
  expect(seen).toEqual([0x41, 0x42, 0x43]);
  expect(port.readPort(0, 1)).toBe(0xe9);
  expect(port.readPort(0, 4)).toBe(0xffffffe9);
});

it('the exit port hands its value out unsigned', () => {
  let value = 0;
  new DebugExit((v) => {
    value = v;
  }).writePort(0, 4, -1);
  expect(value).toBe(0xffffffff);
});

it('a log is handed on in blocks and ends at its limit', () => {
  const blocks: number[] = [];
  const log = new LogPort((bytes) => blocks.push(bytes.length), 10, 4);
  for (let i = 0; i < 25; i++) log.writePort(0, 1, i);
  log.flush();
  expect(blocks).toEqual([4, 4, 2]);
  expect(log.written).toBe(25);
  expect(log.dropped).toBe(15);
});
