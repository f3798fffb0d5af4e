// DHCP messages: what server and client have in common.
// Source: RFC 2131 section 2, RFC 2132.

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;
/** Bytes in front of the options; where fields are; what options and types there are. */
export const FIXED = 240;
export const AT = {
  OPERATION: 0,
  TRANSACTION: 4,
  FLAGS: 10,
  CLIENT: 12,
  YOURS: 16,
  SERVER: 20,
  HARDWARE: 28,
  FILE: 108,
  COOKIE: 236,
};
export const COOKIE = 0x63825363;
export const OPTION = {
  PAD: 0,
  MASK: 1,
  ROUTER: 3,
  DNS: 6,
  REQUESTED: 50,
  LEASE: 51,
  TYPE: 53,
  SERVER: 54,
  BOOT_FILE: 67,
  END: 255,
};
export const TYPE = { DISCOVER: 1, OFFER: 2, REQUEST: 3, DECLINE: 4, ACK: 5, NAK: 6, RELEASE: 7, INFORM: 8 };

export function readOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length && bytes[at] !== OPTION.END; ) {
    if (bytes[at] === OPTION.PAD) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    options.set(bytes[at], bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return options;
}
