// Asking a sandbox, and the streams of a process that is started in it.
import { createConnection, type Socket } from 'node:net';
import { InputError } from '../../base/errors.js';
import type { ProcessSpec } from '../../base/runtime-spec.js';
import { ERRORS, INPUT, INPUT_END, OUTPUT } from '../kernel-frames.js';
import { framesOf, sendFrame, sendJson } from './frames.js';
import type { Question } from './sandbox.js';
import { isAlive, type StateFolder } from './state-folder.js';

function connect(folder: StateFolder): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(folder.socket, () => resolve(socket));
    socket.once('error', (error) =>
      reject(new InputError(`container ${folder.id} is not running`, undefined, { cause: error })),
    );
  });
}

interface Answer {
  result?: unknown;
  error?: string;
  exited?: number;
}

/** Throws InputError: what the sandbox has said, or that there is none. */
export async function ask(folder: StateFolder, question: Question): Promise<unknown> {
  const socket = await connect(folder);
  socket.on('error', () => {});
  await sendJson(socket, question);
  for await (const frame of framesOf(socket)) {
    if (!('json' in frame)) continue;
    const answer = frame.json as Answer;
    socket.destroy();
    if (answer.error !== undefined) throw new InputError(answer.error);
    return answer.result;
  }
  throw new InputError(`container ${folder.id} ended before it had answered`);
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

/** Starts a process with our standard streams. `started` is called when it is there. Its status as a shell has it. */
export async function execute(folder: StateFolder, spec: ProcessSpec, started: () => void): Promise<number> {
  const socket = await connect(folder);
  socket.on('error', () => {});
  await sendJson(socket, { ask: 'exec', process: spec } satisfies Question);
  const { stdin, stdout, stderr } = process;
  let exec = '';
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
    exec = String(answer.result);
    started();
    void passInput(socket);
    if (spec.terminal && stdin.isTTY) {
      stdin.setRawMode(true);
      process.once('exit', () => stdin.setRawMode(false));
      const resize = (): void =>
        void ask(folder, { ask: 'resize', exec, rows: stdout.rows ?? 24, columns: stdout.columns ?? 80 }).catch(
          () => {},
        );
      stdout.on('resize', resize);
      resize();
    }
  }
  throw new InputError(`container ${folder.id} ended`);
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
