// Where a guest may go: everywhere that is public, and where it was allowed.
// Source: RFC 6890 (special-purpose addresses) for what is not public.
import { InputError } from '../base/errors.js';
import { inNetwork, parseAddress } from './ipv4.js';

/** Networks that the Internet does not route. */
const NOT_PUBLIC: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const LISTED = NOT_PUBLIC.map(([network, bits]) => ({ network: parseAddress(network) as number, bits }));

/** A network that may be reached, at one port or at all. */
export interface Allowed {
  network: number;
  bits: number;
  port?: number;
}

/** `ADDRESS[/BITS][:PORT]`. `label` names the option in messages. Throws InputError. */
export function parseAllowed(text: string, label = '--net allow='): Allowed {
  const match = /^([\d.]+)(?:\/(\d{1,2}))?(?::(\d{1,5}))?$/.exec(text);
  const network = match ? parseAddress(match[1]) : undefined;
  const bits = Number(match?.[2] ?? 32);
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  if (network === undefined || bits > 32 || (port !== undefined && (port < 1 || port > 65535))) {
    throw new InputError(
      `${label}${text}: not an address`,
      'Write it as allow=127.0.0.1:8000 or allow=192.168.0.0/16.',
    );
  }
  return { network, bits, port };
}

export class Policy {
  constructor(
    private readonly allowed: readonly Allowed[],
    private readonly own: () => readonly number[],
  ) {}

  permits(address: number, port: number): boolean {
    const named = this.allowed.some(
      (one) => inNetwork(address, one.network, one.bits) && (one.port === undefined || one.port === port),
    );
    if (named) return true;
    if (LISTED.some(({ network, bits }) => inNetwork(address, network, bits))) return false;
    // the host's own services are not public only because its address is
    return !this.own().includes(address);
  }
}
