// What the page and the worker of a Linux root say to each other: control by comlink, output on a port.
// Ours; comlink 4. The kernel is src/kernel; no machine is in it.
import type { NamedFile } from '../machine/named-file.js';

/** Bytes of output that may be on their way to the terminal. */
export const UNSHOWN_MOST = 32768;

export interface WindowSize {
  columns: number;
  rows: number;
}

export interface RootRequest {
  /** A WebAssembly.Module: the core. */
  core: object;
  /** Tars, plain or packed with gzip, the lowest first. */
  layers: NamedFile[];
  /** The program and what it is given. */
  command: string[];
  /** Bytes. */
  memory: number;
  size: WindowSize;
}

/** How it ended: the first program's exit status, as a shell has it; or why there was nothing to end. */
export type RootEnding =
  | { kind: 'stopped' }
  | { kind: 'ended'; status: number }
  | { kind: 'refused'; what: string; advice?: string };

export interface RootApi {
  /** Resolves when the first program has ended. */
  run(request: RootRequest, events: MessagePort): Promise<RootEnding>;
  type(bytes: Uint8Array): void;
  resize(size: WindowSize): void;
  /** So many bytes of output have been shown. */
  shown(count: number): void;
}

export type RootEvent =
  | { kind: 'output'; bytes: Uint8Array }
  | { kind: 'unpacking'; name: string; done: number; total: number }
  | { kind: 'running' }
  /** The last one: all output has gone before it. */
  | { kind: 'end' };
