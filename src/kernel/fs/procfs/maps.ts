// /proc/PID/maps, smaps, smaps_rollup: the areas of a process, one record each. man 5 proc; Linux fs/proc/task_mmu.c.
// The cursor is the address behind the area shown last, so a text that is read while areas come and go shows none twice.
import { ESRCH } from '../../abi/errno.js';
import { majorOf, minorOf } from '../../abi/device-number.js';
import { MAP_GROWSDOWN, MAP_LOCKED, MAP_NORESERVE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../abi/mman.js';
import type { AddressSpace } from '../../mm/address-space.js';
import { PAGE_SIZE } from '../../mm/frames.js';
import { PTE_ACCESSED, PTE_DIRTY } from '../../mm/page-table.js';
import type { VmArea } from '../../mm/vm-areas.js';
import type { Task } from '../../task/task.js';
import type { ProcessSubject } from './subject.js';
import { records, text, type TextRecord } from './text.js';

/** Column of the name. */
const NAME_COLUMN = 73;
const KILOBYTE = 1024;

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');

/** 'rw-p' and what else a line tells of an area, without its end. */
function line(area: VmArea, reader: Task): string {
  const { prot, file } = area;
  const rights =
    ((prot & PROT_READ) !== 0 ? 'r' : '-') +
    ((prot & PROT_WRITE) !== 0 ? 'w' : '-') +
    ((prot & PROT_EXEC) !== 0 ? 'x' : '-') +
    (area.shared ? 's' : 'p');
  const inode = file?.inode;
  const device = inode?.fs.device ?? 0;
  const left =
    `${hex(area.start, 8)}-${hex(area.end, 8)} ${rights} ${hex(inode ? area.offset : 0, 8)} ` +
    `${hex(majorOf(device), 2)}:${hex(minorOf(device), 2)} ${inode?.ino ?? 0} `;
  const name = nameOf(area, reader);
  return name === '' ? left : `${left.padEnd(NAME_COLUMN)}${name}`;
}

function nameOf(area: VmArea, reader: Task): string {
  if (area.file) return (area.file.path?.shownFrom(reader.fs.root) ?? area.file.label).replaceAll('\n', '\\012');
  if (area.name !== '') return area.name;
  return area.shared ? '/dev/zero (deleted)' : '';
}

/** Bytes of an area's pages, by what they are. */
export class PageSums {
  size = 0;
  resident = 0;
  proportional = 0;
  proportionalDirty = 0;
  /** `proportional` by what the pages are. */
  proportionalAnonymous = 0;
  proportionalFile = 0;
  proportionalShared = 0;
  locked = 0;
  sharedClean = 0;
  sharedDirty = 0;
  privateClean = 0;
  privateDirty = 0;
  referenced = 0;
  anonymous = 0;

  add(space: AddressSpace, area: VmArea): void {
    const { frames, table } = space;
    const { cache } = area;
    this.size += area.end - area.start;
    table.each(area.start, area.end, (address, frame, flags) => {
      if (frame === frames.zero) return;
      const cached = cache !== undefined && cache.peek(area.cacheIndex(address)) === frame;
      // the cache's own use of a frame is nobody's mapping
      const mappings = Math.max(1, frames.usesOf(frame) - (cached ? 1 : 0));
      const dirty = !cached || (flags & PTE_DIRTY) !== 0;
      this.resident += PAGE_SIZE;
      const part = PAGE_SIZE / mappings;
      this.proportional += part;
      if (!cached) this.proportionalAnonymous += part;
      else if (cache.source) this.proportionalFile += part;
      else this.proportionalShared += part;
      if ((area.flags & MAP_LOCKED) !== 0) this.locked += part;
      if (dirty) this.proportionalDirty += part;
      if (mappings > 1) {
        if (dirty) this.sharedDirty += PAGE_SIZE;
        else this.sharedClean += PAGE_SIZE;
      } else if (dirty) this.privateDirty += PAGE_SIZE;
      else this.privateClean += PAGE_SIZE;
      if ((flags & PTE_ACCESSED) !== 0) this.referenced += PAGE_SIZE;
      if (!cached) this.anonymous += PAGE_SIZE;
    });
  }

  /** The lines of smaps from `Rss` on; `byKind`: with what is proportional by kind. */
  lines(byKind = false): string {
    const kinds: [string, number][] = [
      ['Pss_Anon', this.proportionalAnonymous],
      ['Pss_File', this.proportionalFile],
      ['Pss_Shmem', this.proportionalShared],
    ];
    const rows: [string, number][] = [
      ['Rss', this.resident],
      ['Pss', this.proportional],
      ['Pss_Dirty', this.proportionalDirty],
      ...(byKind ? kinds : []),
      ['Shared_Clean', this.sharedClean],
      ['Shared_Dirty', this.sharedDirty],
      ['Private_Clean', this.privateClean],
      ['Private_Dirty', this.privateDirty],
      ['Referenced', this.referenced],
      ['Anonymous', this.anonymous],
      ['LazyFree', 0],
      ['AnonHugePages', 0],
      ['ShmemPmdMapped', 0],
      ['FilePmdMapped', 0],
      ['Shared_Hugetlb', 0],
      ['Private_Hugetlb', 0],
      ['Swap', 0],
      ['SwapPss', 0],
      ['Locked', this.locked],
    ];
    return rows.map(([name, bytes]) => row(name, bytes)).join('');
  }
}

const row = (name: string, bytes: number): string =>
  `${`${name}:`.padEnd(16)}${String(Math.floor(bytes / KILOBYTE)).padStart(8)} kB\n`;

/** Two letters for each thing that an area is or may become. */
function flagsOf(area: VmArea): string {
  const flags: [boolean, string][] = [
    [(area.prot & PROT_READ) !== 0, 'rd'],
    [(area.prot & PROT_WRITE) !== 0, 'wr'],
    [(area.prot & PROT_EXEC) !== 0, 'ex'],
    [area.shared, 'sh'],
    [true, 'mr'],
    [!area.shared || area.file === undefined || area.file.writable, 'mw'],
    [true, 'me'],
    [area.shared && (area.file === undefined || area.file.writable), 'ms'],
    [(area.flags & MAP_GROWSDOWN) !== 0, 'gd'],
    [(area.flags & MAP_LOCKED) !== 0, 'lo'],
    [area.atFork === 'drop', 'dc'],
    [(area.flags & MAP_NORESERVE) !== 0, 'nr'],
    [area.atFork === 'wipe', 'wf'],
  ];
  return flags
    .filter(([is]) => is)
    .map(([, name]) => `${name} `)
    .join('');
}

/** The area that ends behind `cursor`, as `show` has it. */
function nextArea(
  { task, space }: ProcessSubject,
  cursor: number,
  show: (space: AddressSpace, area: VmArea) => string,
): TextRecord | number | undefined {
  if (!task) return -ESRCH;
  const area = space?.areas.from(cursor);
  return space && area ? { text: show(space, area), next: area.end } : undefined;
}

export const maps = records<ProcessSubject>('maps', 0o444, {
  guarded: true,
  record: (subject, reader, cursor) => nextArea(subject, cursor, (_space, area) => `${line(area, reader)}\n`),
});

export const smaps = records<ProcessSubject>('smaps', 0o444, {
  guarded: true,
  record: (subject, reader, cursor) =>
    nextArea(subject, cursor, (space, area) => {
      const sums = new PageSums();
      sums.add(space, area);
      return (
        `${line(area, reader)}\n${row('Size', sums.size)}${row('KernelPageSize', PAGE_SIZE)}` +
        `${row('MMUPageSize', PAGE_SIZE)}${sums.lines()}THPeligible:           0\nVmFlags: ${flagsOf(area)}\n`
      );
    }),
});

export const smapsRollup = text<ProcessSubject>(
  'smaps_rollup',
  0o444,
  ({ task, space }) => {
    if (!task) return -ESRCH;
    if (!space) return '';
    const sums = new PageSums();
    let [first, last] = [0, 0];
    for (const area of space.areas) {
      if (last === 0) first = area.start;
      last = area.end;
      sums.add(space, area);
    }
    return `${`${hex(first, 8)}-${hex(last, 8)} ---p 00000000 00:00 0 `.padEnd(NAME_COLUMN)}[rollup]\n${sums.lines(true)}`;
  },
  { guarded: true },
);
