// One end of an internet socket: an address of either family, a port, the interface that a link-local address means; and as a program has
// them, struct sockaddr_in and sockaddr_in6. man 7 ip, ipv6; RFC 4291 section 2.5.5.2 (IPv4 addresses on IPv6 sockets).
import { type Address, formatAddress, inNetwork, parseAddress } from '../../../net/address.js';
import { put16, put32, put128, u16, u32, u128 } from '../../../net/big-endian.js';
import { EAFNOSUPPORT, EINVAL } from '../../abi/errno.js';
import { AF_INET, AF_INET6 } from '../../abi/socket.js';

export interface Endpoint {
  /** IPv4 is a number, also on an IPv6 socket. */
  address: Address;
  port: number;
  /** Index of an interface, 0: any. */
  scope: number;
}

const SIZE_4 = 16;
const SIZE_6 = 28;
/** Without the scope: the sockaddr_in6 of RFC 2133. */
const SIZE_6_LEAST = 24;
const MAPPED = 0xffffn << 32n;

export const ANY_4 = 0;
export const ANY_6 = 0n;
export const LOOPBACK_4 = 0x7f000001;
export const LOOPBACK_6 = 1n;
export const BROADCAST_4 = 0xffffffff;

export const isAny = (address: Address): boolean => address === ANY_4 || address === ANY_6;
export const isMulticast = (address: Address): boolean =>
  typeof address === 'number' ? address >>> 28 === 14 : address >> 120n === 0xffn;
export const isLinkLocal = (address: Address): boolean =>
  typeof address === 'bigint' && (address >> 118n === 0x3fan || address >> 112n === 0xff02n);
export const isLoopback = (address: Address): boolean =>
  typeof address === 'number' ? inNetwork(address, 0x7f000000, 8) : address === LOOPBACK_6;
export const familyOf = (address: Address): number => (typeof address === 'number' ? AF_INET : AF_INET6);

/** An IPv6 address as those who use IPv4 by it mean it. */
export function unmapped(address: bigint): Address {
  return address >> 32n === 0xffffn ? Number(address & 0xffffffffn) : address;
}
export function mapped(address: Address): bigint {
  return typeof address === 'bigint' ? address : MAPPED | BigInt(address);
}

/** sa_family, or a negated errno: there is none. */
export function familyIn(bytes: Uint8Array): number {
  return bytes.length < 2 ? -EINVAL : bytes[0]! | (bytes[1]! << 8);
}

/** Of a sockaddr that a program gave for a socket of `family`. */
export function readEndpoint(family: number, bytes: Uint8Array): Endpoint | number {
  const given = familyIn(bytes);
  if (given < 0) return given;
  if (family === AF_INET) {
    if (bytes.length < SIZE_4) return -EINVAL;
    if (given !== AF_INET) return -EAFNOSUPPORT;
    return { address: u32(bytes, 4), port: u16(bytes, 2), scope: 0 };
  }
  if (given === AF_INET && bytes.length >= SIZE_4) return { address: u32(bytes, 4), port: u16(bytes, 2), scope: 0 };
  if (bytes.length < SIZE_6_LEAST) return -EINVAL;
  if (given !== AF_INET6) return -EAFNOSUPPORT;
  const address = u128(bytes, 8);
  const scope = bytes.length < SIZE_6 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(24, true);
  return { address: unmapped(address), port: u16(bytes, 2), scope: isLinkLocal(address) ? scope : 0 };
}

/** As a socket of `family` shows it. */
export function writeEndpoint(family: number, { address, port, scope }: Endpoint): Uint8Array {
  const bytes = new Uint8Array(family === AF_INET ? SIZE_4 : SIZE_6);
  bytes[0] = family;
  put16(bytes, 2, port);
  if (family === AF_INET) put32(bytes, 4, Number(address));
  else {
    put128(bytes, 8, address === ANY_4 ? ANY_6 : mapped(address));
    new DataView(bytes.buffer).setUint32(24, isLinkLocal(address) ? scope : 0, true);
  }
  return bytes;
}

/** Bytes of an address in the order of the network. */
export function addressBytes(address: Address): Uint8Array {
  const bytes = new Uint8Array(typeof address === 'number' ? 4 : 16);
  if (typeof address === 'number') put32(bytes, 0, address);
  else put128(bytes, 0, address);
  return bytes;
}

/** The first `bits` of an address. */
export function networkOf(address: Address, bits: number): Address {
  if (typeof address === 'number') return bits === 0 ? 0 : (address & (0xffffffff << (32 - bits))) >>> 0;
  return (address >> BigInt(128 - bits)) << BigInt(128 - bits);
}

/** For messages and /proc. */
export const textOf = formatAddress;
export const addressOf = (text: string): Address => parseAddress(text) as Address;
