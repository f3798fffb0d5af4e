// What can be typed at the end of a line of a command of commander's: its commands and options. Ours.
import type { Command } from 'commander';
import { FILES, NOTHING, type Offer, words } from './offer.js';

/** `before`: behind the command's own name. */
export function completeCommand(command: Command, before: readonly string[], current: string): Offer {
  let at = command;
  for (const word of before) at = at.commands.find((one) => one.name() === word) ?? at;
  const last = before.at(-1);
  const option = at.options.find(({ long, short }) => last !== undefined && (long === last || short === last));
  if (option?.required || option?.optional) return option.argChoices ? words(option.argChoices) : FILES;
  const help = at.createHelp();
  if (current.startsWith('-'))
    return {
      words: help
        .visibleOptions(at)
        .flatMap(({ long, description }) => (long ? [{ word: long, what: description }] : [])),
    };
  const commands = help.visibleCommands(at).filter((one) => at.commands.includes(one));
  if (commands.length > 0) return { words: commands.map((one) => ({ word: one.name(), what: one.description() })) };
  const [argument] = at.registeredArguments;
  if (argument?.argChoices) return words(argument.argChoices);
  return argument ? FILES : NOTHING;
}
