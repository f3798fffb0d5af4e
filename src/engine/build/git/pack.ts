// A pack of git's: all of its objects, by their names. git-scm.com/docs/pack-format.
// Hostile: sizes are bounded before anything is made, and each delta lies on something that came before, or lies in the pack.
import { InputError } from '../../../base/errors.js';
import { encodeText } from '../../../base/text.js';
import { hexOf } from '../../../base/bytes.js';
import { inflateAt } from './inflate.js';
import { sha1 } from './sha1.js';

export type Kind = 'commit' | 'tree' | 'blob' | 'tag';
export interface GitObject {
  kind: Kind;
  bytes: Uint8Array;
}

const KINDS: Readonly<Record<number, Kind>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };
const OFS_DELTA = 6;
const REF_DELTA = 7;
const OBJECTS_MAX = 1_000_000;
/** Bytes of all objects together. */
export const PACK_MAX = 512 << 20;

const bad = (why: string): InputError => new InputError(`the pack is damaged: ${why}`);

interface Delta {
  at: number;
  base: number | string;
  bytes: Uint8Array;
}

/** Throws InputError. */
export function objectsOf(pack: Uint8Array): Map<string, GitObject> {
  const view = new DataView(pack.buffer, pack.byteOffset, pack.length);
  if (pack.length < 32 || view.getUint32(0) !== 0x5041434b || view.getUint32(4) !== 2) throw bad('it is none');
  const count = view.getUint32(8);
  if (count > OBJECTS_MAX) throw bad(`${count} objects are too many`);
  const byName = new Map<string, GitObject>();
  const byPlace = new Map<number, GitObject>();
  let size = 0;
  const keep = (place: number, object: GitObject): void => {
    size += object.bytes.length;
    if (size > PACK_MAX) throw new InputError(`the repository has more than ${PACK_MAX >> 20} MiB of files`);
    byPlace.set(place, object);
    byName.set(sha1(encodeText(`${object.kind} ${object.bytes.length}\0`), object.bytes), object);
  };
  let waiting: Delta[] = [];
  let at = 12;
  for (let i = 0; i < count; i++) {
    const place = at;
    const head = headAt(pack, at);
    at = head.at;
    if (head.length > PACK_MAX) throw bad('an object is too large');
    let base: number | string | undefined;
    if (head.type === OFS_DELTA) {
      const offset = offsetAt(pack, at);
      at = offset.at;
      base = place - offset.value;
    } else if (head.type === REF_DELTA) {
      base = hexOf(pack.subarray(at, at + 20));
      at += 20;
    }
    const { bytes, end } = inflateAt(pack, at, head.length);
    at = end;
    const kind = KINDS[head.type];
    if (base !== undefined) waiting.push({ at: place, base, bytes });
    else if (kind) keep(place, { kind, bytes });
    else throw bad(`type ${head.type} is none`);
  }
  while (waiting.length > 0) {
    const left: Delta[] = [];
    for (const delta of waiting) {
      const base = typeof delta.base === 'string' ? byName.get(delta.base) : byPlace.get(delta.base);
      if (base) keep(delta.at, { kind: base.kind, bytes: patched(base.bytes, delta.bytes) });
      else left.push(delta);
    }
    if (left.length === waiting.length) throw bad('a delta lies on nothing');
    waiting = left;
  }
  return byName;
}

function headAt(pack: Uint8Array, from: number): { type: number; length: number; at: number } {
  let at = from;
  let byte = pack[at++] ?? 0;
  const type = (byte >> 4) & 7;
  let length = byte & 15;
  for (let scale = 16; byte & 0x80 && scale < 2 ** 46; scale *= 128) {
    byte = pack[at++] ?? 0;
    length += (byte & 0x7f) * scale;
  }
  return { type, length, at };
}

function offsetAt(pack: Uint8Array, from: number): { value: number; at: number } {
  let at = from;
  let byte = pack[at++] ?? 0;
  let value = byte & 0x7f;
  while (byte & 0x80 && value < 2 ** 40) {
    byte = pack[at++] ?? 0;
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return { value, at };
}

/** Copies of pieces of the base, and bytes of its own. */
function patched(base: Uint8Array, delta: Uint8Array): Uint8Array {
  let at = 0;
  const size = (): number => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 42; scale *= 128) {
      const byte = delta[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if ((byte & 0x80) === 0) break;
    }
    return value;
  };
  const length = size() === base.length ? size() : -1;
  if (length < 0 || length > PACK_MAX) throw bad('a delta is of something else');
  const out = new Uint8Array(length);
  let filled = 0;
  while (at < delta.length) {
    const command = delta[at++]!;
    let from = delta;
    let start = at;
    let count = command;
    if (command & 0x80) {
      from = base;
      start = 0;
      count = 0;
      for (let i = 0; i < 4; i++) if (command & (1 << i)) start += delta[at++]! * 2 ** (8 * i);
      for (let i = 0; i < 3; i++) if (command & (16 << i)) count += delta[at++]! * 2 ** (8 * i);
      count ||= 0x10000;
    } else at += count;
    if (count === 0 || start + count > from.length || filled + count > length) throw bad('a delta leads outside');
    out.set(from.subarray(start, start + count), filled);
    filled += count;
  }
  if (filled !== length) throw bad('a delta is too short');
  return out;
}
