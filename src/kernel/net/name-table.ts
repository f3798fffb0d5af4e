// The names of a network of containers and their addresses, both ways.
// RFC 1035 section 2.3.4 (lengths); RFC 1035 section 3.5 and RFC 3596 section 2.5 (names of addresses).
import { type Address, parseIpv4, parseIpv6 } from '../../net/address.js';

/** Names of one network, and addresses of one name. */
const NAMES_MAX = 16_384;
const ADDRESSES_MAX = 256;
const NAME_MAX = 253;
const LABEL_MAX = 63;
const REVERSE_4 = '.in-addr.arpa';
const REVERSE_6 = '.ip6.arpa';

/** Is it a name of RFC 1035, with the underscores that containers have? */
export function isHostName(name: string): boolean {
  return (
    name.length > 0 &&
    name.length <= NAME_MAX &&
    name.split('.').every((label) => label.length <= LABEL_MAX && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/i.test(label))
  );
}

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** The address that a name of the reverse trees stands for. */
export function reversed(name: string): Address | undefined {
  const text = plain(name);
  if (text.endsWith(REVERSE_4)) return parseIpv4(text.slice(0, -REVERSE_4.length).split('.').reverse().join('.'));
  if (!text.endsWith(REVERSE_6)) return undefined;
  const digits = text.slice(0, -REVERSE_6.length).split('.').reverse();
  if (digits.length !== 32 || digits.some((digit) => !/^[0-9a-f]$/.test(digit))) return undefined;
  return parseIpv6(digits.join('').replace(/(.{4})(?=.)/g, '$1:'));
}

export class NameTable {
  private readonly names = new Map<string, Address[]>();
  /** The first name that an address was given. */
  private readonly first = new Map<Address, string>();
  /** Questions so far: of several addresses each is the first in its turn. */
  private turn = 0;

  /** False: it is no name, or there are too many. */
  add(name: string, address: Address): boolean {
    const key = name.toLowerCase();
    const there = this.names.get(key) ?? [];
    if (!isHostName(name) || there.length >= ADDRESSES_MAX || this.names.size >= NAMES_MAX) return false;
    if (!there.includes(address)) this.names.set(key, [...there, address]);
    if (!this.first.has(address)) this.first.set(address, name);
    return true;
  }

  /** An address has no names any more. */
  remove(address: Address): void {
    this.first.delete(address);
    for (const [name, addresses] of this.names) {
      const left = addresses.filter((one) => one !== address);
      if (left.length === 0) this.names.delete(name);
      else this.names.set(name, left);
    }
  }

  lookup(name: string): readonly Address[] {
    const found = this.names.get(plain(name)) ?? [];
    if (found.length < 2) return found;
    const at = this.turn++ % found.length;
    return [...found.slice(at), ...found.slice(0, at)];
  }

  nameOf(address: Address): string | undefined {
    return this.first.get(address);
  }
}
