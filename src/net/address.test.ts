// Addresses as text, held against the host's own URL parser; networks of both families.
import { isIPv4, isIPv6 } from 'node:net';
import { expect, test } from 'vitest';
import { formatAddress, inNetwork, parseAddress, parseIpv4, parseIpv6 } from './address.js';

/** What the host makes of an IPv6 address; undefined: it is none. */
function hosts(text: string): string | undefined {
  if (!isIPv6(text)) return undefined;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}
let state = 7;
const random = (below: number): number => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

test.each([
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:0db8::0001', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['FE80::ABCD', 'fe80::abcd'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['64:ff9b::127.0.0.1', '64:ff9b::7f00:1'],
])('%s is %s', (text, written) => {
  expect(formatAddress(parseAddress(text)!)).toBe(written);
  expect(hosts(text)).toBe(written);
});

test('random texts are what the host takes them for', () => {
  const pieces = ['0', '1', 'ab', 'FFFF', '0000', '12345', ':', ':', '::', '1.2.3.4', 'g', '%1', '.', ' '];
  let addresses = 0;
  for (let i = 0; i < 100_000; i++) {
    const text = Array.from({ length: 1 + random(17) }, () => pieces[random(random(8) ? 9 : pieces.length)]).join('');
    // the host has zones, which end at the host
    const expected = text.includes('%') ? undefined : hosts(text);
    const found = parseIpv6(text);
    expect(found === undefined ? undefined : formatAddress(found), text).toBe(expected);
    if (expected !== undefined) addresses++;
  }
  expect(addresses).toBeGreaterThan(1000);
});

test('the same for IPv4', () => {
  const pieces = ['0', '1', '19', '255', '256', '01', '1000', '', '-1', '1e1', ' 1'];
  let addresses = 0;
  for (let i = 0; i < 20_000; i++) {
    const some = random(3) ? 4 : pieces.length;
    const text = Array.from({ length: random(6) ? 4 : 3 + random(3) }, () => pieces[random(some)]).join('.');
    const found = parseIpv4(text);
    expect(found !== undefined, text).toBe(isIPv4(text));
    if (found === undefined) continue;
    expect(formatAddress(found)).toBe(text);
    addresses++;
  }
  expect(addresses).toBeGreaterThan(50);
});

test('random addresses there and back', () => {
  for (let i = 0; i < 2000; i++) {
    const groups = Array.from({ length: 8 }, () => (random(2) ? 0 : random(65536)));
    const text = groups.map((group) => group.toString(16)).join(':');
    expect(formatAddress(parseIpv6(text)!)).toBe(hosts(text));
    expect(parseIpv6(formatAddress(parseIpv6(text)!))).toBe(parseIpv6(text));
  }
});

test('networks, each of its own family', () => {
  const inside = (address: string, network: string, bits: number): boolean =>
    inNetwork(parseAddress(address)!, parseAddress(network)!, bits);
  expect(inside('10.0.2.15', '10.0.2.0', 24)).toBe(true);
  expect(inside('10.0.3.15', '10.0.2.0', 24)).toBe(false);
  expect(inside('255.0.0.1', '0.0.0.0', 0)).toBe(true);
  expect(inside('fd00::1', 'fd00::', 64)).toBe(true);
  expect(inside('fd00:0:0:1::1', 'fd00::', 64)).toBe(false);
  expect(inside('fd00::1', 'fd00::1', 128)).toBe(true);
  expect(inside('ffff::', '::', 0)).toBe(true);
  expect(inside('::1', '0.0.0.1', 0)).toBe(false);
  expect(inside('0.0.0.1', '::1', 0)).toBe(false);
});
