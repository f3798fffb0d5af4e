// The `tabvisor` command: its sub-commands, version, and what an error looks like.
// Exit status 125 is ours, as docker has it: the guest never ran, or we failed.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { InputError } from '../base/errors.js';
import { BlockError } from '../devices/storage/block-backend.js';
import { kernelRunCommand } from './commands/kernel-run.js';
import { kernelTopCommand } from './commands/kernel-top.js';
import { daemonCommand } from './commands/daemon.js';
import { demoCommand } from './commands/demo.js';
import { importCommand, loadCommand, saveCommand } from './commands/image-files.js';
import { historyCommand, imagesCommand, inspectCommand, rmiCommand, tagCommand } from './commands/image-list.js';
import { pullCommand, pushCommand } from './commands/image-transfer.js';
import { ociCommand } from './commands/oci.js';
import { vmRestoreCommand } from './commands/vm-restore.js';
import { vmRunCommand } from './commands/vm-run.js';
import { helpLayout } from './help.js';
import { PACKAGE_ROOT } from '../hosts/node/package-root.js';

const OUR_ERROR = 125;

function version(): string {
  return JSON.parse(readFileSync(new URL('package.json', PACKAGE_ROOT), 'utf8')).version;
}

function complain(error: unknown): void {
  const say = (line: string) => process.stderr.write(`${pc.red('tabvisor:')} ${line}\n`);
  if (error instanceof InputError) {
    say(error.message);
    if (error.advice) say(error.advice);
  } else if (error instanceof BlockError) say(`a disk of the host failed: ${error.message}`);
  else say(`this is a bug of tabvisor: ${error instanceof Error ? error.stack : String(error)}`);
}

const program = new Command('tabvisor')
  .enablePositionalOptions()
  .description('A hypervisor on nothing but WebAssembly: unmodified Linux in Node and in a browser tab')
  .version(version(), '-V, --version', 'print the version')
  .configureHelp(helpLayout)
  .showHelpAfterError('(tabvisor vm run --help lists the options)')
  .exitOverride();
program.addCommand(
  demoCommand()
    .exitOverride()
    .copyInheritedSettings(program)
    .showHelpAfterError('(tabvisor --help lists the commands)'),
);
program.addCommand(
  daemonCommand(version())
    .exitOverride()
    .copyInheritedSettings(program)
    .showHelpAfterError('(tabvisor daemon --help lists the options)'),
);
const vm = program.command('vm').description('virtual machines').exitOverride().copyInheritedSettings(program);
for (const command of [vmRunCommand(), vmRestoreCommand()]) {
  command.exitOverride().copyInheritedSettings(program);
  vm.addCommand(command.showHelpAfterError(`(tabvisor vm ${command.name()} --help lists the options)`));
}
const kernel = program
  .command('kernel')
  .description('programs as processes of our own kernel')
  .exitOverride()
  .copyInheritedSettings(program)
  .enablePositionalOptions();
for (const command of [kernelRunCommand(), kernelTopCommand()]) {
  command.exitOverride().copyInheritedSettings(program);
  kernel.addCommand(command.showHelpAfterError(`(tabvisor kernel ${command.name()} --help lists the options)`));
}
for (const command of [
  pullCommand(),
  pushCommand(),
  imagesCommand(),
  rmiCommand(),
  tagCommand(),
  inspectCommand(),
  historyCommand(),
  saveCommand(),
  loadCommand(),
  importCommand(),
]) {
  command.exitOverride().copyInheritedSettings(program);
  program.addCommand(command.showHelpAfterError(`(tabvisor ${command.name()} --help lists the options)`));
}

const oci = ociCommand().exitOverride().copyInheritedSettings(program);
for (const command of oci.commands) command.exitOverride().copyInheritedSettings(program);
program.addCommand(oci.showHelpAfterError('(tabvisor oci --help lists the commands)'));

/** Milliseconds that a reader of our output may take for the rest of it. */
const PATIENCE = 2000;

/** Waits for output on its way. A reader that has stopped reading must not keep us alive. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) return resolve();
    setTimeout(resolve, PATIENCE);
    stream.write('', () => resolve());
  });
}

process.stderr.on('error', () => {});
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : OUR_ERROR;
  else {
    complain(error);
    process.exitCode = OUR_ERROR;
  }
}
await Promise.all([drained(process.stdout), drained(process.stderr)]);
process.exit();
