// /proc/partitions and /proc/diskstats. man 5 proc; Linux block/genhd.c, Documentation/admin-guide/iostats.rst.
import { majorOf, minorOf } from '../../abi/device-number.js';
import { type Disk, SECTOR, type Traffic } from '../../block/disk.js';
import { ofSystem } from './subject.js';

const numbers = ({ device }: Disk): string =>
  `${String(majorOf(device)).padStart(4)} ${String(minorOf(device)).padStart(7)}`;

export const partitions = ofSystem(({ disks: { all } }) => {
  const lines = all.map((disk) => {
    const blocks = Math.floor(disk.sectors / 2);
    return blocks > 0 ? `${numbers(disk)}  ${String(blocks).padStart(10)} ${disk.name}\n` : '';
  });
  return all.length === 0 ? '' : `major minor  #blocks  name\n\n${lines.join('')}`;
});

/** What sysfs shows of a disk, and diskstats behind its name: nothing is merged, nothing waits, nothing is discarded. */
export function diskCounts({ traffic }: Disk): number[] {
  const counts = ({ operations, bytes, time }: Traffic): number[] => [
    operations,
    0,
    Math.floor(bytes / SECTOR),
    Math.floor(time / 1e6),
  ];
  const time = Math.floor((traffic[0].time + traffic[1].time) / 1e6);
  return [...traffic.flatMap(counts), 0, time, time, 0, 0, 0, 0, 0, 0];
}

export const diskstats = ofSystem(({ disks: { all } }) =>
  all.map((disk) => `${numbers(disk)} ${disk.name} ${diskCounts(disk).join(' ')}\n`).join(''),
);
