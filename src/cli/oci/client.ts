// Asking a sandbox, and the streams of a process that is started in it.
import { createConnection, type Socket } from 'node:net';
import { InputError } from '../../base/errors.js';
import { ERRORS, INPUT, INPUT_END, OUTPUT } from '../kernel-frames.js';
import { framesOf, sendFrame, sendJson } from './frames.js';
import type { Question } from './sandbox.js';
import { isAlive, type StateFolder } from './state-folder.js';

function connect(door: string, id: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(door, () => resolve(socket));
    socket.once('error', (error) =>
      reject(new InputError(`container ${id} is not running`, undefined, { cause: error })),
    );
  });
}

interface Answer {
  result?: unknown;
  error?: string;
  exited?: number;
}

/** Throws InputError: what the sandbox has said, or that there is none. */
export function ask(folder: StateFolder, question: Question): Promise<unknown> {
  return askAt(folder.door, folder.id, question);
}

async function askAt(door: string, id: string, question: Question): Promise<unknown> {
  const socket = await connect(door, id);
  socket.on('error', () => {});
  await sendJson(socket, { of: id, ...question });
  for await (const frame of framesOf(socket)) {
    if (!('json' in frame)) continue;
    const answer = frame.json as Answer;
    socket.destroy();
    if (answer.error !== undefined) throw new InputError(answer.error);
    return answer.result;
  }
  throw new InputError(`container ${id} ended before it had answered`);
}

/** The status of a container: `stopped` when its sandbox is gone. */
export async function statusOf(folder: StateFolder): Promise<string> {
  if (!isAlive(folder.read())) return 'stopped';
  try {
    return (await ask(folder, { ask: 'status' })) as string;
  } catch {
    return 'stopped';
  }
}

/** What has our standard streams in a sandbox: a container, or a process more of one. */
export type Streamed = Extract<Question, { ask: 'exec' | 'create' }>;

/** Starts it. `started` is called when it is there. Its status as a shell has it. */
export async function execute(door: string, id: string, question: Streamed, started: () => void): Promise<number> {
  const socket = await connect(door, id);
  socket.on('error', () => {});
  await sendJson(socket, { of: id, ...question });
  const { stdin, stdout, stderr } = process;
  for await (const frame of framesOf(socket)) {
    if (!('json' in frame)) {
      if (frame.kind === OUTPUT) await written(stdout, frame.bytes);
      else if (frame.kind === ERRORS) await written(stderr, frame.bytes);
      continue;
    }
    const answer = frame.json as Answer;
    if (answer.error !== undefined) throw new InputError(answer.error);
    if (answer.exited !== undefined) {
      socket.destroy();
      return answer.exited;
    }
    const { exec, terminal } = answer.result as { exec?: string; terminal: boolean };
    started();
    void passInput(socket);
    if (terminal && stdin.isTTY) {
      stdin.setRawMode(true);
      process.once('exit', () => stdin.setRawMode(false));
      const resize = (): void => {
        const size = { rows: stdout.rows ?? 24, columns: stdout.columns ?? 80 };
        void askAt(door, id, { ask: 'resize', exec, ...size }).catch(() => {});
      };
      stdout.on('resize', resize);
      resize();
    }
  }
  throw new InputError(`container ${id} ended`);
}

async function passInput(socket: Socket): Promise<void> {
  try {
    for await (const bytes of process.stdin) await sendFrame(socket, INPUT, bytes as Uint8Array);
  } catch {
    // a terminal that is hung up
  }
  await sendFrame(socket, INPUT_END, new Uint8Array(0));
}

function written(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.write(bytes)) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('drain', resolve);
    stream.once('close', resolve);
    stream.once('error', resolve);
  });
}
