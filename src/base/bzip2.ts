// bzip2 files: blocks of at most 900,000 bytes, each sorted (BWT), moved to front, run-length and Huffman coded, with a checksum.
// The format as "BZIP2: Format Specification" (Joe Tsai, 2016) has it. Hostile: each table, length and pointer is checked.
import { ByteReader } from './byte-reader.js';
import { ForwardCrc } from './crc.js';
import { InputError } from './errors.js';

const BLOCK = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const END = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
const UNIT = 100_000;
const GROUP = 50;
const LENGTH_MAX = 20;
const RUN_A = 0;
const RUN_B = 1;
/** More bytes than a block and its tables can take: each of its symbols has at most 20 bits. */
const AHEAD = 2_400_000;
const PIECE = 1 << 18;

function damaged(why: string): InputError {
  return new InputError(`bzip2: ${why}`, 'The archive is damaged.');
}

/** The bits of what lies ready; `ready` gets more of it. */
class Bits {
  private bytes = new Uint8Array(0) as Uint8Array;
  private at = 0;
  private held = 0;
  private count = 0;

  constructor(private readonly reader: ByteReader) {}

  /** As much is there as a block may need, or all that is left. */
  async ready(): Promise<void> {
    const left = this.bytes.length - this.at;
    if (left >= AHEAD) return;
    const more = await this.reader.upTo(2 * AHEAD - left);
    if (more.length === 0) return;
    const all = new Uint8Array(left + more.length);
    all.set(this.bytes.subarray(this.at));
    all.set(more, left);
    this.bytes = all;
    this.at = 0;
  }

  get ended(): boolean {
    return this.at >= this.bytes.length;
  }

  /** At most 24. */
  take(count: number): number {
    while (this.count < count) {
      if (this.at >= this.bytes.length) throw damaged('it ends early');
      this.held = ((this.held << 8) | this.bytes[this.at++]!) >>> 0;
      this.count += 8;
    }
    this.count -= count;
    return (this.held >>> this.count) & ((1 << count) - 1);
  }

  word(): number {
    return this.take(16) * 65536 + this.take(16);
  }

  toByte(): void {
    this.count -= this.count % 8;
  }
}

/** The bytes of a stream, or of several behind each other. Rejects with InputError. */
export async function* unbzip2(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const bits = new Bits(new ByteReader(bytes, damaged));
  await bits.ready();
  do {
    yield* stream(bits);
    bits.toByte();
    await bits.ready();
  } while (!bits.ended);
}

async function* stream(bits: Bits): AsyncGenerator<Uint8Array> {
  const level = [0x42, 0x5a, 0x68].every((byte) => bits.take(8) === byte) ? bits.take(8) - 0x30 : 0;
  if (level < 1 || level > 9) throw damaged('it does not begin as one, or something else follows its end');
  let combined = 0;
  for (;;) {
    await bits.ready();
    const magic = Array.from({ length: 6 }, () => bits.take(8));
    const crc = bits.word();
    if (magic.every((byte, i) => byte === END[i])) {
      if (crc !== combined) throw damaged('it has a wrong checksum');
      return;
    }
    if (!magic.every((byte, i) => byte === BLOCK[i])) throw damaged('a block does not begin as one');
    const found = new ForwardCrc();
    for (const piece of written(sorted(bits, level * UNIT))) {
      found.update(piece);
      yield piece;
    }
    if (found.value !== crc) throw damaged('a block has a wrong checksum');
    combined = (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0;
  }
}

/** The bytes of a block before their runs are written out. */
function sorted(bits: Bits, most: number): Uint8Array {
  if (bits.take(1) !== 0) throw new InputError('bzip2: a block is randomised, as only the oldest were');
  const origin = bits.take(24);
  const used = usedBytes(bits);
  const symbols = used.length + 2;
  const groups = bits.take(3);
  if (groups < 2 || groups > 6) throw damaged('a block has no tables');
  const selectors = readSelectors(bits, groups);
  const tables = Array.from({ length: groups }, () => new Huffman(bits, symbols));
  const end = symbols - 1;
  const out = new Uint8Array(most);
  const counts = new Uint32Array(256);
  let size = 0;
  let run = 0;
  let weight = 1;
  for (let at = 0; ; at++) {
    const table = tables[selectors[Math.floor(at / GROUP)]!];
    if (!table) throw damaged('a block is longer than its tables');
    const symbol = table.read(bits);
    if (symbol === RUN_A || symbol === RUN_B) {
      run += weight << symbol;
      weight <<= 1;
      if (run > most) throw damaged('a block is too long');
      continue;
    }
    if (run > 0) {
      if (size + run > most) throw damaged('a block is too long');
      out.fill(used[0]!, size, size + run);
      counts[used[0]!]! += run;
      size += run;
      run = 0;
      weight = 1;
    }
    if (symbol === end) break;
    if (size >= most) throw damaged('a block is too long');
    const byte = used[symbol - 1]!;
    used.copyWithin(1, 0, symbol - 1);
    used[0] = byte;
    out[size++] = byte;
    counts[byte]!++;
  }
  if (origin >= size) throw damaged('a block begins outside of itself');
  return inSequence(out.subarray(0, size), counts, origin);
}

function usedBytes(bits: Bits): Uint8Array {
  const rows = bits.take(16);
  const used: number[] = [];
  for (let row = 0; row < 16; row++) {
    if (((rows >> (15 - row)) & 1) === 0) continue;
    const columns = bits.take(16);
    for (let column = 0; column < 16; column++) if ((columns >> (15 - column)) & 1) used.push(row * 16 + column);
  }
  if (used.length === 0) throw damaged('a block has no bytes');
  return Uint8Array.from(used);
}

function readSelectors(bits: Bits, groups: number): Uint8Array {
  const count = bits.take(15);
  if (count === 0) throw damaged('a block has no tables');
  const order = Array.from({ length: groups }, (_, i) => i);
  const selectors = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    let at = 0;
    while (bits.take(1) === 1) if (++at >= groups) throw damaged('a block names a table that is not there');
    const [group] = order.splice(at, 1);
    order.unshift(group!);
    selectors[i] = group!;
  }
  return selectors;
}

/** A table of codes, the shorter first, each by its length. */
class Huffman {
  private readonly limit = new Int32Array(LENGTH_MAX + 2).fill(-1);
  private readonly base = new Int32Array(LENGTH_MAX + 2);
  private readonly symbols: Uint16Array;
  private readonly shortest: number;

  constructor(bits: Bits, count: number) {
    const lengths = new Uint8Array(count);
    let length = bits.take(5);
    for (let i = 0; i < count; i++) {
      for (;;) {
        if (length < 1 || length > LENGTH_MAX) throw damaged('a code has no length');
        if (bits.take(1) === 0) break;
        length += bits.take(1) === 0 ? 1 : -1;
      }
      lengths[i] = length;
    }
    this.symbols = new Uint16Array(count);
    this.shortest = Math.min(...lengths);
    let code = 0;
    let at = 0;
    for (let bitsLong = this.shortest; bitsLong <= LENGTH_MAX; bitsLong++) {
      this.base[bitsLong] = at - code;
      for (let symbol = 0; symbol < count; symbol++)
        if (lengths[symbol] === bitsLong) {
          this.symbols[at++] = symbol;
          code++;
        }
      this.limit[bitsLong] = code - 1;
      code <<= 1;
    }
  }

  read(bits: Bits): number {
    let code = bits.take(this.shortest);
    for (let length = this.shortest; length <= LENGTH_MAX; length++) {
      if (code <= this.limit[length]!) {
        const symbol = this.symbols[code + this.base[length]!];
        if (symbol === undefined) break;
        return symbol;
      }
      code = (code << 1) | bits.take(1);
    }
    throw damaged('a code is none of its table');
  }
}

/** The Burrows-Wheeler transform undone. */
function inSequence(last: Uint8Array, counts: Uint32Array, origin: number): Uint8Array {
  const next = new Uint32Array(last.length);
  let sum = 0;
  const starts = counts.map((count) => {
    const start = sum;
    sum += count;
    return start;
  });
  for (let i = 0; i < last.length; i++) next[starts[last[i]!]!++] = i;
  const out = new Uint8Array(last.length);
  let at = next[origin]!;
  for (let i = 0; i < out.length; i++) {
    out[i] = last[at]!;
    at = next[at]!;
  }
  return out;
}

/** Four equal bytes and a count behind them are so many more. */
function* written(bytes: Uint8Array): Generator<Uint8Array> {
  let out = new Uint8Array(PIECE);
  let size = 0;
  let equal = 0;
  let before = -1;
  for (let i = 0; i < bytes.length; i++) {
    if (size + 256 > PIECE) {
      yield out.subarray(0, size);
      out = new Uint8Array(PIECE);
      size = 0;
    }
    const byte = bytes[i]!;
    if (equal === 4) {
      out.fill(before, size, size + byte);
      size += byte;
      equal = 0;
      before = -1;
      continue;
    }
    equal = byte === before ? equal + 1 : 1;
    before = byte;
    out[size++] = byte;
  }
  yield out.subarray(0, size);
}
