// wasi:io/poll: what a program waits for, files and times together. WASI 0.2, wasi:io/poll.
import type { System } from './system.js';

/** Nanoseconds that one wait of the kernel lasts at most: its numbers end somewhere. */
const LONGEST = 1e15;

/** How generated code lets a resource go: as a symbol that not every engine has by its name. */
export const DISPOSE: unique symbol = ((Symbol as unknown as { dispose?: symbol }).dispose ??
  Symbol.for('dispose')) as typeof DISPOSE;

export type Awaited =
  | { fd: number; events: number }
  /** Nanoseconds of the monotonic clock. */
  | { deadline: number }
  | { always: true };

/** What polls need of the program around them. */
export interface Waits {
  system: System;
  monotonic(): number;
}

export class Pollable {
  constructor(
    private readonly waits: Waits,
    readonly awaited: Awaited,
  ) {}

  ready(): boolean {
    return readyOf(this.waits, [this], 0).length > 0;
  }
  block(): void {
    wait(this.waits, [this]);
  }
  [DISPOSE](): void {}
}

/** Those that are ready, within so many nanoseconds. */
function readyOf(waits: Waits, list: readonly Pollable[], patience: number): number[] {
  const now = waits.monotonic();
  const files = list.flatMap(({ awaited }) => ('fd' in awaited ? [awaited] : []));
  const isDue = ({ awaited }: Pollable): boolean =>
    'always' in awaited || ('deadline' in awaited && awaited.deadline <= now);
  const deadlines = list.flatMap(({ awaited }) => ('deadline' in awaited ? [awaited.deadline - now] : []));
  const longest = list.some(isDue) ? 0 : Math.max(0, Math.min(patience, LONGEST, ...deadlines));
  const events = files.length > 0 || longest > 0 ? waits.system.poll(files, longest) : [];
  const after = waits.monotonic();
  let file = 0;
  return list.flatMap(({ awaited }, i) => {
    if ('fd' in awaited) return events[file++] ? [i] : [];
    return 'always' in awaited || awaited.deadline <= after ? [i] : [];
  });
}

function wait(waits: Waits, list: readonly Pollable[]): number[] {
  for (;;) {
    const ready = readyOf(waits, list, Number.POSITIVE_INFINITY);
    if (ready.length > 0) return ready;
  }
}

export function poll(waits: Waits, list: readonly Pollable[]): Uint32Array {
  if (list.length === 0) throw new Error('poll of an empty list: wasi:io/poll lets it trap');
  return Uint32Array.from(wait(waits, list));
}
