// Debian from a snapshot and from power-on, in each mode: seconds from the start of the process until the guest answers what is typed.
// Ours. CPU seconds are the whole process's, loading included, read when the answer arrives.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provisionedGuest, tabvisorArguments } from './engines.mjs';
import { KERNEL_OPTIONS } from './guest-run.mjs';
import { machine } from './machine.mjs';
import { meter } from './process-meter.mjs';
import { summary } from './statistics.mjs';
import { digits } from './table.mjs';

const MODES = ['full', 'hw', 'para'];
const MEMORY = 256;
const MIB = 1 << 20;
const TAIL = 2000;
const TABVISOR = fileURLToPath(new URL('../bin/tabvisor.mjs', import.meta.url));
/** What is typed is echoed, so the answers must not be in it. */
const ASK = ['echo answer-$((1 + 1))\n', 'answer-2'];
const MARK = 'all-saved';
const SAVE = ['echo all-"saved"\n', / snapshot .* MiB/];

/** `options`: {repeat: restores of each mode, timeout: seconds of one step}. `say` is told of each measurement. */
export async function measureRestores({ repeat, timeout }, say) {
  const guest = { ...provisionedGuest(), memory: MEMORY, append: KERNEL_OPTIONS };
  const started = machine();
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-bench-'));
  const results = Object.fromEntries(MODES.map((mode) => [mode, { restores: [] }]));
  const fileOf = (mode) => join(folder, mode);
  try {
    for (const mode of MODES) {
      results[mode].boot = await bootAndSave(guest, mode, fileOf(mode), timeout);
      results[mode].bytes = statSync(fileOf(mode)).size;
      say(`${mode}: boot ${digits(results[mode].boot.wall)} s`);
    }
    for (let round = 0; round < repeat; round++) {
      for (const mode of MODES) {
        const found = await restore(fileOf(mode), timeout);
        results[mode].restores.push(found);
        say(`${mode}: restore ${digits(found.wall)} s`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return {
    name: 'restore',
    title: 'Debian from a snapshot',
    machine: started,
    notes: [
      `guest: Linux ${guest.kernelRelease}, ${MEMORY} MiB; from the start of the process until the shell has answered`,
      `one boot, median of ${repeat} restores, ± half the range; CPU seconds are the whole process's`,
    ],
    tables: [table(results)],
    data: { repeat, results },
  };
}

async function bootAndSave(guest, mode, file, timeout) {
  const run = new Run(['vm', 'run', ...tabvisorArguments({ ...guest, mode }).slice(2), '--snapshot-on', MARK, file]);
  try {
    await run.expect('# ', timeout);
    await run.ask(ASK, timeout);
    const found = run.used();
    await run.ask(SAVE, timeout);
    return found;
  } finally {
    run.end();
  }
}

async function restore(file, timeout) {
  const run = new Run(['vm', 'restore', file]);
  try {
    await run.ask(ASK, timeout);
    return run.used();
  } finally {
    run.end();
  }
}

/** A process of tabvisor, its terminal, and what it has used. */
class Run {
  started = performance.now();
  output = '';
  look = () => {};

  constructor(args) {
    this.child = spawn(process.execPath, [TABVISOR, ...args]);
    const take = (chunk) => {
      this.output = (this.output + chunk).slice(-2 * TAIL);
      this.look();
    };
    this.child.stdout.setEncoding('latin1').on('data', take);
    this.child.stderr.setEncoding('latin1').on('data', take);
    this.child.stdin.on('error', () => {});
  }

  /** {wall, cpu}, seconds so far. */
  used() {
    return { wall: (performance.now() - this.started) / 1000, cpu: meter(this.child.pid).cpu };
  }

  ask([typed, answer], timeout) {
    this.child.stdin.write(typed);
    return this.expect(answer, timeout);
  }

  expect(text, timeout) {
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`waiting for ${text}: ${why}; the last output:\n${this.output}`));
      const timer = setTimeout(() => fail(`not there after ${timeout} seconds`), timeout * 1000);
      this.child
        .once('error', (error) => fail(error.message))
        .once('close', (code) => fail(`ended with status ${code}`));
      this.look = () => {
        if (this.output.search(text) < 0) return;
        clearTimeout(timer);
        resolve();
      };
      this.look();
    });
  }

  end() {
    this.child.kill('SIGKILL');
  }
}

function table(results) {
  const rows = MODES.map((mode) => {
    const { boot, restores, bytes } = results[mode];
    const wall = summary(restores.map((one) => one.wall));
    const cpu = summary(restores.map((one) => one.cpu));
    const withSpread = ({ median, spread }) => `${digits(median)} ± ${(spread * 100).toFixed(0)} %`;
    return [
      mode,
      ...[digits(boot.wall), withSpread(wall), digits(boot.wall / wall.median)],
      ...[digits(boot.cpu), withSpread(cpu), digits(boot.cpu / cpu.median)],
      digits(bytes / MIB),
    ];
  });
  const header = ['mode', 'boot s', 'restore s', 'times', 'boot CPU s', 'restore CPU s', 'times', 'file MiB'];
  return { title: 'Until the guest answers', rows: [header, ...rows] };
}
