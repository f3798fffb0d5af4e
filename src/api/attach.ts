// Connections that carry standard streams: attach and exec. Docker Engine API, ContainerAttach, ExecStart.
// The client may close its side and go on hearing; the end of the process closes ours.
import { messageOf } from '../base/errors.js';
import { encodeText } from '../base/text.js';
import type { ProcessStreams } from '../engine/streams.js';
import type { ByteStream, HttpUpgrade } from '../http/message.js';
import { frameOf, MULTIPLEXED, RAW } from './frames.js';

export interface Wanted {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

export interface Attachable {
  tty: boolean;
  streams: ProcessStreams;
  input(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  /** Input waits for it. */
  running: Promise<void>;
  /** Does the end of the client's input end the process's? */
  endsWithClient: boolean;
}

export interface Beginning {
  /** What goes out first; it is asked for as soon as the attachment has begun, so that nothing is told twice or not at all. */
  before?: () => AsyncIterable<readonly { stream: 1 | 2; bytes: Uint8Array }[]>;
  begin?: () => Promise<void>;
  /** Nothing comes behind `before`. */
  only?: boolean;
}

export function attached(to: Attachable, wanted: Wanted, { before, begin, only }: Beginning = {}): HttpUpgrade {
  return {
    headers: { 'Content-Type': to.tty ? RAW : MULTIPLEXED },
    async upgraded(connection) {
      const shown = (stream: 1 | 2): boolean => (stream === 1 ? wanted.stdout : wanted.stderr);
      let told = Promise.resolve();
      const write = (stream: 1 | 2, bytes: Uint8Array): Promise<boolean> => {
        if (!shown(stream)) return Promise.resolve(!connection.closed);
        return connection.write(to.tty ? bytes : frameOf(stream, bytes));
      };
      const tellBefore = async (): Promise<void> => {
        for await (const some of before?.() ?? []) for (const { stream, bytes } of some) await write(stream, bytes);
      };
      if (only) {
        await tellBefore();
        connection.end();
        return;
      }
      const ended = new Promise<void>((resolve) => {
        const output = (stream: 1 | 2, bytes: Uint8Array): Promise<boolean> => told.then(() => write(stream, bytes));
        const detach = to.streams.attach({ output, ended: () => void told.then(resolve) });
        connection.onClose(() => {
          detach();
          resolve();
        });
      });
      told = tellBefore().catch(() => {});
      await told;
      try {
        await begin?.();
      } catch (error) {
        // the connection has left HTTP: what is wrong can only be said on it
        await write(wanted.stdout ? 1 : 2, encodeText(`${messageOf(error)}\r\n`));
        connection.end();
        return;
      }
      if (wanted.stdin) void pump(connection, to);
      else void drain(connection);
      await ended;
      connection.end();
    },
  };
}

async function pump(connection: ByteStream, to: Attachable): Promise<void> {
  try {
    await to.running;
    for await (const bytes of connection.incoming) await to.input(bytes);
  } catch {
    // a connection that breaks ends like one that is closed
  }
  if (to.endsWithClient) to.endInput();
}

/** Nobody wants it, but its end must be heard. */
async function drain(connection: ByteStream): Promise<void> {
  try {
    for await (const _ of connection.incoming);
  } catch {
    // as above
  }
}
