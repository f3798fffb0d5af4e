// One header block of a tar: its fields, checked. POSIX pax(1), "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
import { fromLatin1 } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';

export const BLOCK = 512;
/** Where the checksum stands, which counts as spaces. */
const CHECKSUM = 148;
const SPACE = 0x20;

export interface TarHeader {
  name: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  /** One character. */
  type: string;
  link: string;
  major: number;
  minor: number;
}

export function malformed(what: string, where: number): InputError {
  return new InputError(`tar: ${what} (at byte ${where})`, 'The archive is damaged, or no tar at all.');
}

/** Bytes up to the first NUL. */
export function field(block: Uint8Array, at: number, length: number): string {
  let end = at;
  while (end < at + length && block[end] !== 0) end++;
  return fromLatin1(block.subarray(at, end));
}

/** A number: octal digits, or GNU's base 256. `where` is for messages. NaN never comes out. */
export function number(block: Uint8Array, at: number, length: number, where: number): number {
  const first = block[at]!;
  if ((first & 0x80) !== 0) {
    if (first === 0xff) return negative(block, at, length, where);
    let value = first & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + block[at + i]!;
    if (value > Number.MAX_SAFE_INTEGER) throw malformed('a number is too large', where);
    return value;
  }
  const text = field(block, at, length).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw malformed(`'${text}' is no octal number`, where);
  return Number.parseInt(text, 8);
}

function negative(block: Uint8Array, at: number, length: number, where: number): number {
  let value = 0;
  for (let i = 1; i < length; i++) value = value * 256 + (255 - block[at + i]!);
  if (value >= Number.MAX_SAFE_INTEGER) throw malformed('a number is too large', where);
  return -value - 1;
}

/** Undefined: the block is all zeros, which ends the archive. `where`: its place in the blob. */
export function parseHeader(block: Uint8Array, where: number): TarHeader | undefined {
  let sum = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= CHECKSUM && i < CHECKSUM + 8 ? SPACE : block[i]!;
    sum += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  if (sum === 8 * SPACE && block[CHECKSUM] === 0) return undefined;
  const told = number(block, CHECKSUM, 8, where);
  if (told !== sum && told !== signed) throw malformed('a header has a wrong checksum', where);
  const magic = field(block, 257, 6);
  // GNU's own format has other things where ustar has the front of a name
  const prefix = magic === 'ustar' && block[263] === 0x30 ? field(block, 345, 155) : '';
  const name = field(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: number(block, 100, 8, where),
    uid: number(block, 108, 8, where),
    gid: number(block, 116, 8, where),
    size: number(block, 124, 12, where),
    mtime: number(block, 136, 12, where),
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156]!),
    link: field(block, 157, 100),
    major: magic.startsWith('ustar') ? number(block, 329, 8, where) : 0,
    minor: magic.startsWith('ustar') ? number(block, 337, 8, where) : 0,
  };
}
