// A person's standard streams and a process in a container: bytes both ways, the terminal raw meanwhile and as it was behind, its size,
// the keys that detach, and signals. Docker docs, "docker container attach"; termios(3).
import { RAW, unframed } from '../../api/frames.js';
import type { ApiClient, Query } from './api-client.js';
import type { Connection } from './channel.js';
import { Complaint } from './complaint.js';
import { host, type Output } from './host.js';

export interface Wanted {
  stdin: boolean;
  /** Its output is a terminal's. */
  tty: boolean;
  detachKeys?: string;
}

const DEFAULT_KEYS = 'ctrl-p,ctrl-q';

/** Bytes of `ctrl-p,ctrl-q`. Throws Complaint. */
export function parseKeys(text: string): readonly number[] {
  return (text || DEFAULT_KEYS).split(',').map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const letter = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    if (letter === undefined) throw new Complaint(`invalid detach keys (${text}): Unknown character: '${key}'`);
    return letter.toUpperCase().charCodeAt(0) & 0x1f;
  });
}

/** Keeps a begun sequence back until it is known to be another one. */
export class DetachKeys {
  private matched = 0;

  constructor(private readonly keys: readonly number[]) {}

  /** What goes to the program, and whether the sequence is whole. */
  take(typed: Uint8Array): { bytes: Uint8Array; detached: boolean } {
    const out: number[] = [];
    for (const byte of typed) {
      if (byte === this.keys[this.matched]) {
        if (++this.matched === this.keys.length) return { bytes: Uint8Array.from(out), detached: true };
        continue;
      }
      out.push(...this.keys.slice(0, this.matched));
      this.matched = byte === this.keys[0] ? 1 : 0;
      if (this.matched === 0) out.push(byte);
    }
    return { bytes: Uint8Array.from(out), detached: false };
  }
}

const write = (stream: Output, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => void stream.write(bytes, () => resolve()));

/** Output to where it belongs, to its end. */
export async function show(body: AsyncIterable<Uint8Array>, raw: boolean): Promise<void> {
  if (raw) for await (const bytes of body) await write(host.stdout, bytes);
  else
    for await (const { stream, bytes } of unframed(body)) await write(stream === 2 ? host.stderr : host.stdout, bytes);
}

/** Resolves when the other side has ended, or the person has left it. */
export async function session(
  connection: Connection,
  { stdin, tty, detachKeys }: Wanted,
): Promise<'ended' | 'detached'> {
  const isRaw = tty || connection.headers.get('content-type') === RAW;
  const input = host.stdin;
  const rawInput = stdin && tty && input.isTTY;
  const keys = new DetachKeys(parseKeys(detachKeys ?? ''));
  let leave = (): void => {};
  const left = new Promise<'detached'>((resolve) => {
    leave = () => resolve('detached');
  });
  let restore = (): void => {};
  const onData = (typed: Uint8Array): void => {
    const { bytes, detached } = tty ? keys.take(typed) : { bytes: typed, detached: false };
    input.pause();
    void connection.write(bytes).then((more) => {
      if (detached) leave();
      else if (more) input.resume();
    });
  };
  const onEnd = (): void => connection.end();
  if (stdin) {
    if (rawInput) restore = host.raw();
    input.on('data', onData);
    input.on('end', onEnd);
    input.on('error', onEnd);
    input.resume();
  } else connection.end();
  try {
    const ended = show(connection.incoming, isRaw).then((): 'ended' => 'ended');
    const how = await Promise.race([ended, left]);
    if (how === 'detached') {
      restore();
      host.stderr.write('read escape sequence\n');
    }
    return how;
  } finally {
    input.off('data', onData);
    input.off('end', onEnd);
    input.off('error', onEnd);
    input.pause();
    restore();
    connection.close();
  }
}

export const sizeQuery = (): Query => ({ h: host.stdout.rows, w: host.stdout.columns });

/** Tells of the terminal's size, now and whenever it changes. What is returned ends it. */
export function followSize(api: ApiClient, path: string): () => void {
  if (!host.stdout.isTTY) return () => {};
  const tell = (): void => void api.post(path, sizeQuery()).catch(() => {});
  tell();
  return host.onResize(tell);
}

const PROXIED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** So many of those that end a program end us too. */
const FORCE = 3;

/** Our signals are the container's. What is returned ends it. */
export function proxySignals(api: ApiClient, id: string): () => void {
  let ends = 0;
  const taken = PROXIED.map((name) => {
    const handler = (): void => {
      if ((name === 'SIGINT' || name === 'SIGTERM') && ++ends >= FORCE) {
        host.stderr.write(`got ${FORCE} SIGTERM/SIGINTs, forcefully exiting\n`);
        host.exit(1);
      }
      void api.post(`/containers/${id}/kill`, { signal: name.slice('SIG'.length) }).catch(() => {});
    };
    return host.onSignal(name, handler);
  });
  return () => {
    for (const end of taken) end();
  };
}
