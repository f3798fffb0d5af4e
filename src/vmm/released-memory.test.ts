// What is given back is zeroed, and what was never touched stays untouched.
import { expect, test } from 'vitest';
import { clearReleased } from './released-memory.js';

const KIB = 1024;

test('what has been used is zeroed, to the last byte', () => {
  const bytes = new Uint8Array(600 * KIB).fill(1);
  clearReleased(bytes);
  expect(bytes.findIndex((byte) => byte !== 0)).toBe(-1);
});

test('a single page is zeroed whatever it begins with', () => {
  const page = new Uint8Array(4 * KIB);
  page[4 * KIB - 1] = 1;
  clearReleased(page);
  expect(page[4 * KIB - 1]).toBe(0);
});

test('a piece that begins with a page of zeros is not written', () => {
  const bytes = new Uint8Array(768 * KIB);
  bytes[5 * KIB] = 1; // behind the page that is looked at
  bytes[260 * KIB - 1] = 1; // the last byte of the second piece's first page
  bytes[300 * KIB] = 1;
  clearReleased(bytes);
  expect([bytes[5 * KIB], bytes[260 * KIB - 1], bytes[300 * KIB]]).toEqual([1, 0, 0]);
});
