// `tabvisor kernel run --node SOCKET`: a program on the node of another tabvisor kernel run, with the standard streams of this process
// (kernel-visitor.ts is the node's end).
import { connect, type Socket } from 'node:net';
import { constants } from 'node:os';
import { InputError } from '../base/errors.js';
import { reason } from '../hosts/node/files.js';
import {
  ERRORS,
  FrameReader,
  frame,
  INPUT,
  INPUT_END,
  INPUT_WINDOW,
  numberFrame,
  numbersIn,
  OUTPUT,
  REFUSED,
  type Refusal,
  SIGNAL,
  STARTED,
  STATUS,
  TAKEN,
  WINDOW_SIZE,
} from './kernel-frames.js';
import type { DataOption } from './data-folder.js';
import { optionsForNode, type RawKernelOptions } from './kernel-options.js';
import { NotStarted } from './kernel-program.js';
import { forwardSignals } from './kernel-signals.js';

const { stdin, stdout, stderr } = process;

/** Runs `args` there; its status. Throws InputError or NotStarted. */
export async function runOnNode(
  path: string,
  raw: RawKernelOptions & DataOption,
  args: readonly string[],
): Promise<number> {
  const options = optionsForNode(raw);
  const socket = await reach(path);
  const request = JSON.stringify({ options, args });
  socket.write(`run ${request}\n`);
  const session = new Session(socket, raw.tty ?? false, raw.interactive ?? false);
  try {
    return await session.ended;
  } finally {
    session.close();
  }
}

function reach(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) =>
      reject(
        new InputError(`--node ${path}: ${reason(error)}`, `Start its first program with --control ${path}.`, {
          cause: error,
        }),
      ),
    );
  });
}

class Session {
  readonly ended: Promise<number>;
  private readonly reader = new FrameReader();
  private readonly undo: (() => void)[] = [];
  /** Bytes of input that may be sent. */
  private room = INPUT_WINDOW;
  private readonly waiting: Buffer[] = [];
  private over = false;

  constructor(
    private readonly socket: Socket,
    private readonly tty: boolean,
    private readonly interactive: boolean,
  ) {
    this.ended = new Promise((resolve, reject) => {
      socket.on('data', (bytes) => {
        if (!this.reader.read(bytes, (kind, payload) => this.take(kind, payload, resolve, reject))) socket.destroy();
      });
      socket.on('error', () => {});
      // nobody reads any more: what the program would have been told by its pipe
      for (const stream of [stdout, stderr]) stream.on('error', () => resolve(128 + constants.signals.SIGPIPE));
      socket.on('close', () =>
        reject(new InputError('the node is gone, and the program with it', 'It ends with its first program.')),
      );
    });
    this.undo.push(forwardSignals((signal) => socket.write(numberFrame(SIGNAL, signal))));
    if (tty) this.resize();
    if (!interactive && !tty) this.endInput();
  }

  private take(
    kind: number,
    payload: Uint8Array,
    resolve: (status: number) => void,
    reject: (error: Error) => void,
  ): void {
    const [number = 0] = numbersIn(payload);
    if (kind === STARTED) this.open();
    else if (kind === TAKEN) this.send(number);
    else if (kind === OUTPUT) this.show(stdout, payload);
    else if (kind === ERRORS) this.show(stderr, payload);
    else if (kind === STATUS) resolve(number & 0xff);
    else if (kind === REFUSED) {
      const { message, advice, status } = JSON.parse(Buffer.from(payload).toString()) as Refusal;
      reject(status === undefined ? new InputError(message, advice) : new NotStarted(message, status));
    }
  }

  /** The program runs: from now on the terminal is its. */
  private open(): void {
    if (this.tty) {
      if (stdin.isTTY) {
        stdin.setRawMode(true);
        this.undo.push(() => stdin.setRawMode(false));
      }
      stdout.on('resize', this.resize);
      this.undo.push(() => stdout.off('resize', this.resize));
    }
    if (!this.interactive && !this.tty) return;
    stdin.on('data', this.keep);
    stdin.on('end', this.endInput);
    stdin.on('error', this.endInput);
    this.undo.push(() => {
      stdin.off('data', this.keep);
      stdin.pause();
    });
  }

  private readonly resize = (): void => {
    if (stdout.columns) this.socket.write(numberFrame(WINDOW_SIZE, stdout.rows ?? 24, stdout.columns));
  };

  private readonly keep = (bytes: Buffer): void => {
    this.waiting.push(bytes);
    this.send(0);
  };

  private send(more: number): void {
    this.room += more;
    for (let first = this.waiting[0]; first && this.room > 0; first = this.waiting[0]) {
      const piece = first.subarray(0, this.room);
      this.socket.write(frame(INPUT, piece));
      this.room -= piece.length;
      if (piece.length === first.length) this.waiting.shift();
      else this.waiting[0] = first.subarray(piece.length);
    }
    if (this.waiting.length > 0) stdin.pause();
    else if (this.over) this.socket.write(frame(INPUT_END));
    else if (more > 0) stdin.resume();
  }

  private readonly endInput = (): void => {
    if (this.over) return;
    this.over = true;
    this.send(0);
  };

  private show(stream: NodeJS.WriteStream, bytes: Uint8Array): void {
    if (stream.destroyed || stream.write(bytes) || this.socket.isPaused()) return;
    this.socket.pause();
    stream.once('drain', () => this.socket.resume());
  }

  close(): void {
    for (const step of this.undo) step();
    this.socket.destroy();
  }
}
