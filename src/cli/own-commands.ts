// The commands that are ours alone, by commander: the daemon, machines, the kernel, the OCI runtime; and what an error looks like.
// Exit status 125 is ours, as docker has it: the guest never ran, or we failed.
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { InputError } from '../base/errors.js';
import { BlockError } from '../devices/storage/block-backend.js';
import { kernelRunCommand } from './commands/kernel-run.js';
import { kernelTopCommand } from './commands/kernel-top.js';
import { daemonCommand } from './commands/daemon.js';
import { demoCommand } from './commands/demo.js';
import { ociCommand } from './commands/oci.js';
import { vmRestoreCommand } from './commands/vm-restore.js';
import { vmRunCommand } from './commands/vm-run.js';
import { GROUPS, WORDS } from './docker/words.js';
import { helpLayout } from './help.js';

const OUR_ERROR = 125;

function complain(error: unknown): void {
  const say = (line: string) => process.stderr.write(`${pc.red('tabvisor:')} ${line}\n`);
  if (error instanceof InputError) {
    say(error.message);
    if (error.advice) say(error.advice);
  } else if (error instanceof BlockError) say(`a disk of the host failed: ${error.message}`);
  else say(`this is a bug of tabvisor: ${error instanceof Error ? error.stack : String(error)}`);
}

/** The commands that docker has too. */
function wordsHelp(): string {
  const lines = [...Object.entries(WORDS), ...Object.entries(GROUPS)]
    .filter(([name]) => !name.includes(' '))
    .map(([name, { what }]) => `  ${name.padEnd(24)}  ${what}`);
  return ['', "In docker's words:", ...lines].join('\n');
}

/** The exit status. */
export async function ownMain(version: string): Promise<number> {
  const program = new Command('tabvisor')
    .enablePositionalOptions()
    .description(
      'A hypervisor and container engine on nothing but WebAssembly: unmodified Linux in Node and in a browser tab',
    )
    .version(version, '-V, --version', 'print the version')
    .configureHelp(helpLayout)
    .addHelpText('after', wordsHelp)
    .showHelpAfterError('(tabvisor vm run --help lists the options)')
    .exitOverride();
  program.addCommand(
    demoCommand()
      .exitOverride()
      .copyInheritedSettings(program)
      .showHelpAfterError('(tabvisor --help lists the commands)'),
  );
  program.addCommand(
    daemonCommand(version)
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
  const oci = ociCommand().exitOverride().copyInheritedSettings(program);
  for (const command of oci.commands) command.exitOverride().copyInheritedSettings(program);
  program.addCommand(oci.showHelpAfterError('(tabvisor oci --help lists the commands)'));

  try {
    await program.parseAsync();
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : OUR_ERROR;
    complain(error);
    return OUR_ERROR;
  }
}
