// What a command has around it in a tab: a terminal with a line discipline, the tab's folder, the engine by messages.
// Contract: src/cli/docker/host.ts; termios(3): ICANON, ECHO, ISIG, ONLCR.
import { ApiClient } from '../../src/cli/docker/api-client.js';
import { Complaint } from '../../src/cli/docker/complaint.js';
import type { Accounts, Config, Host, Input, Output } from '../../src/cli/docker/host.js';
import { TextStream } from '../../src/base/text.js';
import type { CarriedClient } from '../../src/http/carried-client.js';
import { CarriedChannel } from './carried-channel.js';
import type { TabFiles } from './tab-files.js';

export interface Tty {
  readonly size: { columns: number; rows: number };
  write(bytes: Uint8Array, shown?: () => void): void;
}

const [NEWLINE, RETURN] = [10, 13];

/** Each line feed with a carriage return before it. */
function lined(bytes: Uint8Array): Uint8Array {
  const count = bytes.reduce((sum, byte) => sum + (byte === NEWLINE ? 1 : 0), 0);
  if (count === 0) return bytes;
  const out = new Uint8Array(bytes.length + count);
  let at = 0;
  for (const byte of bytes) {
    if (byte === NEWLINE) out[at++] = RETURN;
    out[at++] = byte;
  }
  return out;
}

/** Standard input: what is typed comes as it is, or line by line. */
class TypedInput implements Input {
  readonly isTTY = true;
  private readonly takers = new Set<(bytes: Uint8Array) => void>();
  private readonly ends = new Set<() => void>();
  private readonly waiting: Uint8Array[] = [];
  private flowing = false;

  on(what: 'data' | 'end' | 'error', taker: ((bytes: Uint8Array) => void) | (() => void)): void {
    if (what === 'data') this.takers.add(taker);
    else this.ends.add(taker as () => void);
    if (what === 'data') this.resume();
  }

  off(_what: 'data' | 'end' | 'error', taker: ((bytes: Uint8Array) => void) | (() => void)): void {
    this.takers.delete(taker);
    this.ends.delete(taker as () => void);
  }

  pause(): void {
    this.flowing = false;
  }

  resume(): void {
    this.flowing = true;
    while (this.flowing && this.takers.size > 0 && this.waiting.length > 0) this.give(this.waiting.shift()!);
  }

  push(bytes: Uint8Array): void {
    if (this.flowing && this.takers.size > 0 && this.waiting.length === 0) this.give(bytes);
    else this.waiting.push(bytes);
  }

  private give(bytes: Uint8Array): void {
    for (const taker of this.takers) taker(bytes);
  }

  /** Nobody reads any more. What has not been read is for who comes next. */
  clear(): string {
    this.takers.clear();
    this.ends.clear();
    const text = new TextStream();
    return this.waiting.splice(0).reduce((all, bytes) => all + text.take(bytes), '');
  }

  /** Ctrl-D. */
  end(): void {
    for (const taker of [...this.ends]) taker();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let wake = (): void => {};
    let ended = false;
    const pieces: Uint8Array[] = [];
    const onData = (bytes: Uint8Array): void => {
      pieces.push(bytes);
      wake();
    };
    const onEnd = (): void => {
      ended = true;
      wake();
    };
    this.on('data', onData);
    this.on('end', onEnd);
    try {
      for (;;) {
        const piece = pieces.shift();
        if (piece) yield piece;
        else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.off('data', onData);
      this.off('end', onEnd);
    }
  }
}

/** Who somebody is to registries, for as long as the page is open. */
class TabAccounts implements Accounts {
  readonly place = "this page's memory";
  private config: Config = {};

  read(): Config {
    return this.config;
  }

  write(config: Config): void {
    this.config = config;
  }

  async credentials(server: string) {
    const { auth, identitytoken } = this.config.auths?.[server] ?? {};
    if (identitytoken) return { kind: 'token' as const, identityToken: identitytoken };
    const [username = '', ...rest] = auth === undefined ? [] : atob(auth).split(':');
    return auth === undefined ? undefined : { kind: 'password' as const, username, password: rest.join(':') };
  }

  help(helper: string): void {
    throw new Complaint(`${helper}: a tab runs no programs of its host`);
  }
}

/** Of one terminal, for one command after the other. */
export class TabHost implements Host {
  readonly stdin = new TypedInput();
  readonly stdout: Output;
  readonly stderr: Output;
  readonly accounts = new TabAccounts();
  readonly version = { own: __VERSION__, node: 'none', os: 'browser', arch: 'wasm' };
  readonly status = 0;
  private rawly = false;
  /** A command that was interrupted says no more. */
  muted = false;
  private line = '';
  private shows = true;
  private asked: { settle(line: string): void; fail(error: Error): void } | undefined;
  private readonly resized = new Set<() => void>();
  private readonly signals = new Map<string, Set<() => void>>();
  private readonly channels = new Set<CarriedChannel>();

  constructor(
    private readonly tty: Tty,
    readonly files: TabFiles,
    private readonly client: CarriedClient,
    private readonly interrupted: () => void,
  ) {
    const host = this;
    const output: Output = {
      isTTY: true,
      get columns() {
        return tty.size.columns;
      },
      get rows() {
        return tty.size.rows;
      },
      write(data, done) {
        if (host.muted) done?.();
        else host.show(typeof data === 'string' ? new TextEncoder().encode(data) : data, done);
        return true;
      },
    };
    this.stdout = output;
    this.stderr = output;
  }

  private show(bytes: Uint8Array, done?: () => void): void {
    this.tty.write(this.rawly ? bytes : lined(bytes), done);
  }

  private say(text: string): void {
    this.show(new TextEncoder().encode(text));
  }

  /** What is typed while a command runs. */
  type(text: string): void {
    if (this.rawly) this.stdin.push(new TextEncoder().encode(text));
    else for (const letter of text) this.key(letter);
  }

  private key(letter: string): void {
    if (letter === '\x03') {
      this.say('^C\n');
      this.line = '';
      if (this.asked) this.asked.fail(new Complaint('interrupted', 130));
      else if (this.signals.get('SIGINT')?.size) for (const action of this.signals.get('SIGINT')!) action();
      else this.interrupted();
    } else if (letter === '\x04' && this.line === '') {
      if (this.asked) this.asked.settle('');
      else this.stdin.end();
    } else if (letter === '\r' || letter === '\n') {
      if (this.shows || this.asked) this.say('\n');
      const { line } = this;
      this.line = '';
      if (this.asked) this.asked.settle(line);
      else this.stdin.push(new TextEncoder().encode(`${line}\n`));
    } else if (letter === '\x7f') {
      if (this.line !== '' && this.shows) this.say('\b \b');
      this.line = this.line.slice(0, -1);
    } else if (letter >= ' ') {
      this.line += letter;
      if (this.shows) this.say(letter);
    }
  }

  env(name: string): string | undefined {
    return name === 'HOME' ? '/' : undefined;
  }

  useConfig(): void {}

  raw(): () => void {
    this.rawly = true;
    return () => {
      this.rawly = false;
    };
  }

  ask(question: string, secret: boolean): Promise<string> {
    this.say(question);
    this.shows = !secret;
    return new Promise<string>((settle, fail) => {
      this.asked = { settle, fail };
    }).finally(() => {
      this.asked = undefined;
      this.shows = true;
    });
  }

  onResize(action: () => void): () => void {
    this.resized.add(action);
    return () => void this.resized.delete(action);
  }

  resize(): void {
    for (const action of this.resized) action();
  }

  onSignal(name: string, action: () => void): () => void {
    const actions = this.signals.get(name) ?? new Set();
    this.signals.set(name, actions.add(action));
    return () => void actions.delete(action);
  }

  exit(): void {
    this.interrupted();
  }

  async connect({ global }: Parameters<Host['connect']>[0]): Promise<ApiClient> {
    if (global.has('host')) throw new Complaint('a tab has no sockets: --host can not be reached from here');
    const channel = new CarriedChannel(this.client);
    this.channels.add(channel);
    return new ApiClient(channel);
  }

  /** All that the command has asked for ends. */
  cut(): void {
    this.rawly = false;
    this.stdin.end();
    for (const channel of this.channels) void channel.close();
    this.channels.clear();
  }

  /** Before the next command, and behind the last one. What was typed and not read. */
  reset(): string {
    this.cut();
    this.muted = false;
    this.resized.clear();
    this.signals.clear();
    const rest = this.stdin.clear() + this.line;
    this.line = '';
    return rest;
  }
}
