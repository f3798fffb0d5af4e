// What a node asks of its host for WASI programs: a worker for each.
// Ours. Node's is cli/wasi-thread.ts; a page's policy lets no generated code run, so a browser has none.
import type { ProgramStart } from '../../wasi/program.js';

export interface WasiStart extends ProgramStart {
  /** A component, or a core module of preview 1. */
  program: Uint8Array;
  mailbox: SharedArrayBuffer;
}

export interface WasiHost {
  /** `called`: there is a call in the mailbox. `gone`: the worker has ended by itself, with the reason; `outOfMemory`: of its own heap. */
  start(program: WasiStart, events: { called(): void; gone(why: string, outOfMemory: boolean): void }): WasiWorker;
}

export interface WasiWorker {
  /** Now, whatever it does. */
  stop(): void;
}
