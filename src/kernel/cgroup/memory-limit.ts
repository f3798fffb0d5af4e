// What happens at the limits of memory: clean pages go, then a process of the group, and of no other; above memory.high its tasks wait.
// Linux mm/memcontrol.c: try_charge_memcg, mem_cgroup_out_of_memory, mem_cgroup_handle_over_high.
import type { Kernel } from '../kernel.js';
import { OOM_SCORE_ADJ_MIN, badness } from '../task/oom.js';
import type { Process } from '../task/process.js';
import { killForMemory } from '../task/trap.js';
import { PRESSURE_MEMORY } from '../task/stall.js';
import { noteStall } from './pressure.js';
import { type Guard, Protection } from './memory-protection.js';
import type { MemoryState } from './memory-state.js';

/** Pages above the limit that a system call may still have while somebody who is killed makes room. */
const RESERVE = 256;
/** Pages above memory.high that a task may have before it waits. */
export const HIGH_BATCH = 64;
/** A wait is no longer than this, and not worth it below that; nanoseconds. */
const DELAY_MAX = 2e9;
const DELAY_MIN = 10e6;
/**
 * An instruction may need so many pages at once. Who finds no more than that to take, and that from programs which run, takes what they
 * need for their next step: after so many times in a row there is nothing to take. Linux MAX_RECLAIM_RETRIES.
 */
const POOR = 8;
const RETRIES = 16;

/** Drops clean pages of the group and below it, also mapped ones. How many. */
function drop(state: MemoryState, guard: Guard, mapped: boolean): number {
  const { kernel } = state;
  const protection = new Protection(guard, state, kernel.cgroups.recursiveProtection);
  const may = (frame: number): boolean => {
    const account = kernel.frames.accountOf(frame) as MemoryState | undefined;
    return account ? account.isWithin(state) && protection.permits(account) : false;
  };
  let given = 0;
  for (const fs of kernel.mounted) given += fs.reclaim(may, mapped);
  kernel.statistics.reclaimed += given;
  return given;
}

/**
 * Makes what can be made free, at nobody's expense: clean pages, then those that writing back makes clean, then those that
 * programs have mapped, at last those under memory.low. How many pages.
 */
export function reclaimFrom(state: MemoryState): number {
  const { frames } = state.kernel;
  const { payer } = frames;
  frames.payer = undefined;
  const { clock, current } = state.kernel;
  const begun = clock.monotonic();
  const given = reclaimInTurns(state);
  if (current) noteStall(current.cgroup, PRESSURE_MEMORY, clock.monotonic() - begun);
  frames.payer = payer;
  return given;
}

function reclaimInTurns(state: MemoryState): number {
  const { kernel } = state;
  let given = drop(state, 'low', false);
  if (given === 0 && kernel.frames.dirty > 0) {
    for (const fs of kernel.mounted) fs.sync();
    given = drop(state, 'low', false);
  }
  if (given === 0) return takeUsed(state, () => drop(state, 'low', true) || drop(state, 'min', true));
  state.poorReclaims = 0;
  return given;
}

/** `take` gives up pages that programs use. How many; 0 too when they would only be read again. */
function takeUsed(of: { poorReclaims: number }, take: () => number): number {
  if (of.poorReclaims >= RETRIES) return 0;
  const given = take();
  of.poorReclaims = given > POOR ? 0 : of.poorReclaims + 1;
  return given;
}

/** The group is at its limit and wants a page more. May it have it? */
export function makeRoom(state: MemoryState): boolean {
  const { kernel } = state;
  state.note('max');
  if (reclaimFrom(state) > 0 && state.usage < state.max) return true;
  const ending = kernel.current?.process.groupExit !== undefined;
  if (!ending && !killOne(state)) return false;
  // a fault comes again when there is room; a call can't, so it may go on a little
  return !kernel.frames.mayRefuse && state.usage < state.max + RESERVE;
}

/** Processes of the group and below it. */
function processesOf(state: MemoryState): Set<Process> {
  const found = new Set<Process>();
  for (const at of state.cgroup.tree()) for (const process of at.processes) found.add(process);
  return found;
}

/** Ends the process whose end gives most, or with memory.oom.group all of its group. False: there is nobody to end. */
export function killOne(state: MemoryState): boolean {
  const processes = processesOf(state);
  // one at a time
  for (const process of processes) if (process.groupExit !== undefined && !process.isZombie) return true;
  state.note('oom');
  let victim: Process | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const process of processes) {
    const points = badness(process, state.max);
    if (points === undefined || points <= most) continue;
    most = points;
    victim = process;
  }
  if (!victim) return false;
  state.poorReclaims = 0;
  const group = oomGroupOf(victim, state);
  if (!group) kill(victim);
  else {
    group.note('oom_group_kill');
    for (const process of processesOf(group)) if (process.oomScoreAdj !== OOM_SCORE_ADJ_MIN) kill(process);
  }
  return true;
}

/** The outermost group with memory.oom.group from the victim's up to the one at its limit. */
function oomGroupOf(victim: Process, limited: MemoryState): MemoryState | undefined {
  let found: MemoryState | undefined;
  for (let at = memoryOf(victim); at; at = at.parent) {
    if (at.oomGroup) found = at;
    if (at === limited) break;
  }
  return found;
}

function memoryOf(process: Process): MemoryState | undefined {
  for (const task of process.threads) return task.cgroup.memory;
  return undefined;
}

function kill(process: Process): void {
  const { kernel } = process.leader;
  memoryOf(process)?.note('oom_kill');
  kernel.statistics.oomKills++;
  killForMemory(process.leader);
  kernel.onOutOfMemory(process.leader);
}

/** Nanoseconds that a task waits which has taken `pages` while a group was above memory.high. */
export function highDelay(state: MemoryState, pages: number): number {
  state.note('high');
  if (state.usage > state.high) reclaimFrom(state);
  if (state.usage <= state.high || pages < HIGH_BATCH) return 0;
  const above = (state.usage - state.high) / Math.max(1, state.high);
  const delay = Math.min(DELAY_MAX, above * above * pages * 1e9);
  return delay < DELAY_MIN ? 0 : delay;
}

/**
 * No frame is left on the node. Clean pages of nobody, and of those who are above what memory.low (then memory.min) leaves them, go;
 * then those that writing back makes clean, and those that programs have mapped.
 */
export function reclaimAnywhere(kernel: Kernel): void {
  let given = dropAnywhere(kernel, false);
  if (given === 0 && kernel.frames.dirty > 0) {
    for (const fs of kernel.mounted) fs.sync();
    given = dropAnywhere(kernel, false);
  }
  if (given > 0) kernel.poorReclaims = 0;
  else takeUsed(kernel, () => dropAnywhere(kernel, true));
}

function dropAnywhere(kernel: Kernel, mapped: boolean): number {
  for (const guard of ['low', 'min'] as const) {
    const protection = new Protection(guard, undefined, kernel.cgroups.recursiveProtection);
    const may = (frame: number): boolean => {
      const account = kernel.frames.accountOf(frame) as MemoryState | undefined;
      return !account || protection.permits(account);
    };
    let given = 0;
    for (const fs of kernel.mounted) given += fs.reclaim(may, mapped);
    kernel.statistics.reclaimed += given;
    if (given > 0) return given;
  }
  return 0;
}
