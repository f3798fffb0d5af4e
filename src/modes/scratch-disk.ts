// The disk that our own guest may write to: a mark in sector 0, numbers from xorshift32 in all others.
// Contract: guest/README.md (scratch disks); the same bytes as guest/disks.mjs makes.
import { latin1 } from '../base/bytes.js';
import type { BlockBackend } from '../devices/storage/block-backend.js';

const SECTOR = 512;
const SIZE = 4 << 20;

export class ScratchDisk implements BlockBackend {
  readonly size = SIZE;
  readonly readOnly = false;
  private readonly bytes = new Uint8Array(SIZE);

  constructor() {
    const view = new DataView(this.bytes.buffer);
    let x = 0x7ab715;
    for (let at = SECTOR; at < SIZE; at += 4) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      view.setInt32(at, x, true);
    }
    this.bytes.set(latin1('TABVISOR-SCRATCH'));
  }

  read(offset: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  write(offset: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, offset);
  }

  flush(): void {}
}
