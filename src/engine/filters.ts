// Filters of lists: for each name some values, one of which must fit; all names must. Docker Engine API, parameter `filters`.
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
