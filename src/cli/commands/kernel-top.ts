// `tabvisor kernel top`: the groups of a kernel that runs with --control, again every second.
import { createInterface } from 'node:readline';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import { reason } from '../../hosts/node/files.js';
import { groupTable, onScreen } from '../group-table.js';
import { epilogue, type Example } from '../help.js';
import type { KernelState } from '../kernel-control.js';

const EXAMPLES: readonly Example[] = [
  {
    command: 'tabvisor kernel run --rootfs debian --memory 64M --control /tmp/k -- make',
    what: 'a program with a limit, and a socket to ask at',
  },
  { command: 'tabvisor kernel top /tmp/k', what: 'what its groups use, in another terminal' },
  { command: 'tabvisor kernel top /tmp/k --once --json', what: 'the same, once, for a program' },
];

export function kernelTopCommand(): Command {
  return new Command('top')
    .description('what the groups of a running kernel use, against their limits')
    .argument('<socket>', 'what was given to tabvisor kernel run --control')
    .option('--interval <seconds>', 'time between two looks', '1')
    .option('--once', 'one look, then the end')
    .option('--json', 'what the kernel says, a line for each look')
    .addHelpText('after', epilogue(EXAMPLES))
    .action((path: string, { interval, once, json }: { interval: string; once?: boolean; json?: boolean }) => {
      const seconds = Number(interval);
      if (!(seconds >= 0.1 && seconds <= 3600))
        throw new InputError(`--interval ${interval}: must be 0.1 to 3600 seconds`, 'For example --interval 2.');
      return show(path, { milliseconds: seconds * 1000, once: once ?? false, json: json ?? false });
    });
}

async function show(
  path: string,
  { milliseconds, once, json }: { milliseconds: number; once: boolean; json: boolean },
): Promise<void> {
  const socket = connect(path);
  const failed = new Promise<never>((_, reject) =>
    socket.on('error', (error) =>
      reject(new InputError(`${path}: ${reason(error)}`, 'Is tabvisor kernel run --control there?', { cause: error })),
    ),
  );
  failed.catch(() => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const terminal = process.stdout.isTTY && !once && !json;
  if (terminal) process.stdout.write('\u001b[2J');
  for (let before: KernelState | undefined; ; ) {
    socket.write('\n');
    const line = await Promise.race([lines.next(), failed]);
    // the kernel has ended
    if (line.done) break;
    const state = JSON.parse(line.value) as KernelState;
    const table = json ? line.value : groupTable(state, before);
    const { columns, rows } = process.stdout;
    process.stdout.write(terminal ? onScreen(table, columns || 80, rows || 24) : `${table}\n`);
    if (once) break;
    before = state;
    await delay(milliseconds);
  }
  socket.destroy();
}
