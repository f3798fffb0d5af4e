// What --send-after and --exit-on take.
// Source: docs/usage.md, "Scripts".
import { expect, test } from 'vitest';
import { parseExitOn, parseSendAfter } from './script-option.js';

test('a text, and what is typed then', () => {
  expect(parseSendAfter('login: =root\\n')).toEqual({ text: 'login: ', input: 'root\n' });
  expect(parseSendAfter('A=B=C')).toEqual({ text: 'A', input: 'B=C' });
  expect(parseSendAfter('a\\=b\\\\=\\x1b[A\\e\\r\\t')).toEqual({ text: 'a=b\\', input: '\x1b[A\x1b\r\t' });
});

test('a text, and the status', () => {
  expect(parseExitOn('passed=0')).toEqual({ text: 'passed', status: 0 });
  expect(parseExitOn('x\\=1=255')).toEqual({ text: 'x=1', status: 255 });
});

test.each(['', 'text', '=x', 'text='])('refuses %j', (given) => {
  expect(() => parseSendAfter(given)).toThrow('--send-after');
  expect(() => parseExitOn(given)).toThrow('--exit-on');
});

test('refuses what means nothing', () => {
  expect(() => parseSendAfter('a=\\q')).toThrow('\\q is no escape');
  expect(() => parseExitOn('a=256')).toThrow('256 is no exit status');
  expect(() => parseExitOn('a=-1')).toThrow('-1 is no exit status');
});
