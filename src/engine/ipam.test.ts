// Pools of addresses: as asked, or the next that are free; what of them is given out.
import { expect, test } from 'vitest';
import { formatAddress, parseIpv4 } from '../net/address.js';
import { FIRST_POOL, freeAddress, givable, poolsOf, shownPool } from './ipam.js';
import { Members } from './json-members.js';

const pools = (config: object[], ipv6 = false) =>
  poolsOf(new Members({ Config: config }, 'IPAM'), ipv6, [FIRST_POOL], () => 0x123456789abcdef0n);

test('nothing asked: the next of the predefined ones, and a unique local network', () => {
  expect(pools([], true).map(shownPool)).toEqual([
    { Subnet: '172.18.0.0/16', Gateway: '172.18.0.1' },
    { Subnet: 'fd12:3456:789a:bcde::/64', Gateway: 'fd12:3456:789a:bcde::1' },
  ]);
});

test('a range gives its own addresses alone, without what is kept back', () => {
  const auxiliary = { AuxiliaryAddresses: { printer: '10.0.0.8' } };
  const [pool] = pools([{ Subnet: '10.0.0.0/24', IPRange: '10.0.0.8/30', Gateway: '10.0.0.9', ...auxiliary }]);
  const taken = new Set([parseIpv4('10.0.0.10')!]);
  expect(formatAddress(freeAddress(pool!, taken)!)).toBe('10.0.0.11');
  taken.add(parseIpv4('10.0.0.11')!);
  expect(freeAddress(pool!, taken)).toBeUndefined();
  const given = (text: string) => givable(pool!, parseIpv4(text)!);
  expect(['10.0.0.8', '10.0.0.9', '10.0.0.0', '10.0.0.255', '10.0.1.1'].map(given)).not.toContain(true);
  expect(given('10.0.0.200')).toBe(true);
});

test.each([
  [{ Subnet: '172.17.0.0/24' }, 'Pool overlaps'],
  [{ Subnet: 'x' }, 'invalid CIDR'],
  [{ Subnet: '10.0.0.1/24' }, 'it should be 10.0.0.0/24'],
  [{ Subnet: '10.0.0.0/31' }, 'invalid subnet'],
  [{ Subnet: '10.0.0.0/24', Gateway: '10.0.1.1' }, 'invalid gateway'],
  [{ Subnet: '10.0.0.0/24', IPRange: '10.0.0.0/8' }, 'invalid ip-range'],
  [{ Subnet: '10.0.0.0/24', AuxiliaryAddresses: { a: '11.0.0.1' } }, 'invalid auxiliary address'],
])('%o is refused', (config, words) => {
  expect(() => pools([config])).toThrow(words);
});
