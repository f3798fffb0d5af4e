// Unpacks deflate streams at once, for hosts whose own way is asynchronous. What comes out is bounded by who asks.
// RFC 1951; the decoding of canonical Huffman codes by counts is that of its section 3.2.2.

const MAX_BITS = 15;
const LITERALS = 288;
const DISTANCES = 30;
const END_OF_BLOCK = 256;
/** Order in which the lengths of code-length codes are written (3.2.7). */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/** For symbols from 257 on: the shortest length, and how many bits more there are (3.2.5). */
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
];
LENGTH_BASE.push(195, 227, 258);
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBits = (symbol: number): number => Math.max(0, (symbol >> 1) - 1);
const distanceBase = (symbol: number): number =>
  symbol < 4 ? symbol + 1 : ((2 + (symbol & 1)) << distanceBits(symbol)) + 1;

/** Thrown and caught in here. */
class Damaged extends Error {}

/** Codes of each length, and the symbols in the order of their codes. */
interface Huffman {
  counts: Uint16Array;
  symbols: Uint16Array;
}

/** Codes that leave some free are refused, as zlib does, but for one of a single bit where `lone` allows it, and for none at all. */
function huffman(lengths: Uint8Array, lone = true): Huffman {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) counts[length]++;
  counts[0] = 0;
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  let free = 1;
  const starts = new Uint16Array(MAX_BITS + 2);
  for (let bits = 1; bits <= MAX_BITS; bits++) {
    free = 2 * free - counts[bits];
    if (free < 0) throw new Damaged();
    starts[bits + 1] = starts[bits] + counts[bits];
  }
  if (free > 0 && longest > 0 && !(lone && longest === 1)) throw new Damaged();
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length > 0) symbols[starts[length]++] = symbol;
  });
  return { counts, symbols };
}

let fixed: { literals: Huffman; distances: Huffman } | undefined;

/** The codes that a stream need not bring (3.2.6). */
function fixedCodes(): { literals: Huffman; distances: Huffman } {
  if (!fixed) {
    const lengths = new Uint8Array(LITERALS).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
    fixed = { literals: huffman(lengths), distances: huffman(new Uint8Array(DISTANCES + 2).fill(5)) };
  }
  return fixed;
}

class Stream {
  private readonly out: Uint8Array;
  private at = 0;
  private length = 0;
  private held = 0;
  private heldBits = 0;

  constructor(
    private readonly bytes: Uint8Array,
    size: number,
  ) {
    this.out = new Uint8Array(size);
  }

  unpack(): Uint8Array {
    let last = false;
    while (!last) {
      last = this.bits(1) === 1;
      const kind = this.bits(2);
      if (kind === 0) this.stored();
      else if (kind === 1) this.block(fixedCodes());
      else if (kind === 2) this.block(this.codes());
      else throw new Damaged();
    }
    return this.out.subarray(0, this.length);
  }

  private bits(count: number): number {
    while (this.heldBits < count) {
      if (this.at >= this.bytes.length) throw new Damaged();
      this.held |= this.bytes[this.at++] << this.heldBits;
      this.heldBits += 8;
    }
    const value = this.held & ((1 << count) - 1);
    this.held >>>= count;
    this.heldBits -= count;
    return value;
  }

  private symbol({ counts, symbols }: Huffman): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      code |= this.bits(1);
      const count = counts[bits];
      if (code - count < first) return symbols[index + code - first];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new Damaged();
  }

  private stored(): void {
    this.held = 0;
    this.heldBits = 0;
    const { at, bytes } = this;
    const length = bytes[at] | (bytes[at + 1] << 8);
    const start = at + 4;
    if (start + length > bytes.length || (length ^ 0xffff) !== (bytes[at + 2] | (bytes[at + 3] << 8)))
      throw new Damaged();
    if (this.length + length > this.out.length) throw new Damaged();
    this.out.set(bytes.subarray(start, start + length), this.length);
    this.length += length;
    this.at = start + length;
  }

  /** The codes that a block begins with (3.2.7). */
  private codes(): { literals: Huffman; distances: Huffman } {
    const literals = this.bits(5) + 257;
    const distances = this.bits(5) + 1;
    const count = this.bits(4) + 4;
    if (literals > LITERALS - 2 || distances > DISTANCES) throw new Damaged();
    const lengthLengths = new Uint8Array(LENGTH_ORDER.length);
    for (let i = 0; i < count; i++) lengthLengths[LENGTH_ORDER[i]] = this.bits(3);
    const lengthCodes = huffman(lengthLengths, false);
    const lengths = new Uint8Array(literals + distances);
    for (let i = 0; i < lengths.length; ) {
      const symbol = this.symbol(lengthCodes);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) throw new Damaged();
      const value = symbol === 16 ? lengths[i - 1] : 0;
      const times = symbol === 16 ? 3 + this.bits(2) : symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7);
      if (i + times > lengths.length) throw new Damaged();
      lengths.fill(value, i, i + times);
      i += times;
    }
    if (lengths[END_OF_BLOCK] === 0) throw new Damaged();
    return { literals: huffman(lengths.subarray(0, literals)), distances: huffman(lengths.subarray(literals)) };
  }

  private block({ literals, distances }: { literals: Huffman; distances: Huffman }): void {
    const { out } = this;
    for (;;) {
      const symbol = this.symbol(literals);
      if (symbol === END_OF_BLOCK) return;
      if (symbol < END_OF_BLOCK) {
        if (this.length === out.length) throw new Damaged();
        out[this.length++] = symbol;
        continue;
      }
      const index = symbol - 257;
      if (index >= LENGTH_BASE.length) throw new Damaged();
      const length = LENGTH_BASE[index] + this.bits(LENGTH_BITS[index]);
      const far = this.symbol(distances);
      if (far >= DISTANCES) throw new Damaged();
      const distance = distanceBase(far) + this.bits(distanceBits(far));
      if (distance > this.length || this.length + length > out.length) throw new Damaged();
      // the copy may reach into what it writes
      for (let i = 0; i < length; i++, this.length++) out[this.length] = out[this.length - distance];
    }
  }
}

/** A raw deflate stream, which may be followed by anything; undefined when it is damaged or unpacks to more than `size` bytes. */
export function inflate(bytes: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return new Stream(bytes, size).unpack();
  } catch (error) {
    if (error instanceof Damaged) return undefined;
    throw error;
  }
}
