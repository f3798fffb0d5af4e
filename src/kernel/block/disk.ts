// A block device as programs see it: what a layer store or a volume lies on. Nothing is read through it: filesystems of the host's files
// tell it what they have moved, and it charges the groups for it. Linux struct gendisk; Documentation/admin-guide/iostats.rst.
import { majorOf, minorOf } from '../abi/device-number.js';
import type { Cgroup } from '../cgroup/cgroup.js';
import type { MemoryState } from '../cgroup/memory-state.js';
import { noteStall } from '../cgroup/pressure.js';
import type { Kernel } from '../kernel.js';
import type { FrameAccount } from '../mm/frame-account.js';
import { PRESSURE_IO } from '../task/stall.js';
import type { FileSystem } from '../vfs/file-system.js';

export const SECTOR = 512;

/** Directions of a transfer. */
export const DISK_READ = 0;
export const DISK_WRITE = 1;

/** What has been moved in one direction. */
export class Traffic {
  operations = 0;
  bytes = 0;
  /** Nanoseconds that it took. */
  time = 0;
}

export class Disk {
  /** By DISK_*. */
  readonly traffic: readonly [Traffic, Traffic] = [new Traffic(), new Traffic()];
  private readonly contents = new Set<FileSystem>();
  /** Virtual time of the newest transfer: groups that come to compete begin there. */
  virtualTime = 0;

  constructor(
    private readonly kernel: Kernel,
    readonly name: string,
    /** Its number, which is st_dev of a filesystem that has it alone. */
    readonly device: number,
  ) {}

  /** '254:0'. */
  get number(): string {
    return `${majorOf(this.device)}:${minorOf(this.device)}`;
  }

  get sectors(): number {
    let bytes = 0;
    for (const fs of this.contents) {
      const { blocks, blockSize } = fs.statistics();
      bytes += blocks * blockSize;
    }
    return Math.floor(bytes / SECTOR);
  }

  get readOnly(): boolean {
    for (const fs of this.contents) if (!fs.fixedReadOnly) return false;
    return true;
  }

  /** The filesystem's data lie on it. */
  hold(fs: FileSystem): void {
    this.contents.add(fs);
    fs.disk = this;
  }

  /** They do not any more. */
  letGo(fs: FileSystem): void {
    this.contents.delete(fs);
  }

  /** It is not there any more. */
  remove(): void {
    this.kernel.disks.remove(this);
  }

  /** The time by which noteRead() and noteWritten() know how long a transfer took. */
  begin(): number {
    return this.kernel.clock.monotonic();
  }

  /** `bytes` were read since `begun`: who has the processor wanted them. */
  noteRead(bytes: number, begun: number): void {
    this.note(DISK_READ, 1, bytes, begun, this.kernel.current?.cgroup);
  }

  /** `bytes` were written back since `begun`: they are whose pages they were in. */
  noteWritten(operations: number, bytes: number, begun: number, owner: FrameAccount | undefined): void {
    this.note(DISK_WRITE, operations, bytes, begun, (owner as MemoryState | undefined)?.cgroup);
  }

  private note(direction: number, operations: number, bytes: number, begun: number, cgroup: Cgroup | undefined): void {
    const now = this.kernel.clock.monotonic();
    const traffic = this.traffic[direction]!;
    traffic.operations += operations;
    traffic.bytes += bytes;
    traffic.time += now - begun;
    const { current } = this.kernel;
    if (current) noteStall(current.cgroup, PRESSURE_IO, now - begun);
    cgroup?.io?.charge(this, direction, operations, bytes, now);
  }
}
