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

/** `before`: what goes out first, in order; the attachment begins with it, so that nothing is told twice or not at all. */
export function attached(
  to: Attachable,
  wanted: Wanted,
  before: readonly { stream: 1 | 2; bytes: Uint8Array }[] = [],
  begin: () => Promise<void> = async () => {},
): HttpUpgrade {
  return {
    headers: { 'Content-Type': to.tty ? RAW : MULTIPLEXED },
    async upgraded(connection) {
      const shown = (stream: 1 | 2): boolean => (stream === 1 ? wanted.stdout : wanted.stderr);
      const write = (stream: 1 | 2, bytes: Uint8Array): Promise<boolean> => {
        if (!shown(stream)) return Promise.resolve(!connection.closed);
        return connection.write(to.tty ? bytes : frameOf(stream, bytes));
      };
      const ended = new Promise<void>((resolve) => {
        const detach = to.streams.attach({ output: write, ended: resolve });
        connection.onClose(() => {
          detach();
          resolve();
        });
      });
      for (const { stream, bytes } of before) await write(stream, bytes);
      try {
        await begin();
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
