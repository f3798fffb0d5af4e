// Filters by the mark of a packet (SO_MARK). man 8 tc-fw; Linux net/sched/cls_fw.c.
import { Classifier, type Filter } from './filter.js';
import type { Queued } from './qdisc.js';

export interface FwFilter extends Filter {
  classid: number;
}

const MINOR = 0xffff;
const BUCKETS = 256;

/** The bucket that a mark is in, which is seen in the order of a list. */
function bucket(mark: number): number {
  const folded = mark ^ (mark >>> 16);
  return ((folded ^ (folded >>> 8)) >>> 0) % BUCKETS;
}

export class Fw extends Classifier {
  readonly kind = 'fw';
  /** Which bits of the mark count; undefined: it has had no filter yet, and the mark is the class. */
  mask?: number;
  /** The newest of a mark first. */
  private list: FwFilter[] = [];

  override classify({ mark = 0 }: Queued, handle: number): number | undefined {
    if (this.mask === undefined) {
      const major = (mark & ~MINOR) >>> 0;
      return mark !== 0 && (major === 0 || major === handle) ? mark : undefined;
    }
    const masked = (mark & this.mask) >>> 0;
    return this.list.find((one) => one.handle === masked)?.classid;
  }
  add(filter: FwFilter): void {
    const at = this.list.findIndex((one) => bucket(one.handle) >= bucket(filter.handle));
    this.list.splice(at < 0 ? this.list.length : at, 0, filter);
  }
  override find(handle: number): Filter | undefined {
    return this.list.find((one) => one.handle === handle);
  }
  override get filters(): readonly Filter[] {
    return this.list;
  }
  override remove(filter: Filter): void {
    this.list = this.list.filter((one) => one !== filter);
  }
  override leadsTo(classid: number): boolean {
    return this.list.some((one) => one.classid === classid);
  }
}
