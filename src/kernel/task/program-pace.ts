// How fast a task's program runs, by samples: what its own time is told from, and what remains of a turn is the kernel's for it.
// Ours. Linux looks at a clock at each crossing between the two (kernel/sched/cputime.c); here a look costs a good part of a short call.

/** Samples are so far apart, in nanoseconds, where runs are shorter; and so many runs apart at most. */
const APART = 100_000;
const RUNS_MAX = 1024;
/** Samples that count: the older ones fade. */
const FADE = 1 - 1 / 64;

export class ProgramPace {
  /** Runs of the program so far. */
  private runs = 0;
  /** Which of them is timed next: the first one, then one in `apart` or so. */
  private next = 1;
  private apart = 8;
  private chance = 1;
  /** Turns since `apart` was last worked out: nanoseconds, and the run before them. */
  private turns = 0;
  private runsBefore = 0;
  /** Of those that were timed: of all, and since it was last asked. */
  private instructions = 0;
  private nanoseconds = 0;
  private newInstructions = 0;
  private newNanoseconds = 0;

  /** The program goes on. Is this run to be timed? Not in a rhythm, which could be the program's own. */
  begin(): boolean {
    if (++this.runs < this.next) return false;
    this.chance = (Math.imul(this.chance, 1664525) + 1013904223) >>> 0;
    this.next = this.runs + 1 + Math.floor((this.chance / 2 ** 32) * (2 * this.apart - 1));
    return true;
  }

  /** A run that was timed. */
  sample(instructions: number, nanoseconds: number): void {
    this.instructions = this.instructions * FADE + instructions;
    this.nanoseconds = this.nanoseconds * FADE + nanoseconds;
    this.newInstructions += instructions;
    this.newNanoseconds += nanoseconds;
  }

  /** A turn has taken so long, with what the kernel did between the runs. */
  turnEnded(nanoseconds: number): void {
    this.turns += nanoseconds;
    if (this.turns < APART) return;
    const runs = this.runs - this.runsBefore;
    this.apart = Math.min(RUNS_MAX, Math.max(1, Math.round((runs * APART) / this.turns)));
    this.turns = 0;
    this.runsBefore = this.runs;
    this.next = Math.min(this.next, this.runs + 2 * this.apart);
  }

  /** The part of the `nanoseconds` since it was last asked, in which so many instructions of the program retired, that was the program's. */
  share(instructions: number, nanoseconds: number): number {
    const { newInstructions, newNanoseconds } = this;
    this.newInstructions = 0;
    this.newNanoseconds = 0;
    if (this.instructions === 0 || nanoseconds <= 0) return 0;
    const untimed = ((instructions - newInstructions) * this.nanoseconds) / this.instructions;
    return Math.min(1, (newNanoseconds + untimed) / nanoseconds);
  }
}
