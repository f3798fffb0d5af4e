// Resource limits of a process. man 2 getrlimit; the defaults of a Linux that has just booted.
import {
  RLIMIT_AS,
  RLIMIT_CORE,
  RLIMIT_CPU,
  RLIMIT_DATA,
  RLIMIT_FSIZE,
  RLIMIT_LOCKS,
  RLIMIT_MEMLOCK,
  RLIMIT_MSGQUEUE,
  RLIMIT_NICE,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_RSS,
  RLIMIT_RTPRIO,
  RLIMIT_RTTIME,
  RLIMIT_SIGPENDING,
  RLIMIT_STACK,
} from '../abi/sched.js';

export const LIMIT_COUNT = 16;
/** No limit, as a number here; how an ABI writes it is the ABI's. */
export const UNLIMITED = Number.POSITIVE_INFINITY;

export class Limits {
  private constructor(private readonly values: Readonly<{ soft: number; hard: number }>[]) {}

  static initial(): Limits {
    const values = Array.from({ length: LIMIT_COUNT }, () => ({ soft: UNLIMITED, hard: UNLIMITED }));
    const set = (resource: number, soft: number, hard = soft): void => {
      values[resource] = { soft, hard };
    };
    for (const free of [RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_RSS, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_RTTIME])
      set(free, UNLIMITED);
    set(RLIMIT_STACK, 8 << 20, UNLIMITED);
    set(RLIMIT_CORE, 0, UNLIMITED);
    set(RLIMIT_NPROC, 4096);
    set(RLIMIT_NOFILE, 1024, 4096);
    set(RLIMIT_MEMLOCK, 8 << 20);
    set(RLIMIT_SIGPENDING, 4096);
    set(RLIMIT_MSGQUEUE, 819200);
    set(RLIMIT_NICE, 0);
    set(RLIMIT_RTPRIO, 0);
    return new Limits(values);
  }

  soft(resource: number): number {
    return this.values[resource]!.soft;
  }
  hard(resource: number): number {
    return this.values[resource]!.hard;
  }
  set(resource: number, soft: number, hard: number): void {
    this.values[resource] = { soft, hard };
  }

  copy(): Limits {
    return new Limits(this.values.slice());
  }
}
