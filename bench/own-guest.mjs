// Our own guest's workloads, one machine a workload: times, operations a second, exits by reason.
// guest/README.md (command line and lines of output); `tabvisor vm run --stats`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine } from './machine.mjs';
import { summary } from './statistics.mjs';
import { count, digits } from './table.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The scale at which each takes about a second. */
const SCALES = {
  integer: 10,
  memory: 8,
  syscall: 8,
  'context-switch': 8,
  'page-fault': 8,
  'port-io': 8,
  'disk-read': 20,
  'disk-write': 20,
};

export const WORKLOADS = Object.keys(SCALES);

/** `options`: {only: names or undefined, repeat, percent}. Throws when a workload fails. */
export function measureOwnGuest(options, say) {
  const names = WORKLOADS.filter((name) => options.only?.includes(name) ?? true);
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-bench-'));
  const started = machine();
  try {
    const disk = join(folder, 'scratch.img');
    execFileSync(process.execPath, ['guest/disks.mjs', 'scratch', disk], { cwd: root });
    const results = {};
    for (const name of names) {
      const scale = Math.max(1, Math.round((SCALES[name] * options.percent) / 100));
      results[name] = [];
      for (let i = 0; i < options.repeat; i++) {
        results[name].push(runWorkload(name, scale, disk, folder));
        say(`${name} ${i + 1}/${options.repeat}`);
      }
    }
    return report(results, started, options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runWorkload(name, scale, disk, folder) {
  const statistics = join(folder, 'stats.json');
  const args = ['bin/tabvisor.mjs', 'vm', 'run', '--mode', 'full', '--memory', '64M', '--disk', `${disk},snapshot`];
  const append = `run=${name} scale=${scale} exit=poweroff quiet`;
  const output = execFileSync(process.execPath, [...args, '--append', append, '--stats', statistics], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  const line = new RegExp(`WORKLOAD name=${name} (.*)`).exec(output)?.[1] ?? '';
  const fields = Object.fromEntries(
    line
      .trim()
      .split(' ')
      .map((field) => field.split('=')),
  );
  if (fields.ops === undefined) throw new Error(`${name}: ${line.trim() || `no result in:\n${output}`}`);
  return {
    scale,
    seconds: Number(fields.ticks) / 1000,
    operations: Number(fields.ops),
    ...JSON.parse(readFileSync(statistics)),
  };
}

function report(results, started, options) {
  const rows = Object.entries(results).map(([name, runs]) => {
    const one = runs[0];
    const of = (value) => summary(runs.map(value)).median;
    const seconds = of((run) => run.seconds);
    const exits = Object.values(one.exits).reduce((sum, number) => sum + number, 0);
    return [
      name,
      digits(seconds),
      digits(of((run) => run.operations) / seconds),
      digits(of((run) => run.instructions) / 1e6),
      digits(of((run) => run.cpuSeconds)),
      digits(of((run) => run.instructions / run.cpuSeconds / 1e6)),
      count(exits),
    ];
  });
  const reasons = [...new Set(Object.values(results).flatMap((runs) => Object.keys(runs[0].exits)))].sort();
  const exits = Object.entries(results).map(([name, runs]) => [
    name,
    ...reasons.map((reason) => count(runs[0].exits[reason] ?? 0)),
  ]);
  return {
    name: 'own-guest',
    title: "tabvisor --mode full: our own guest's workloads",
    machine: started,
    notes: [
      `one machine a workload; the median of ${options.repeat} run${options.repeat > 1 ? 's' : ''}`,
      'seconds: of the workload, by the guest; CPU seconds, MIPS, exits: of the whole run, boot included',
    ],
    tables: [
      {
        title: 'Workloads',
        rows: [['workload', 'seconds', 'operations/s', 'M insns', 'CPU s', 'MIPS', 'exits'], ...rows],
      },
      { title: 'Exits by reason', rows: [['workload', ...reasons], ...exits] },
    ],
    data: { options, results },
  };
}
