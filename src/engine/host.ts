// What the engine asks of its host: time, chance, a call later, the web.
import type { HttpClient } from '../base/http.js';

export interface EngineHost {
  /** Milliseconds since 1970, with fractions. */
  date(): number;
  random(into: Uint8Array): void;
  /** Calls `action` after so many milliseconds, unless what is returned is called before. */
  after(milliseconds: number, action: () => void): () => void;
  /** Lets the event loop run once: input, timers. */
  turn(): Promise<void>;
  /** The web as containers may reach it: no address of the host's own, nor of networks around it. */
  readonly web?: HttpClient;
}

/** `bytes` random bytes in hexadecimal. */
export function randomHex(host: EngineHost, bytes: number): string {
  const random = new Uint8Array(bytes);
  host.random(random);
  return Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A whole number below `below`. */
export function randomBelow(host: EngineHost, below: number): number {
  const random = new Uint8Array(4);
  host.random(random);
  return new DataView(random.buffer).getUint32(0) % below;
}
