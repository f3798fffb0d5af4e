// Options of a filesystem as mount(2) is given them: 'size=1m,mode=755'. Linux fs/fs_parser.c. Hostile: whatever is not known is refused.
import { EINVAL } from '../abi/errno.js';

/** What an option may be: a number, an octal one, a size with a unit, or a word. Absent options are left out. */
export type OptionKind = 'number' | 'octal' | 'size' | 'word' | 'flag';

const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

function optionValue(kind: OptionKind, text: string | undefined, whole: number): number | string | undefined {
  if (kind === 'flag') return text === undefined ? 1 : undefined;
  if (text === undefined) return undefined;
  if (kind === 'word') return text;
  if (kind === 'octal') return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : undefined;
  if (kind === 'number') return /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff ? Number(text) : undefined;
  const match = /^(\d{1,15})([kmgt]?|%)$/i.exec(text);
  if (!match) return undefined;
  const amount = Number(match[1]);
  return match[2] === '%' ? Math.floor((amount * whole) / 100) : amount * UNITS[match[2]!.toLowerCase()]!;
}

/** What is wrong with one option: there is no such, or it has another kind of value; undefined: nothing. */
export function optionProblem(
  known: Record<string, OptionKind>,
  name: string,
  value: string | undefined,
): 'unknown' | 'value' | undefined {
  if (!Object.hasOwn(known, name)) return 'unknown';
  // options are written one behind the other
  const fits = !value?.includes(',') && optionValue(known[name]!, value, 1) !== undefined;
  return fits ? undefined : 'value';
}

/** The options by name, or -EINVAL. `whole`: bytes that 100 % of a size is. */
export function parseOptions<K extends string>(
  text: string,
  known: Record<K, OptionKind>,
  whole = 0,
): Partial<Record<K, number | string>> | number {
  const found: Partial<Record<K, number | string>> = {};
  for (const option of text.split(',').filter(Boolean)) {
    const at = option.indexOf('=');
    const name = at < 0 ? option : option.slice(0, at);
    // what mount(8) has turned into flags already
    if (name === 'ro' || name === 'rw') continue;
    if (!Object.hasOwn(known, name)) return -EINVAL;
    const value = optionValue(known[name as K], at < 0 ? undefined : option.slice(at + 1), whole);
    if (value === undefined) return -EINVAL;
    found[name as K] = value;
  }
  return found;
}
