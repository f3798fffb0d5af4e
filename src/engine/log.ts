// What a container has written, with times: the newest of it, up to a bound, and whoever follows it. Docker's json-file driver.
// Ours. It is kept in memory.

export interface LogEntry {
  /** Nanoseconds since 1970, as digits: more than a number holds. */
  time: string;
  /** The same in milliseconds. */
  milliseconds: number;
  stream: 1 | 2;
  bytes: Uint8Array;
}

/** Bytes that a container's log has at most; the oldest lines go first. */
const LOG_MAX = 16 << 20;
/** What an entry costs beside its bytes. */
const ENTRY_COST = 64;
/** A line longer than this is several entries, as with Docker. */
const LINE_MAX = 16384;
const NEWLINE = 10;

export class ContainerLog {
  private entries: LogEntry[] = [];
  private size = 0;
  private readonly rest: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];
  private readonly followers = new Set<(entry: LogEntry | undefined) => void>();

  /** `now`: milliseconds since 1970, with fractions. */
  constructor(private readonly now: () => number) {}

  write(stream: 1 | 2, bytes: Uint8Array): void {
    let begin = 0;
    const before = this.rest[stream - 1]!;
    let line: Uint8Array;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
      line = bytes.subarray(begin, end + 1);
      if (begin === 0 && before.length > 0) line = joined(before, line);
      this.add(stream, line);
      begin = end + 1;
    }
    let left: Uint8Array = begin === 0 && before.length > 0 ? joined(before, bytes) : bytes.subarray(begin);
    while (left.length >= LINE_MAX) {
      this.add(stream, left.subarray(0, LINE_MAX));
      left = left.subarray(LINE_MAX);
    }
    this.rest[stream - 1] = left.slice();
  }

  /** What has no end of line yet is an entry all the same: nothing more comes of it. */
  flush(): void {
    for (const stream of [1, 2] as const) {
      const left = this.rest[stream - 1]!;
      this.rest[stream - 1] = new Uint8Array(0);
      if (left.length > 0) this.add(stream, left);
    }
  }

  /** Nobody writes any more: who follows is told so. */
  end(): void {
    this.flush();
    for (const follower of [...this.followers]) follower(undefined);
  }

  private add(stream: 1 | 2, bytes: Uint8Array): void {
    const milliseconds = this.now();
    const whole = Math.floor(milliseconds);
    const nanoseconds = Math.floor((milliseconds - whole) * 1e6);
    const entry = {
      time: `${whole}${String(nanoseconds).padStart(6, '0')}`,
      milliseconds,
      stream,
      bytes: bytes.slice(),
    };
    this.entries.push(entry);
    this.size += bytes.length + ENTRY_COST;
    let drop = 0;
    while (this.size > LOG_MAX && drop < this.entries.length - 1)
      this.size -= this.entries[drop++]!.bytes.length + ENTRY_COST;
    if (drop > 0) this.entries = this.entries.slice(drop);
    for (const follower of [...this.followers]) follower(entry);
  }

  /** The last `tail` of those that pass. */
  read(tail: number, passes: (entry: LogEntry) => boolean): LogEntry[] {
    const found = this.entries.filter(passes);
    return tail >= found.length ? found : found.slice(found.length - tail);
  }

  /** Calls `follower` with each entry from now on, and with undefined at the end; what is returned ends it. */
  follow(follower: (entry: LogEntry | undefined) => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
