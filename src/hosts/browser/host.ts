// A web worker as the host of a machine: clock, turns of the event loop, sleep that input can end.
// Contract: src/base/host.ts. HTML 8.6 (a timer that is set by a timer waits 4 ms at least), 9.4 (message channels do not).
import type { Host } from '../../base/host.js';

const LONGEST = 2 ** 31 - 1;

export class BrowserHost implements Host {
  private readonly channel = new MessageChannel();
  private turned: (() => void) | undefined;
  private wakeUp: (() => void) | undefined;
  private woken = false;
  private slept = 0;

  constructor() {
    this.channel.port1.onmessage = () => {
      const turned = this.turned;
      this.turned = undefined;
      turned?.();
    };
  }

  now(): number {
    return performance.now() * 1e6;
  }

  date(): number {
    return Date.now();
  }

  /** A browser does not say what a worker has used: the time that it was not asleep. */
  cpuSeconds(): number {
    return performance.now() / 1e3 - this.slept;
  }

  random(into: Uint8Array): void {
    crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.turned = resolve;
      this.channel.port2.postMessage(0);
    });
  }

  async sleep(nanoseconds: number): Promise<void> {
    // A wake-up between two sleeps ends the next one at once.
    if (this.woken) {
      this.woken = false;
      return this.turn();
    }
    const from = performance.now();
    await new Promise<void>((resolve) => {
      const milliseconds = Math.min(LONGEST, Math.max(1, Math.floor(nanoseconds / 1e6)));
      const timer = setTimeout(() => this.wakeUp?.(), milliseconds);
      this.wakeUp = () => {
        this.wakeUp = undefined;
        clearTimeout(timer);
        resolve();
      };
    });
    this.slept += (performance.now() - from) / 1e3;
  }

  wake(): void {
    if (this.wakeUp) this.wakeUp();
    else this.woken = true;
  }
}
