// A program of a node that somebody else has asked for over its control socket: the node's end (kernel-join.ts is the other).
import type { Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { InputError } from '../base/errors.js';
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
  pieces,
  REFUSED,
  type Refusal,
  SIGNAL,
  STARTED,
  STATUS,
  TAKEN,
  WINDOW_SIZE,
} from './kernel-frames.js';
import type { DataOption } from './data-folder.js';
import type { Ends } from './kernel-console.js';
import { openImage } from './kernel-image.js';
import { parseProgramOptions, type RawKernelOptions } from './kernel-options.js';
import { NotStarted, type Program, type Programs } from './kernel-program.js';

export interface Request {
  options: RawKernelOptions & DataOption;
  args: string[];
}

const LISTS = ['rootfs', 'share', 'env', 'bind', 'device', 'ioMax'];
const FLAGS = ['interactive', 'tty'];
/** Names that an option can't have: those of the node. */
const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);

/** What was asked for; undefined: nothing that can be. */
function requestOf(text: string): Request | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { options, args } = (value ?? {}) as { options?: unknown; args?: unknown };
  if (!isTexts(args) || args.length === 0 || typeof options !== 'object' || options === null) return undefined;
  for (const [name, one] of Object.entries(options)) {
    const fits = LISTS.includes(name)
      ? isTexts(one)
      : FLAGS.includes(name)
        ? typeof one === 'boolean'
        : isText(one) || (name === 'userns' && one === true);
    if (!fits) return undefined;
  }
  return { options: options as RawKernelOptions, args };
}

/** Standard streams at the other end of a socket. */
class RemoteEnds implements Ends {
  readonly stdin: Readable;
  readonly stdout: Writable & { columns?: number; rows?: number };
  readonly stderr: Writable;
  /** Bytes of input that have come and have not been taken. */
  private waiting = 0;
  private over = false;

  constructor(private readonly socket: Socket) {
    this.stdin = new Readable({ read: () => this.acknowledge(), highWaterMark: 1 });
    this.stdout = this.output(OUTPUT);
    this.stderr = this.output(ERRORS);
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.on('error', () => {});
  }

  private output(kind: number): Writable {
    const { socket } = this;
    return new Writable({
      write(bytes: Buffer, _encoding, done) {
        let taken = true;
        if (socket.destroyed) return done(new Error('nobody is there'));
        for (const piece of pieces(bytes)) taken = socket.write(frame(kind, piece));
        if (taken) return done();
        const go = (): void => {
          socket.off('drain', go);
          socket.off('close', go);
          done();
        };
        socket.on('drain', go);
        socket.on('close', go);
      },
    });
  }

  /** What was pushed before has been read. */
  private acknowledge(): void {
    if (this.waiting === 0) return;
    if (!this.socket.destroyed) this.socket.write(numberFrame(TAKEN, this.waiting));
    this.waiting = 0;
  }

  /** False: it is more than was agreed upon. */
  receive(bytes: Uint8Array): boolean {
    if (this.over) return false;
    this.waiting += bytes.length;
    if (this.waiting > INPUT_WINDOW) return false;
    if (this.stdin.push(Buffer.from(bytes))) this.acknowledge();
    return true;
  }

  end(): void {
    if (!this.over) this.stdin.push(null);
    this.over = true;
  }

  /** All output has been handed to the socket, or nobody is there. */
  async flushed(): Promise<void> {
    await Promise.all(
      [this.stdout, this.stderr].map((stream) => new Promise<void>((done) => stream.end(() => done()))),
    );
  }

  resize(rows: number, columns: number): void {
    Object.assign(this.stdout, { rows: Math.min(rows, 0xffff), columns: Math.min(columns, 0xffff) });
    this.stdout.emit('resize');
  }
}

/** Runs what `request` asks for to its end, or says why not. `early`: bytes that have come behind it. */
export async function visit(socket: Socket, programs: Programs, request: string, early: Uint8Array): Promise<void> {
  const ends = new RemoteEnds(socket);
  const reader = new FrameReader();
  let program: Program | undefined;
  /** Before there is a program. */
  const signals: number[] = [];
  const take = (kind: number, payload: Uint8Array): void => {
    const [first = 0, second = 0] = numbersIn(payload);
    if (kind === INPUT) {
      if (!ends.receive(payload)) socket.destroy();
    } else if (kind === INPUT_END) ends.end();
    else if (kind === WINDOW_SIZE) ends.resize(first, second);
    else if (kind === SIGNAL && program) program.signals.send(first);
    else if (kind === SIGNAL && signals.length < 8) signals.push(first);
  };
  const read = (bytes: Uint8Array): void => {
    if (!reader.read(bytes, take)) socket.destroy();
  };
  let gone = false;
  const leave = (): void => {
    gone = true;
    ends.end();
    for (const stream of [ends.stdout, ends.stderr]) stream.destroy();
    program?.signals.kill();
  };
  socket.on('close', leave);
  socket.on('end', () => socket.destroy());
  read(early);
  socket.on('data', read);
  socket.resume();
  const last = (bytes: Uint8Array): void => {
    socket.off('close', leave);
    if (!socket.destroyed) socket.end(bytes);
  };
  try {
    const asked = requestOf(request);
    if (!asked) throw new InputError('the node does not understand what it is asked', 'Is it of another version?');
    const { options, args } = asked;
    const parsed = parseProgramOptions(options);
    // whoever asks has pulled it
    const image = options.image === undefined ? undefined : await openImage(options.image, options);
    program = await programs.start(parsed, args, ends, image?.layers ?? []);
    if (gone) program.signals.kill();
    for (const signal of signals) program.signals.send(signal);
    if (!socket.destroyed) socket.write(frame(STARTED));
    const status = await program.ended;
    await program.close();
    await ends.flushed();
    last(numberFrame(STATUS, status));
  } catch (error) {
    last(frame(REFUSED, Buffer.from(JSON.stringify(refusalOf(error))).subarray(0, 65536)));
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof NotStarted) return { message: error.message, status: error.status };
  if (error instanceof InputError) return { message: error.message, advice: error.advice };
  return { message: `this is a bug of tabvisor: ${error instanceof Error ? error.stack : String(error)}` };
}
