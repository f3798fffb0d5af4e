// What is public, and what of it is the host's; IPv6 addresses that hold IPv4 ones.
import { expect, test } from 'vitest';
import { type Address, parseAddress } from './address.js';
import { parseAllowed, Policy } from './policy.js';

const address = (text: string): Address => parseAddress(text)!;
const policy = (...allowed: string[]): Policy =>
  new Policy(
    allowed.map((one) => parseAllowed(one)),
    () => ['198.41.0.4', '2a01:4f8:1:2::3', '::1', 'fe80::1'].map(address),
  );

test.each(['93.184.216.34', '1.1.1.1', '2606:4700:4700::1111', '2a01:4f8:1:3::1', '2001:4860:4860::8888'])(
  '%s is public',
  (text) => expect(policy().permits(address(text), 80)).toBe(true),
);

test.each([
  ...['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1'],
  ...['255.255.255.255', '198.41.0.4'],
  ...['::', '::1', '::2', 'fe80::1', 'fec0::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', 'ff0e::1', '100::1', '5f00::1'],
  // IPv4 inside: mapped, compatible, NAT64, its local prefix, 6to4, Teredo
  ...['::ffff:127.0.0.1', '::ffff:93.184.216.34', '::127.0.0.1', '64:ff9b::127.0.0.1', '64:ff9b::5db8:d822'],
  ...['64:ff9b:1::1', '2002:7f00:1::1', '2002:5db8:d822::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  // documentation, ORCHID, benchmarks
  ...['2001:db8::1', '3fff::1', '2001:20::1', '2001:2::1'],
  // the host, and who is on its link
  ...['2a01:4f8:1:2::3', '2a01:4f8:1:2:ffff::1'],
])('%s is not', (text) => expect(policy().permits(address(text), 80)).toBe(false));

test('what was allowed, at its port', () => {
  const some = policy('127.0.0.1:8000', '[::1]:8001', '[fd12::]/16', '[2a01:4f8:1:2::9]');
  expect(some.permits(address('127.0.0.1'), 8000)).toBe(true);
  expect(some.permits(address('127.0.0.1'), 8001)).toBe(false);
  expect(some.permits(address('::1'), 8001)).toBe(true);
  expect(some.permits(address('::1'), 8000)).toBe(false);
  expect(some.permits(address('fd12:3::4'), 1)).toBe(true);
  expect(some.permits(address('fd13::4'), 1)).toBe(false);
  expect(some.permits(address('2a01:4f8:1:2::9'), 22)).toBe(true);
  expect(some.permits(address('2a01:4f8:1:2::3'), 22)).toBe(false);
});

test('all of one family is nothing of the other, however it is written', () => {
  const all6 = policy('[::]/0');
  expect(all6.permits(address('fe80::1'), 1)).toBe(true);
  expect(all6.permits(address('127.0.0.1'), 1)).toBe(false);
  expect(all6.permits(address('::ffff:127.0.0.1'), 1)).toBe(false);
  const all4 = policy('0.0.0.0/0');
  expect(all4.permits(address('127.0.0.1'), 1)).toBe(true);
  expect(all4.permits(address('::1'), 1)).toBe(false);
  expect(all4.permits(address('::ffff:127.0.0.1'), 1)).toBe(false);
});

test.each([
  '',
  '[',
  '[]',
  '[::1',
  '::1',
  '::1:8000',
  '[::1]/129',
  '[::1]:0',
  '[::1]:65536',
  '[1.2.3.4]',
  '127.0.0.1/33',
  '[fe80::1%eth0]',
])('allow=%s is refused', (text) => expect(() => parseAllowed(text)).toThrow(/--net allow=.*: not an address/));

test('a mapped address is refused with what to write', () => {
  expect(() => parseAllowed('[::ffff:10.0.0.1]:80')).toThrow('an IPv4 address within IPv6');
});
