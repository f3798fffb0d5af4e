// Whether what was written to a file is on the host's storage, and how it gets there: at once, or beside the caller.
// man 2 fdatasync: data, and what is needed to find it again; times of the file are not.
import { fdatasync, fdatasyncSync } from 'node:fs';
import { messageOf } from '../../base/errors.js';
import { BlockError } from '../../devices/storage/block-backend.js';

export class FileDurability {
  /** Writes so far, and how many of them are on the storage. */
  private written = 0;
  private durable = 0;
  /** The latest call that runs on another thread, and the writes that it covers. */
  private running: { upTo: number; promise: Promise<void> } | undefined;

  constructor(private readonly fd: number) {}

  /** The file has been written. */
  wrote(): void {
    this.written++;
  }

  /** Throws BlockError. */
  flush(): void {
    if (this.durable === this.written) return;
    try {
      fdatasyncSync(this.fd);
    } catch (error) {
      throw new BlockError(messageOf(error), { cause: error });
    }
    this.durable = this.written;
  }

  /** Resolves when all writes until now are on the storage, rejects with BlockError; undefined: they are. */
  flushBeside(): Promise<void> | undefined {
    const upTo = this.written;
    if (this.durable === upTo) return undefined;
    // one that began before the last write says nothing about it
    if (this.running?.upTo !== upTo) this.running = { upTo, promise: this.sync(upTo) };
    return this.running.promise;
  }

  /** Calls `close` when no call for the file is on its way any more. */
  whenIdle(close: () => void): void {
    if (this.running) this.running.promise.then(close, close);
    else close();
  }

  private sync(upTo: number): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.fd, (error) => {
        if (this.running?.upTo === upTo) this.running = undefined;
        if (error) {
          reject(new BlockError(messageOf(error), { cause: error }));
          return;
        }
        this.durable = Math.max(this.durable, upTo);
        resolve();
      });
    });
  }
}
