// `tabvisor vm restore`: goes on where a snapshot was taken, with the options of that run and those given now.
// The file: src/cli/snapshot.ts. Exit status as of `vm run`.
import { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import { stationAt } from '../../net/ethernet.js';
import { NETWORK_ADDRESS } from '../../vmm/layout.js';
import { restoredNet } from '../net-option.js';
import type { RawOptions } from '../options.js';
import { loadSnapshot } from '../snapshot.js';
import { vmRun } from './vm-run.js';

const EXAMPLES = `
Examples:
  tabvisor vm run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --snapshot-on "login:" booted.snap
  tabvisor vm restore booted.snap
  tabvisor vm restore booted.snap --mode full --trace irq    in another mode of virtualization`;

export function vmRestoreCommand(): Command {
  return new Command('restore')
    .description('go on from a snapshot')
    .argument('<file>', 'what --snapshot-on or Ctrl-A w has written')
    .option('--mode <mode>', 'another mode than that of the snapshot: full or hw (a para machine stays one)')
    .option('--serial <stdio|file:F|none>', 'where the first serial port goes', 'stdio')
    .option('--net <none|user[,...]>', 'other rules for the network')
    .option('--timeout <seconds>', 'stop after so many seconds (status 124)')
    .option('--max-instructions <n>', 'stop after so many guest instructions, counted from power-on (status 124)')
    .option('--stats <file|->', 'write statistics as JSON')
    .option('--trace <topics>', 'print trace lines: exit, io, mmio, irq, insn, boot, device')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, given: Partial<RawOptions>) => {
      const snapshot = await loadSnapshot(file);
      checkMode(file, snapshot.options.mode, given.mode);
      const options = { ...snapshot.options, ...given };
      options.net = restoredNet(snapshot.options.net, options.net, stationAt(NETWORK_ADDRESS, 0));
      process.exitCode = await vmRun(options, snapshot);
    });
}

/** Mode para is a machine with other devices, and its guest relies on what only that mode has. */
function checkMode(file: string, then: string, now: string | undefined): void {
  if (now === undefined || (now === 'para') === (then === 'para')) return;
  throw new InputError(`snapshot ${file}: of mode ${then}, it cannot go on in mode ${now}`, `Use --mode ${then}.`);
}
