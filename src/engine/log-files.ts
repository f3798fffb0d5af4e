// Lines of a log in files: the newest in one, those before it in numbered others, as many and as large as is said.
// Docker docs, "JSON File logging driver". What is asked of the files is done one after the other.
import { joined } from '../base/bytes.js';
import { messageOf } from '../base/errors.js';
import type { Turns } from '../base/turns.js';
import type { Storage, StoredFile, StoredWriter } from '../base/storage.js';

const NEWLINE = 10;
/** Bytes that are read at a time, where a line is not longer: as many as who does not take them holds. */
const PIECE = 1 << 15;
/** Any line is shorter. */
const LINE_MAX = 1 << 18;
/** Bytes that may wait to be written until who writes has to wait. */
const WAITING_MAX = 1 << 20;

/** A place in the log: a file by how many were begun before it, and an offset. */
export interface LogPlace {
  file: number;
  offset: number;
}

export interface LogLimits {
  /** Bytes of a file, as soon as which are reached it is put aside. */
  maxSize: number;
  maxFiles: number;
}

export class LogFiles {
  private turn: Promise<unknown> = Promise.resolve();
  /** What is written next, with what has its turn by then. */
  private batch?: Uint8Array[];
  private waiting = 0;
  private writer?: StoredWriter;
  private size = 0;
  /** How many files were begun before the newest. */
  private newest = 0;
  private failing = false;

  /** `complain` is told, once, that lines are lost. */
  constructor(
    private readonly storage: Storage,
    private readonly path: string,
    private readonly limits: LogLimits,
    private readonly written: () => void,
    private readonly complain: (why: string) => void,
  ) {}

  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const next = this.turn.then(action);
    this.turn = next.catch(() => {});
    return next;
  }

  /** Answers when there is room for more. */
  append(line: Uint8Array): Promise<void> | undefined {
    this.waiting += line.length;
    if (!this.batch) {
      const batch: Uint8Array[] = [];
      this.batch = batch;
      void this.inTurn(() => this.write(batch));
    }
    this.batch.push(line);
    return this.waiting > WAITING_MAX ? this.turn.then(() => {}) : undefined;
  }

  private async write(batch: Uint8Array[]): Promise<void> {
    if (this.batch === batch) this.batch = undefined;
    try {
      this.writer ??= await this.openToWrite();
      let chunk: Uint8Array[] = [];
      for (const line of batch) {
        if (this.size >= this.limits.maxSize) {
          await this.put(chunk);
          chunk = [];
          await this.rotate();
        }
        chunk.push(line);
        this.size += line.length;
      }
      await this.put(chunk);
      this.failing = false;
    } catch (error) {
      await this.closeNow();
      if (!this.failing) this.complain(messageOf(error));
      this.failing = true;
    }
    this.waiting -= batch.reduce((sum, { length }) => sum + length, 0);
    this.written();
  }

  private async put(lines: readonly Uint8Array[]): Promise<void> {
    if (lines.length > 0) await this.writer!.write(joined(lines));
  }

  /** At its end; behind its last whole line when a process ended in the middle of one. */
  private async openToWrite(): Promise<StoredWriter> {
    const file = await this.storage.open(this.path);
    this.size = 0;
    if (file) {
      const piece = new Uint8Array(Math.min(LINE_MAX, file.size));
      try {
        file.read(file.size - piece.length, piece);
      } finally {
        file.close();
      }
      this.size = file.size - piece.length + piece.lastIndexOf(NEWLINE) + 1;
    }
    return this.storage.write(this.path, this.size);
  }

  private async rotate(): Promise<void> {
    await this.closeNow();
    for (let number = this.limits.maxFiles - 1; number > 0; number--) {
      const from = this.nameOf(number - 1);
      if ((await this.storage.size(from)) !== undefined) await this.storage.move(from, this.nameOf(number));
    }
    this.newest++;
    this.writer = await this.storage.write(this.path, 0);
    this.size = 0;
  }

  private nameOf(number: number): string {
    return number === 0 ? this.path : `${this.path}.${number}`;
  }

  private async closeNow(): Promise<void> {
    const { writer } = this;
    this.writer = undefined;
    await writer?.abandon();
  }

  /** Nothing is written for now: no file is held. */
  close(): Promise<void> {
    return this.inTurn(() => this.closeNow());
  }

  /** The end of what has been appended until now. */
  end(): Promise<LogPlace> {
    this.batch = undefined;
    return this.inTurn(async () => ({ file: this.newest, offset: (await this.storage.size(this.path)) ?? 0 }));
  }

  /** Where the last `lines` begin: nothing waits meanwhile that is to be written. */
  async tail(lines: number, turns: Turns): Promise<LogPlace> {
    let left = lines;
    let { file: number } = await this.end();
    for (const first = number - this.limits.maxFiles + 1; number >= first; number--) {
      const file = await this.inTurn(() => this.storage.open(this.nameOf(this.newest - number)));
      if (!file) {
        // a process may have ended when it had put the newest aside and begun no other
        if (number === this.newest) continue;
        break;
      }
      try {
        const found = await startOfLast(file, left, turns);
        if (found.lines >= left) return { file: number, offset: found.offset };
        left -= found.lines;
      } finally {
        file.close();
      }
    }
    return { file: number + 1, offset: 0 };
  }

  /** Whole lines from a place on, some at a time, and the place behind them; none at `end`, or that of all. */
  read({ file, offset }: LogPlace, end?: LogPlace): Promise<{ bytes: Uint8Array; next: LogPlace }> {
    this.batch = undefined;
    return this.inTurn(async () => {
      // what is older than the oldest file is gone
      const first = this.newest - this.limits.maxFiles + 1;
      const last = end?.file ?? this.newest;
      for (let number = Math.max(file, first); number <= last; number++) {
        const from = number === file ? offset : 0;
        const to = number === end?.file ? end.offset : Number.POSITIVE_INFINITY;
        const bytes = await this.linesFrom(this.nameOf(this.newest - number), from, to);
        if (bytes.length > 0) return { bytes, next: { file: number, offset: from + bytes.length } };
        if (number === last) return { bytes, next: { file: number, offset: from } };
      }
      return { bytes: new Uint8Array(0), next: { file, offset } };
    });
  }

  private async linesFrom(path: string, offset: number, to: number): Promise<Uint8Array> {
    const file = await this.storage.open(path);
    if (!file) return new Uint8Array(0);
    try {
      const left = Math.max(0, Math.min(file.size, to) - offset);
      for (let size = PIECE; ; size *= 2) {
        const bytes = new Uint8Array(Math.min(size, left));
        file.read(offset, bytes);
        const end = bytes.lastIndexOf(NEWLINE) + 1;
        if (end > 0 || bytes.length === left) return bytes.subarray(0, end);
        // what is no line of ours is passed over
        if (size >= LINE_MAX) return bytes;
      }
    } finally {
      file.close();
    }
  }
}

/** How many of the last lines there are, `wanted` at most, and where the first of them begins. */
async function startOfLast(file: StoredFile, wanted: number, turns: Turns): Promise<{ lines: number; offset: number }> {
  if (wanted === 0) return { lines: 0, offset: file.size };
  if (wanted === Number.POSITIVE_INFINITY) return { lines: 0, offset: 0 };
  let found = 0;
  for (let end = file.size; end > 0; ) {
    await turns.next();
    const piece = new Uint8Array(Math.min(LINE_MAX, end));
    end -= piece.length;
    file.read(end, piece);
    for (let at = piece.lastIndexOf(NEWLINE); at >= 0; at = at === 0 ? -1 : piece.lastIndexOf(NEWLINE, at - 1))
      // the end of a line is the beginning of the next: one more is seen than is wanted
      if (found++ === wanted) return { lines: wanted, offset: end + at + 1 };
  }
  return { lines: found, offset: 0 };
}
