// One counter of an 8254: clocked as the data sheet has it, and past whatever it does in between at once.
// Source: Intel 8254 data sheet (231164), "Operational Description" and "Mode Definitions".

export const COUNTER_FIELDS = [
  ...['mode', 'access', 'bcd', 'gate', 'register', 'written', 'loading', 'nullCount', 'counting', 'first'],
  ...['count', 'reload', 'out', 'now', 'latch', 'status', 'writeLow', 'readHigh'],
];

/** Access modes of a control word. */
const LOW_BYTE = 1;
const HIGH_BYTE = 2;
const BOTH_BYTES = 3;
const MOST_EVENTS = 8;

/**
 * Time is in ticks: the counter stands as the falling edge of CLK number `now` has left it, and what software or the gate
 * does after that is seen at the next one.
 */
export class PitCounter {
  mode = 3;
  access = BOTH_BYTES;
  bcd = false;
  gate = true;
  /** The count register: 1 to 65536, or to 10000. */
  register = 65536;
  /** A count has been written since the control word. */
  written = false;
  /** The next clock moves the count register into the counting element. */
  loading = false;
  /** The count register holds a count that the counting element has not had. */
  nullCount = true;
  /** The counting element has been loaded since the control word. */
  counting = false;
  /** It has not reached zero since; afterwards it goes round without effect (modes 0, 1, 4, 5). */
  first = false;
  /** The counting element, 0 to 65536. */
  count = 0;
  /** What it was last loaded with. */
  reload = 65536;
  out = true;
  now = 0;
  /** Latched count and status; -1: none. */
  latch = -1;
  status = -1;
  /** The low byte of a count half written; -1: none. */
  writeLow = -1;
  readHigh = false;

  reset(gate: boolean, tick: number): void {
    Object.assign(this, new PitCounter(), { gate, now: tick });
  }

  writeControl(value: number, tick: number): void {
    this.advance(tick);
    const mode = (value >> 1) & 7;
    this.mode = mode > 5 ? mode - 4 : mode;
    this.access = (value >> 4) & 3;
    this.bcd = (value & 1) !== 0;
    this.out = this.mode !== 0;
    this.written = false;
    this.loading = false;
    this.nullCount = true;
    this.counting = false;
    this.latch = -1;
    this.status = -1;
    this.writeLow = -1;
    this.readHigh = false;
  }

  writeCount(byte: number, tick: number): void {
    this.advance(tick);
    if (this.access === BOTH_BYTES && this.writeLow < 0) {
      this.writeLow = byte;
      // In mode 0 the first byte stops the count.
      if (this.mode === 0) this.out = false;
      return;
    }
    let raw = this.access === LOW_BYTE ? byte : byte << 8;
    if (this.access === BOTH_BYTES) raw |= this.writeLow;
    this.writeLow = -1;
    this.register = this.bcd ? fromBcd(raw) || 10000 : raw || 65536;
    // The data sheet forbids a count of 1 here. What chips make of it is MAME's finding (pit8253.cpp).
    if (this.register === 1 && this.mode === 2) this.register = 2;
    if (this.register === 1 && this.mode === 3) this.register = this.modulus;
    this.nullCount = true;
    if (this.mode === 0) this.out = false;
    if (this.mode === 0 || this.mode === 4 || (this.periodic && !this.written)) this.loading = true;
    this.written = true;
  }

  setGate(level: boolean, tick: number): void {
    if (level === this.gate) return;
    this.advance(tick);
    this.gate = level;
    const { mode, periodic } = this;
    if (level && this.written && (periodic || mode === 1 || mode === 5)) this.loading = true;
    if (!level && periodic) this.out = true;
  }

  read(tick: number): number {
    if (this.status >= 0) {
      const status = this.status;
      this.status = -1;
      return status;
    }
    const value = this.latch >= 0 ? this.latch : this.countAt(tick);
    const high = this.access === HIGH_BYTE || (this.access === BOTH_BYTES && this.readHigh);
    if (this.access === BOTH_BYTES) this.readHigh = !this.readHigh;
    if (!this.readHigh) this.latch = -1;
    return high ? value >> 8 : value & 0xff;
  }

  latchCount(tick: number): void {
    if (this.latch < 0) this.latch = this.countAt(tick);
  }

  latchStatus(tick: number): void {
    if (this.status >= 0) return;
    this.advance(tick);
    const lines = (this.out ? 0x80 : 0) | (this.nullCount ? 0x40 : 0);
    this.status = lines | (this.access << 4) | (this.mode << 1) | (this.bcd ? 1 : 0);
  }

  output(tick: number): boolean {
    this.advance(tick);
    return this.out;
  }

  /** The first tick from `tick` on at which the output becomes `level`; -1: never, as things are. */
  nextChange(tick: number, level: boolean): number {
    const ahead = Object.assign(new PitCounter(), this);
    ahead.advance(tick - 1);
    // Two changes see each level; a load may come before them, and what an odd count adds.
    for (let events = 0; events < MOST_EVENTS; events++) {
      const before = ahead.out;
      const quiet = ahead.quiet();
      if (quiet === Number.POSITIVE_INFINITY) return -1;
      ahead.advance(ahead.now + quiet + 1);
      if (ahead.out === level && before !== level) return ahead.now;
    }
    return -1;
  }

  /** Clocks until `tick`. */
  advance(tick: number): void {
    while (this.now < tick) {
      const quiet = Math.min(this.quiet(), tick - this.now);
      if (quiet > 0) {
        this.countDown(quiet);
        this.now += quiet;
        continue;
      }
      this.clock();
      this.now++;
      // From here each period leaves things as they are.
      if (this.periodic && !this.nullCount) this.now += Math.floor((tick - this.now) / this.register) * this.register;
    }
  }

  private get periodic(): boolean {
    return this.mode === 2 || this.mode === 3;
  }

  private get modulus(): number {
    return this.bcd ? 10000 : 65536;
  }

  /** Whether the next clock counts, if it does not load. */
  private get enabled(): boolean {
    if (!this.counting || (this.mode === 0 && this.writeLow >= 0)) return false;
    return this.gate || this.mode === 1 || this.mode === 5;
  }

  /** How many clocks do nothing but count down, if that. */
  private quiet(): number {
    if (this.loading || this.strobing) return 0;
    if (!this.enabled) return Number.POSITIVE_INFINITY;
    switch (this.mode) {
      case 2:
        return Math.max(0, this.count - 2);
      case 3:
        return Math.max(0, Math.ceil(this.count / 2) - 1);
      default:
        return this.first ? this.count - 1 : Number.POSITIVE_INFINITY;
    }
  }

  private countDown(clocks: number): void {
    if (!this.enabled) return;
    const by = this.mode === 3 ? 2 * clocks : clocks;
    this.count -= by;
    if (this.count < 0) this.count = (this.modulus - (-this.count % this.modulus)) % this.modulus;
  }

  /** The low pulse of modes 4 and 5, which lasts a clock whatever the gate does. */
  private get strobing(): boolean {
    return this.mode >= 4 && !this.out;
  }

  /** One falling edge of CLK. */
  private clock(): void {
    if (this.strobing) this.out = true;
    if (this.loading) {
      this.load();
      if (this.mode === 1) this.out = false;
    } else if (!this.enabled) return;
    else if (this.mode === 2) this.clockRate();
    else if (this.mode === 3) this.clockSquare();
    else {
      this.countDown(1);
      if (!this.first || this.count !== 0) return;
      this.first = false;
      this.out = this.mode < 4;
    }
  }

  /** Mode 2: low while the count is 1. */
  private clockRate(): void {
    if (this.count > 1) this.count--;
    else this.load();
    this.out = this.count !== 1;
  }

  /** Mode 3: by two to the end of the half, which of an odd count's high one is zero. */
  private clockSquare(): void {
    const end = this.out && this.reload % 2 === 1 ? 0 : 2;
    if (this.count > end) {
      this.count -= 2;
      return;
    }
    this.out = !this.out;
    this.load();
  }

  private load(): void {
    this.reload = this.register;
    this.count = this.mode === 3 ? this.register - (this.register % 2) : this.register;
    this.loading = false;
    this.nullCount = false;
    this.counting = true;
    this.first = true;
  }

  private countAt(tick: number): number {
    this.advance(tick);
    return this.bcd ? toBcd(this.count % 10000) : this.count & 0xffff;
  }
}

function fromBcd(value: number): number {
  return (value >> 12) * 1000 + ((value >> 8) & 15) * 100 + ((value >> 4) & 15) * 10 + (value & 15);
}

function toBcd(value: number): number {
  const digit = (power: number): number => Math.floor(value / power) % 10;
  return (digit(1000) << 12) | (digit(100) << 8) | (digit(10) << 4) | digit(1);
}
