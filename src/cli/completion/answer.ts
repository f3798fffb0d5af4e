// What a shell asks when somebody presses Tab: the line up to the cursor. The answer is lines: the word under way as we read it; whether
// files may stand there too, or something goes on behind; then the words, each with what it is behind a tab. Ours.
import type { Command } from 'commander';
import { completeDockers, dockersWords } from '../docker/complete.js';
import { GLOBAL_FLAGS, isDockers, split } from '../docker/main.js';
import { completeCommand } from './commander.js';
import { wordsOf } from './line.js';
import { matching, type Offer } from './offer.js';

/** Commands that are ours alone, by name. */
export interface OwnCommands {
  names: readonly { word: string; what: string }[];
  load(name: string): Promise<Command | undefined>;
}

export async function answer(line: string, version: string, own: OwnCommands): Promise<string> {
  const typed = wordsOf(line).slice(1);
  const current = typed.at(-1) ?? '';
  const { words, files, open } = matching(await offerFor(typed, version, own), current);
  const shown = words.map(({ word, what = '' }) => `${word}\t${what.replace(/\s+/g, ' ')}`);
  return `${[current, open ? 'open' : files ? 'files' : 'words', ...shown].join('\n')}\n`;
}

async function offerFor(typed: readonly string[], version: string, own: OwnCommands): Promise<Offer> {
  const before = typed.slice(0, -1);
  const current = typed.at(-1) ?? '';
  const [first] = split(before).rest;
  if (first === undefined || isDockers(before)) {
    const offer = await completeDockers(typed.length > 0 ? typed : [''], version);
    const last = before.at(-1);
    const waits =
      last !== undefined &&
      GLOBAL_FLAGS.some(({ name, short, kind }) => kind !== 'bool' && (last === `--${name}` || last === `-${short}`));
    if (first !== undefined || current.startsWith('-') || waits) return offer;
    return { words: [...dockersWords(), ...own.names] };
  }
  const command = await own.load(first);
  return command ? completeCommand(command, before.slice(1), current) : { words: [] };
}
