// What the measurements were taken on.
// man 5 proc (/proc/cpuinfo through node:os, /proc/loadavg).
import { cpus, loadavg, release, totalmem, type } from 'node:os';

export function machine() {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    processor: `${processors.length} x ${processors[0]?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}, Node ${process.version}`,
    load: loadavg()[0].toFixed(2),
  };
}

export const machineLine = ({ date, processor, memory, system, load }) =>
  `${date} UTC, ${processor}, ${memory}, ${system}, load at the start ${load}`;
