// Who ends when no memory is left: the process whose end gives most. Linux mm/oom_kill.c oom_badness; man 5 proc, oom_score_adj.
import { usageOf } from '../mm/space-usage.js';
import type { Kernel } from '../kernel.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { Process } from './process.js';
import type { Task } from './task.js';

/** Lowest value of oom_score_adj: such a process is never chosen. */
export const OOM_SCORE_ADJ_MIN = -1000;
export const OOM_SCORE_ADJ_MAX = 1000;

/** Pages, shifted by the process's oom_score_adj in thousandths of all `pages`; undefined: not to be chosen. */
export function badness(process: Process, pages: number): number | undefined {
  const { leader, oomScoreAdj } = process;
  if (oomScoreAdj === OOM_SCORE_ADJ_MIN || process.isZombie) return undefined;
  const living = leader.state === 'dead' ? [...process.threads][0] : leader;
  if (!living) return undefined;
  const { space } = living;
  return usageOf(space).resident / PAGE_SIZE + space.table.frameCount + (oomScoreAdj * pages) / 1000;
}

/** A task of the process whose end gives most; of equals the youngest's. The first process of all stays to the last. */
export function victimOf(kernel: Kernel): Task | undefined {
  let victim: Task | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const process of new Set([...kernel.tasks].map((task) => task.process))) {
    if (process.groupExit !== undefined || process === kernel.pidNamespace.init) continue;
    const points = badness(process, kernel.frames.count);
    if (points === undefined || points < most) continue;
    most = points;
    victim = process.leader;
  }
  return victim;
}
