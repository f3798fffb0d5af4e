// Time namespaces: how far the clocks that begin with the system are ahead of it. man 7 time_namespaces; Linux kernel/time/namespace.c.
import { EACCES, EINVAL, ENOMEM, EPERM, ERANGE } from '../abi/errno.js';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
} from '../abi/time.js';
import type { Clock } from '../clock.js';
import type { Frames } from '../mm/frames.js';
import { PageCache } from '../mm/page-cache.js';
import { CAP_SYS_TIME } from '../security/capability.js';
import type { Credentials } from '../security/credentials.js';
import { EPOCH, type Timestamp } from '../vfs/timestamp.js';
import { Namespace } from './namespace.js';
import type { LimitedKind } from './namespace-limits.js';
import type { UserNamespace } from './user-namespace.js';

/** Seconds that a time of 64 bits in nanoseconds has, at most. */
const SECONDS_MAX = 9_223_372_036;
const BILLION = 1_000_000_000;

/** The clocks that have an offset, as /proc/PID/timens_offsets names them. */
export type OffsetClock = 'monotonic' | 'boottime';

export interface ClockOffset {
  clock: OffsetClock;
  offset: Timestamp;
}

export class TimeNamespace extends Namespace {
  private offsets: Record<OffsetClock, Timestamp> = { monotonic: EPOCH, boottime: EPOCH };
  /** Somebody has been in it: its clocks are what they are. */
  private entered = false;
  /** The page before the vDSO, with what its clocks add. */
  readonly data: PageCache;

  private constructor(
    readonly owner: UserNamespace,
    private readonly frames: Frames,
    private readonly clock: Clock,
  ) {
    super();
    this.data = new PageCache(frames);
  }

  get limitedBy(): LimitedKind {
    return 'time';
  }

  /** With the offsets of `like`; -ENOMEM. */
  static create(
    owner: UserNamespace,
    { frames, clock }: { frames: Frames; clock: Clock },
    like?: TimeNamespace,
  ): TimeNamespace | number {
    const made = new TimeNamespace(owner, frames, clock);
    if (made.data.get(0) <= 0) return -ENOMEM;
    if (like) made.offsets = like.offsets;
    return made;
  }

  override free(): void {
    this.data.drop(0, Number.POSITIVE_INFINITY);
  }

  /** A task begins in it. */
  enter(): void {
    this.entered = true;
    this.writeData();
  }

  /** What the vDSO adds to the processor's nanoseconds: of the date, the monotonic clock, and the one since the start. guest/vdso/i386.c. */
  writeData(): void {
    const { frames, clock, offsets } = this;
    const frame = this.data.get(0);
    if (frame <= 0) return;
    const view = new DataView(frames.bytes.buffer, frames.hostAddress(frame), 48);
    for (const [i, { seconds, nanoseconds }] of [clock.offset, offsets.monotonic, offsets.boottime].entries()) {
      view.setBigInt64(16 * i, BigInt(seconds), true);
      view.setUint32(16 * i + 8, nanoseconds, true);
    }
  }

  offsetOf(clock: number): Timestamp {
    switch (clock) {
      case CLOCK_MONOTONIC:
      case CLOCK_MONOTONIC_RAW:
      case CLOCK_MONOTONIC_COARSE:
        return this.offsets.monotonic;
      case CLOCK_BOOTTIME:
      case CLOCK_BOOTTIME_ALARM:
        return this.offsets.boottime;
      default:
        return EPOCH;
    }
  }

  /** Nanoseconds that a clock is ahead here. */
  ahead(clock: number): number {
    const { seconds, nanoseconds } = this.offsetOf(clock);
    return seconds * BILLION + nanoseconds;
  }

  /** What a clock shows here when it shows `time` in the first namespace. */
  shown(clock: number, time: Timestamp): Timestamp {
    return sum(time, this.offsetOf(clock));
  }

  /** As /proc/PID/timens_offsets has it. */
  get text(): string {
    return (['monotonic', 'boottime'] as const)
      .map((name) => {
        const { seconds, nanoseconds } = this.offsets[name];
        return `${name.padEnd(10)} ${String(seconds).padStart(10)} ${String(nanoseconds).padStart(9)}\n`;
      })
      .join('');
  }

  /** New offsets, all or none: whoever wrote them was `writer`. 0, or a negated errno. */
  set(changes: readonly ClockOffset[], writer: Credentials): number {
    if (!writer.capable(this.owner, CAP_SYS_TIME)) return -EPERM;
    const now = this.clock.monotonic();
    for (const { offset } of changes) {
      const shown = Math.floor(now / BILLION) + offset.seconds;
      if (Math.abs(offset.seconds) > SECONDS_MAX || shown < 0 || shown > SECONDS_MAX / 2) return -ERANGE;
    }
    if (this.entered) return -EACCES;
    for (const { clock, offset } of changes) this.offsets = { ...this.offsets, [clock]: offset };
    return 0;
  }
}

function sum(a: Timestamp, b: Timestamp): Timestamp {
  const nanoseconds = a.nanoseconds + b.nanoseconds;
  const carry = nanoseconds >= BILLION ? 1 : 0;
  return { seconds: a.seconds + b.seconds + carry, nanoseconds: nanoseconds - carry * BILLION };
}

/** Clocks by their names and by their numbers. */
const CLOCKS = new Map<string, OffsetClock>([
  ['monotonic', 'monotonic'],
  [String(CLOCK_MONOTONIC), 'monotonic'],
  ['boottime', 'boottime'],
  [String(CLOCK_BOOTTIME), 'boottime'],
]);

/** Lines of offsets, at most. */
const LINES = 2;

/** A line each: a clock, seconds, nanoseconds. Two at most, of `length` characters: what follows is not looked at. -EINVAL. */
export function parseOffsets(text: string): { offsets: ClockOffset[]; length: number } | number {
  const offsets: ClockOffset[] = [];
  let length = 0;
  while (offsets.length < LINES && (length < text.length || length === 0)) {
    const end = text.indexOf('\n', length);
    const line = text.slice(length, end < 0 ? undefined : end);
    const words = /^\s*(\S{1,9})\s+(-?\d{1,18})\s+(\d{1,10})(?!\d)/.exec(line);
    const clock = words ? CLOCKS.get(words[1]!) : undefined;
    if (!words || !clock || Number(words[3]) >= BILLION) return -EINVAL;
    offsets.push({ clock, offset: { seconds: Number(words[2]), nanoseconds: Number(words[3]) } });
    length = end < 0 ? text.length : end + 1;
  }
  return { offsets, length };
}
