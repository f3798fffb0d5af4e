// What a running process has used so far: CPU seconds of all its threads, peak resident memory.
// man 5 proc (/proc/PID/stat, /proc/PID/status).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let ticksPerSecond;

/**
 * {cpu: seconds, user + system; children: the same of those it has waited for; resident: bytes; peak: the most there were}. Zeroes when the
 * process is gone.
 */
export function meter(pid) {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  try {
    return parse(
      readFileSync(`/proc/${pid}/stat`, 'utf8'),
      readFileSync(`/proc/${pid}/status`, 'utf8'),
      ticksPerSecond,
    );
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    return { cpu: 0, children: 0, resident: 0, peak: 0 };
  }
}

export function parse(stat, status, ticks) {
  // the command's name, in parentheses, may hold anything
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
  return {
    cpu: (user + system) / ticks,
    children: (childrenUser + childrenSystem) / ticks,
    resident: bytes('VmRSS'),
    peak: bytes('VmHWM'),
  };
}
