// Filters of a discipline that has classes: which one a packet is of. man 8 tc; Linux net/sched/cls_api.c.
import type { Queued } from './qdisc.js';
import type { U32Tables } from './u32-table.js';

/** Filters of one block: each packet may be held against all of them. */
const FILTERS_MAX = 1024;
/** What a filter that is for all protocols has as its protocol. */
const ETH_P_ALL = 3;

export interface Filter {
  readonly handle: number;
}

/** Filters of one kind, one priority and one protocol. Linux struct tcf_proto. */
export abstract class Classifier {
  /** What `tc` calls it. */
  abstract readonly kind: string;

  constructor(
    readonly priority: number,
    /** ETHERTYPE, or ETH_P_ALL. */
    readonly protocol: number,
  ) {}

  /** The class of a packet in the discipline `handle`, 0: of none; undefined: no filter is for it. */
  abstract classify(item: Queued, handle: number): number | undefined;
  abstract find(handle: number): Filter | undefined;
  /** In the order in which they are shown. */
  abstract get filters(): readonly Filter[];
  abstract remove(filter: Filter): void;
  /** Nothing is left that would be for a packet. */
  get empty(): boolean {
    return this.filters.length === 0;
  }
  /** Is there a filter to this class? */
  abstract leadsTo(classid: number): boolean;
}

/** The filters of one discipline, or of one class. Linux struct tcf_block. */
export class FilterBlock {
  /** By the number of their chain, each in the order of priority. Only chain 0 is for packets: nothing leads to another one. */
  readonly chains = new Map<number, Classifier[]>();
  /** Tables that filters of the kind u32 share. */
  tables?: U32Tables;

  get full(): boolean {
    let count = 0;
    for (const chain of this.chains.values()) for (const one of chain) count += 1 + one.filters.length;
    return count >= FILTERS_MAX;
  }

  get inUse(): boolean {
    return this.chains.has(0);
  }

  classify(item: Queued, handle: number): number | undefined {
    for (const one of this.chains.get(0) ?? []) {
      if (one.protocol !== ETH_P_ALL && one.protocol !== item.protocol) continue;
      const classid = one.classify(item, handle);
      if (classid !== undefined) return classid;
    }
    return undefined;
  }

  add(chain: number, made: Classifier): void {
    const all = this.chains.get(chain) ?? [];
    const at = all.findIndex(({ priority }) => priority > made.priority);
    all.splice(at < 0 ? all.length : at, 0, made);
    this.chains.set(chain, all);
  }

  remove(chain: number, gone: Classifier): void {
    const left = (this.chains.get(chain) ?? []).filter((one) => one !== gone);
    if (left.length > 0) this.chains.set(chain, left);
    else this.chains.delete(chain);
    this.tables?.forget(gone);
    if (this.tables?.all.length === 0) this.tables = undefined;
  }

  flush(chain: number): void {
    for (const one of this.chains.get(chain) ?? []) this.remove(chain, one);
  }

  leadsTo(classid: number): boolean {
    for (const chain of this.chains.values()) if (chain.some((one) => one.leadsTo(classid))) return true;
    return false;
  }
}
