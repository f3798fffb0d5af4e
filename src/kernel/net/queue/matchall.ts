// A filter that is for every packet. man 8 tc-matchall; Linux net/sched/cls_matchall.c.
import { Classifier, type Filter } from './filter.js';

export interface MatchallFilter extends Filter {
  classid: number;
  /** TCA_CLS_FLAGS_*. */
  flags: number;
  hits: number;
}

const SKIP_SOFTWARE = 2;

export class Matchall extends Classifier {
  readonly kind = 'matchall';
  filter?: MatchallFilter;

  override classify(): number | undefined {
    const { filter } = this;
    if (!filter || (filter.flags & SKIP_SOFTWARE) !== 0) return undefined;
    filter.hits++;
    return filter.classid;
  }
  override find(handle: number): Filter | undefined {
    return this.filter?.handle === handle ? this.filter : undefined;
  }
  override get filters(): readonly Filter[] {
    return this.filter ? [this.filter] : [];
  }
  override remove(): void {
    this.filter = undefined;
  }
  override leadsTo(classid: number): boolean {
    return this.filter?.classid === classid;
  }
}
