// The page's end of a machine: its worker, what has come out of its console, its counters as they stand.
// Ours; contract.ts.
import * as Comlink from 'comlink';
import type { Lap } from '../../src/modes/laps.js';
import type { TrailLine } from '../../src/vmm/exit-trail.js';
import type { Statistics } from '../../src/vmm/vm.js';
import { ByteRing } from './byte-ring.js';
import {
  type Ending,
  type MachineApi,
  type MachineEvent,
  type MachineRequest,
  type Screen,
  UNSHOWN_MOST,
} from './contract.js';
import { Gauges, type GaugeValues, named } from './gauges.js';

const RING = 1 << 18;
/** Bytes of a console that are handed over in one piece: a terminal can stop between two. */
export const PIECE = 4096;

export interface MachineListener {
  /** A piece of what has come out of the console. `shown` is to be called when that is on the screen: more comes then. */
  output(bytes: Uint8Array, shown: () => void): void;
  loading(name: string, done: number, total: number): void;
  warning(line: string): void;
  lap?(lap: Lap): void;
}

/** Whether this page may share memory with its workers: it may when it was served with COOP and COEP. */
export const canShare = (): boolean => globalThis.crossOriginIsolated === true && 'SharedArrayBuffer' in globalThis;

export class RemoteMachine {
  private readonly worker = new Worker(new URL('../worker/machine-worker.ts', import.meta.url), { type: 'module' });
  private readonly api = Comlink.wrap<MachineApi>(this.worker);
  private readonly ring?: ByteRing;
  private readonly gauges?: Gauges;
  private readonly shared?: MachineRequest['shared'];
  private values: number[] = [];
  private over = false;
  private unshown = 0;
  private stopped: (ending: Ending) => void = () => {};
  private drained: () => void = () => {};
  private room: () => void = () => {};

  constructor(private readonly listener: MachineListener) {
    if (!canShare()) return;
    this.shared = { output: ByteRing.memory(RING), gauges: Gauges.memory() };
    this.ring = new ByteRing(this.shared.output);
    this.gauges = new Gauges(this.shared.gauges);
  }

  /** Resolves when the machine has ended, was stopped, or could not be made; its worker is gone then. */
  async run(request: Omit<MachineRequest, 'shared'>): Promise<Ending> {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<MachineEvent>) => this.take(data);
    const halted = new Promise<Ending>((resolve) => {
      this.stopped = resolve;
      this.worker.onerror = (event) => resolve(failure(event.message || 'its worker could not be loaded'));
    });
    const drained = new Promise<void>((resolve) => {
      this.drained = resolve;
    });
    const running = this.api
      .run({ ...request, shared: this.shared }, Comlink.transfer(port2, [port2]))
      .then((ending) => drained.then(() => ending))
      .catch((error: unknown) => failure(error instanceof Error ? error.message : String(error)));
    const ending = await Promise.race([running, halted]);
    this.worker.terminate();
    port1.close();
    if (ending.kind !== 'stopped') await this.showRest();
    this.over = true;
    return ending;
  }

  private async showRest(): Promise<void> {
    while (this.ring && this.ring.length > 0) {
      this.poll();
      await new Promise<void>((resolve) => {
        this.room = resolve;
      });
    }
    this.poll();
  }

  /** Pulls the plug. */
  stop(): void {
    this.stopped({ kind: 'stopped' });
  }

  /** Shows some of what has come since the last time. Call it often. */
  poll(): void {
    if (!this.ring || this.over) return;
    this.show(this.ring.read(UNSHOWN_MOST - this.unshown));
    this.values = this.gauges?.read() ?? [];
  }

  private show(bytes: Uint8Array): void {
    this.unshown += bytes.length;
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      this.listener.output(piece, () => {
        this.unshown -= piece.length;
        this.room();
        if (!this.ring && !this.over) void this.api.shown(piece.length);
      });
    }
  }

  get counters(): GaugeValues {
    return named(this.values);
  }

  type(text: string): void {
    if (!this.over) void this.api.type(new TextEncoder().encode(text));
  }

  key(code: number, down: boolean): void {
    if (!this.over) void this.api.key(code, down);
  }

  pause(on: boolean): void {
    if (!this.over) void (on ? this.api.pause() : this.api.resume());
  }

  reset(): void {
    if (!this.over) void this.api.reset();
  }

  watch(on: boolean): void {
    if (!this.over) void this.api.watch(on);
  }

  lastExits(): Promise<TrailLine[]> {
    return this.api.lastExits();
  }

  statistics(): Promise<Statistics> {
    return this.api.statistics();
  }

  screen(): Promise<Screen> {
    return this.api.screen();
  }

  private take(event: MachineEvent): void {
    switch (event.kind) {
      case 'output':
        this.show(event.bytes);
        return;
      case 'gauges':
        this.values = event.values;
        return;
      case 'loading':
        this.listener.loading(event.name, event.done, event.total);
        return;
      case 'warning':
        this.listener.warning(event.line);
        return;
      case 'lap':
        this.listener.lap?.(event.lap);
        return;
      case 'end':
        this.drained();
    }
  }
}

function failure(message: string): Ending {
  return {
    kind: 'refused',
    what: `The machine's worker failed: ${message}.`,
    advice: 'Reload the page. If it happens again, this is a bug of tabvisor.',
  };
}
