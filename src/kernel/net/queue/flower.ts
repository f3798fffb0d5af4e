// Filters by the fields of a packet's headers: addresses, protocol, ports, type of service. man 8 tc-flower; Linux net/sched/cls_flower.c.
// DEVIATION: no tags of VLANs, tunnels, MPLS, ARP, nor the state of a connection; they are refused.
import { ETHERNET_HEADER, ETHERTYPE } from '../../../net/ethernet.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../abi/inet.js';
import { Classifier, type Filter } from './filter.js';
import type { Queued } from './qdisc.js';

/** Where the headers of a frame are. */
interface Headers {
  view: DataView;
  type: number;
  /** IPPROTO_*, and where what is behind IP's header begins; -1: a later fragment, or not IP. */
  protocol: number;
  payload: number;
}

export type FieldName = keyof typeof FIELDS;

interface Field {
  readonly size: number;
  /** Which packets have it: ETHERTYPE, IPPROTO_*. */
  readonly types?: readonly number[];
  readonly protocol?: number;
  /** Where it is, behind the header of the link or, with a protocol, of IP. */
  at(headers: Headers): number;
}

const { IPV4, IPV6 } = ETHERTYPE;
const link = (size: number, at: number): Field => ({ size, at: () => at });
const network = (size: number, four: number, six: number): Field => ({
  size,
  types: [...(four < 0 ? [] : [IPV4]), ...(six < 0 ? [] : [IPV6])],
  at: ({ type }) => ETHERNET_HEADER + (type === IPV4 ? four : six),
});
const behind = (size: number, protocol: number, at: number): Field => ({
  ...{ size, protocol, types: [IPV4, IPV6] },
  at: ({ payload }) => payload + at,
});

export const FIELDS = {
  linkDestination: link(6, 0),
  linkSource: link(6, 6),
  type: link(2, 12),
  protocol: network(1, 9, 6),
  source4: network(4, 12, -1),
  destination4: network(4, 16, -1),
  source6: network(16, -1, 8),
  destination6: network(16, -1, 24),
  service: network(1, 1, 0),
  hops: network(1, 8, 7),
  tcpSource: behind(2, IPPROTO_TCP, 0),
  tcpDestination: behind(2, IPPROTO_TCP, 2),
  tcpFlags: behind(2, IPPROTO_TCP, 12),
  udpSource: behind(2, IPPROTO_UDP, 0),
  udpDestination: behind(2, IPPROTO_UDP, 2),
  icmpType: behind(1, IPPROTO_ICMP, 0),
  icmpCode: behind(1, IPPROTO_ICMP, 1),
  icmp6Type: behind(1, IPPROTO_ICMPV6, 0),
  icmp6Code: behind(1, IPPROTO_ICMPV6, 1),
} as const satisfies Record<string, Field>;

/** What a field must be, in the bits of the mask. */
export interface FlowerKey {
  name: FieldName;
  value: Uint8Array;
  mask: Uint8Array;
}

/** Ports from one to another, of TCP and UDP. */
export interface PortRange {
  from: number;
  to: number;
}

export interface FlowerFilter extends Filter {
  classid: number;
  flags: number;
  keys: readonly FlowerKey[];
  sources?: PortRange;
  destinations?: PortRange;
}

const SKIP_SOFTWARE = 2;
const FRAGMENT = 0x1fff;

/** Which fields, and which bits of them, it looks at: those of one mask are held against a packet together, the oldest mask first. */
const maskOf = ({ keys, sources, destinations }: FlowerFilter): string =>
  `${keys.map(({ name, mask }) => `${name}/${mask}`)} ${sources !== undefined} ${destinations !== undefined}`;
const contentOf = ({ keys, sources, destinations }: FlowerFilter): string =>
  keys.map(({ value, mask }) => value.map((byte, i) => byte & mask[i]!)).join() +
  ` ${sources?.from}-${sources?.to} ${destinations?.from}-${destinations?.to}`;

export class Flower extends Classifier {
  readonly kind = 'flower';
  private list: FlowerFilter[] = [];
  /** In the order of their coming. */
  private masks: string[] = [];

  /** False: another filter is for the same packets. */
  put(filter: FlowerFilter): boolean {
    const others = this.list.filter(({ handle }) => handle !== filter.handle);
    const [mask, value] = [maskOf(filter), contentOf(filter)];
    if (others.some((one) => maskOf(one) === mask && contentOf(one) === value)) return false;
    if (!this.masks.includes(mask)) this.masks.push(mask);
    this.set([...others, filter]);
    return true;
  }
  private set(list: FlowerFilter[]): void {
    this.list = list.sort((a, b) => a.handle - b.handle);
    const used = new Set(list.map(maskOf));
    this.masks = this.masks.filter((mask) => used.has(mask));
  }
  /** The first number that is free. */
  newHandle(): number {
    for (let handle = 1; ; handle++) if (!this.find(handle)) return handle;
  }

  override find(handle: number): Filter | undefined {
    return this.list.find((one) => one.handle === handle);
  }
  override get filters(): readonly Filter[] {
    return this.list;
  }
  override remove(filter: Filter): void {
    this.set(this.list.filter((one) => one !== filter));
  }
  override leadsTo(classid: number): boolean {
    return this.list.some((one) => one.classid === classid);
  }

  override classify(item: Queued): number | undefined {
    const bytes = item.bytes?.();
    if (!bytes || bytes.length < ETHERNET_HEADER) return undefined;
    const headers = headersOf(bytes);
    const found = this.list.filter((one) => (one.flags & SKIP_SOFTWARE) === 0 && isFor(one, headers));
    if (found.length < 2) return found[0]?.classid;
    const rank = (one: FlowerFilter): number => this.masks.indexOf(maskOf(one));
    return found.reduce((best, one) => (rank(one) < rank(best) ? one : best)).classid;
  }
}

function headersOf(bytes: Uint8Array): Headers {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = view.getUint16(12);
  const none = { view, type, protocol: -1, payload: -1 };
  if (type === IPV4 && view.byteLength >= ETHERNET_HEADER + 20) {
    const later = (view.getUint16(ETHERNET_HEADER + 6) & FRAGMENT) !== 0;
    const payload = later ? -1 : ETHERNET_HEADER + (view.getUint8(ETHERNET_HEADER) & 15) * 4;
    return { ...none, protocol: view.getUint8(ETHERNET_HEADER + 9), payload };
  }
  if (type !== IPV6 || view.byteLength < ETHERNET_HEADER + 40) return none;
  return { ...none, protocol: view.getUint8(ETHERNET_HEADER + 6), payload: ETHERNET_HEADER + 40 };
}

function isFor({ keys, sources, destinations }: FlowerFilter, headers: Headers): boolean {
  return (
    keys.every((key) => matches(key, headers)) && inRange(sources, headers, 0) && inRange(destinations, headers, 2)
  );
}

function matches({ name, value, mask }: FlowerKey, headers: Headers): boolean {
  const { size, types, protocol, at }: Field = FIELDS[name];
  const { view, type, payload } = headers;
  if (types && (!types.includes(type) || headers.protocol < 0)) return false;
  if (protocol !== undefined && (headers.protocol !== protocol || payload < 0)) return false;
  const place = at(headers);
  if (place + size > view.byteLength) return false;
  // IPv6's class lies across two bytes
  if (name === 'service' && type === IPV6)
    return ((((view.getUint16(place) >> 4) & 0xff) ^ value[0]!) & mask[0]!) === 0;
  for (let i = 0; i < size; i++) {
    // behind TCP's flags is the length of its header
    const known = name === 'tcpFlags' && i === 0 ? 0x0f : 0xff;
    if (((view.getUint8(place + i) ^ value[i]!) & mask[i]! & known) !== 0) return false;
  }
  return true;
}

function inRange(range: PortRange | undefined, { view, protocol, payload }: Headers, at: number): boolean {
  if (!range) return true;
  if ((protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP) || payload < 0 || payload + at + 2 > view.byteLength)
    return false;
  const port = view.getUint16(payload + at);
  return port >= range.from && port <= range.to;
}
