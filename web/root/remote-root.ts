// The page's end of a Linux root that runs in a worker.
// Ours; contract.ts.
import * as Comlink from 'comlink';
import { messageOf } from '../../src/base/errors.js';
import type { RootApi, RootEnding, RootEvent, RootRequest, WindowSize } from './contract.js';

export interface RootListener {
  /** `shown` is to be called when the bytes are on the terminal: more come then. */
  output(bytes: Uint8Array, shown: () => void): void;
  unpacking(name: string, done: number, total: number): void;
  running(): void;
}

export class RemoteRoot {
  private readonly worker = new Worker(new URL('../worker/root-worker.ts', import.meta.url), { type: 'module' });
  private readonly api = Comlink.wrap<RootApi>(this.worker);
  private stopped: (ending: RootEnding) => void = () => {};
  private drained: () => void = () => {};

  constructor(private readonly listener: RootListener) {}

  /** Resolves when the program has ended or was stopped, or when there was none; the worker is gone then. */
  async run(request: RootRequest): Promise<RootEnding> {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<RootEvent>) => this.take(data);
    const halted = new Promise<RootEnding>((resolve) => {
      this.stopped = resolve;
      this.worker.onerror = (event) => resolve(failure(event.message || 'its worker could not be loaded'));
    });
    const drained = new Promise<void>((resolve) => {
      this.drained = resolve;
    });
    const running = this.api
      .run(request, Comlink.transfer(port2, [port2]))
      .then((ending) => drained.then(() => ending))
      .catch((error: unknown) => failure(messageOf(error)));
    const ending = await Promise.race([running, halted]);
    this.worker.terminate();
    port1.close();
    return ending;
  }

  stop(): void {
    this.stopped({ kind: 'stopped' });
  }

  type(text: string): void {
    void this.api.type(new TextEncoder().encode(text));
  }

  resize(size: WindowSize): void {
    void this.api.resize(size);
  }

  private take(event: RootEvent): void {
    if (event.kind === 'output') this.listener.output(event.bytes, () => void this.api.shown(event.bytes.length));
    else if (event.kind === 'unpacking') this.listener.unpacking(event.name, event.done, event.total);
    else if (event.kind === 'running') this.listener.running();
    else this.drained();
  }
}

const failure = (what: string): RootEnding => ({ kind: 'refused', what, advice: 'This is a bug of tabvisor.' });
