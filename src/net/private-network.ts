// The addresses of the private network that guests live in.
// IPv4 as QEMU's user networking has it: the gateway .2, the name server .3, guests from .15 on; IPv6 as slirp4netns has it.
import { parseIpv4, parseIpv6 } from './address.js';

const v4 = (text: string): number => parseIpv4(text) as number;
const v6 = (text: string): bigint => parseIpv6(text) as bigint;

export const NETWORK = v4('10.0.2.0');
export const NETWORK_BITS = 24;
export const MASK = v4('255.255.255.0');
export const GATEWAY = v4('10.0.2.2');
export const NAME_SERVER = v4('10.0.2.3');
export const FIRST_GUEST = v4('10.0.2.15');
export const LAST_GUEST = v4('10.0.2.254');

/** Unique local addresses: a guest that has both prefers IPv4 to the outside, RFC 6724 section 2.1. */
export const PREFIX = v6('fd00::');
export const PREFIX_BITS = 64;
export const GATEWAY_6 = v6('fd00::2');
export const NAME_SERVER_6 = v6('fd00::3');
export const ROUTER = v6('fe80::2');

export const GATEWAY_STATION = 0x52_55_0a_00_02_02;

/** What the gateway's own addresses stand for: the host. */
export const LOOPBACK = v4('127.0.0.1');
export const LOOPBACK_6 = 1n;
