// The `tabvisor` command: its sub-commands, version, and what an error looks like.
// Exit status 125 is ours, as docker has it: the guest never ran, or we failed.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { InputError } from '../base/errors.js';
import { vmRunCommand } from './commands/vm-run.js';

const OUR_ERROR = 125;

function version(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version;
}

function complain(error: unknown): void {
  const label = pc.red('tabvisor:');
  if (error instanceof InputError) {
    process.stderr.write(`${label} ${error.message}\n`);
    if (error.advice) process.stderr.write(`${label} ${error.advice}\n`);
  } else
    process.stderr.write(
      `${label} this is a bug of tabvisor: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
}

const program = new Command('tabvisor')
  .description('A hypervisor on nothing but WebAssembly: unmodified Linux in Node and in a browser tab')
  .version(version(), '-V, --version', 'print the version')
  .showHelpAfterError('(tabvisor vm run --help lists the options)')
  .exitOverride();
const vm = program.command('vm').description('virtual machines').exitOverride();
vm.addCommand(vmRunCommand().exitOverride().copyInheritedSettings(program));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : OUR_ERROR;
  else {
    complain(error);
    process.exitCode = OUR_ERROR;
  }
}
