// What a command is: its words, its flags, how many arguments it takes, what it does; and its help.
import { shownExamples, wrap } from '../help-text.js';
import type { ApiClient } from './api-client.js';
import { Complaint } from './complaint.js';
import { examplesOf } from './examples.js';
import type { Flag, Values } from './flags.js';
import { host } from './host.js';

/** How an engine is reached when none listens: in this process; so that others can speak to it meanwhile; in the background; or not at all. */
export type Need = 'engine' | 'serving' | 'background' | 'listening' | 'none';

export interface Call {
  values: Values;
  args: readonly string[];
  /** Connects at first use. */
  engine(): Promise<ApiClient>;
}

export interface DockerCommand {
  /** Behind the program's name: `container ls`. */
  name: string;
  /** Arguments, in capitals. */
  usage: string;
  what: string;
  aliases?: readonly string[];
  flags: readonly Flag[];
  least: number;
  most?: number;
  /** Flags stand in front of the first argument alone. */
  flagsFirst?: boolean;
  need?(call: Pick<Call, 'values' | 'args'>): Need;
  run(call: Call): Promise<void>;
}

const INDENT = 2;
const USUAL = 80;

export const usageOf = ({ name, usage, flags }: DockerCommand): string =>
  ['tabvisor', name, flags.length > 0 ? '[OPTIONS]' : '', usage].filter(Boolean).join(' ');

/** Throws Complaint. */
export function checkArguments(command: DockerCommand, args: readonly string[]): void {
  const { name, least, most = Number.POSITIVE_INFINITY } = command;
  if (args.length >= least && args.length <= most) return;
  const count = (n: number): string => `${n} argument${n === 1 ? '' : 's'}`;
  const wants =
    most === 0
      ? 'accepts no arguments'
      : least === most
        ? `requires ${count(least)}`
        : args.length < least
          ? `requires at least ${count(least)}`
          : `requires at most ${count(most)}`;
  throw new Complaint(
    `tabvisor: 'tabvisor ${name}' ${wants}\n\nUsage:  ${usageOf(command)}\n\nSee 'tabvisor ${name} --help' for more information`,
  );
}

const KINDS: Readonly<Record<string, string>> = { bool: '' };

export function flagLines(flags: readonly Flag[], width: number): string {
  const terms = flags.map(({ name, short, kind }) =>
    `${short ? `-${short}, ` : '    '}--${name} ${KINDS[kind] ?? kind}`.trimEnd(),
  );
  const left = INDENT + Math.max(0, ...terms.map((term) => term.length)) + 3;
  return flags
    .map(({ what, otherwise }, i) => {
      const text = otherwise !== undefined && otherwise !== '' ? `${what} (default ${otherwise})` : what;
      const [first, ...more] = wrap(text, Math.max(20, width - left));
      return [
        `${' '.repeat(INDENT)}${terms[i]}`.padEnd(left) + first,
        ...more.map((line) => ' '.repeat(left) + line),
      ].join('\n');
    })
    .join('\n');
}

export function helpOf(command: DockerCommand): string {
  const width = (host.stdout.isTTY && host.stdout.columns) || USUAL;
  const { name, what, aliases, flags } = command;
  const examples = examplesOf(name);
  const parts = [`Usage:  ${usageOf(command)}`, what];
  if (aliases) parts.push(`Aliases:\n  ${aliases.map((one) => `tabvisor ${one}`).join(', ')}`);
  if (flags.length > 0) parts.push(`Options:\n${flagLines(flags, width)}`);
  return `${parts.join('\n\n')}\n${shownExamples(examples, width)}\n`;
}
