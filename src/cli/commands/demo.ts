// `tabvisor demo`: the three modes race on our own guest, one after the other; then a table, and why each row is as it is; then two containers.
// Ours; rows, work and words are src/modes, as of the page and of `npm run bench`.
import { Command } from 'commander';
import pc from 'picocolors';
import { InputError } from '../../base/errors.js';
import { digits, duration } from '../../base/numbers.js';
import { nodePlatform } from '../../hosts/node/platform.js';
import { createVmOn } from '../../library/create-vm.js';
import type { VirtualMachine } from '../../library/virtual-machine.js';
import { explainBriefly, type Figures, type MeasuredRow, timesAsFast } from '../../modes/explain.js';
import { type Lap, Laps } from '../../modes/laps.js';
import { MAIN_COLUMNS, RACE, raceCommandLine, type Row } from '../../modes/rows.js';
import { ScratchDisk } from '../../modes/scratch-disk.js';
import type { Mode } from '../../vmm/config.js';
import { demoContainers } from '../demo-containers.js';
import { columns } from '../report.js';

const MODES: Record<Mode, string> = {
  full: 'every instruction is emulated',
  hw: 'guest code runs directly, what is sensitive exits to the monitor',
  para: 'as hw, and the guest knows of the monitor: its clock, virtio',
};
const WIDTH = 100;

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'the three modes of virtualization race on our own guest, then two containers meet their limits; and why it is so',
    )
    .action(async () => {
      process.exitCode = await demo();
    });
}

/** The process's exit status: 1 where the modes have worked out different things. */
async function demo(): Promise<number> {
  const laps = new Map<Mode, Map<string, Lap>>();
  for (const mode of MAIN_COLUMNS) {
    process.stdout.write(`${pc.bold(mode.padEnd(5))} ${MODES[mode]}\n      `);
    laps.set(mode, await runMode(mode));
    process.stdout.write('\n');
  }
  const rows = RACE.map((row) => measured(row, laps));
  process.stdout.write(`\n${table(rows).join('\n')}\n`);
  process.stdout.write('time of one operation, how many times as fast as mode full, exits to the monitor for it\n\n');
  for (const row of rows)
    process.stdout.write(`${pc.bold(row.name)}
${wrapped(explainBriefly(row))}
`);
  const differing = RACE.filter(({ workload }) => sums(laps, workload).size !== 1);
  for (const { name } of differing)
    process.stdout.write(`\n${name}: the modes have worked out different things, which is a bug of tabvisor\n`);
  if (differing.length === 0)
    process.stdout.write(`\nAll modes have worked out the same. More: npm run bench, npm run dev\n`);
  const isolated = await demoContainers();
  return differing.length === 0 && isolated ? 0 : 1;
}

/** Words in lines of their own, indented. */
function wrapped(text: string): string {
  let line = ' ';
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ' ';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}

async function runMode(mode: Mode): Promise<Map<string, Lap>> {
  const found = new Map<string, Lap>();
  const watch = new Laps(
    () => vm.statistics().exits,
    (lap) => {
      found.set(lap.name, lap);
      const time = lap.seconds === undefined ? (lap.failed ?? lap.skipped ?? '?') : duration(lap.seconds);
      process.stdout.write(`${lap.name} ${pc.dim(time)}  `);
    },
  );
  const disks = [{ image: new ScratchDisk(), access: 'write' as const }];
  const options = { mode, memory: '64M', disks, network: true, commandLine: `${raceCommandLine(1)} exit=poweroff` };
  const vm: VirtualMachine = await createVmOn(nodePlatform, options, { transmit: (byte) => watch.see(byte) });
  const outcome = await vm.run();
  if (outcome.kind !== 'power-off') throw new InputError(`mode ${mode}: the guest ended with ${outcome.kind}`);
  return found;
}

function measured(row: Row, laps: Map<Mode, Map<string, Lap>>): MeasuredRow & { name: string } {
  const modes: Partial<Record<Mode, Figures>> = {};
  for (const [mode, of] of laps) {
    const { seconds, operations, exits } = of.get(row.workload) ?? { exits: {} };
    const all = Object.values(exits).reduce((sum, count) => sum + count, 0);
    if (seconds !== undefined && operations) modes[mode] = { seconds, operations, exits: all };
  }
  return { name: row.name, workload: row.workload, operation: row.operation, modes };
}

function table(rows: readonly (MeasuredRow & { name: string })[]): string[] {
  const head = [
    '',
    'one',
    ...MAIN_COLUMNS.flatMap((mode) => (mode === 'full' ? [mode] : [mode, '×'])),
    'exits: full',
    'hw',
    'para',
  ];
  const lines = rows.map((row) => {
    const { name, operation, modes } = row;
    const times = MAIN_COLUMNS.flatMap((mode) => {
      const figures = modes[mode];
      const time = figures ? duration(figures.seconds / figures.operations) : '-';
      if (mode === 'full') return [time];
      const faster = timesAsFast(row, mode, 'full');
      return [time, faster === undefined ? '-' : digits(faster)];
    });
    const exits = MAIN_COLUMNS.map((mode) => (modes[mode] ? digits(modes[mode].exits / modes[mode].operations) : '-'));
    return [name, operation, ...times, ...exits];
  });
  const [title, ...body] = columns([head, ...lines]);
  return [pc.bold(title), ...body];
}

const sums = (laps: Map<Mode, Map<string, Lap>>, workload: string): Set<string | undefined> =>
  new Set([...laps.values()].map((of) => of.get(workload)?.checksum));
