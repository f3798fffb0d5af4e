// What a container has written, with times: lines in files of its folder, and whoever reads and follows them.
// Docker's json-file driver: {"log":"text\n","stream":"stdout","time":"2026-11-30T12:00:00.123456789Z"}.
// Docker docs, "Configure logging drivers".
import { decodeText, encodeText, TextStream } from '../base/text.js';
import type { Turns } from '../base/turns.js';
import { joined } from '../base/bytes.js';
import type { LogFiles, LogPlace } from './log-files.js';

export interface LogEntry {
  /** With nanoseconds. */
  time: string;
  /** The same in milliseconds since 1970. */
  milliseconds: number;
  stream: 1 | 2;
  bytes: Uint8Array;
}

/** A line longer than this is several entries, as with Docker. */
const LINE_MAX = 16384;
const NEWLINE = 10;
export class ContainerLog {
  private readonly rest: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];
  private readonly listeners = new Set<() => void>();
  readonly files: LogFiles;

  /** `now`: milliseconds since 1970, with fractions. */
  constructor(
    private readonly now: () => number,
    /** Who reads goes on when it is his turn. */
    private readonly turns: Turns,
    open: (written: () => void) => LogFiles,
  ) {
    this.files = open(() => this.changed());
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }

  /** Answers when there is room for more. */
  write(stream: 1 | 2, bytes: Uint8Array): Promise<void> | undefined {
    let wait: Promise<void> | undefined;
    let begin = 0;
    const before = this.rest[stream - 1]!;
    let line: Uint8Array;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
      line = bytes.subarray(begin, end + 1);
      if (begin === 0 && before.length > 0) line = joined([before, line]);
      wait = this.addLong(stream, line);
      begin = end + 1;
    }
    const left = begin === 0 && before.length > 0 ? joined([before, bytes]) : bytes.subarray(begin);
    const cut = left.length - (left.length % LINE_MAX);
    if (cut > 0) wait = this.addLong(stream, left.subarray(0, cut));
    this.rest[stream - 1] = left.slice(cut);
    return wait;
  }

  private addLong(stream: 1 | 2, line: Uint8Array): Promise<void> | undefined {
    let wait: Promise<void> | undefined;
    for (let at = 0; at < line.length; at += LINE_MAX) wait = this.add(stream, line.subarray(at, at + LINE_MAX));
    return wait;
  }

  private add(stream: 1 | 2, bytes: Uint8Array): Promise<void> | undefined {
    const milliseconds = this.now();
    const whole = Math.floor(milliseconds);
    const nanoseconds = String(Math.floor((milliseconds - whole) * 1e6)).padStart(6, '0');
    const entry = {
      log: decodeText(bytes) ?? new TextStream().end(bytes),
      stream: stream === 1 ? 'stdout' : 'stderr',
      time: `${new Date(whole).toISOString().slice(0, -1)}${nanoseconds}Z`,
    };
    return this.files.append(encodeText(`${JSON.stringify(entry)}\n`));
  }

  /** Nobody writes any more. What has no end of line yet is an entry all the same: nothing more comes of it. */
  end(): Promise<void> {
    for (const stream of [1, 2] as const) {
      const left = this.rest[stream - 1]!;
      this.rest[stream - 1] = new Uint8Array(0);
      if (left.length > 0) void this.add(stream, left);
    }
    return this.files.close();
  }

  /** All that there is now, some entries at a time. */
  async *read(): AsyncGenerator<LogEntry[]> {
    const end = await this.files.end();
    const reader = new LogReader(
      this.files,
      this.turns,
      await this.files.tail(Number.POSITIVE_INFINITY, this.turns),
      end,
    );
    for (let entries = await reader.next(); entries; entries = await reader.next()) yield entries;
  }

  /** Reads from the last `lines` on. */
  async reader(lines: number): Promise<LogReader> {
    return new LogReader(this.files, this.turns, await this.files.tail(lines, this.turns));
  }

  /** Calls `listener` when more has been written; what is returned ends it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export class LogReader {
  constructor(
    private readonly files: LogFiles,
    private readonly turns: Turns,
    private place: LogPlace,
    private readonly end?: LogPlace,
  ) {}

  /** Some of the entries that follow; undefined when there are no more now. */
  async next(): Promise<LogEntry[] | undefined> {
    await this.turns.next();
    const { bytes, next } = await this.files.read(this.place, this.end);
    this.place = next;
    if (bytes.length === 0) return undefined;
    const lines = (decodeText(bytes) ?? new TextStream().end(bytes)).split('\n');
    return lines.map(entryOf).filter((entry) => entry !== undefined);
  }
}

function entryOf(line: string): LogEntry | undefined {
  if (line === '') return undefined;
  try {
    const { log, stream, time } = JSON.parse(line);
    const milliseconds = Date.parse(`${time.slice(0, 23)}Z`) + Number(time.slice(23, -1)) / 1e6;
    if (Number.isNaN(milliseconds)) return undefined;
    return { time, milliseconds, stream: stream === 'stdout' ? 1 : 2, bytes: encodeText(log) };
  } catch {
    // no line of ours
    return undefined;
  }
}
