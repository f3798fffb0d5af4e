// The commands that are ours alone, by commander: the daemon, machines, the kernel, the OCI runtime; and what an error looks like.
// Exit status 125 is ours, as docker has it: the guest never ran, or we failed. The OCI runtime's is 1.
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { InputError } from '../base/errors.js';
import { BlockError } from '../devices/storage/block-backend.js';
import { ELSEWHERE, GROUPS, WORDS } from './docker/words.js';
import { keepYoungGenerationSmall } from '../hosts/node/young-generation.js';
import { helpLayout } from './help.js';

const OUR_ERROR = 125;
/** As runc has it. */
const OCI_ERROR = 1;

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

/** By its name: its program is read when it is asked for, as a daemon in which a monitor lies idle has less memory for containers. */
const COMMANDS: Readonly<Record<string, (version: string) => Promise<Command>>> = {
  demo: async () => (await import('./commands/demo.js')).demoCommand(),
  async daemon(version) {
    // it lives for long, and before it has grown
    keepYoungGenerationSmall();
    return (await import('./commands/daemon.js')).daemonCommand(version);
  },
  async vm() {
    const [run, restore] = await Promise.all([import('./commands/vm-run.js'), import('./commands/vm-restore.js')]);
    return group('vm', 'virtual machines', [run.vmRunCommand(), restore.vmRestoreCommand()]);
  },
  async kernel() {
    const [run, top] = await Promise.all([import('./commands/kernel-run.js'), import('./commands/kernel-top.js')]);
    const what = 'programs as processes of our own kernel';
    return group('kernel', what, [run.kernelRunCommand(), top.kernelTopCommand()]);
  },
  oci: async () => (await import('./commands/oci.js')).ociCommand(),
  completion: async () => (await import('./commands/completion.js')).completionCommand(),
};

/** What a shell asks for a line. */
export async function completed(line: string, version: string): Promise<string> {
  const { answer } = await import('./completion/answer.js');
  const names = Object.keys(COMMANDS).map((word) => ({ word, what: '' }));
  return answer(line, version, {
    names,
    load: async (name) => (Object.hasOwn(COMMANDS, name) ? COMMANDS[name]!(version) : undefined),
  });
}

function group(name: string, what: string, commands: readonly Command[]): Command {
  const command = new Command(name).description(what).enablePositionalOptions();
  for (const one of commands) command.addCommand(one);
  return command;
}

/** Settings go down to all its commands. */
function adopt(parent: Command, command: Command, path: string): void {
  const advice = command.commands.length > 0 ? 'lists the commands' : 'lists the options';
  command.exitOverride().copyInheritedSettings(parent).showHelpAfterError(`(${path} --help ${advice})`);
  for (const one of command.commands) adopt(command, one, `${path} ${one.name()}`);
}

/** The exit status. `words`: what follows `tabvisor`. */
export async function ownMain(words: readonly string[], version: string): Promise<number> {
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
  const [word = ''] = words;
  if (word !== '' && !word.startsWith('-') && word !== 'help' && !Object.hasOwn(COMMANDS, word)) {
    const advice = Object.hasOwn(ELSEWHERE, word) ? ELSEWHERE[word] : "Run 'tabvisor --help' for more information";
    process.stderr.write(`tabvisor: unknown command: tabvisor ${word}\n\n${advice}\n`);
    return 1;
  }
  for (const load of Object.hasOwn(COMMANDS, word) ? [COMMANDS[word]!] : Object.values(COMMANDS)) {
    const command = await load(version);
    adopt(program, command, `tabvisor ${command.name()}`);
    program.addCommand(command);
  }

  const failed = word === 'oci' ? OCI_ERROR : OUR_ERROR;
  try {
    await program.parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : failed;
    complain(error);
    // a command that has statuses of its own has said it
    return Number(process.exitCode ?? failed);
  }
}
