// Against Node's own. RFC 4648, section 10.
import { expect, test } from 'vitest';
import { fromBase64, toBase64 } from './base64.js';

test.each(['', 'f', 'fo', 'foo', 'foob', '\u00ff\u00fe\u00fd~?'])('%j there and back', (text) => {
  const bytes = Buffer.from(text, 'latin1');
  expect(toBase64(bytes)).toBe(bytes.toString('base64'));
  expect(Buffer.from(fromBase64(toBase64(bytes))!)).toEqual(bytes);
  expect(Buffer.from(fromBase64(bytes.toString('base64url'))!)).toEqual(bytes);
});

test('what is no digit is none', () => {
  expect(fromBase64('a*b')).toBeUndefined();
});
