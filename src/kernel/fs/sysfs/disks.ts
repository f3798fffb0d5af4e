// /sys/block: the disks. Linux Documentation/ABI/stable/sysfs-block.
import { majorOf, minorOf } from '../../abi/device-number.js';
import { DISK_MINORS } from '../../block/disks.js';
import { type Disk, SECTOR } from '../../block/disk.js';
import { PAGE_SIZE } from '../../mm/frames.js';
import { diskCounts } from '../procfs/disks.js';
import { directory, link, type SysNode, value } from './node.js';
import type { Sysfs } from './sysfs.js';

/** How it takes requests. */
const QUEUE = directory({
  discard_max_bytes: value(0),
  hw_sector_size: value(SECTOR),
  logical_block_size: value(SECTOR),
  max_sectors_kb: value(256),
  minimum_io_size: value(PAGE_SIZE),
  nr_requests: value(1),
  optimal_io_size: value(0),
  physical_block_size: value(PAGE_SIZE),
  rotational: value(0),
  scheduler: value('[none]'),
  write_cache: value('write back'),
  zoned: value('none'),
});

function nodeOf(disk: Disk): SysNode {
  const { name, number, device } = disk;
  return directory({
    alignment_offset: value(0),
    dev: value(number),
    discard_alignment: value(0),
    ext_range: value(256),
    hidden: value(0),
    holders: directory(),
    inflight: value('       0        0'),
    queue: QUEUE,
    range: value(DISK_MINORS),
    removable: value(0),
    ro: value(() => (disk.readOnly ? 1 : 0)),
    size: value(() => disk.sectors),
    slaves: directory(),
    stat: value(() =>
      diskCounts(disk)
        .map((count) => String(count).padStart(8))
        .join(' '),
    ),
    subsystem: link('../../../../class/block'),
    uevent: value(`MAJOR=${majorOf(device)}\nMINOR=${minorOf(device)}\nDEVNAME=${name}\nDEVTYPE=disk`, 0o644),
  });
}

export function* disks({ kernel }: Sysfs): Generator<[string, SysNode]> {
  for (const disk of kernel.disks.all) yield [disk.name, nodeOf(disk)];
}

/** Their names as links, from a directory that is `ups` below /sys. */
export function diskLinks(ups: number): (fs: Sysfs) => Iterable<[string, SysNode]> {
  return ({ kernel }) => kernel.disks.all.map(({ name }) => [name, linkTo(name, ups)]);
}

/** Their numbers as links. */
export function diskNumbers({ kernel }: Sysfs): [string, SysNode][] {
  return kernel.disks.all.map(({ name, number }) => [number, linkTo(name, 2)]);
}

const linkTo = (name: string, ups: number): SysNode => link(`${'../'.repeat(ups)}devices/virtual/block/${name}`);
