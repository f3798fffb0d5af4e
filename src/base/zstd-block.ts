// One compressed block of zstd: its literals, and sequences that say where they go and what of the output comes again.
// RFC 8878, 3.1.1.3. Hostile: nothing is copied from before the frame, nor more than a block may hold. All throw RangeError.
import {
  BackwardBits,
  decodeHuffman,
  type FseTable,
  fseConstant,
  fseTable,
  type HuffmanTable,
  readFse,
  readHuffman,
} from './zstd-codes.js';

export const BLOCK_MAX = 128 << 10;

/** A code's value: from `base` on, as `bits` more bits say. */
interface Codes {
  base: readonly number[];
  bits: readonly number[];
  mostLog: number;
  usual: FseTable;
}

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
const upFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

/** 3.1.1.3.2.1.1 and 3.1.1.3.2.2. */
const LITERALS: Codes = {
  base: [...upFrom(0, 16), 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, ...upFrom(7, 10).map((bit) => 2 ** bit)],
  bits: [...zeros(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, ...upFrom(6, 11)],
  mostLog: 9,
  usual: fseTable(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
};
const MATCHES: Codes = {
  base: [...upFrom(3, 32), 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, ...upFrom(7, 10).map((bit) => 2 ** bit + 3)],
  bits: [...zeros(32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, ...upFrom(7, 10)],
  mostLog: 9,
  usual: fseTable([1, 4, 3, 2, 2, 2, 2, 2, 2, ...zeros(37).map(() => 1), -1, -1, -1, -1, -1, -1, -1], 6),
};
const OFFSETS: Codes = {
  base: upFrom(0, 32).map((bit) => 2 ** bit),
  bits: upFrom(0, 32),
  mostLog: 8,
  usual: fseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
};

/** Where the output goes, and what of it may come again. */
export interface History {
  bytes: Uint8Array;
  /** Behind the last byte. */
  at: number;
}

/** What one block leaves for the next of its frame. */
export class BlockDecoder {
  private readonly repeated: [number, number, number] = [1, 4, 8];
  private huffman?: HuffmanTable;
  private readonly tables: (FseTable | undefined)[] = [];

  /** Appends the block's bytes to `history`, which has room for a block. */
  decode(block: Uint8Array, history: History): void {
    const { literals, at } = this.literals(block);
    this.sequences(block, at, literals, history);
  }

  private literals(block: Uint8Array): { literals: Uint8Array; at: number } {
    const first = block[0] ?? 0;
    const type = first & 3;
    const format = (first >> 2) & 3;
    const number = (count: number): number => {
      if (count > block.length) throw new RangeError('the literals are cut');
      let value = 0;
      for (let i = count - 1; i >= 0; i--) value = value * 256 + block[i]!;
      return value;
    };
    if (type < 2) {
      const header = format === 1 ? 2 : format === 3 ? 3 : 1;
      const size = Math.floor(number(header) / (header === 1 ? 8 : 16));
      const stored = type === 0 ? size : 1;
      if (size > BLOCK_MAX || header + stored > block.length) throw new RangeError('the literals are cut');
      const literals = type === 0 ? block.subarray(header, header + size) : new Uint8Array(size).fill(block[header]!);
      return { literals, at: header + stored };
    }
    const header = [3, 3, 4, 5][format]!;
    const bits = [10, 10, 14, 18][format]!;
    const word = Math.floor(number(header) / 16);
    const size = word % 2 ** bits;
    const stored = Math.floor(word / 2 ** bits);
    const end = header + stored;
    if (size > BLOCK_MAX || end > block.length) throw new RangeError('the literals are cut');
    let at = header;
    if (type === 2) ({ table: this.huffman, at } = readHuffman(block, at, end));
    if (!this.huffman) throw new RangeError('the literals have no tree');
    const literals = new Uint8Array(size);
    if (format === 0) decodeHuffman(this.huffman, block, at, end, literals);
    else fourStreams(this.huffman, block, at, end, literals);
    return { literals, at: end };
  }

  private sequences(block: Uint8Array, start: number, literals: Uint8Array, history: History): void {
    const limit = history.at + BLOCK_MAX;
    const { count, at: afterCount } = sequenceCount(block, start);
    let from = 0;
    if (count > 0) {
      const modes = block[afterCount] ?? 3;
      if ((modes & 3) !== 0) throw new RangeError('the sequences are malformed');
      let at = afterCount + 1;
      const tables = [LITERALS, OFFSETS, MATCHES].map((codes, i) => {
        const read = this.table(codes, i, (modes >> (6 - 2 * i)) & 3, block, at);
        at = read.at;
        return read.table;
      });
      from = this.execute(new BackwardBits(block, at, block.length), count, tables, literals, history, limit);
    } else if (afterCount !== block.length) throw new RangeError('something follows the literals');
    const rest = literals.subarray(from);
    if (history.at + rest.length > limit) throw new RangeError('a block becomes too long');
    history.bytes.set(rest, history.at);
    history.at += rest.length;
  }

  private table(
    codes: Codes,
    which: number,
    mode: number,
    block: Uint8Array,
    at: number,
  ): { table: FseTable; at: number } {
    const symbols = codes.base.length;
    let read: { table: FseTable | undefined; at: number };
    if (mode === 0) read = { table: codes.usual, at };
    else if (mode === 1) {
      if ((block[at] ?? symbols) >= symbols) throw new RangeError('a code is none');
      read = { table: fseConstant(block[at]!), at: at + 1 };
    } else if (mode === 2) read = readFse(block, at, block.length, symbols, codes.mostLog);
    else read = { table: this.tables[which], at };
    if (!read.table) throw new RangeError('there is no table to use again');
    this.tables[which] = read.table;
    return { table: read.table, at: read.at };
  }

  /** How many literals were used. */
  private execute(
    input: BackwardBits,
    count: number,
    [forLiterals, forOffsets, forMatches]: readonly FseTable[],
    literals: Uint8Array,
    history: History,
    limit: number,
  ): number {
    const { bytes } = history;
    const [ll, of, ml] = [forLiterals!, forOffsets!, forMatches!];
    let llState = input.read(ll.log);
    let ofState = input.read(of.log);
    let mlState = input.read(ml.log);
    let from = 0;
    let to = history.at;
    for (let left = count; left > 0; left--) {
      const ofCode = of.symbols[ofState]!;
      const mlCode = ml.symbols[mlState]!;
      const llCode = ll.symbols[llState]!;
      const value = OFFSETS.base[ofCode]! + input.readLong(ofCode);
      const match = MATCHES.base[mlCode]! + input.read(MATCHES.bits[mlCode]!);
      const literal = LITERALS.base[llCode]! + input.read(LITERALS.bits[llCode]!);
      if (left > 1) {
        llState = ll.base[llState]! + input.read(ll.bits[llState]!);
        mlState = ml.base[mlState]! + input.read(ml.bits[mlState]!);
        ofState = of.base[ofState]! + input.read(of.bits[ofState]!);
      }
      if (input.left < 0) throw new RangeError('the sequences are cut');
      if (from + literal > literals.length) throw new RangeError('a sequence wants more literals than there are');
      if (to + literal + match > limit) throw new RangeError('a block becomes too long');
      bytes.set(literals.subarray(from, from + literal), to);
      from += literal;
      to += literal;
      const offset = this.offset(value, literal);
      if (offset < 1 || offset > to) throw new RangeError('a sequence reaches before the beginning');
      if (offset >= match) bytes.copyWithin(to, to - offset, to - offset + match);
      else for (let i = 0; i < match; i++) bytes[to + i] = bytes[to + i - offset]!;
      to += match;
    }
    if (input.left !== 0) throw new RangeError('the sequences end elsewhere than they should');
    history.at = to;
    return from;
  }

  /** 3.1.1.5: 1 to 3 stand for the last three; without literals for others than these. */
  private offset(value: number, literal: number): number {
    const last = this.repeated;
    const which = value > 3 ? 3 : value - 1 + (literal === 0 ? 1 : 0);
    if (value <= 3 && which === 0) return last[0];
    const offset = value > 3 ? value - 3 : which < 3 ? last[which]! : last[0] - 1;
    if (which > 1) last[2] = last[1];
    last[1] = last[0];
    last[0] = offset;
    return offset;
  }
}

function fourStreams(table: HuffmanTable, block: Uint8Array, at: number, end: number, literals: Uint8Array): void {
  const part = (literals.length + 3) >> 2;
  let from = at + 6;
  if (from > end || 3 * part > literals.length) throw new RangeError('the literals are cut');
  for (let i = 0; i < 4; i++) {
    const size = block[at + 2 * i]! | (block[at + 2 * i + 1]! << 8);
    const to = i < 3 ? from + size : end;
    if (to > end) throw new RangeError('the literals are cut');
    decodeHuffman(table, block, from, to, literals.subarray(i * part, i < 3 ? (i + 1) * part : literals.length));
    from = to;
  }
}

function sequenceCount(block: Uint8Array, at: number): { count: number; at: number } {
  const [first, second = -1, third = -1] = block.subarray(at, at + 3);
  if (first === undefined || (first >= 128 && second < 0) || (first === 255 && third < 0))
    throw new RangeError('the sequences are cut');
  if (first < 128) return { count: first, at: at + 1 };
  if (first < 255) return { count: ((first - 128) << 8) + second, at: at + 2 };
  return { count: second + (third << 8) + 0x7f00, at: at + 3 };
}
