// The memory between a WASI program's worker and its process in the kernel: one system call at a time, with its data, and its result.
// Ours. The worker asks and sleeps (Atomics.wait); the node answers and wakes it. Whatever lies in it is a stranger's.

/** Bytes of data that go with a call, one way. */
export const DATA_MAX = 65536;

/** 32-bit words of the memory. The call's own are one block, which the process reads as it is. */
const STATE = 0;
/** Pages of 64 KiB that the program's memories have. */
const PAGES = 1;
const CALL = 4;
/** In the block: number, six arguments, how many bytes of data come back. */
const CALL_WORDS = 8;
/** Bytes of data that come with it. */
const DATA_LENGTH = CALL + CALL_WORDS;
const RESULT = DATA_LENGTH + 1;
const DATA = 128;
const SIZE = DATA + DATA_MAX;

const IDLE = 0;
const ASKED = 1;
const ANSWERED = 2;

/** Where the process has the block, the result and the data: addresses in it. */
export const BLOCK_ADDRESS = 0x10001000;
/** The result lies right before the data: both go back in one write. */
export const RESULT_OFFSET = 60;
export const DATA_OFFSET = 64;
export const DATA_ADDRESS = BLOCK_ADDRESS + DATA_OFFSET;
export const BLOCK_SIZE = DATA_OFFSET + DATA_MAX;
/** In the block: how many bytes come back. */
export const BACK_OFFSET = 28;

export const newMailbox = (): SharedArrayBuffer => new SharedArrayBuffer(SIZE);

/** The program's side. */
export class Caller {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  beforeCall: () => void = () => {};

  /** `tell`: the node is to look. */
  constructor(
    memory: SharedArrayBuffer,
    private readonly tell: () => void,
  ) {
    this.words = new Int32Array(memory);
    this.bytes = new Uint8Array(memory);
  }

  setPages(pages: number): void {
    this.words[PAGES] = pages;
  }

  /** The result of a system call, whose arguments that are addresses lie from DATA_ADDRESS on. `back`: bytes of data that it gives. */
  call(number: number, args: readonly number[], data: Uint8Array | undefined, back: number): number {
    const { words, bytes } = this;
    this.beforeCall();
    words[CALL] = number;
    for (let i = 0; i < 6; i++) words[CALL + 1 + i] = args[i] ?? 0;
    words[CALL + 7] = back;
    words[DATA_LENGTH] = data?.length ?? 0;
    if (data) bytes.set(data, DATA);
    Atomics.store(words, STATE, ASKED);
    this.tell();
    while (Atomics.load(words, STATE) !== ANSWERED) Atomics.wait(words, STATE, ASKED);
    Atomics.store(words, STATE, IDLE);
    return words[RESULT]!;
  }

  /** A copy of data that a call has given. */
  data(length: number): Uint8Array {
    return this.bytes.slice(DATA, DATA + length);
  }
}

/** The node's side. */
export class Callee {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private taken = false;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.bytes = new Uint8Array(memory);
  }

  get pages(): number {
    return Math.max(0, Math.min(65536, this.words[PAGES]!));
  }

  get asked(): boolean {
    return !this.taken && Atomics.load(this.words, STATE) === ASKED;
  }

  /** The call as the process reads it; to be asked for when there is one. */
  take(): Uint8Array {
    this.taken = true;
    const length = Math.max(0, Math.min(DATA_MAX, this.words[DATA_LENGTH]!));
    const block = new Uint8Array(DATA_OFFSET + length);
    block.set(this.bytes.subarray(4 * CALL, 4 * (CALL + CALL_WORDS)));
    block.set(this.bytes.subarray(DATA, DATA + length), DATA_OFFSET);
    return block;
  }

  /** `answer`: the result, four bytes, and the data behind it. */
  answer(answer: Uint8Array): void {
    if (!this.taken || answer.length < 4) return;
    this.taken = false;
    this.words[RESULT] = new DataView(answer.buffer, answer.byteOffset).getInt32(0, true);
    this.bytes.set(answer.subarray(4, 4 + DATA_MAX), DATA);
    Atomics.store(this.words, STATE, ANSWERED);
    Atomics.notify(this.words, STATE);
  }
}
