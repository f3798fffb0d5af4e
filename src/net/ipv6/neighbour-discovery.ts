// Neighbour discovery: which station has an address, and what a router tells the hosts of its network.
// Source: RFC 4861 section 4 (messages); RFC 8106 section 5.1 (name servers); RFC 4291 section 2.7.1 (multicast addresses).
import { put16, put32, put128, u16, u32, u128 } from '../big-endian.js';
import { MTU, putStation, stationAt } from '../ethernet.js';

export const ND = {
  ROUTER_SOLICITATION: 133,
  ROUTER_ADVERTISEMENT: 134,
  NEIGHBOUR_SOLICITATION: 135,
  NEIGHBOUR_ADVERTISEMENT: 136,
} as const;
/** Of every such packet: it has passed no router. */
export const ND_HOP_LIMIT = 255;
export const ALL_NODES = (0xff02n << 112n) | 1n;
export const ALL_ROUTERS = (0xff02n << 112n) | 2n;
const SOLICITED_NODE = (0xff02n << 112n) | 0x1ff000000n;

const HEADER = 8;
const TARGET = 8;
const BODY = 24;
const ROUTER_BODY = 16;
const OPTION = { SOURCE_STATION: 1, TARGET_STATION: 2, PREFIX: 3, MTU: 5, NAME_SERVERS: 25 };
const FLAG = { ROUTER: 0x80, SOLICITED: 0x40, OVERRIDE: 0x20 };
/** More is to be had by DHCPv6, addresses are not. */
const OTHER_CONFIGURATION = 0x40;
const ON_LINK_AND_AUTONOMOUS = 0xc0;
const HOP_LIMIT = 64;
/** Seconds, RFC 8319; and for ever. */
const ROUTER_LIFETIME = 65535;
const INFINITE = 0xffffffff;

/** The group of all addresses that end as this one does. */
export function solicitedNode(address: bigint): bigint {
  return SOLICITED_NODE | (address & 0xffffffn);
}

/** A solicitation of a neighbour, or its advertisement. */
export interface NeighbourMessage {
  target: bigint;
  /** The option that belongs to the message: whose address it is, or who asks. */
  station?: number;
}

/** `message` is sound ICMPv6. Undefined: it is none, or a wrong one. */
export function parseNeighbourMessage(message: Uint8Array): NeighbourMessage | undefined {
  const wanted =
    message[0] === ND.NEIGHBOUR_SOLICITATION
      ? OPTION.SOURCE_STATION
      : message[0] === ND.NEIGHBOUR_ADVERTISEMENT
        ? OPTION.TARGET_STATION
        : undefined;
  if (wanted === undefined || message[1] !== 0 || message.length < BODY) return undefined;
  const station = stationOption(message, BODY, wanted);
  return station === false ? undefined : { target: u128(message, TARGET), station };
}

/** Whether a sound ICMPv6 message is a right router solicitation. */
export function isRouterSolicitation(message: Uint8Array): boolean {
  const whole = message[0] === ND.ROUTER_SOLICITATION && message[1] === 0 && message.length >= HEADER;
  return whole && stationOption(message, HEADER, OPTION.SOURCE_STATION) !== false;
}

/** False when an option has no length or is longer than the message: then none of it is believed. */
function stationOption(message: Uint8Array, first: number, wanted: number): number | undefined | false {
  let station: number | undefined;
  for (let at = first; at < message.length; ) {
    const size = message[at + 1] * 8;
    if (!(size > 0) || at + size > message.length) return false;
    if (message[at] === wanted) station = stationAt(message, at + 2);
    at += size;
  }
  return station;
}

/** What a router says of itself and of its network. */
export interface RouterMessage {
  /** Seconds that it is a router; 0: it is none. */
  lifetime: number;
  station?: number;
  /** `onLink`: its addresses are near; `autonomous`: hosts make addresses of it. Seconds that both hold. */
  prefixes: { prefix: bigint; bits: number; onLink: boolean; autonomous: boolean; valid: number }[];
  nameServers: bigint[];
}

/** As parseNeighbourMessage, of a router's advertisement. */
export function parseRouterAdvertisement(message: Uint8Array): RouterMessage | undefined {
  if (message[0] !== ND.ROUTER_ADVERTISEMENT || message[1] !== 0 || message.length < ROUTER_BODY) return undefined;
  const station = stationOption(message, ROUTER_BODY, OPTION.SOURCE_STATION);
  if (station === false) return undefined;
  const told: RouterMessage = { lifetime: u16(message, 6), station, prefixes: [], nameServers: [] };
  for (let at = ROUTER_BODY, size = 0; at < message.length; at += size) {
    size = message[at + 1] * 8;
    if (message[at] === OPTION.PREFIX && size === 32) {
      const [onLink, autonomous] = [(message[at + 3] & 0x80) !== 0, (message[at + 3] & 0x40) !== 0];
      const bits = message[at + 2];
      told.prefixes.push({ prefix: u128(message, at + 16), bits, onLink, autonomous, valid: u32(message, at + 4) });
    } else if (message[at] === OPTION.NAME_SERVERS)
      for (let one = at + 8; one + 16 <= at + size; one += 16) told.nameServers.push(u128(message, one));
  }
  return told;
}

/** Is there a router? `asking` is the station that asks. */
export function routerSolicitation(asking: number): Uint8Array {
  const message = new Uint8Array(HEADER + 8);
  message[0] = ND.ROUTER_SOLICITATION;
  putStationOption(message, HEADER, OPTION.SOURCE_STATION, asking);
  return message;
}

/** Who has `target`? */
export function neighbourSolicitation(target: bigint, asking: number): Uint8Array {
  return neighbourMessage(ND.NEIGHBOUR_SOLICITATION, 0, target, OPTION.SOURCE_STATION, asking);
}

/** `target` is `station`'s, which is a router unless it says otherwise. `solicited`: to the one who asked. */
export function neighbourAdvertisement(target: bigint, station: number, solicited: boolean, router = true): Uint8Array {
  const flags = (router ? FLAG.ROUTER : 0) | FLAG.OVERRIDE | (solicited ? FLAG.SOLICITED : 0);
  return neighbourMessage(ND.NEIGHBOUR_ADVERTISEMENT, flags, target, OPTION.TARGET_STATION, station);
}

function neighbourMessage(type: number, flags: number, target: bigint, option: number, station: number): Uint8Array {
  const message = new Uint8Array(BODY + 8);
  message[0] = type;
  message[4] = flags;
  put128(message, TARGET, target);
  putStationOption(message, BODY, option, station);
  return message;
}

function putStationOption(message: Uint8Array, at: number, option: number, station: number): void {
  message[at] = option;
  message[at + 1] = 1;
  putStation(message, at + 2, station);
}

export interface RouterDescription {
  station: number;
  prefix: bigint;
  prefixBits: number;
  nameServer: bigint;
}

/** Hosts make their addresses from the prefix, go out by the router, and ask the name server. */
export function routerAdvertisement({ station, prefix, prefixBits, nameServer }: RouterDescription): Uint8Array {
  const message = new Uint8Array(16 + 8 + 8 + 32 + 24);
  message[0] = ND.ROUTER_ADVERTISEMENT;
  message[4] = HOP_LIMIT;
  message[5] = OTHER_CONFIGURATION;
  put16(message, 6, ROUTER_LIFETIME);
  putStationOption(message, 16, OPTION.SOURCE_STATION, station);
  message.set([OPTION.MTU, 1], 24);
  put32(message, 28, MTU);
  message.set([OPTION.PREFIX, 4, prefixBits, ON_LINK_AND_AUTONOMOUS], 32);
  put32(message, 36, INFINITE);
  put32(message, 40, INFINITE);
  put128(message, 48, prefix);
  message.set([OPTION.NAME_SERVERS, 3], 64);
  put32(message, 68, INFINITE);
  put128(message, 72, nameServer);
  return message;
}
