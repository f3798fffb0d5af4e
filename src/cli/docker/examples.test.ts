// The examples of help: each command has one, and it is one of its command lines.
import { expect, test } from 'vitest';
import { checkArguments, helpOf } from './command.js';
import { examplesOf } from './examples.js';
import { parseFlags } from './flags.js';
import { begin } from './host.js';
import { find, WORDS } from './words.js';

/** Words of a shell's line, without their quotes. */
const split = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|\S+?'[^']*'|\S+/g)].map(([whole, quoted]) => quoted ?? whole.replaceAll("'", ''));

test.each(Object.keys(WORDS))('%s', async (name) => {
  const command = await WORDS[name]!.load();
  expect(command.name).toBe(name);
  begin({ stdout: { isTTY: false } } as Parameters<typeof begin>[0]);
  expect(helpOf(command)).toContain('\nExamples:\n');
  for (const { command: line } of examplesOf(name)) {
    const words = split(line).slice(1);
    const found = find(words)!;
    expect(found.name).toBe(name);
    const { args } = parseFlags(command.flags, words.slice(found.taken), !command.flagsFirst, '');
    checkArguments(command, args);
  }
});
