// Which blocks of a store the pages of a file are in. Ours: groups of 64 pages, each as long as its last page that has one: most files
// are small, and most large ones have no holes.

const GROUP = 64;
/** Pages that a file can have: OFFSET_MAX of them fit. */
export const PAGES_MAX = 2 ** 40;

/** Blocks that lie in a row, of pages that do. */
export interface Run {
  index: number;
  block: number;
  count: number;
}

export class BlockMap {
  private readonly groups = new Map<number, number[]>();
  /** Pages that have a block. */
  count = 0;

  /** 0: the page has none. */
  get(index: number): number {
    return this.groups.get(Math.floor(index / GROUP))?.[index % GROUP] ?? 0;
  }

  set(index: number, block: number): void {
    const number = Math.floor(index / GROUP);
    let group = this.groups.get(number);
    if (!group) {
      group = [];
      this.groups.set(number, group);
    }
    const at = index % GROUP;
    while (group.length <= at) group.push(0);
    if (group[at] === 0) this.count++;
    group[at] = block;
  }

  /** Pages [first, end) have none any more; `see` is told each block. How many those were. */
  remove(first: number, end: number, see: (block: number) => void): number {
    const before = this.count;
    const last = Math.ceil(end / GROUP);
    const begin = Math.floor(first / GROUP);
    if (last - begin < this.groups.size)
      for (let number = begin; number < last; number++) this.removeFrom(number, first, end, see);
    else
      for (const number of [...this.groups.keys()])
        if (number >= begin && number < last) this.removeFrom(number, first, end, see);
    return before - this.count;
  }

  private removeFrom(number: number, first: number, end: number, see: (block: number) => void): void {
    const group = this.groups.get(number);
    if (!group) return;
    const from = Math.max(0, first - number * GROUP);
    const to = Math.min(group.length, end - number * GROUP);
    for (let at = from; at < to; at++) {
      if (group[at] === 0) continue;
      see(group[at]!);
      group[at] = 0;
      this.count--;
    }
    if (group.every((block) => block === 0)) this.groups.delete(number);
  }

  /** The first page behind `index` that has a block, or -1. */
  next(index: number): number {
    const own = Math.floor(index / GROUP);
    const here = this.firstOf(own, (index % GROUP) + 1);
    if (here >= 0) return here;
    let nearest = Number.POSITIVE_INFINITY;
    for (const number of this.groups.keys()) if (number > own && number < nearest) nearest = number;
    return nearest === Number.POSITIVE_INFINITY ? -1 : this.firstOf(nearest, 0);
  }

  private firstOf(number: number, from: number): number {
    const group = this.groups.get(number);
    if (group) for (let at = from; at < group.length; at++) if (group[at] !== 0) return number * GROUP + at;
    return -1;
  }

  *runs(): Generator<Run> {
    let run: Run | undefined;
    for (const [number, group] of this.groups)
      for (let at = 0; at < group.length; at++) {
        const block = group[at]!;
        if (block === 0) continue;
        const index = number * GROUP + at;
        if (run && run.index + run.count === index && run.block + run.count === block) run.count++;
        else {
          if (run) yield run;
          run = { index, block, count: 1 };
        }
      }
    if (run) yield run;
  }
}
