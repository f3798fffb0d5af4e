// Records of a pax extended header: "length key=value\n". POSIX pax(1), "pax Extended Header".
import { fromLatin1 } from '../../base/bytes.js';
import { malformed } from './header.js';

const NEWLINE = 10;
const EQUALS = 61;
const ZERO = 48;

/** Calls `see` for each record; keys and values are bytes, values of attributes may hold any. */
export function eachRecord(bytes: Uint8Array, where: number, see: (key: string, value: Uint8Array) => void): void {
  for (let at = 0; at < bytes.length; ) {
    let length = 0;
    let i = at;
    for (; i < bytes.length && i < at + 10 && bytes[i]! >= ZERO && bytes[i]! <= ZERO + 9; i++)
      length = length * 10 + bytes[i]! - ZERO;
    const end = at + length;
    if (i === at || bytes[i] !== 0x20 || end <= i + 1 || end > bytes.length || bytes[end - 1] !== NEWLINE)
      throw malformed('a pax record is malformed', where + at);
    const equals = bytes.indexOf(EQUALS, i + 1);
    if (equals < 0 || equals >= end) throw malformed('a pax record has no value', where + at);
    see(fromLatin1(bytes.subarray(i + 1, equals)), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
}
