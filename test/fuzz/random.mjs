// A seeded source of random numbers, and the values that find bugs.
// xorshift32 (Marsaglia 2003, "Xorshift RNGs").

const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

export class Random {
  constructor(seed) {
    // a multiplication spreads neighbouring seeds; 0 would stay 0
    this.state = Math.imul(seed + 1, 0x9e3779b1) | 0 || 1;
    for (let i = 0; i < 8; i++) this.u32();
  }

  u32() {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }

  /** 0 to n - 1. */
  below(n) {
    return Math.floor((this.u32() / 2 ** 32) * n);
  }

  /** True one time in `n`. */
  oneIn(n) {
    return this.below(n) === 0;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** A register or immediate worth trying. */
  value() {
    if (this.oneIn(3)) return this.pick(EDGES);
    return this.oneIn(2) ? this.u32() : this.u32() >>> this.below(32);
  }
}
