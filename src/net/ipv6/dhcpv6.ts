// The gateway's stateless DHCPv6 server: the name server, for those who do not read it in the router's advertisement. Addresses are not its business.
// Source: RFC 8415 sections 18.3.6 (Information-request), 16.12 (what is discarded), 21 (options); RFC 3646 (name servers).
import { put16, put128, u16 } from '../big-endian.js';
import { putStation } from '../ethernet.js';

export const DHCPV6_SERVER_PORT = 547;
export const DHCPV6_CLIENT_PORT = 546;
/** All relay agents and servers. */
export const DHCPV6_SERVERS = (0xff02n << 112n) | 0x10002n;

const HEADER = 4;
const TYPE = { REPLY: 7, INFORMATION_REQUEST: 11 };
const OPTION = { CLIENT: 1, SERVER: 2, IA_NA: 3, IA_TA: 4, NAME_SERVERS: 23, IA_PD: 25 };
const IDENTIFIER_MAX = 128 + 2;
const IDENTIFIER_BY_STATION = 3;
const ETHERNET = 1;

/** The answer to a message; undefined when there is none. */
export function answerDhcpv6(message: Uint8Array, station: number, nameServer: bigint): Uint8Array | undefined {
  if (message.length < HEADER || message[0] !== TYPE.INFORMATION_REQUEST) return undefined;
  const options = readOptions(message.subarray(HEADER));
  if (!options || [OPTION.IA_NA, OPTION.IA_TA, OPTION.IA_PD].some((one) => options.has(one))) return undefined;
  const identifier = new Uint8Array(10);
  put16(identifier, 0, IDENTIFIER_BY_STATION);
  put16(identifier, 2, ETHERNET);
  putStation(identifier, 4, station);
  const named = options.get(OPTION.SERVER);
  if (named && !isEqual(named, identifier)) return undefined;
  const client = options.get(OPTION.CLIENT);
  if (client && client.length > IDENTIFIER_MAX) return undefined;
  const servers = new Uint8Array(16);
  put128(servers, 0, nameServer);
  return Uint8Array.of(
    ...[TYPE.REPLY, ...message.subarray(1, HEADER)],
    ...(client ? option(OPTION.CLIENT, client) : []),
    ...option(OPTION.SERVER, identifier),
    ...option(OPTION.NAME_SERVERS, servers),
  );
}

function option(code: number, value: Uint8Array): number[] {
  return [code >> 8, code & 0xff, value.length >> 8, value.length & 0xff, ...value];
}

/** Undefined when one is longer than the message. */
function readOptions(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + u16(bytes, at + 2);
    if (!(end <= bytes.length)) return undefined;
    options.set(u16(bytes, at), bytes.subarray(at + 4, end));
    at = end;
  }
  return options;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
