// The hierarchical token bucket: classes share a rate, each has what it is promised, and borrows what others leave up to its ceiling.
// man 8 tc-htb; Linux net/sched/sch_htb.c; M. Devera, "HTB Linux queuing discipline manual - theory".
import { FilterBlock } from './filter.js';
import { Fifo, Qdisc, type Queued } from './qdisc.js';
import type { Rate } from './rate.js';

/** TC_HTB_MAXDEPTH, TC_HTB_NUMPRIO. */
const DEPTH_MAX = 8;
export const PRIORITIES = 8;
/** Classes of one discipline: each packet that goes may look at all of them. */
const CLASSES_MAX = 256;
/** Nanoseconds that a class may be in debt. */
const DEBT_MAX = 60e9;

export interface HtbRates {
  rate: Rate;
  ceiling: Rate;
  /** Nanoseconds of each that may be saved. */
  buffer: number;
  ceilingBuffer: number;
  /** Bytes in turn with others. */
  quantum: number;
  priority: number;
}

export class HtbClass {
  /** Nanoseconds saved of the rate and of the ceiling, and until when. */
  tokens: number;
  ceilingTokens: number;
  checked: number;
  /** Its queue; a class with classes in it has none. */
  queue?: Qdisc;
  /** Which class in it a packet is of. */
  readonly filters = new FilterBlock();
  /** What it may still send in its turn, by the level that pays. */
  readonly deficits: number[] = Array.from({ length: DEPTH_MAX }, () => 0);
  children = 0;
  bytes = 0;
  packets = 0;
  drops = 0;
  lent = 0;
  borrowed = 0;
  giants = 0;

  constructor(
    readonly classid: number,
    readonly parent: HtbClass | undefined,
    public rates: HtbRates,
    now: number,
  ) {
    this.tokens = rates.buffer;
    this.ceilingTokens = rates.ceilingBuffer;
    this.checked = now;
  }

  get level(): number {
    if (this.children === 0) return 0;
    return this.parent ? this.parent.level - 1 : DEPTH_MAX - 1;
  }

  private passed(now: number): number {
    return Math.min(now - this.checked, DEBT_MAX);
  }

  /** Nanoseconds until it may send by its own rate, and until by its ceiling. */
  waits(now: number): { own: number; ceiling: number } {
    const passed = this.passed(now);
    return {
      own: Math.max(0, -(this.tokens + passed)),
      ceiling: Math.max(0, -(this.ceilingTokens + passed)),
    };
  }

  /** A packet has gone by it; `own`: at its expense, not only within its ceiling. */
  charge(size: number, own: boolean, now: number): void {
    const { rate, ceiling, buffer, ceilingBuffer } = this.rates;
    const passed = this.passed(now);
    const debt = (tokens: number): number => Math.max(tokens, 1 - DEBT_MAX);
    this.tokens = debt(Math.min(this.tokens + passed, buffer) - (own ? rate.timeOf(size) : 0));
    this.ceilingTokens = debt(Math.min(this.ceilingTokens + passed, ceilingBuffer) - ceiling.timeOf(size));
    this.checked = now;
    this.bytes += size;
    this.packets++;
  }
}

export class Htb extends Qdisc {
  readonly kind = 'htb';
  readonly classes = new Map<number, HtbClass>();
  override readonly filters = new FilterBlock();
  /** What is of no class goes past all of them. */
  private readonly direct: Fifo;
  directPackets = 0;
  /** Whose turn it is, by the level that pays and priority. */
  private readonly turns: number[] = Array.from({ length: DEPTH_MAX * PRIORITIES }, () => 0);

  constructor(
    handle: number,
    parent: number,
    readonly options: { quantumDivisor: number; defaultClass: number; directLimit: number },
  ) {
    super(handle, parent);
    this.direct = new Fifo(0, handle, 'pfifo', options.directLimit);
  }

  // ---- classes --------------------------------------------------------------------------------------------------------------------

  /** A new class: false when it would be too deep, or one too many. `queueLimit`: packets that its own queue takes. */
  addClass(classid: number, parent: HtbClass | undefined, rates: HtbRates, queueLimit: number, now: number): boolean {
    if (this.classes.size >= CLASSES_MAX || (parent?.parent && parent.parent.level < 2)) return false;
    const made = new HtbClass(classid, parent, rates, now);
    made.queue = new Fifo(0, classid, 'pfifo', queueLimit);
    if (parent) {
      this.dropQueue(parent);
      parent.children++;
    }
    this.classes.set(classid, made);
    return true;
  }

  /** False: there are classes in it, or filters lead to it. */
  removeClass(one: HtbClass, queueLimit: number): boolean {
    if (one.children > 0 || this.isChosen(one.classid)) return false;
    this.dropQueue(one);
    this.classes.delete(one.classid);
    const { parent } = one;
    if (parent && --parent.children === 0) parent.queue = new Fifo(0, parent.classid, 'pfifo', queueLimit);
    return true;
  }

  private isChosen(classid: number): boolean {
    if (this.filters.leadsTo(classid)) return true;
    for (const { filters } of this.classes.values()) if (filters.leadsTo(classid)) return true;
    return false;
  }

  private dropQueue(one: HtbClass): void {
    if (!one.queue) return;
    this.length -= one.queue.length;
    this.backlog -= one.queue.backlog;
    one.queue.reset();
    one.queue = undefined;
  }

  override get children(): readonly Qdisc[] {
    return [...this.classes.values()].flatMap(({ queue }) => (queue ? [queue] : []));
  }
  override hasClass(classid: number): boolean {
    return this.classes.has(classid);
  }
  override filtersOf(classid: number): FilterBlock | undefined {
    return this.classes.get(classid)?.filters;
  }
  override childOf(classid: number): Qdisc | undefined {
    return this.classes.get(classid)?.queue;
  }
  override graft(classid: number, child: Qdisc | undefined): boolean {
    const one = this.classes.get(classid);
    if (!one?.queue) return false;
    this.dropQueue(one);
    one.queue = child ?? new Fifo(0, classid, 'pfifo', this.options.directLimit);
    return true;
  }

  // ---- packets --------------------------------------------------------------------------------------------------------------------

  /** The class of a packet: by its priority, by filters, by default; undefined: it goes past all of them. */
  private classOf(item: Queued): HtbClass | undefined {
    const { handle, classes } = this;
    const { priority = 0 } = item;
    if (priority >>> 0 === handle) return undefined;
    const named = classes.get(priority >>> 0);
    if (named?.queue) return named;
    let { filters } = named ?? this;
    // a class that has others in it has filters of its own for them
    for (let depth = 0; depth < DEPTH_MAX; depth++) {
      const classid = filters.classify(item, handle);
      if (classid === undefined) break;
      if (classid === handle) return undefined;
      const found = classes.get(classid);
      if (!found) break;
      if (found.queue) return found;
      ({ filters } = found);
    }
    const { defaultClass } = this.options;
    return defaultClass === 0 ? undefined : classes.get(handle + defaultClass);
  }

  override enqueue(item: Queued): boolean {
    const one = this.classOf(item);
    if (!one?.queue) {
      if (!this.direct.enqueue(item)) return this.drop();
      this.directPackets++;
      return this.accept(item);
    }
    if (!one.queue.enqueue(item)) {
      one.drops++;
      return this.drop();
    }
    return this.accept(item);
  }

  /** Who would pay for a packet of `leaf`: itself, or the nearest above that has something left. Undefined: nobody may. */
  private payer(leaf: HtbClass, now: number): HtbClass | undefined {
    for (let at: HtbClass | undefined = leaf; at; at = at.parent) {
      const { own, ceiling } = at.waits(now);
      if (ceiling > 0) return undefined;
      if (own === 0) return at;
    }
    return undefined;
  }

  protected override next(now: number): Queued | undefined {
    const past = this.direct.dequeue(now);
    if (past) return past;
    let best: { leaf: HtbClass; payer: HtbClass }[] = [];
    let rank = Number.POSITIVE_INFINITY;
    for (const leaf of this.classes.values()) {
      if (!leaf.queue || leaf.queue.length === 0) continue;
      const payer = this.payer(leaf, now);
      if (!payer) continue;
      // who need not borrow goes first, then who borrows nearest; among those by priority
      const own = payer.level * PRIORITIES + leaf.rates.priority;
      if (own > rank) continue;
      if (own < rank) best = [];
      rank = own;
      best.push({ leaf, payer });
    }
    if (best.length === 0) {
      if (this.length > 0) this.statistics.overlimits++;
      return undefined;
    }
    return this.takeTurn(best, rank, now);
  }

  /** Deficit round robin among those that are equal. */
  private takeTurn(best: { leaf: HtbClass; payer: HtbClass }[], rank: number, now: number): Queued | undefined {
    const level = Math.floor(rank / PRIORITIES);
    const found = best.findIndex(({ leaf }) => leaf.classid === this.turns[rank]);
    // a class whose queue holds its packets back itself lets others go
    for (let i = 0, at = Math.max(0, found); i < best.length; i++, at = (at + 1) % best.length) {
      const { leaf, payer } = best[at]!;
      const item = leaf.queue!.dequeue(now);
      if (!item) continue;
      leaf.deficits[level]! -= item.size;
      this.turns[rank] = leaf.classid;
      if (leaf.deficits[level]! < 0) {
        leaf.deficits[level]! += leaf.rates.quantum;
        this.turns[rank] = best[(at + 1) % best.length]!.leaf.classid;
      }
      if (item.size > leaf.rates.quantum) leaf.giants++;
      this.charge(leaf, payer, item.size, now);
      return item;
    }
    return undefined;
  }

  private charge(leaf: HtbClass, payer: HtbClass, size: number, now: number): void {
    let paying = false;
    for (let at: HtbClass | undefined = leaf; at; at = at.parent) {
      if (at === payer) {
        paying = true;
        at.lent++;
      } else if (!paying) at.borrowed++;
      at.charge(size, paying, now);
    }
  }

  override get readyAt(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const leaf of this.classes.values()) {
      if (!leaf.queue || leaf.queue.length === 0) continue;
      const { readyAt } = leaf.queue;
      const opens = this.opensAt(leaf, 0);
      earliest = Math.min(earliest, readyAt === Number.POSITIVE_INFINITY ? opens : Math.max(opens, readyAt));
    }
    return earliest;
  }

  /** Nanoseconds of the clock when somebody may pay for it. */
  private opensAt(one: HtbClass, depth: number): number {
    const at = one.checked;
    const { own, ceiling } = one.waits(at);
    const above = one.parent && depth < DEPTH_MAX ? this.opensAt(one.parent, depth + 1) : Number.POSITIVE_INFINITY;
    return Math.max(at + ceiling, Math.min(at + own, above));
  }

  override reset(): void {
    super.reset();
    this.direct.reset();
    for (const { queue } of this.classes.values()) queue?.reset();
  }
}
