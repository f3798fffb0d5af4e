// A machine's counters as they stand, in shared memory: the worker writes them, the page reads them when it likes.
// Ours. ECMA-262 25.4: 64-bit atomics do not tear.

/** In the order of their places. `cr0`: the guest's register, which says how far it has come. */
export const GAUGES = ['instructions', 'exits', 'idleMilliseconds', 'cr0'] as const;
export type GaugeValues = Record<(typeof GAUGES)[number], number>;

export class Gauges {
  private readonly places: BigUint64Array;

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(8 * GAUGES.length);
  }

  constructor(memory: SharedArrayBuffer) {
    this.places = new BigUint64Array(memory);
  }

  write(values: number[]): void {
    values.forEach((value, i) => void Atomics.store(this.places, i, BigInt(Math.floor(value))));
  }

  read(): number[] {
    return GAUGES.map((_, i) => Number(Atomics.load(this.places, i)));
  }
}

export function named(values: readonly number[]): GaugeValues {
  return Object.fromEntries(GAUGES.map((name, i) => [name, values[i] ?? 0])) as GaugeValues;
}
