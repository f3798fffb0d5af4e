// flower's filters: how `tc` writes their options, and how they read. uapi/linux/pkt_cls.h TCA_FLOWER_*; Linux net/sched/cls_flower.c.
import { EEXIST, EINVAL, EOPNOTSUPP } from '../../abi/errno.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../abi/inet.js';
import { FIELDS, type FieldName, Flower, type FlowerFilter, type FlowerKey, type PortRange } from '../queue/flower.js';
import type { FilterKind } from './filter-kinds.js';
import { badFlags, flagsOf, noActions } from './filter-options.js';
import { type Attributes, Body } from './message.js';
import { refusal } from './route-qdisc.js';
import type { Refusal } from './route-requests.js';

const CLASSID = 1;
const ACT = 3;
const FLAGS = 22;
const IN_HW_COUNT = 86;
/** Attributes of a field and of its mask, in the order in which they are told. */
const ATTRIBUTES: readonly (readonly [name: FieldName, value: number, mask?: number])[] = [
  ['linkDestination', 4, 5],
  ['linkSource', 6, 7],
  ['type', 8],
  ['protocol', 9],
  ['service', 73, 74],
  ['hops', 75, 76],
  ['source4', 10, 11],
  ['destination4', 12, 13],
  ['source6', 14, 15],
  ['destination6', 16, 17],
  ['tcpSource', 18, 35],
  ['tcpDestination', 19, 36],
  ['tcpFlags', 71, 72],
  ['udpSource', 20, 37],
  ['udpDestination', 21, 38],
  ['icmpType', 51, 52],
  ['icmpCode', 49, 50],
  ['icmp6Type', 55, 56],
  ['icmp6Code', 53, 54],
];
/** From and to: of sources, of destinations. */
const RANGES = { sources: [87, 88], destinations: [89, 90] } as const;
const KNOWN: ReadonlySet<number> = new Set([
  ...[CLASSID, ACT, FLAGS, ...RANGES.sources, ...RANGES.destinations],
  ...ATTRIBUTES.flatMap(([, value, mask]) => (mask === undefined ? [value] : [value, mask])),
]);
/** Fields that only packets of a protocol have are not looked at in others. */
const PROTOCOLS: readonly number[] = [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6];

function keysOf(options: Attributes): FlowerKey[] | Refusal {
  const keys: FlowerKey[] = [];
  const protocol = options.bytes(9)?.[0];
  for (const [name, valueType, maskType] of ATTRIBUTES) {
    const given = options.bytes(valueType);
    if (!given) continue;
    const field: (typeof FIELDS)[FieldName] & { protocol?: number } = FIELDS[name];
    if (field.protocol !== undefined && PROTOCOLS.includes(field.protocol) && field.protocol !== protocol) continue;
    const mask = (maskType === undefined ? undefined : options.bytes(maskType)) ?? new Uint8Array(field.size).fill(255);
    if (given.length < field.size || mask.length < field.size) return { error: -EINVAL };
    const key = { name, value: given.slice(0, field.size), mask: mask.slice(0, field.size) };
    if (key.mask.some((byte) => byte !== 0)) keys.push(key);
  }
  return keys;
}

function rangeOf(options: Attributes, which: keyof typeof RANGES, what: string): PortRange | undefined | Refusal {
  const [from, to] = RANGES[which].map((type) => options.bytes(type));
  if (!from && !to) return undefined;
  if (!from || !to) return refusal(EINVAL, `Both min and max ${what} ports must be specified`);
  if (from.length < 2 || to.length < 2) return { error: -EINVAL };
  const range = { from: (from[0]! << 8) | from[1]!, to: (to[0]! << 8) | to[1]! };
  if (range.to > range.from) return range;
  return refusal(EINVAL, `Invalid ${what} port range (min must be strictly smaller than max)`);
}

function tellRange(body: Body, which: keyof typeof RANGES, range: PortRange | undefined): void {
  if (!range) return;
  const bytes = (port: number): Uint8Array => Uint8Array.of(port >> 8, port & 0xff);
  body.attribute(RANGES[which][0], bytes(range.from)).attribute(RANGES[which][1], bytes(range.to));
}

export const flower: FilterKind = {
  make: (_block, priority, protocol) => new Flower(priority, protocol),
  change: (of, there, handle, options) => {
    const classifier = of as Flower;
    if (!options) return -EINVAL;
    const flags = flagsOf(options.u32(FLAGS));
    if (flags === undefined) return badFlags();
    if (options.bytes(ACT)) return noActions();
    if (options.types.some((type) => !KNOWN.has(type))) return refusal(EOPNOTSUPP, 'Key of flower is not supported');
    const keys = keysOf(options);
    const sources = rangeOf(options, 'sources', 'source');
    const destinations = rangeOf(options, 'destinations', 'destination');
    for (const one of [keys, sources, destinations]) if (one && 'error' in one) return one;
    const filter: FlowerFilter = {
      ...{ handle: there?.handle ?? (handle || classifier.newHandle()), flags, keys: keys as FlowerKey[] },
      classid: options.u32(CLASSID) ?? 0,
      ...{ sources: sources as PortRange | undefined, destinations: destinations as PortRange | undefined },
    };
    return classifier.put(filter) ? 0 : -EEXIST;
  },
  removable: () => 0,
  options: (_of, filter) => {
    const { classid, keys, flags, sources, destinations } = filter as FlowerFilter;
    const body = new Body();
    if (classid !== 0) body.attribute32(CLASSID, classid);
    for (const [name, value, mask] of ATTRIBUTES) {
      const key = keys.find((one) => one.name === name);
      if (!key) continue;
      body.attribute(value, key.value);
      if (mask !== undefined) body.attribute(mask, key.mask);
    }
    tellRange(body, 'sources', sources);
    tellRange(body, 'destinations', destinations);
    return body.attribute32(FLAGS, flags).attribute32(IN_HW_COUNT, 0).taken;
  },
};
