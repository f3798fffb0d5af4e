// memory.min and memory.low: what reclaim for a group, or for the whole node, leaves to those below. A group has of what is protected above
// it a share by what it claims and uses itself; with memory_recursiveprot what nobody claims goes to all by what they use.
// cgroup-v2.rst, "memory.low"; Linux mm/page_counter.c, effective_protection.
import type { MemoryState } from './memory-state.js';

/** Whose word counts: memory.min is kept while there is anybody else to end, memory.low while there is anything else to take. */
export type Guard = 'min' | 'low';

/** What `state` claims: no more than it uses. memory.low is what memory.min is at least. */
function claim(state: MemoryState, guard: Guard): number {
  return Math.min(state.usage, guard === 'min' ? state.min : Math.max(state.min, state.low));
}

/** For one look over the pages: what is protected is as it was when the look began. */
export class Protection {
  private readonly kept = new Map<MemoryState, number>();
  /** Where memory.low no longer counts: what it would have left. */
  private readonly low?: Protection;
  /** Groups that were taken from in spite of it. */
  private readonly broken = new Set<MemoryState>();

  constructor(
    private readonly guard: Guard,
    /** Whom room is made for; undefined: the node. Its own protection is not its business. */
    private readonly target: MemoryState | undefined,
    private readonly recursive: boolean,
  ) {
    if (guard === 'min') this.low = new Protection('low', target, recursive);
  }

  /** May a page of the group go? */
  permits(state: MemoryState): boolean {
    if (state.usage <= this.keptBy(state)) return false;
    if (this.low && !this.broken.has(state) && state.usage <= this.low.keptBy(state)) {
      this.broken.add(state);
      state.note('low');
    }
    return true;
  }

  /** Pages that are left to the group. */
  private keptBy(state: MemoryState): number {
    if (state === this.target) return 0;
    let kept = this.kept.get(state);
    if (kept === undefined) {
      kept = this.shareOf(state);
      this.kept.set(state, kept);
    }
    return kept;
  }

  private shareOf(state: MemoryState): number {
    const { parent } = state;
    const claimed = claim(state, this.guard);
    if (!parent || parent === this.target) return claimed;
    const above = this.keptBy(parent);
    let siblings = 0;
    for (const { states } of parent.cgroup.children.values())
      if (states.memory) siblings += claim(states.memory, this.guard);
    if (siblings > above) return (claimed * above) / siblings;
    if (!this.recursive || parent.usage <= siblings || state.usage <= claimed) return claimed;
    return claimed + ((above - siblings) * (state.usage - claimed)) / (parent.usage - siblings);
  }
}
