// LZMA's decoder, with a dictionary that lasts over several pieces, as LZMA2 has it. LZMA specification (7-Zip SDK, lzma-specification.txt).
// Hostile: every distance and every length is checked, and no piece gives more than it says.
import { InputError } from './errors.js';

const BITS = 11;
const HALF = 1 << (BITS - 1);
const MOVE = 5;
const TOP = 0x1000000;
const STATES = 12;
const POSITIONS_MAX = 16;
const MATCH_MIN = 2;
const LENGTH_TO_POSITION = 4;
const END_POSITION_MODEL = 14;
const FULL_DISTANCES = 1 << (END_POSITION_MODEL >> 1);
const ALIGN_BITS = 4;

function damaged(why: string): InputError {
  return new InputError(`xz: ${why}`, 'The archive is damaged.');
}

const chances = (count: number): Uint16Array => new Uint16Array(count).fill(HALF);

class LengthCoder {
  private readonly choice = chances(2);
  private readonly low = chances(POSITIONS_MAX << 3);
  private readonly middle = chances(POSITIONS_MAX << 3);
  private readonly high = chances(256);

  read(decoder: LzmaDecoder, position: number): number {
    if (decoder.bit(this.choice, 0) === 0) return decoder.tree(this.low, position << 3, 3);
    if (decoder.bit(this.choice, 1) === 0) return 8 + decoder.tree(this.middle, position << 3, 3);
    return 16 + decoder.tree(this.high, 0, 8);
  }
}

export class LzmaDecoder {
  /** What came out last, in a ring. */
  private readonly dictionary: Uint8Array;
  private at = 0;
  /** Bytes in the dictionary since it was emptied. */
  private filled = 0;

  private input = new Uint8Array(0) as Uint8Array;
  private next = 0;
  private range = 0;
  private code = 0;

  private literalContext = 0;
  private literalPosition = 0;
  private positionMask = 0;
  private state = 0;
  private distances: [number, number, number, number] = [0, 0, 0, 0];
  private literals = chances(0);
  private isMatch = chances(0);
  private isRep = chances(0);
  private isRepG0 = chances(0);
  private isRepG1 = chances(0);
  private isRepG2 = chances(0);
  private isRep0Long = chances(0);
  private slots = chances(0);
  private special = chances(0);
  private align = chances(0);
  private lengths = new LengthCoder();
  private repLengths = new LengthCoder();

  /** `size`: bytes of the dictionary. */
  constructor(size: number) {
    this.dictionary = new Uint8Array(size);
  }

  emptyDictionary(): void {
    this.filled = 0;
  }

  /** `byte`: lc, lp and pb in one. Throws InputError. */
  setProperties(byte: number): void {
    const lc = byte % 9;
    const lp = Math.floor(byte / 9) % 5;
    const pb = Math.floor(byte / 45);
    if (pb > 4 || lc + lp > 4) throw damaged('its properties are none');
    this.literalContext = lc;
    this.literalPosition = lp;
    this.positionMask = (1 << pb) - 1;
  }

  resetState(): void {
    this.state = 0;
    this.distances = [0, 0, 0, 0];
    this.literals = chances(0x300 << (this.literalContext + this.literalPosition));
    this.isMatch = chances(STATES * POSITIONS_MAX);
    this.isRep = chances(STATES);
    this.isRepG0 = chances(STATES);
    this.isRepG1 = chances(STATES);
    this.isRepG2 = chances(STATES);
    this.isRep0Long = chances(STATES * POSITIONS_MAX);
    this.slots = chances(LENGTH_TO_POSITION << 6);
    this.special = chances(FULL_DISTANCES - END_POSITION_MODEL + 1 + 64);
    this.align = chances(1 << ALIGN_BITS);
    this.lengths = new LengthCoder();
    this.repLengths = new LengthCoder();
  }

  /** Bytes that are as they are. */
  copy(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.put(bytes[i]!);
  }

  /** Fills `into` from a piece of which nothing is left over. Throws InputError. */
  decode(input: Uint8Array, into: Uint8Array): void {
    this.input = input;
    this.next = 5;
    if (input.length < 5 || input[0] !== 0) throw damaged('a piece of it does not begin as one');
    this.range = 0xffffffff;
    this.code = ((input[1]! << 24) | (input[2]! << 16) | (input[3]! << 8) | input[4]!) >>> 0;
    let out = 0;
    while (out < into.length) {
      const position = this.filled & this.positionMask;
      if (this.bit(this.isMatch, (this.state << 4) + position) === 0) {
        into[out++] = this.literal();
        continue;
      }
      const length = this.match(position);
      if (length > into.length - out) throw damaged('a piece of it is longer than it says');
      const distance = this.distances[0] + 1;
      if (distance > this.filled || distance > this.dictionary.length) throw damaged('it points to what was not there');
      for (let i = 0; i < length; i++) into[out++] = this.put(this.back(distance));
    }
    // the last byte may be due still
    if (this.range < TOP) this.refill();
    if (this.next !== input.length || this.code !== 0) throw damaged('a piece of it has another length than it says');
  }

  private put(byte: number): number {
    this.dictionary[this.at] = byte;
    this.at = this.at + 1 === this.dictionary.length ? 0 : this.at + 1;
    this.filled++;
    return byte;
  }

  private back(distance: number): number {
    const at = this.at - distance;
    return this.dictionary[at < 0 ? at + this.dictionary.length : at]!;
  }

  private refill(): void {
    this.range = (this.range << 8) >>> 0;
    // what lies behind the piece is nobody's: its length is looked at in the end
    this.code = ((this.code << 8) | (this.input[this.next++] ?? 0)) >>> 0;
    if (this.next > this.input.length) throw damaged('a piece of it ends early');
  }

  bit(table: Uint16Array, at: number): 0 | 1 {
    if (this.range < TOP) this.refill();
    const chance = table[at]!;
    const bound = (this.range >>> BITS) * chance;
    if (this.code < bound) {
      this.range = bound;
      table[at] = chance + (((1 << BITS) - chance) >> MOVE);
      return 0;
    }
    this.range -= bound;
    this.code -= bound;
    table[at] = chance - (chance >> MOVE);
    return 1;
  }

  private direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      if (this.range < TOP) this.refill();
      this.range >>>= 1;
      const one = this.code >= this.range;
      if (one) this.code -= this.range;
      value = value * 2 + (one ? 1 : 0);
    }
    return value;
  }

  tree(table: Uint16Array, from: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = (node << 1) | this.bit(table, from + node);
    return node - (1 << bits);
  }

  private reverseTree(table: Uint16Array, from: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(table, from + node);
      node = (node << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  private literal(): number {
    const previous = this.filled > 0 ? this.back(1) : 0;
    const low = this.filled & ((1 << this.literalPosition) - 1);
    const context = (low << this.literalContext) + (previous >> (8 - this.literalContext));
    const from = 0x300 * context;
    let symbol = 1;
    if (this.state >= 7) {
      let match = this.back(this.distances[0] + 1);
      while (symbol < 0x100) {
        const expected = (match >> 7) & 1;
        match <<= 1;
        const bit = this.bit(this.literals, from + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (bit !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.bit(this.literals, from + symbol);
    this.state = this.state < 4 ? 0 : this.state < 10 ? this.state - 3 : this.state - 6;
    return this.put(symbol & 0xff);
  }

  /** The length of a match, whose distance is the first of them then. */
  private match(position: number): number {
    const { state, distances } = this;
    if (this.bit(this.isRep, state) === 0) {
      this.state = state < 7 ? 7 : 10;
      const length = this.lengths.read(this, position);
      this.distances = [this.distance(length), distances[0], distances[1], distances[2]];
      return length + MATCH_MIN;
    }
    if (this.bit(this.isRepG0, state) === 0) {
      if (this.bit(this.isRep0Long, (state << 4) + position) === 0) {
        this.state = state < 7 ? 9 : 11;
        return 1;
      }
    } else this.distances = this.earlier(state);
    this.state = state < 7 ? 8 : 11;
    return this.repLengths.read(this, position) + MATCH_MIN;
  }

  private earlier(state: number): [number, number, number, number] {
    const [first, second, third, fourth] = this.distances;
    if (this.bit(this.isRepG1, state) === 0) return [second, first, third, fourth];
    if (this.bit(this.isRepG2, state) === 0) return [third, first, second, fourth];
    return [fourth, first, second, third];
  }

  private distance(length: number): number {
    const slot = this.tree(this.slots, Math.min(length, LENGTH_TO_POSITION - 1) << 6, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < END_POSITION_MODEL) return base + this.reverseTree(this.special, base - slot, bits);
    const distance = base + this.direct(bits - ALIGN_BITS) * (1 << ALIGN_BITS);
    return distance + this.reverseTree(this.align, 0, ALIGN_BITS);
  }
}
