// Filters of lists: for each name some values, one of which must fit; all names must. Docker Engine API, parameter `filters`.
import { parseDuration } from './build/go-format.js';
import { InvalidParameter } from './errors.js';

export type Filters = ReadonlyMap<string, readonly string[]>;

/** `{"name":{"a":true}}`, or in the old form `{"name":["a"]}`. Throws InvalidParameter. */
export function parseFilters(text: string | undefined): Filters {
  if (!text) return new Map();
  try {
    const found = new Map<string, string[]>();
    for (const [name, values] of Object.entries(JSON.parse(text) as Record<string, unknown>))
      found.set(name, Array.isArray(values) ? values.map(String) : Object.keys(values as object));
    return found;
  } catch (error) {
    throw new InvalidParameter('invalid filter: it is no JSON of names and values', { cause: error });
  }
}

/** Throws InvalidParameter for a filter that is not among `known`. */
export function checkFilters(filters: Filters, known: readonly string[]): void {
  for (const name of filters.keys()) if (!known.includes(name)) throw new InvalidParameter(`invalid filter '${name}'`);
}

/** Undefined: nobody asks. Throws InvalidParameter. */
export function booleanOf(filters: Filters, name: string): boolean | undefined {
  const [text, ...more] = filters.get(name) ?? [];
  if (text === undefined) return undefined;
  const value = new Map([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ]).get(text);
  if (value === undefined || more.length > 0) throw invalid(filters, name);
  return value;
}

/** Throws InvalidParameter for a value that is not among `known`. */
export function checkValues(filters: Filters, name: string, known: readonly string[]): void {
  if (filters.get(name)?.some((value) => !known.includes(value))) throw invalid(filters, name);
}

const invalid = (filters: Filters, name: string): InvalidParameter =>
  new InvalidParameter(`invalid filter '${name}=[${filters.get(name)!.join(' ')}]'`);

/** `key`, or `key=value`; several must all be there. */
export function matchesLabels(
  wanted: readonly string[] | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (wanted ?? []).every((filter) => {
    const at = filter.indexOf('=');
    const key = at < 0 ? filter : filter.slice(0, at);
    return Object.hasOwn(labels, key) && (at < 0 || labels[key] === filter.slice(at + 1));
  });
}

/** Label filters of prune: `label` must be there, `label!` must not. */
export const passesLabels = (filters: Filters, labels: Readonly<Record<string, string>>): boolean =>
  matchesLabels(filters.get('label'), labels) &&
  !(filters.has('label!') && matchesLabels(filters.get('label!'), labels));

/** `until`, in milliseconds since 1970: so long ago, seconds since 1970, or a date. `now`: likewise. Throws InvalidParameter. */
export function untilOf(filters: Filters, now: number): number | undefined {
  const [text, ...more] = filters.get('until') ?? [];
  if (text === undefined) return undefined;
  if (more.length > 0) throw new InvalidParameter('more than one until filter specified');
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  const ago = parseDuration(text);
  const until = ago === undefined ? Date.parse(text) : now - ago / 1e6;
  if (Number.isNaN(until))
    throw new InvalidParameter(`invalid filter 'until=${text}': it is neither a duration nor a time`);
  return until;
}
