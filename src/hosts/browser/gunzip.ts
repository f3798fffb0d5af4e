// Uncompresses gzip piece by piece, one member behind another: the browser's own stream takes a second member for junk.
// RFC 1952 (gzip), RFC 1951 (deflate). What comes in is hostile; what is held is a window and one piece.
import { InputError } from '../../base/errors.js';
import { crc32 } from '../../vmm/snapshot/crc32.js';

const WINDOW = 1 << 15;
const PIECE = 1 << 18;
/** Bytes of input that a symbol, or the codes at a block's beginning, never pass. */
const SYMBOL_MAX = 16;
const CODES_MAX = 1024;
const MATCH_MAX = 258;
const HEADER_MAX = 1 << 17;

const MAX_BITS = 15;
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LENGTH_BITS = Uint8Array.from({ length: 29 }, (_, i) => (i === 28 ? 0 : Math.max(0, (i >> 2) - 1)));
const LENGTH_BASE = Uint16Array.from({ length: 29 }, (_, i) =>
  i === 28 ? MATCH_MAX : i < 4 ? i + 3 : ((4 + (i & 3)) << ((i >> 2) - 1)) + 3,
);
const DISTANCE_BITS = Uint8Array.from({ length: 30 }, (_, i) => Math.max(0, (i >> 1) - 1));
const DISTANCE_BASE = Uint16Array.from({ length: 30 }, (_, i) =>
  i < 4 ? i + 1 : ((2 + (i & 1)) << ((i >> 1) - 1)) + 1,
);
const [FHCRC, FEXTRA, FNAME, FCOMMENT] = [2, 4, 8, 16];

const damaged = (what: string): InputError => new InputError(`gzip: ${what}`, 'The archive is damaged.');

/** By the next 15 bits: symbol << 4 | bits of its code; 0 where there is none. Codes go least significant bit last (RFC 1951, 3.1.1). */
function tableOf(lengths: Uint8Array, lone: boolean): Uint16Array {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  let free = 1;
  const next = new Uint16Array(MAX_BITS + 2);
  for (let bits = 1; bits <= MAX_BITS; bits++) {
    free = 2 * free - counts[bits]!;
    if (free < 0) throw damaged('more codes than there can be');
    next[bits + 1] = (next[bits]! + counts[bits]!) << 1;
  }
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  if (free > 0 && longest > 0 && !(lone && longest === 1)) throw damaged('codes are missing');
  const table = new Uint16Array(1 << MAX_BITS);
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    const code = next[length]!++;
    let reversed = 0;
    for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
    for (let at = reversed; at < table.length; at += 1 << length) table[at] = (symbol << 4) | length;
  });
  return table;
}

interface Codes {
  literals: Uint16Array;
  distances: Uint16Array;
}

let fixed: Codes | undefined;
function fixedCodes(): Codes {
  const lengths = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
  fixed ??= { literals: tableOf(lengths, true), distances: tableOf(new Uint8Array(32).fill(5), true) };
  return fixed;
}

/** Bytes that come in pieces, read bit by bit. */
class Input {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private bytes = new Uint8Array(0);
  private at = 0;
  private held = 0;
  private heldBits = 0;
  private ended = false;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.pieces = bytes[Symbol.asyncIterator]();
  }

  /** Are so many bytes there, or all that there will be? */
  has(count: number): boolean {
    return this.ended || this.bytes.length - this.at >= count;
  }

  async more(count: number): Promise<void> {
    while (!this.has(count)) {
      const { done, value } = await this.pieces.next();
      if (done) {
        this.ended = true;
        return;
      }
      const rest = this.bytes.subarray(this.at);
      const joined = new Uint8Array(rest.length + value.length);
      joined.set(rest);
      joined.set(value, rest.length);
      this.bytes = joined;
      this.at = 0;
    }
  }

  async atEnd(): Promise<boolean> {
    await this.more(1);
    return this.at >= this.bytes.length;
  }

  close(): Promise<unknown> {
    return Promise.resolve(this.pieces.return?.());
  }

  /** Behind a member's deflate stream stand eight bytes: who looks beyond the end is in none that is whole. */
  private fill(count: number): void {
    while (this.heldBits < count) {
      if (this.at >= this.bytes.length) throw damaged('it ends early');
      this.held |= this.bytes[this.at++]! << this.heldBits;
      this.heldBits += 8;
    }
  }

  bits(count: number): number {
    this.fill(count);
    const value = this.held & ((1 << count) - 1);
    this.held >>>= count;
    this.heldBits -= count;
    return value;
  }

  symbol(table: Uint16Array): number {
    this.fill(MAX_BITS);
    const entry = table[this.held & ((1 << MAX_BITS) - 1)]!;
    if (entry === 0) throw damaged('a code that means nothing');
    this.held >>>= entry & 15;
    this.heldBits -= entry & 15;
    return entry >> 4;
  }

  /** Symbols of a block, as far as what is there and the room for them go. True: the block has ended. All that is looked at is local: it is the loop. */
  symbols(out: Output, { literals, distances }: Codes): boolean {
    const { bytes } = this;
    const to = out.bytes;
    let { at, held, heldBits } = this;
    let { length } = out;
    const last = this.ended ? Number.POSITIVE_INFINITY : bytes.length - SYMBOL_MAX;
    const mask = (1 << MAX_BITS) - 1;
    let over = false;
    while (at <= last && length < Output.FULL) {
      // two bytes at a time; those behind the end are zeros, and the end is looked at below
      if (heldBits < MAX_BITS) {
        held |= (bytes[at]! << heldBits) | (bytes[at + 1]! << (heldBits + 8));
        at += 2;
        heldBits += 16;
      }
      let entry = literals[held & mask]!;
      if (entry === 0) throw damaged('a code that means nothing');
      held >>>= entry & 15;
      heldBits -= entry & 15;
      const symbol = entry >> 4;
      if (symbol < 256) {
        if (at > bytes.length) throw damaged('it ends early');
        to[length++] = symbol;
        continue;
      }
      if (symbol === 256) {
        over = true;
        break;
      }
      const index = symbol - 257;
      if (index >= LENGTH_BASE.length) throw damaged('a length that there is not');
      if (heldBits < MAX_BITS) {
        held |= (bytes[at]! << heldBits) | (bytes[at + 1]! << (heldBits + 8));
        at += 2;
        heldBits += 16;
      }
      let bits = LENGTH_BITS[index]!;
      const end = length + LENGTH_BASE[index]! + (held & ((1 << bits) - 1));
      held >>>= bits;
      heldBits -= bits;
      if (heldBits < MAX_BITS) {
        held |= (bytes[at]! << heldBits) | (bytes[at + 1]! << (heldBits + 8));
        at += 2;
        heldBits += 16;
      }
      entry = distances[held & mask]!;
      if (entry === 0) throw damaged('a code that means nothing');
      held >>>= entry & 15;
      heldBits -= entry & 15;
      const far = entry >> 4;
      if (far >= DISTANCE_BASE.length) throw damaged('a distance that there is not');
      if (heldBits < MAX_BITS) {
        held |= (bytes[at]! << heldBits) | (bytes[at + 1]! << (heldBits + 8));
        at += 2;
        heldBits += 16;
      }
      bits = DISTANCE_BITS[far]!;
      const distance = DISTANCE_BASE[far]! + (held & ((1 << bits) - 1));
      held >>>= bits;
      heldBits -= bits;
      if (distance > length) throw damaged('it refers to what was before its beginning');
      if (at > bytes.length) throw damaged('it ends early');
      // the copy may reach into what it writes
      for (; length < end; length++) to[length] = to[length - distance]!;
    }
    if (at > bytes.length) throw damaged('it ends early');
    this.at = at;
    this.held = held;
    this.heldBits = heldBits;
    out.length = length;
    return over;
  }

  /** To the beginning of the next byte that is not read. */
  align(): void {
    this.at -= this.heldBits >> 3;
    this.held = 0;
    this.heldBits = 0;
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw damaged('it ends early');
    return this.bytes[this.at++]!;
  }

  /** Some of the next `most` bytes, at least one. */
  take(most: number): Uint8Array {
    const piece = this.bytes.subarray(this.at, this.at + most);
    if (piece.length === 0) throw damaged('it ends early');
    this.at += piece.length;
    return piece;
  }
}

/** What comes out: the last 32 KiB, and in front of it what has not been handed on. */
class Output {
  /** With a length of it and more it takes no symbol. */
  static readonly FULL = WINDOW + PIECE;
  readonly bytes = new Uint8Array(WINDOW + PIECE + MATCH_MAX);
  length = 0;
  /** From here on it is not handed on. */
  private from = 0;
  private crc = 0;
  /** Bytes of this member. */
  size = 0;

  get isFull(): boolean {
    return this.length >= Output.FULL;
  }

  /** What has not been handed on. */
  flush(): Uint8Array {
    const piece = this.bytes.slice(this.from, this.length);
    this.crc = crc32(piece, this.crc);
    this.size += piece.length;
    const kept = Math.min(WINDOW, this.length);
    this.bytes.copyWithin(0, this.length - kept, this.length);
    this.from = this.length = kept;
    return piece;
  }

  /** Throws InputError when the member was another. */
  check(crc: number, size: number): void {
    if (this.crc !== crc >>> 0 || this.size % 2 ** 32 !== size >>> 0) throw damaged('its checksum is another one');
    this.crc = 0;
    this.size = this.from = this.length = 0;
  }
}

async function skipHeader(input: Input): Promise<void> {
  await input.more(SYMBOL_MAX);
  if (input.byte() !== 0x1f || input.byte() !== 0x8b) throw damaged('something else follows the end');
  if (input.byte() !== 8) throw damaged('it is not compressed by deflate');
  const flags = input.byte();
  if (flags & 0xe0) throw damaged('its header has flags that nobody knows');
  for (let i = 0; i < 6; i++) input.byte();
  let left = 0;
  if (flags & FEXTRA) {
    left = input.byte() | (input.byte() << 8);
    while (left > 0) {
      await input.more(1);
      left -= input.take(left).length;
    }
  }
  for (const flag of [FNAME, FCOMMENT])
    if (flags & flag)
      for (let read = 0; ; read++) {
        await input.more(1);
        if (input.byte() === 0) break;
        if (read > HEADER_MAX) throw damaged('its header has no end');
      }
  await input.more(2);
  if (flags & FHCRC) input.take(2);
}

/** The codes that a block begins with (3.2.7). */
function blockCodes(input: Input): Codes {
  const literals = input.bits(5) + 257;
  const distances = input.bits(5) + 1;
  const count = input.bits(4) + 4;
  if (literals > 286 || distances > 30) throw damaged('more symbols than there are');
  const lengthLengths = new Uint8Array(LENGTH_ORDER.length);
  for (let i = 0; i < count; i++) lengthLengths[LENGTH_ORDER[i]!] = input.bits(3);
  const codes = tableOf(lengthLengths, false);
  const lengths = new Uint8Array(literals + distances);
  for (let i = 0; i < lengths.length; ) {
    const symbol = input.symbol(codes);
    if (symbol < 16) {
      lengths[i++] = symbol;
      continue;
    }
    if (symbol === 16 && i === 0) throw damaged('a length that repeats nothing');
    const value = symbol === 16 ? lengths[i - 1]! : 0;
    const times = symbol === 16 ? 3 + input.bits(2) : symbol === 17 ? 3 + input.bits(3) : 11 + input.bits(7);
    if (i + times > lengths.length) throw damaged('more lengths than symbols');
    lengths.fill(value, i, i + times);
    i += times;
  }
  if (lengths[256] === 0) throw damaged('a block without an end');
  return {
    literals: tableOf(lengths.subarray(0, literals), true),
    distances: tableOf(lengths.subarray(literals), true),
  };
}

async function* stored(input: Input, out: Output): AsyncGenerator<Uint8Array> {
  input.align();
  await input.more(4);
  let left = input.byte() | (input.byte() << 8);
  if ((left ^ 0xffff) !== (input.byte() | (input.byte() << 8))) throw damaged('a length that is none');
  while (left > 0) {
    if (out.isFull) yield out.flush();
    await input.more(1);
    const piece = input.take(Math.min(left, WINDOW + PIECE - out.length));
    out.bytes.set(piece, out.length);
    out.length += piece.length;
    left -= piece.length;
  }
}

async function* member(input: Input, out: Output): AsyncGenerator<Uint8Array> {
  for (let last = false; !last; ) {
    await input.more(CODES_MAX);
    last = input.bits(1) === 1;
    const kind = input.bits(2);
    if (kind === 3) throw damaged('a block of no kind');
    if (kind === 0) {
      yield* stored(input, out);
      continue;
    }
    const codes = kind === 1 ? fixedCodes() : blockCodes(input);
    while (!input.symbols(out, codes)) {
      if (out.isFull) yield out.flush();
      await input.more(SYMBOL_MAX);
    }
  }
  input.align();
}

/** Rejects with InputError when the bytes are damaged, end early, or have something else behind their end. */
export async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new Input(bytes);
  const out = new Output();
  const word = (): number => input.byte() | (input.byte() << 8) | (input.byte() << 16) | (input.byte() << 24);
  try {
    do {
      await skipHeader(input);
      yield* member(input, out);
      const rest = out.flush();
      if (rest.length > 0) yield rest;
      await input.more(8);
      out.check(word(), word());
    } while (!(await input.atEnd()));
  } finally {
    await input.close();
  }
}
