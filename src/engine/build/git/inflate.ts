// DEFLATE within zlib's frame, of which the packed length is not known before. RFC 1950, RFC 1951. Hostile: what comes out has the length that
// was promised, or it is refused.
import { InputError } from '../../../base/errors.js';

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const FAR_BASE = [
  ...[
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  ],
  ...[8193, 12289, 16385, 24577],
];
const FAR_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const BITS_MAX = 15;

const bad = (): InputError => new InputError('the pack is damaged: its data is not what zlib writes');

/** Symbols by their codes: how many have each length, and all in the order of their codes. */
interface Code {
  counts: Uint16Array;
  symbols: Uint16Array;
}

function codeOf(lengths: readonly number[]): Code {
  const counts = new Uint16Array(BITS_MAX + 1);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  const next = new Uint16Array(BITS_MAX + 2);
  for (let length = 1; length <= BITS_MAX; length++) next[length + 1] = next[length]! + counts[length]!;
  const symbols = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) if (length > 0) symbols[next[length]!++] = symbol;
  return { counts, symbols };
}

const FIXED = codeOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)));
const FIXED_FAR = codeOf(Array.from({ length: 30 }, () => 5));

class Inflater {
  private held = 0;
  private count = 0;
  private filled = 0;

  constructor(
    private readonly data: Uint8Array,
    public at: number,
    private readonly out: Uint8Array,
  ) {}

  private bits(count: number): number {
    while (this.count < count) {
      const byte = this.data[this.at++];
      if (byte === undefined) throw bad();
      this.held |= byte << this.count;
      this.count += 8;
    }
    const value = this.held & ((1 << count) - 1);
    this.held >>>= count;
    this.count -= count;
    return value;
  }

  private symbol({ counts, symbols }: Code): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= BITS_MAX; length++) {
      code |= this.bits(1);
      const count = counts[length]!;
      if (code - count < first) return symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw bad();
  }

  run(): void {
    for (let last = 0; last === 0; ) {
      last = this.bits(1);
      const kind = this.bits(2);
      if (kind === 0) this.stored();
      else if (kind === 1) this.block(FIXED, FIXED_FAR);
      else if (kind === 2) this.block(...this.codes());
      else throw bad();
    }
    if (this.filled !== this.out.length) throw bad();
  }

  private stored(): void {
    this.held = 0;
    this.count = 0;
    const length = this.data[this.at]! | (this.data[this.at + 1]! << 8);
    this.at += 4;
    if (this.at + length > this.data.length || this.filled + length > this.out.length) throw bad();
    this.out.set(this.data.subarray(this.at, this.at + length), this.filled);
    this.at += length;
    this.filled += length;
  }

  private codes(): [Code, Code] {
    const literals = this.bits(5) + 257;
    const fars = this.bits(5) + 1;
    const orders = this.bits(4) + 4;
    const lengths: number[] = Array(19).fill(0);
    for (let i = 0; i < orders; i++) lengths[CODE_ORDER[i]!] = this.bits(3);
    const code = codeOf(lengths);
    const all: number[] = [];
    while (all.length < literals + fars) {
      const symbol = this.symbol(code);
      if (symbol < 16) {
        all.push(symbol);
        continue;
      }
      if (symbol === 16 && all.length === 0) throw bad();
      const value = symbol === 16 ? all.at(-1)! : 0;
      const times = symbol === 16 ? 3 + this.bits(2) : symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7);
      for (let i = 0; i < times; i++) all.push(value);
    }
    if (all.length > literals + fars) throw bad();
    return [codeOf(all.slice(0, literals)), codeOf(all.slice(literals))];
  }

  private block(literals: Code, fars: Code): void {
    const { out } = this;
    for (let symbol = this.symbol(literals); symbol !== 256; symbol = this.symbol(literals)) {
      if (symbol < 256) {
        if (this.filled >= out.length) throw bad();
        out[this.filled++] = symbol;
        continue;
      }
      const base = LENGTH_BASE[symbol - 257];
      if (base === undefined) throw bad();
      const length = base + this.bits(LENGTH_BITS[symbol - 257]!);
      const far = this.symbol(fars);
      if (FAR_BASE[far] === undefined) throw bad();
      const distance = FAR_BASE[far] + this.bits(FAR_BITS[far]!);
      if (distance > this.filled || this.filled + length > out.length) throw bad();
      for (let i = 0; i < length; i++, this.filled++) out[this.filled] = out[this.filled - distance]!;
    }
  }
}

/** What is packed at a place, of a length that is known, and where it ends. Throws InputError. */
export function inflateAt(data: Uint8Array, at: number, length: number): { bytes: Uint8Array; end: number } {
  const head = (data[at]! << 8) | data[at + 1]!;
  // deflate, and no dictionary
  if ((data[at]! & 15) !== 8 || head % 31 !== 0 || (head & 0x20) !== 0) throw bad();
  const bytes = new Uint8Array(length);
  const inflater = new Inflater(data, at + 2, bytes);
  inflater.run();
  // a checksum follows: objects have a better one of their own
  return { bytes, end: inflater.at + 4 };
}
