// What the page, the engine's worker and the node's worker say to each other besides HTTP by messages (src/http/carried.ts).
// Ours. The page makes the engine's worker, that makes the node's; each gets all it needs in its first message.
import type { Dial } from '../ports/wire.js';
import type { FromServer, ToServer } from '../../src/http/carried.js';

export interface EngineStart {
  /** A WebAssembly.Module: the core. */
  core: object;
  /** Bytes of memory for all containers and their files. */
  memory: number;
  /** Of tabvisor. */
  version: string;
  /** The browser gives this page no files: all is in memory, and gone with it. */
  forgets: boolean;
}

export type ToEngine =
  | { start: EngineStart }
  /** The page may be gone at any moment: what has changed is to be kept. */
  | { sync: true }
  /** With the port of the connection: it goes on to the node. */
  | Dial
  | ToServer;

export type FromEngine =
  /** `anew`: nothing was kept from before. */
  | { ready: true; anew: boolean }
  /** Another tab has the files: it begins when that is gone. */
  | { held: true }
  /** It can't begin, or has ended. */
  | { failed: string; advice?: string }
  /** What fails and is nobody's request. */
  | { complaint: string }
  | FromServer;

export interface NodeStart {
  core: object;
  memory: number;
  /** The folder of the store; undefined: the browser gives this page no files. */
  folder?: string;
}

/** Where there are no files: a layer's, ahead of the call that names it. */
export interface GivenLayer {
  given: string;
  file: Blob;
}

/** The folder below the origin's private files, and the lock of who has it. */
export const FOLDER = 'containers';
export const LOCK = 'tabvisor-containers';
