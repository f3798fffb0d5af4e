// Filters by what words of a packet are: addresses, ports, whatever has a place. man 8 tc-u32; Linux net/sched/cls_u32.c.
import { Classifier, type Filter } from './filter.js';
import type { Queued } from './qdisc.js';
import {
  BUCKET_NODE,
  tableOf,
  U32_ROOT,
  type U32Node,
  type U32Selector,
  U32Table,
  type U32Tables,
} from './u32-table.js';

const FLAG = { TERMINAL: 1, OFFSET: 2, VARIABLE: 4, EAT: 8 };
const SKIP_SOFTWARE = 2;
/** Tables that lead to each other, and nodes that one packet is held against. */
const DEPTH_MAX = 8;
const STEPS_MAX = 4096;
/** Where the header of the network begins. */
const NETWORK = 14;

/** Where a packet is held against nodes: back here after a table that another one has led to. */
interface Place {
  node: U32Node;
  /** The bucket, and the place in it. */
  bucket: readonly U32Node[];
  at: number;
  offset: number;
}

export class U32 extends Classifier {
  readonly kind = 'u32';
  readonly root: U32Table;

  constructor(
    priority: number,
    protocol: number,
    readonly tables: U32Tables,
  ) {
    super(priority, protocol);
    this.root = new U32Table(tables.newHandle(), 1, this, true);
    tables.add(this.root);
  }

  private get own(): U32Table[] {
    return this.tables.all.filter(({ owner }) => owner === this);
  }
  override find(handle: number): Filter | undefined {
    const table = tableOf(handle) === U32_ROOT ? this.root : this.tables.find(handle);
    return (handle & BUCKET_NODE) === 0 ? table : table?.find(handle);
  }
  override get filters(): readonly Filter[] {
    return this.own.flatMap((table) => [table, ...table.nodes]);
  }
  override get empty(): boolean {
    return this.own.every((table) => table.nodes.length === 0);
  }
  override remove(filter: Filter): void {
    if (filter instanceof U32Table) this.tables.remove(filter);
    else (filter as U32Node).table.drop(filter as U32Node);
  }
  override leadsTo(classid: number): boolean {
    return this.own.some((table) => table.nodes.some((node) => node.classid === classid));
  }

  override classify(item: Queued): number | undefined {
    const bytes = item.bytes?.();
    if (!bytes) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const { mark = 0 } = item;
    const back: Place[] = [];
    let [bucket, at, offset, extra] = [this.root.bucket(0), 0, NETWORK, 0];
    for (let step = 0; step < STEPS_MAX; step++) {
      const node = bucket[at];
      if (!node) {
        const place = back.pop();
        if (!place) return undefined;
        if (terminates(place.node)) return place.node.classid;
        [bucket, at, offset] = [place.bucket, place.at + 1, place.offset];
        continue;
      }
      const found = matches(node, view, mark, offset, extra);
      if (found === undefined) return undefined;
      if (!found || !node.link) {
        if (found && terminates(node)) return node.classid;
        at++;
        continue;
      }
      if (back.length === DEPTH_MAX) return undefined;
      back.push({ node, bucket, at, offset });
      const { selector, link } = node;
      let number = 0;
      if (link.divisor > 1) {
        const word = wordAt(view, offset + selector.hashAt);
        if (word === undefined) return undefined;
        number = hash(word, selector) & (link.divisor - 1);
      }
      [bucket, at] = [link.bucket(number), 0];
      const { flags } = selector;
      if ((flags & (FLAG.OFFSET | FLAG.VARIABLE)) !== 0) {
        const more = (flags & FLAG.VARIABLE) === 0 ? 0 : variableOffset(view, offset, selector);
        if (more === undefined) return undefined;
        extra = (selector.offset + 3 + more) & ~3;
      }
      if ((flags & FLAG.EAT) !== 0) [offset, extra] = [offset + extra, 0];
      // behind the packet's end there is nothing to look at
      if (offset >= view.byteLength) bucket = [];
    }
    return undefined;
  }
}

function terminates(node: U32Node): boolean {
  if ((node.selector.flags & FLAG.TERMINAL) === 0) return false;
  node.hits++;
  return true;
}

/** Undefined: it looks at what the packet has not, which ends the search. */
function matches(node: U32Node, view: DataView, given: number, offset: number, extra: number): boolean | undefined {
  const { selector, mark, keyHits } = node;
  node.looked++;
  if ((node.flags & SKIP_SOFTWARE) !== 0) return false;
  if (mark) {
    if ((given & mark.mask) >>> 0 !== mark.value) return false;
    mark.hits++;
  }
  for (const [i, { mask, value, at, variable }] of selector.keys.entries()) {
    const word = wordAt(view, offset + at + (extra & variable));
    if (word === undefined) return undefined;
    if (((word ^ value) & mask) !== 0) return false;
    keyHits[i]!++;
  }
  return true;
}

function wordAt(view: DataView, at: number): number | undefined {
  return at >= 0 && at + 4 <= view.byteLength ? view.getUint32(at) : undefined;
}
function variableOffset(
  view: DataView,
  offset: number,
  { offsetAt, offsetMask, offsetShift }: U32Selector,
): number | undefined {
  const at = offset + offsetAt;
  return at >= 0 && at + 2 <= view.byteLength ? (view.getUint16(at) & offsetMask) >> (offsetShift & 15) : undefined;
}
/** The bits of `hashMask`, moved down to its lowest one. */
function hash(word: number, { hashMask }: U32Selector): number {
  if (hashMask === 0) return 0;
  return ((word & hashMask) >>> 0) >>> (31 - Math.clz32(hashMask & -hashMask));
}
