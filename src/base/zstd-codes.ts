// The codes of zstd: bits read from their end, tables of finite state entropy, Huffman's.
// RFC 8878, 4.1 (FSE), 4.2 (Huffman). Hostile: a table that does not come out even is none. All throw RangeError.

const wrong = (what: string): RangeError => new RangeError(what);

export const highBit = (value: number): number => 31 - Math.clz32(value);

/** Bits of `bytes` from `start` to `end`, the last first: the highest bit that is set in the last byte is a mark. */
export class BackwardBits {
  /** Bits left; negative when more were read than there were, which are zeros. */
  left: number;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly start: number,
    end: number,
  ) {
    const last = end > start ? bytes[end - 1]! : 0;
    if (last === 0) throw wrong('a stream of bits has no end');
    this.left = (end - start) * 8 - (8 - highBit(last));
  }

  /** At most 24. */
  read(count: number): number {
    this.left -= count;
    if (this.left >= 0) return this.at(this.left, count);
    const have = count + this.left;
    return have > 0 ? this.at(0, have) << -this.left : 0;
  }

  /** At most 31. */
  readLong(count: number): number {
    if (count <= 24) return this.read(count);
    const high = this.read(count - 16);
    return high * 65536 + this.read(16);
  }

  private at(bit: number, count: number): number {
    const { bytes } = this;
    const byte = this.start + (bit >>> 3);
    const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16) | (bytes[byte + 3]! << 24);
    return (word >>> (bit & 7)) & ((1 << count) - 1);
  }
}

/** A state machine: each state has a symbol, and says how many bits make the next one of it. */
export interface FseTable {
  log: number;
  symbols: Uint8Array;
  bits: Uint8Array;
  base: Uint16Array;
}

/** Counts of symbols, of which -1 is less than one; they make up 2^`log`. */
export function fseTable(counts: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const table = { log, symbols: new Uint8Array(size), bits: new Uint8Array(size), base: new Uint16Array(size) };
  const next = counts.map((count) => Math.abs(count));
  let high = size;
  for (const [symbol, count] of counts.entries()) if (count === -1) table.symbols[--high] = symbol;
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  for (const [symbol, count] of counts.entries())
    for (let i = 0; i < count; i++) {
      table.symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  if (at !== 0) throw wrong('a table of codes does not come out even');
  for (let state = 0; state < size; state++) {
    const value = next[table.symbols[state]!]!++;
    const bits = log - highBit(value);
    table.bits[state] = bits;
    table.base[state] = (value << bits) - size;
  }
  return table;
}

/** One symbol, whatever the state. */
export const fseConstant = (symbol: number): FseTable => ({
  log: 0,
  symbols: Uint8Array.of(symbol),
  bits: new Uint8Array(1),
  base: new Uint16Array(1),
});

/** A table that is written at `at` of `bytes`, and where what follows begins. */
export function readFse(
  bytes: Uint8Array,
  at: number,
  end: number,
  mostSymbols: number,
  mostLog: number,
): { table: FseTable; at: number } {
  let bit = at * 8;
  const read = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, bit++) value |= ((bytes[bit >> 3]! >> (bit & 7)) & 1) << i;
    if (bit > end * 8) throw wrong('a table of codes is cut');
    return value;
  };
  const log = read(4) + 5;
  if (log > mostLog) throw wrong('a table of codes is too large');
  const counts: number[] = [];
  let remaining = 1 << log;
  while (remaining > 0) {
    if (counts.length >= mostSymbols) throw wrong('a table of codes has too many symbols');
    const count = highBit(remaining + 1) + 1;
    const low = (1 << (count - 1)) - 1;
    const threshold = (1 << count) - 1 - (remaining + 1);
    let value = read(count);
    if ((value & low) < threshold) {
      bit--;
      value &= low;
    } else if (value > low) value -= threshold;
    counts.push(value - 1);
    remaining -= Math.abs(value - 1);
    if (value !== 1) continue;
    for (let repeat = 3; repeat === 3; ) {
      repeat = read(2);
      for (let i = 0; i < repeat; i++) counts.push(0);
      if (counts.length > mostSymbols) throw wrong('a table of codes has too many symbols');
    }
  }
  if (remaining !== 0) throw wrong('a table of codes does not come out even');
  return { table: fseTable(counts, log), at: (bit + 7) >> 3 };
}

export interface HuffmanTable {
  log: number;
  symbols: Uint8Array;
  bits: Uint8Array;
}

const HUFFMAN_LOG_MAX = 11;

/** The tree that is written at `at`, and where what follows begins. */
export function readHuffman(bytes: Uint8Array, at: number, end: number): { table: HuffmanTable; at: number } {
  const first = bytes[at]!;
  const count = first - 127;
  const length = first < 128 ? first : (count + 1) >> 1;
  if (at >= end || at + 1 + length > end) throw wrong('a tree is cut');
  const weights =
    first < 128
      ? packedWeights(bytes, at + 1, at + 1 + length)
      : Array.from({ length: count }, (_, i) => (bytes[at + 1 + (i >> 1)]! >> (i % 2 === 0 ? 4 : 0)) & 15);
  return { table: huffmanTable(weights), at: at + 1 + length };
}

function packedWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const { table, at } = readFse(bytes, start, end, 256, 6);
  const input = new BackwardBits(bytes, at, end);
  const states = [input.read(table.log), input.read(table.log)];
  const weights: number[] = [];
  for (let turn = 0; ; turn ^= 1) {
    const state = states[turn]!;
    weights.push(table.symbols[state]!);
    if (weights.length > 255) throw wrong('a tree has too many symbols');
    states[turn] = table.base[state]! + input.read(table.bits[state]!);
    if (input.left >= 0) continue;
    weights.push(table.symbols[states[turn ^ 1]!]!);
    return weights;
  }
}

/** The weight of the last symbol is what makes the sum a power of two. */
function huffmanTable(weights: number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) {
    if (weight > HUFFMAN_LOG_MAX + 1) throw wrong('a tree is too deep');
    if (weight > 0) sum += 1 << (weight - 1);
  }
  if (sum === 0 || weights.length > 255) throw wrong('a tree has no symbols, or too many');
  const log = highBit(sum) + 1;
  const rest = (1 << log) - sum;
  if (log > HUFFMAN_LOG_MAX || (rest & (rest - 1)) !== 0) throw wrong('a tree does not come out even');
  const all = [...weights, highBit(rest) + 1];
  const table = { log, symbols: new Uint8Array(1 << log), bits: new Uint8Array(1 << log) };
  let at = 0;
  // the longest codes first, each length in the order of symbols
  for (let weight = 1; weight <= log; weight++)
    for (const [symbol, own] of all.entries()) {
      if (own !== weight) continue;
      const span = 1 << (weight - 1);
      if (at + span > 1 << log) throw wrong('a tree does not come out even');
      table.symbols.fill(symbol, at, at + span);
      table.bits.fill(log + 1 - weight, at, at + span);
      at += span;
    }
  if (at !== 1 << log) throw wrong('a tree does not come out even');
  return table;
}

/** Fills `into` from one stream of codes, which must end with it. */
export function decodeHuffman(
  { log, symbols, bits }: HuffmanTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
): void {
  const input = new BackwardBits(bytes, start, end);
  const mask = (1 << log) - 1;
  let state = input.read(log);
  for (let i = 0; i < into.length; i++) {
    into[i] = symbols[state]!;
    const count = bits[state]!;
    state = ((state << count) | input.read(count)) & mask;
  }
  if (input.left !== -log) throw wrong('a stream of codes ends elsewhere than it should');
}
