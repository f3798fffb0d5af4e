// Node as the host of a machine: clock, turns of the event loop, sleep that input can end.
// Contract: src/base/host.ts.
import { randomFillSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Host } from '../../base/host.js';

const LONGEST = 2 ** 31 - 1;
/** A call of the generator costs microseconds whatever it gives: what is asked for in few bytes comes out of so many. */
const POOL = 4096;
const FEW = 64;

export class NodeHost implements Host {
  private wakeUp: (() => void) | undefined;
  private woken = false;
  private readonly pool = new Uint8Array(POOL);
  private poolLeft = 0;

  now(): number {
    return performance.now() * 1e6;
  }

  date(): number {
    return Date.now();
  }

  cpuSeconds(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }

  random(into: Uint8Array): void {
    if (into.length > FEW) {
      // the bytes may be guest memory, which no worker of the host's may hold on to
      randomFillSync(into);
      return;
    }
    if (this.poolLeft < into.length) {
      randomFillSync(this.pool);
      this.poolLeft = POOL;
    }
    this.poolLeft -= into.length;
    const given = this.pool.subarray(this.poolLeft, this.poolLeft + into.length);
    into.set(given);
    given.fill(0);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  sleep(nanoseconds: number): Promise<void> {
    // A wake-up between two sleeps ends the next one at once.
    if (this.woken) {
      this.woken = false;
      return this.turn();
    }
    return new Promise((resolve) => {
      const milliseconds = Math.min(LONGEST, Math.max(1, Math.floor(nanoseconds / 1e6)));
      const timer = setTimeout(() => this.wakeUp?.(), milliseconds);
      this.wakeUp = () => {
        this.wakeUp = undefined;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  wake(): void {
    if (this.wakeUp) this.wakeUp();
    else this.woken = true;
  }
}
