// One counter of an 8254: what it holds and how its output stands at any tick, without counting one by one.
// Source: Intel 8254 data sheet (231164), "Operational Description" and "Mode Definitions".

export const COUNTER_FIELDS = [
  'mode',
  'access',
  'bcd',
  'loaded',
  'reload',
  'start',
  'stopped',
  'next',
  'nextAt',
  'gate',
  'latch',
  'status',
  'writeLow',
  'readHigh',
];

/** Access modes of a control word. */
const LOW_BYTE = 1;
const HIGH_BYTE = 2;
const BOTH_BYTES = 3;

export class PitCounter {
  mode = 3;
  access = BOTH_BYTES;
  bcd = false;
  /** A count has been written since the control word, and in modes 1 and 5 a gate has triggered it. */
  loaded = false;
  /** The count, 1 to 65536. */
  reload = 65536;
  /** The tick whose count is `reload`: one after the write or the trigger. */
  start = 0;
  /** Ticks counted when the gate stopped the counter; -1 while it counts. */
  stopped = -1;
  /** A count that takes over at `nextAt` (modes 2, 3) or at the next trigger (1, 5); 0: none. */
  next = 0;
  nextAt = 0;
  gate = true;
  /** Latched count and status; -1: none. */
  latch = -1;
  status = -1;
  /** The low byte of a count half written; -1: none. */
  writeLow = -1;
  readHigh = false;

  reset(gate: boolean): void {
    Object.assign(this, new PitCounter(), { gate });
  }

  writeControl(value: number): void {
    const mode = (value >> 1) & 7;
    this.mode = mode > 5 ? mode - 4 : mode;
    this.access = (value >> 4) & 3;
    this.bcd = (value & 1) !== 0;
    this.loaded = false;
    this.next = 0;
    this.stopped = -1;
    this.latch = -1;
    this.status = -1;
    this.writeLow = -1;
    this.readHigh = false;
  }

  writeCount(byte: number, tick: number): void {
    if (this.access === BOTH_BYTES && this.writeLow < 0) {
      this.writeLow = byte;
      // In mode 0 the first byte stops the count.
      if (this.mode === 0) this.loaded = false;
      return;
    }
    let raw = this.access === LOW_BYTE ? byte : byte << 8;
    if (this.access === BOTH_BYTES) raw |= this.writeLow;
    this.writeLow = -1;
    this.load(this.bcd ? fromBcd(raw) || 10000 : raw || 65536, tick);
  }

  setGate(level: boolean, tick: number): void {
    if (level === this.gate) return;
    this.settle(tick);
    this.gate = level;
    if (this.mode === 1 || this.mode === 5) {
      if (level && this.next > 0) {
        this.reload = this.next;
        this.loaded = true;
        this.start = tick + 1;
      }
    } else if (!level) this.stopped = this.loaded ? this.elapsed(tick) : -1;
    else if (this.mode === 2 || this.mode === 3) {
      this.stopped = -1;
      this.start = tick + 1;
    } else {
      if (this.stopped >= 0) this.start = tick - this.stopped;
      this.stopped = -1;
    }
  }

  read(tick: number): number {
    if (this.status >= 0) {
      const status = this.status;
      this.status = -1;
      return status;
    }
    const value = this.latch >= 0 ? this.latch : this.count(tick);
    const high = this.access === HIGH_BYTE || (this.access === BOTH_BYTES && this.readHigh);
    if (this.access === BOTH_BYTES) this.readHigh = !this.readHigh;
    if (!this.readHigh) this.latch = -1;
    return high ? value >> 8 : value & 0xff;
  }

  latchCount(tick: number): void {
    if (this.latch < 0) this.latch = this.count(tick);
  }

  latchStatus(tick: number): void {
    if (this.status >= 0) return;
    const out = this.output(tick) ? 0x80 : 0;
    const notLoaded = !this.loaded || this.next > 0 || this.elapsed(tick) < 0 ? 0x40 : 0;
    this.status = out | notLoaded | (this.access << 4) | (this.mode << 1) | (this.bcd ? 1 : 0);
  }

  output(tick: number): boolean {
    this.settle(tick);
    if (!this.loaded) return this.mode !== 0;
    const elapsed = this.elapsed(tick);
    switch (this.mode) {
      case 0:
        return elapsed >= this.reload;
      case 1:
        return elapsed < 0 || elapsed >= this.reload;
      case 2:
        return !this.gate || elapsed < 0 || elapsed % this.reload !== this.reload - 1;
      case 3:
        return !this.gate || elapsed < 0 || elapsed % this.reload < Math.ceil(this.reload / 2);
      default:
        return elapsed !== this.reload;
    }
  }

  /** The first tick not before `from` at which the output rises; -1: never. */
  nextRise(from: number): number {
    if (!this.loaded || this.stopped >= 0) return -1;
    switch (this.mode) {
      case 2:
      case 3: {
        if (this.next > 0 && from <= this.nextAt) return this.nextAt;
        const [start, period] = this.next > 0 ? [this.nextAt, this.next] : [this.start, this.reload];
        return start + Math.max(1, Math.ceil((from - start) / period)) * period;
      }
      default: {
        const rise = this.start + this.reload + (this.mode >= 4 ? 1 : 0);
        return rise >= from ? rise : -1;
      }
    }
  }

  private load(count: number, tick: number): void {
    this.settle(tick);
    if (this.mode === 1 || this.mode === 5) {
      this.next = count;
      return;
    }
    const periodic = this.mode === 2 || this.mode === 3;
    if (periodic && this.loaded && this.stopped < 0 && tick >= this.start) {
      // DEVIATION: mode 3 changes over at the end of the period, not of the half period.
      if (this.next === 0) {
        this.nextAt = this.start + (Math.floor((tick - this.start) / this.reload) + 1) * this.reload;
      }
      this.next = count;
      return;
    }
    this.reload = count;
    this.loaded = true;
    this.start = tick + 1;
    this.stopped = this.gate ? -1 : 0;
  }

  /** Lets a count that waited for the end of a period take over. */
  private settle(tick: number): void {
    if (this.next === 0 || this.mode === 1 || this.mode === 5 || tick < this.nextAt) return;
    this.reload = this.next;
    this.start = this.nextAt;
    this.next = 0;
  }

  private elapsed(tick: number): number {
    return this.stopped >= 0 ? this.stopped : tick - this.start;
  }

  private count(tick: number): number {
    this.settle(tick);
    const value = this.binaryCount(tick);
    return this.bcd ? toBcd(value % 10000) : value & 0xffff;
  }

  private binaryCount(tick: number): number {
    if (!this.loaded) return this.next || this.reload;
    const elapsed = Math.max(0, this.elapsed(tick));
    const reload = this.reload;
    if (this.mode === 2) return reload - (elapsed % reload);
    if (this.mode === 3) {
      // Counts down by two, once for each half; an odd count gives its spare tick to the high half.
      const high = Math.ceil(reload / 2);
      const phase = elapsed % reload;
      return (reload & ~1) - 2 * (phase < high ? phase : phase - high);
    }
    const modulus = this.bcd ? 10000 : 65536;
    return (((reload - elapsed) % modulus) + modulus) % modulus;
  }
}

function fromBcd(value: number): number {
  return (value >> 12) * 1000 + ((value >> 8) & 15) * 100 + ((value >> 4) & 15) * 10 + (value & 15);
}

function toBcd(value: number): number {
  const digit = (power: number): number => Math.floor(value / power) % 10;
  return (digit(1000) << 12) | (digit(100) << 8) | (digit(10) << 4) | digit(1);
}
