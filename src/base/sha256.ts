// SHA-256 of bytes that come in pieces, for hosts that have it for whole messages alone (WebCrypto).
// FIPS 180-4, section 6.2.
import type { Hash } from './streams.js';

const BLOCK = 64;

/** The first 32 bits of the fractional parts of the roots of the first primes: square roots begin the state, cube roots are added. */
function roots(count: number, power: number): Int32Array {
  const found = new Int32Array(count);
  for (let prime = 2, i = 0; i < count; prime++) {
    let isPrime = true;
    for (let by = 2; by * by <= prime; by++) if (prime % by === 0) isPrime = false;
    if (isPrime) found[i++] = Math.floor((prime ** power % 1) * 2 ** 32) | 0;
  }
  return found;
}
const START = roots(8, 1 / 2);
const K = roots(64, 1 / 3);

const turn = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

export class Sha256 implements Hash {
  private readonly state = START.slice();
  /** Signed, as all words here: engines add such without leaving 32 bits. */
  private readonly words = new Int32Array(64);
  private readonly pending = new Uint8Array(BLOCK);
  private length = 0;

  update(bytes: Uint8Array): void {
    const used = this.length % BLOCK;
    this.length += bytes.length;
    let at = 0;
    if (used > 0) {
      at = Math.min(BLOCK - used, bytes.length);
      this.pending.set(bytes.subarray(0, at), used);
      if (used + at < BLOCK) return;
      this.block(this.pending, 0);
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) this.block(bytes, at);
    this.pending.set(bytes.subarray(at));
  }

  digest(): string {
    const bits = this.length * 8;
    const used = this.length % BLOCK;
    const tail = new Uint8Array(used < 56 ? BLOCK : 2 * BLOCK);
    tail.set(this.pending.subarray(0, used));
    tail[used] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(tail.length - 4, bits >>> 0);
    for (let at = 0; at < tail.length; at += BLOCK) this.block(tail, at);
    return [...this.state].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  private block(bytes: Uint8Array, at: number): void {
    const w = this.words;
    for (let i = 0, j = at; i < 16; i++, j += 4)
      w[i] = (bytes[j]! << 24) | (bytes[j + 1]! << 16) | (bytes[j + 2]! << 8) | bytes[j + 3]!;
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]!;
      const y = w[i - 2]!;
      const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
      const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
      w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
    }
    const s = this.state;
    let a = s[0]!;
    let b = s[1]!;
    let c = s[2]!;
    let d = s[3]!;
    let e = s[4]!;
    let f = s[5]!;
    let g = s[6]!;
    let h = s[7]!;
    for (let i = 0; i < 64; i++) {
      const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g))) + K[i]! + w[i]!) | 0;
      const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (c & (a ^ b)))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    s[0] = (s[0]! + a) | 0;
    s[1] = (s[1]! + b) | 0;
    s[2] = (s[2]! + c) | 0;
    s[3] = (s[3]! + d) | 0;
    s[4] = (s[4]! + e) | 0;
    s[5] = (s[5]! + f) | 0;
    s[6] = (s[6]! + g) | 0;
    s[7] = (s[7]! + h) | 0;
  }
}
