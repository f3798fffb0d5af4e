// The disks of a node, by the names and numbers that Linux's virtio-blk gives them: vda is 254:0, vdb 254:16.
// Linux drivers/block/virtio_blk.c, virtblk_name_format; Documentation/admin-guide/devices.txt.
import { makedev } from '../abi/device-number.js';
import type { Kernel } from '../kernel.js';
import type { FileSystem } from '../vfs/file-system.js';
import { Disk } from './disk.js';

export const DISK_MAJOR = 254;
/** Minor numbers of a disk: it and its partitions. */
export const DISK_MINORS = 16;

const LETTERS = 26;

/** a to z, aa to zz, and so on. */
function lettersOf(index: number): string {
  let letters = '';
  for (let rest = index; rest >= 0; rest = Math.floor(rest / LETTERS) - 1)
    letters = String.fromCharCode(97 + (rest % LETTERS)) + letters;
  return letters;
}

export class Disks {
  readonly all: Disk[] = [];

  constructor(private readonly kernel: Kernel) {}

  /** With the first number that is free. */
  add(): Disk {
    let index = 0;
    while (this.find(makedev(DISK_MAJOR, index * DISK_MINORS))) index++;
    const disk = new Disk(this.kernel, `vd${lettersOf(index)}`, makedev(DISK_MAJOR, index * DISK_MINORS));
    this.all.push(disk);
    return disk;
  }

  /** A filesystem that had one for itself is not shown any more. */
  removeOf({ disk }: FileSystem): void {
    if (disk) this.remove(disk);
  }

  remove(disk: Disk): void {
    const at = this.all.indexOf(disk);
    if (at >= 0) this.all.splice(at, 1);
    for (const group of this.kernel.cgroups.root.tree()) group.states.io?.forget(disk);
  }

  /** By its device number. */
  find(device: number): Disk | undefined {
    return this.all.find((disk) => disk.device === device);
  }
}
