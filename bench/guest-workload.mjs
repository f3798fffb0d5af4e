// One run of one workload of our own guest in one mode: what the guest says, and what the monitor has counted.
// guest/README.md (command line, lines of output); `tabvisor vm run --stats`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workloadLine } from '../build/js/src/modes/workload-line.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const MEMORY = '64M';
const TIMEOUT = 120_000;

/**
 * `plan`: {workload: a name or undefined for none, scale, arguments: of the mode, disk: a path or undefined, network}.
 * {seconds: of the workload by the guest, operations, checksum, cpuSeconds, exits: by reason, instructions}: these three of the
 * whole process. Throws when the guest fails.
 */
export function runWorkload(plan, folder) {
  const statistics = join(folder, 'stats.json');
  const run = plan.workload ? `run=${plan.workload} scale=${plan.scale} ` : '';
  const args = ['bin/tabvisor.mjs', 'vm', 'run', ...plan.arguments, '--memory', MEMORY, '--stats', statistics];
  if (plan.disk) args.push('--disk', `${plan.disk},snapshot`);
  if (plan.network) args.push('--net', 'user');
  const output = execFileSync(process.execPath, [...args, '--append', `${run}exit=poweroff quiet`], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT,
  });
  const { exits, cpuSeconds, instructions } = JSON.parse(readFileSync(statistics, 'utf8'));
  return { ...(plan.workload ? readLine(plan.workload, output) : {}), exits, cpuSeconds, instructions };
}

/** {seconds, operations, checksum} out of the line that a workload prints. */
export function readLine(workload, output) {
  const lines = output.split('\n').map(workloadLine);
  const line = lines.find((one) => one?.name === workload);
  if (line?.operations === undefined) throw new Error(`${workload}: ${line?.text ?? `no result in:\n${output}`}`);
  return { seconds: line.seconds, operations: line.operations, checksum: line.checksum };
}
