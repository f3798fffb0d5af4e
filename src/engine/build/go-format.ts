// Values as Docker writes them into the history of an image, where caches look for them. Go, package fmt: %q and %v; time.Duration.

/** %q of a string. */
export function quoted(text: string): string {
  // Go writes what can't be printed otherwise than JSON only for letters that no command has
  return JSON.stringify(text);
}

/** %q of a list. */
export const quotedList = (list: readonly string[]): string => `[${list.map(quoted).join(' ')}]`;

/** %v of a list. */
export const plainList = (list: readonly string[]): string => `[${list.join(' ')}]`;

const UNITS: readonly (readonly [string, number])[] = [
  ['h', 3_600_000_000_000],
  ['m', 60_000_000_000],
  ['s', 1_000_000_000],
  ['ms', 1_000_000],
  ['us', 1000],
  ['µs', 1000],
  ['ns', 1],
];

/** Nanoseconds of `1h2m3.5s`; undefined: it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (text.length > 100 || !/^(?:\d+(?:\.\d*)?(?:h|ms|us|µs|ns|m|s))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d*)?)(h|ms|us|µs|ns|m|s)/g))
    sum += Number(number) * UNITS.find(([name]) => name === unit)![1];
  return sum <= 2 ** 63 ? Math.round(sum) : undefined;
}

/** Nanoseconds as a time.Duration says them. */
export function duration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1000) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${nanoseconds / 1000}µs`;
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  const hours = Math.floor(nanoseconds / 3600e9);
  const minutes = Math.floor((nanoseconds % 3600e9) / 60e9);
  const seconds = (nanoseconds % 60e9) / 1e9;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}

/** %q of a small number: the letter that it is. */
export const quotedNumber = (value: number): string =>
  value >= 32 && value < 127 ? `'${String.fromCharCode(value)}'` : `'\\x${value.toString(16).padStart(2, '0')}'`;
