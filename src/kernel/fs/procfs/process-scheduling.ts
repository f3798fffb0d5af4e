// /proc/PID/sched and schedstat: what the scheduler keeps of a task. Linux kernel/sched/debug.c proc_sched_show_task.
import { escaped } from './process-status.js';
import { ofTask } from './subject.js';
import { isRealTime, urgencyOf, weightOf } from '../../task/scheduler.js';

/** Nanoseconds as milliseconds with six places. */
const milliseconds = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(6);

export const sched = ofTask((task, _reader, { namespace, pid }) => {
  const head = `${escaped(task.comm)} (${pid.in(namespace)}, #threads: ${Math.max(1, task.process.threads.size)})\n`;
  const { userTime, systemTime, voluntarySwitches, involuntarySwitches } = task.usageNow;
  const rows: [string, string | number][] = [
    ['se.exec_start', milliseconds(task.kernel.clock.monotonic())],
    ['se.vruntime', milliseconds(task.virtualTime)],
    ['se.sum_exec_runtime', milliseconds(userTime + systemTime)],
    ['nr_switches', voluntarySwitches + involuntarySwitches],
    ['nr_voluntary_switches', voluntarySwitches],
    ['nr_involuntary_switches', involuntarySwitches],
    ['se.load.weight', weightOf(task) * 1024],
    ['policy', task.policy],
    ['prio', isRealTime(task) ? 99 - urgencyOf(task) : 120 + task.nice],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(45)}:${String(value).padStart(21)}\n`);
  return `${head}${'-'.repeat(67)}\n${lines.join('')}`;
});

/** Nanoseconds on the processor and waiting for it, and turns. The wait is not measured. */
export const schedstat = ofTask(({ usageNow: usage }) => {
  const turns = usage.voluntarySwitches + usage.involuntarySwitches;
  return `${usage.userTime + usage.systemTime} 0 ${turns}\n`;
});
