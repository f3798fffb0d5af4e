// Maps of sparse files: which bytes of a file the archive has. GNU tar manual, "Storing Sparse Files": the old format and pax 0.0 to 1.0.
import type { LayerPiece } from '../../base/layer-index.js';
import { BLOCK, malformed, number } from './header.js';

/** Pieces that a file has at most. */
export const PIECES_MAX = 65536;
const IN_HEADER = { at: 386, count: 4, more: 482, size: 483 };
const IN_BLOCK = { at: 0, count: 21, more: 504 };

/** Offset and length of each piece. */
export type SparseMap = [offset: number, length: number][];

export interface SparseFile {
  map: SparseMap;
  size: number;
  /** Blocks of the map that lie before the data. */
  mapBytes: number;
}

/** The old format: the map begins in the header `block`, and goes on in blocks behind it, from `data` on, which are asked for. */
export function* oldSparse(
  block: Uint8Array,
  where: number,
  data: number,
): Generator<{ at: number; length: number }, SparseFile, Uint8Array> {
  const map: SparseMap = [];
  const take = (from: Uint8Array, at: number, count: number): void => {
    for (let i = 0; i < count; i++) {
      if (from[at + 24 * i] === 0) break;
      map.push([number(from, at + 24 * i, 12, where), number(from, at + 24 * i + 12, 12, where)]);
    }
    if (map.length > PIECES_MAX) throw malformed('a sparse file has too many pieces', where);
  };
  take(block, IN_HEADER.at, IN_HEADER.count);
  let blocks = 0;
  for (let more = block[IN_HEADER.more] !== 0; more; blocks++) {
    const extension = yield { at: data + blocks * BLOCK, length: BLOCK };
    take(extension, IN_BLOCK.at, IN_BLOCK.count);
    more = extension[IN_BLOCK.more] !== 0;
  }
  return { map, size: number(block, IN_HEADER.size, 12, where), mapBytes: blocks * BLOCK };
}

/** Format 1.0: decimal numbers on lines, the first says how many pieces, padded to whole blocks from `data` on. */
export function* newSparse(
  where: number,
  data: number,
): Generator<{ at: number; length: number }, Omit<SparseFile, 'size'>, Uint8Array> {
  const numbers: number[] = [];
  let wanted = 1;
  let digits = '';
  for (let i = 0; ; i++) {
    for (const byte of yield { at: data + i * BLOCK, length: BLOCK }) {
      if (byte >= 48 && byte <= 57 && digits.length < 16) digits += String.fromCharCode(byte);
      else if (byte === 10 && digits !== '') {
        numbers.push(Number(digits));
        digits = '';
        if (numbers.length === 1) {
          if (numbers[0]! > PIECES_MAX) throw malformed('a sparse file has too many pieces', where);
          wanted = 1 + 2 * numbers[0]!;
        }
        if (numbers.length === wanted) return { map: pairs(numbers.slice(1)), mapBytes: (i + 1) * BLOCK };
      } else throw malformed('the map of a sparse file is malformed', where);
    }
  }
}

export function pairs(numbers: readonly number[]): SparseMap {
  const map: SparseMap = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) map.push([numbers[i]!, numbers[i + 1]!]);
  return map;
}

/** Where the pieces lie whose data begin at `at`, one behind the other; `stored` bytes of them are there. */
export function sparsePieces(map: SparseMap, size: number, at: number, stored: number, where: number): LayerPiece[] {
  const pieces: LayerPiece[] = [];
  let end = 0;
  let from = at;
  for (const [offset, length] of map) {
    if (!(offset >= end && length >= 0 && offset + length <= size && from + length <= at + stored))
      throw malformed('the map of a sparse file does not fit it', where);
    if (length > 0) pieces.push({ offset, at: from, length });
    end = offset + length;
    from += length;
  }
  return pieces;
}
