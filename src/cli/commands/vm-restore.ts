// `tabvisor vm restore`: goes on where a snapshot was taken, with the options of that run and those given now.
// The file: src/cli/snapshot.ts. Exit status as of `vm run`.
import { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import { stationAt } from '../../net/ethernet.js';
import { cardOf } from '../../library/parts.js';
import type { Mode } from '../../vmm/config.js';
import { NETWORK_ADDRESS } from '../../vmm/layout.js';
import { epilogue, type Example } from '../help.js';
import { parseNet, restoredNet } from '../net-option.js';
import type { RawOptions } from '../options.js';
import { describeSnapshot } from '../snapshot.js';
import { vmRun } from '../run-machine.js';
import { collect } from './vm-run.js';

const EXAMPLES: readonly Example[] = [
  {
    command:
      'tabvisor vm run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --snapshot-on "login:" booted.snap',
    what: 'makes one',
  },
  { command: 'tabvisor vm restore booted.snap', what: 'goes on from there' },
  { command: 'tabvisor vm restore booted.snap --mode full --trace irq', what: 'in another mode of virtualization' },
];

export function vmRestoreCommand(): Command {
  return new Command('restore')
    .description('go on from a snapshot')
    .argument('<file>', 'what --snapshot-on or Ctrl-A w has written')
    .option('--mode <mode>', 'another mode than that of the snapshot: full or hw (a para machine stays one)')
    .option('--serial <stdio|file:F|socket:PATH|none>', 'where the first serial port goes')
    .option('--display <text|none>', "show the guest's text screen on the terminal")
    .option('--screenshot <file>', 'write a picture of the screen (PNG), of the last one or by --screenshot-on')
    .option('--screenshot-on <text>', 'write the picture when the text has come out')
    .option('--send-after <text=input>', 'type the input when the text has come out; may be repeated', collect, [])
    .option('--exit-on <text=status>', 'end with the status when the text has come out; may be repeated', collect, [])
    .option('--no-reboot', 'a reset ends the run (status 97)')
    .option('--net <none|user[,...]>', 'other rules for the network')
    .option('--timeout <seconds>', 'stop after so many seconds (status 124)')
    .option('--max-instructions <n>', 'stop after so many guest instructions, counted from power-on (status 124)')
    .option(
      '--stats <file|->',
      'write statistics as JSON; - is standard output, or standard error where the guest has that',
    )
    .option('--trace <topics>', 'print trace lines: exit, io, mmio, irq, insn, boot, device')
    .addHelpText('after', epilogue(EXAMPLES))
    .action(async (file: string, given: Partial<RawOptions>) => {
      const snapshot = describeSnapshot(file);
      checkMode(file, snapshot.options.mode, given.mode);
      const options = { ...snapshot.options, ...given };
      if (given.net !== undefined) options.net = sameCard(file, snapshot.options, given.net);
      options.net = restoredNet(snapshot.options.net, options.net, stationAt(NETWORK_ADDRESS, 0));
      // Mode full has no page tables of a processor's to leave out.
      if (options.mode === 'full') options.ept = true;
      process.exitCode = await vmRun(options, file);
    });
}

/** Mode para is a machine with other devices, and its guest relies on what only that mode has. */
function checkMode(file: string, then: string, now: string | undefined): void {
  if (now === undefined || (now === 'para') === (then === 'para')) return;
  throw new InputError(`snapshot ${file}: of mode ${then}, it cannot go on in mode ${now}`, `Use --mode ${then}.`);
}

/** Other rules, but the card that the guest has a driver for. */
function sameCard(file: string, then: RawOptions, now: string): string {
  const mode = then.mode as Mode;
  const [card, net] = [cardOf(parseNet(then.net), mode), parseNet(now)];
  if (net && !net.card && card !== 'none') return `${now},card=${card}`;
  const other = cardOf(net, mode);
  if (other === card) return now;
  throw new InputError(
    `snapshot ${file}: of a machine with network card ${card}, it cannot go on with ${other}`,
    card === 'none' ? 'Leave --net out.' : `Use --net user, or leave --net out.`,
  );
}
