// What a command has around it: streams, a terminal, files, an environment, the way to an engine. Node has one, a browser's tab another; commands see this.
// Ours. Names and rules are POSIX's: a path is parted by '/', a mode has twelve bits, a signal a name.
import type { ByteSource } from '../../base/host.js';
import type { Credentials } from '../../base/credentials.js';
import type { ApiClient } from './api-client.js';
import type { Need } from './command.js';
import type { Values } from './flags.js';

/** Where text and bytes go; a terminal, it may be. */
export interface Output {
  isTTY?: boolean;
  /** Of a terminal. */
  columns: number;
  rows: number;
  write(data: string | Uint8Array, done?: () => void): boolean;
}

/** Where bytes come from, all of them or as they are typed. */
export interface Input extends AsyncIterable<Uint8Array | string> {
  isTTY?: boolean;
  on(what: 'data', taker: (bytes: Uint8Array) => void): unknown;
  on(what: 'end' | 'error', taker: () => void): unknown;
  off(what: 'data', taker: (bytes: Uint8Array) => void): unknown;
  off(what: 'end' | 'error', taker: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

export interface About {
  kind: 'file' | 'folder' | 'link' | 'other';
  size: number;
  mode: number;
  /** Since 1970. */
  seconds: number;
  uid: number;
  gid: number;
}

/** A file that is being written; it is there when it is closed. */
export interface FileWriter {
  write(offset: number, bytes: Uint8Array): void;
  close(): void;
}

/** All but `write` and `spool` throw an Error with its `code` when it can not be. */
export interface Files {
  /** From the current folder on, absolute, without `.` and `..`. */
  resolve(path: string): string;
  /** As `resolve`, and no link is in it. */
  real(path: string): string;
  /** Undefined: it is not there. `follow`: of what a link leads to. */
  about(path: string, follow?: boolean): About | undefined;
  names(folder: string): string[];
  linkOf(path: string): string;
  bytes(path: string): Uint8Array;
  text(path: string): string;
  /** `size`: no more than so many bytes. */
  stream(path: string, size?: number): AsyncIterable<Uint8Array>;
  put(path: string, text: string): void;
  /** Whole or not at all. */
  write(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** A new file. */
  create(path: string): FileWriter;
  makeFolder(path: string): void;
  makeLink(path: string, target: string): void;
  /** Mode and time, of what is there. */
  finish(path: string, mode: number, seconds: number): void;
  /** A file; nothing when it is not there. */
  remove(path: string): void;
  /** Bytes put aside, to be read anywhere. */
  spool(bytes: AsyncIterable<Uint8Array>): Promise<ByteSource & { release(): void }>;
}

/** docker's config.json. */
export interface Config {
  auths?: Record<string, { auth?: string; identitytoken?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

/** Who somebody is to registries. */
export interface Accounts {
  /** For messages. */
  readonly place: string;
  /** Throws Complaint. */
  read(): Config;
  write(config: Config): void;
  credentials(server: string): Promise<Credentials | undefined>;
  /** A helper's program. Throws Complaint. */
  help(helper: string, verb: string, input: string): void;
}

export interface Host {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly files: Files;
  readonly accounts: Accounts;
  /** Of this command, and of what it runs on. */
  readonly version: { own: string; node: string; os: string; arch: string };
  env(name: string): string | undefined;
  /** docker's `--config`. */
  useConfig(folder: string): void;
  /** Keys come as they are typed, and signals are none of them, until what is returned is called. */
  raw(): () => void;
  /** A line that a person types; a secret is not shown. Empty: there is nobody. Rejects with Complaint. */
  ask(question: string, secret: boolean): Promise<string>;
  /** What is returned ends it. */
  onResize(action: () => void): () => void;
  onSignal(name: string, action: () => void): () => void;
  exit(status: number): void;
  /** What somebody else has found that the command ends with; 0: nothing. */
  readonly status: number;
  connect(place: Place, need: Need): Promise<ApiClient>;
}

/** Which engine, by global options and those of our own engine. */
export interface Place {
  global: Values;
  values: Values;
  version: string;
}

/** The one that this program has; `begin` gives it before the first command. */
export let host: Host;

export function begin(given: Host): void {
  host = given;
}
