// `tabvisor completion`: words that a shell can complete. Ours.
import { Argument, Command } from 'commander';
import { SCRIPTS } from '../completion/scripts.js';
import { epilogue } from '../help.js';

export function completionCommand(): Command {
  return new Command('completion')
    .description('what a shell reads so that Tab completes our commands, flags and names')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      epilogue([
        { command: 'source <(tabvisor completion bash)', what: 'in this shell, or in ~/.bashrc for all' },
        { command: 'tabvisor completion fish | source', what: 'in fish' },
      ]),
    )
    .action((shell: string) => void process.stdout.write(SCRIPTS[shell]!));
}
