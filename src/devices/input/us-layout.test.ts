// Every ASCII character has its stroke, and no two of them the same.
import { expect, test } from 'vitest';
import { press, strokeOf } from './us-layout.js';

test('all of ASCII can be typed, each character by a stroke of its own', () => {
  const strokes = new Set<string>();
  for (let code = 0x20; code < 0x7f; code++) strokes.add(JSON.stringify(strokeOf(String.fromCharCode(code))));
  expect(strokes).not.toContain(undefined);
  expect(strokes.size).toBe(0x7f - 0x20);
  expect(strokeOf('é')).toBeUndefined();
});

test('places on the keyboard: some of each row, and control characters', () => {
  expect(['1', '=', 'q', ']', 'a', '`', '\\', '/', ' '].map((one) => strokeOf(one)!.code)).toEqual([
    0x02, 0x0d, 0x10, 0x1b, 0x1e, 0x29, 0x2b, 0x35, 0x39,
  ]);
  expect(strokeOf('?')).toEqual({ code: 0x35, shift: true, control: false });
  expect(strokeOf('\x03')).toEqual({ code: 0x2e, shift: false, control: true });
  expect(strokeOf('\r')).toEqual({ code: 0x1c, shift: false, control: false });
  const seen: string[] = [];
  press(strokeOf('A')!, (code, down) => seen.push(`${down ? '+' : '-'}${code.toString(16)}`));
  expect(seen).toEqual(['+2a', '+1e', '-1e', '-2a']);
});
