// The command line as Docker's client reads it: --flag value, --flag=value, -f value, -fvalue, -it; a flag may stand behind arguments,
// but not behind those of `run` and `exec`, which are the program's. POSIX utility syntax 12.2 with GNU's long options, as Go's pflag has them.
import { Complaint } from './complaint.js';

export type FlagKind = 'bool' | 'string' | 'list' | 'filter' | 'int' | 'bytes' | 'duration' | 'decimal';

export interface Flag {
  name: string;
  short?: string;
  kind: FlagKind;
  what: string;
  /** Shown, and what is meant without it. */
  otherwise?: string;
}

/** `--name`, or `-n, --name`, its kind, and what it is for. */
export function flag(names: string, kind: FlagKind, what: string, otherwise?: string): Flag {
  const [, short, name] = /^(?:-(\w), )?--([\w-]+)$/.exec(names)!;
  return { name: name!, kind, what, ...(short && { short }), ...(otherwise !== undefined && { otherwise }) };
}

/** Docker's content trust is of registries that are no more: it is never on. */
export const NO_TRUST = flag('--disable-content-trust', 'bool', 'signatures are not asked for', 'true');

/** What was given. */
export class Values {
  private readonly given = new Map<string, string[]>();

  constructor(private readonly flags: readonly Flag[]) {}

  add({ name }: Flag, value: string): void {
    this.given.set(name, [...(this.given.get(name) ?? []), value]);
  }

  has(name: string): boolean {
    return this.given.has(name);
  }

  private last(name: string): string | undefined {
    return this.given.get(name)?.at(-1) ?? this.flags.find((one) => one.name === name)?.otherwise;
  }

  is(name: string): boolean {
    return isTrue(this.last(name) ?? 'false');
  }
  text(name: string): string {
    return this.last(name) ?? '';
  }
  /** Of all that were given. */
  list(name: string): readonly string[] {
    return this.given.get(name) ?? [];
  }
  number(name: string): number | undefined {
    const text = this.last(name);
    return text === undefined ? undefined : Number(text);
  }
  /** Bytes. */
  bytes(name: string): number {
    return parseBytes(this.text(name)) ?? 0;
  }
  /** Nanoseconds. */
  duration(name: string): number {
    return parseDuration(this.text(name)) ?? 0;
  }
}

const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False'];
const isTrue = (text: string): boolean => TRUE.includes(text);

const UNITS = 'bkmgtp';

/** `512m`, `1.5 GiB`, `-1`; undefined: it is no size. go-units, RAMInBytes. */
export function parseBytes(text: string): number | undefined {
  if (text === '-1') return -1;
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(i?b)?$/i.exec(text);
  if (!match) return undefined;
  return Math.floor(Number(match[1]) * 1024 ** Math.max(0, UNITS.indexOf(match[2]!.toLowerCase() || 'b')));
}

const NANOSECONDS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** `1h30m`, in nanoseconds; undefined: it is none. Go's time.ParseDuration. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/.exec(text);
  if (!match) return undefined;
  let sum = 0;
  for (const [, number, unit] of match[2]!.matchAll(/([\d.]+)([a-zµ]+)/g)) sum += Number(number) * NANOSECONDS[unit!]!;
  return match[1] === '-' ? -sum : sum;
}

const invalid = (kind: FlagKind, value: string): string | undefined => {
  if (kind === 'bool' && ![...TRUE, ...FALSE].includes(value))
    return `strconv.ParseBool: parsing "${value}": invalid syntax`;
  if (kind === 'int' && !/^[+-]?\d{1,18}$/.test(value)) return `strconv.ParseInt: parsing "${value}": invalid syntax`;
  if (kind === 'filter' && value !== '' && !value.includes('=')) return 'bad format of filter (expected name=value)';
  if (kind === 'bytes' && parseBytes(value) === undefined) return `invalid size: '${value}'`;
  if (kind === 'duration' && parseDuration(value) === undefined) return `time: invalid duration "${value}"`;
  if (kind === 'decimal' && !/^\d{1,9}(\.\d{1,9})?$/.test(value))
    return `Failed to parse ${value} as a rational number`;
  return undefined;
};

export interface Parsed {
  values: Values;
  args: string[];
  help: boolean;
}

/** `interspersed`: flags may stand behind arguments. Throws Complaint, whose advice is the command's help. */
export function parseFlags(
  flags: readonly Flag[],
  words: readonly string[],
  interspersed: boolean,
  own: string,
): Parsed {
  const values = new Values(flags);
  const args: string[] = [];
  let help = false;
  const fail = (why: string): never => {
    throw new Complaint(`${why}\n\nUsage:  ${own}\n\nRun '${own.split(' [')[0]} --help' for more information`, 125);
  };
  const take = (one: Flag, value: string, shown: string): void => {
    const why = invalid(one.kind, value);
    if (why !== undefined) fail(`invalid argument "${value}" for "${shown}" flag: ${why}`);
    values.add(one, value);
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') {
      args.push(...words.slice(i + 1));
      break;
    }
    if (word === '-' || !word.startsWith('-')) {
      args.push(word);
      if (interspersed) continue;
      args.push(...words.slice(i + 1));
      break;
    }
    const shownOf = (one: Flag): string => (one.short ? `-${one.short}, --${one.name}` : `--${one.name}`);
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = word.slice(2, equals < 0 ? undefined : equals);
      if (name === 'help') {
        help = true;
        continue;
      }
      const one = flags.find((known) => known.name === name) ?? fail(`unknown flag: --${name}`);
      if (equals >= 0) take(one, word.slice(equals + 1), shownOf(one));
      else if (one.kind === 'bool') values.add(one, 'true');
      else if (i + 1 >= words.length) fail(`flag needs an argument: --${name}`);
      else take(one, words[++i]!, shownOf(one));
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      const one = flags.find(({ short }) => short === letter);
      if (!one) {
        if (letter === 'h') {
          help = true;
          continue;
        }
        fail(`unknown shorthand flag: '${letter}' in ${word}`);
      }
      if (one!.kind === 'bool' && word[at + 1] !== '=') {
        values.add(one!, 'true');
        continue;
      }
      const rest = word.slice(at + 1).replace(/^=/, '');
      if (rest === '' && one!.kind !== 'bool' && i + 1 >= words.length)
        fail(`flag needs an argument: '${letter}' in ${word}`);
      take(one!, rest === '' && word[at + 1] !== '=' ? words[++i]! : rest, shownOf(one!));
      break;
    }
  }
  return { values, args, help };
}
