// A filesystem's store in memory, which remembers what was asked of it and so can be had as a crash would have left it.
// Contract: src/base/block-store.ts.
import type { BlockStore, StoreFile } from '../src/base/block-store.js';
import { crc32 } from '../src/vmm/snapshot/crc32.js';

const SECTOR = 512;

export type StoreStep =
  | { file: number; kind: 'write'; at: number; bytes: Uint8Array }
  | { file: number; kind: 'truncate'; size: number }
  | { file: number; kind: 'flush' };

class MemoryFile implements StoreFile {
  size: number;

  constructor(
    private readonly store: MemoryBlockStore,
    private readonly file: number,
    public bytes: Uint8Array,
  ) {
    this.size = bytes.length;
  }

  read(offset: number, into: Uint8Array): void {
    into.fill(0);
    into.set(this.bytes.subarray(0, this.size).subarray(offset, offset + into.length));
  }

  write(offset: number, bytes: Uint8Array): void {
    const { store, file } = this;
    if (offset + bytes.length > this.size) store.take(offset + bytes.length - this.size);
    store.did({ file, kind: 'write', at: offset, bytes: bytes.slice() });
    this.put(offset, bytes);
  }

  truncate(size: number): void {
    this.store.did({ file: this.file, kind: 'truncate', size });
    this.cut(size);
  }

  flush(): void {
    this.store.did({ file: this.file, kind: 'flush' });
    this.store.flushes++;
  }

  put(offset: number, bytes: Uint8Array): void {
    if (offset + bytes.length > this.size) this.cut(offset + bytes.length);
    this.bytes.set(bytes, offset);
  }

  cut(size: number): void {
    if (size > this.bytes.length) {
      const more = new Uint8Array(Math.max(size, 2 * this.bytes.length));
      more.set(this.bytes.subarray(0, this.size));
      this.bytes = more;
    }
    if (size < this.size) this.bytes.fill(0, size, this.size);
    this.size = size;
  }

  do(step: StoreStep, upTo = Number.POSITIVE_INFINITY): void {
    if (step.kind === 'write') this.put(step.at, step.bytes.subarray(0, upTo));
    else if (step.kind === 'truncate') this.cut(step.size);
  }
}

export class MemoryBlockStore implements BlockStore {
  readonly name = 'store';
  private readonly files: MemoryFile[];
  /** What was asked of it, where that is remembered. */
  steps?: StoreStep[];
  flushes = 0;
  /** Bytes that files may grow by before the host is full. */
  left = 2 ** 40;
  isClosed = false;

  constructor(contents: readonly Uint8Array[] = [new Uint8Array(0), new Uint8Array(0), new Uint8Array(0)]) {
    this.files = contents.map((bytes, file) => new MemoryFile(this, file, bytes));
  }

  get data(): MemoryFile {
    return this.files[0]!;
  }

  get logs(): [MemoryFile, MemoryFile] {
    return [this.files[1]!, this.files[2]!];
  }

  /** The bytes of its files: what another store may begin with. */
  get contents(): Uint8Array[] {
    return this.files.map((file) => file.bytes.slice(0, file.size));
  }

  take(bytes: number): void {
    if (bytes > this.left) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    this.left -= bytes;
  }

  did(step: StoreStep): void {
    if (this.isClosed) throw new Error('closed');
    this.steps?.push(step);
  }

  room(): number {
    return this.left;
  }

  crc32(bytes: Uint8Array): number {
    return crc32(bytes);
  }

  close(): void {
    this.isClosed = true;
  }

  /** As it is after `steps` when the process was killed in the last one. */
  static killed(steps: readonly StoreStep[]): MemoryBlockStore {
    const store = new MemoryBlockStore();
    for (const [number, step] of steps.entries()) {
      const isTorn = number === steps.length - 1 && step.kind === 'write';
      store.files[step.file]!.do(step, isTorn ? step.bytes.length >>> 1 : undefined);
    }
    return store;
  }

  /** As it is when the power went: of what was not flushed there are the sectors and truncations that `stays` says, none without. */
  static powerless(steps: readonly StoreStep[], stays: () => boolean): MemoryBlockStore {
    const store = new MemoryBlockStore();
    const flushed = store.files.map((_, file) =>
      steps.map((step) => step.file === file && step.kind === 'flush').lastIndexOf(true),
    );
    for (const [number, step] of steps.entries()) {
      const file = store.files[step.file]!;
      if (number < flushed[step.file]!) file.do(step);
      else if (step.kind === 'truncate') {
        if (stays()) file.do(step);
      } else if (step.kind === 'write')
        for (let at = 0; at < step.bytes.length; ) {
          const end = Math.min(step.bytes.length, at + SECTOR - ((step.at + at) % SECTOR));
          if (stays()) file.put(step.at + at, step.bytes.subarray(at, end));
          at = end;
        }
    }
    return store;
  }
}
