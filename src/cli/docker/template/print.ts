// Values as Go prints them: fmt's verbs. Numbers without a fraction are its int, objects its maps with keys in order, or structs.
// pkg.go.dev/fmt, "Printing".

/** Longest text that a width or a precision makes. */
const WIDTH_MAX = 10_000;

/** An object that Go has as a struct: it prints its members' values in their order, and is asked for no members that it has not. */
const STRUCT: unique symbol = Symbol('struct');
export function struct<Value extends object>(value: Value, type: string): Value {
  return Object.defineProperty(value, STRUCT, { value: type });
}
/** The name of its type in Go. */
export const structType = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null ? (value as { [STRUCT]?: string })[STRUCT] : undefined;

/** What Go has as an empty list or map, and JSON as null. */
export class Nil {
  constructor(readonly shown: '[]' | 'map[]' | '<nil>') {}
  toJSON(): null {
    return null;
  }
}

export const isInteger = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value);

export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return isInteger(value) ? 'int' : 'float64';
  if (Array.isArray(value))
    return value.length > 0 && value.every((one) => typeof one === 'string') ? '[]string' : '[]interface {}';
  return structType(value) ?? 'map[string]interface {}';
}

const exponent = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2');

function floatOf(value: number): string {
  const power = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  return power < -4 || power >= 21 ? exponent(value.toExponential()) : String(value);
}

/** %v. */
export function printed(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'number') return isInteger(value) ? String(BigInt(value)) : floatOf(value);
  if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  if (value instanceof Nil) return value.shown;
  if (structType(value) !== undefined) return `{${Object.values(value).map(printed).join(' ')}}`;
  const keys = Object.keys(value).sort();
  return `map[${keys.map((key) => `${key}:${printed((value as Record<string, unknown>)[key])}`).join(' ')}]`;
}

/** As strconv.Quote. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/\\u00([01][0-9a-f])|\x7f/g, (all, code?: string) =>
    all === '\x7f' ? '\\x7f' : code === '07' ? '\\a' : code === '0b' ? '\\v' : `\\x${code}`,
  );
}

function formatNumber(verb: string, value: number, flags: string, precision: number | undefined): string | undefined {
  const sign = value < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const size = Math.abs(value);
  if ('eEfFgG'.includes(verb)) {
    if (isInteger(value)) return undefined;
    const text =
      verb === 'f' || verb === 'F'
        ? size.toFixed(Math.min(precision ?? 6, 100))
        : verb === 'e' || verb === 'E'
          ? exponent(size.toExponential(Math.min(precision ?? 6, 100)))
          : precision === undefined
            ? floatOf(size)
            : exponent(String(Number(size.toPrecision(Math.max(1, Math.min(precision, 100))))));
    return sign + (verb === 'E' || verb === 'G' ? text.toUpperCase() : text);
  }
  if (!isInteger(value)) return undefined;
  const big = BigInt(size);
  const pre = flags.includes('#');
  if (verb === 'd') return sign + String(big);
  if (verb === 'b') return sign + (pre ? '0b' : '') + big.toString(2);
  if (verb === 'o') return sign + (pre ? '0' : '') + big.toString(8);
  if (verb === 'O') return `${sign}0o${big.toString(8)}`;
  if (verb === 'x') return sign + (pre ? '0x' : '') + big.toString(16);
  if (verb === 'X') return sign + (pre ? '0X' : '') + big.toString(16).toUpperCase();
  if (verb === 'U') return `U+${big.toString(16).toUpperCase().padStart(4, '0')}`;
  const character = size <= 0x10ffff && value >= 0 ? String.fromCodePoint(size) : '\ufffd';
  if (verb === 'c') return character;
  if (verb === 'q') return `'${character}'`;
  return undefined;
}

const hexOf = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('');

function formatOne(verb: string, value: unknown, flags: string, precision: number | undefined): string {
  const wrong = (): string =>
    value === null || value === undefined ? `%!${verb}(<nil>)` : `%!${verb}(${typeOf(value)}=${printed(value)})`;
  if (verb === 'T') return typeOf(value);
  if (verb === 'v') {
    const literal = flags.includes('#') && typeof value === 'string' ? quoted(value) : undefined;
    return (
      literal ??
      (typeof value === 'number' && flags.includes('+') && value >= 0 ? `+${printed(value)}` : printed(value))
    );
  }
  if (Array.isArray(value)) return `[${value.map((one) => formatOne(verb, one, flags, precision)).join(' ')}]`;
  if (typeof value === 'object' && value !== null) {
    const of = (one: unknown): string => formatOne(verb, one, flags, precision);
    if (structType(value) !== undefined) return `{${Object.values(value).map(of).join(' ')}}`;
    return `map[${Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => `${of(key)}:${of(one)}`)
      .join(' ')}]`;
  }
  if (typeof value === 'string') {
    const cut = precision === undefined ? value : [...value].slice(0, precision).join('');
    if (verb === 's') return cut;
    if (verb === 'q') return flags.includes('#') && !cut.includes('`') ? `\`${cut}\`` : quoted(cut);
    if (verb === 'x' || verb === 'X') return verb === 'x' ? hexOf(cut) : hexOf(cut).toUpperCase();
    return wrong();
  }
  if (typeof value === 'boolean') return verb === 't' ? String(value) : wrong();
  if (typeof value === 'number') return formatNumber(verb, value, flags, precision) ?? wrong();
  return wrong();
}

export function sprintf(format: string, values: readonly unknown[]): string {
  let next = 0;
  let text = '';
  const pattern = /%([+\-# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(.)?/gsu;
  let last = 0;
  const number = (given: string | undefined): number | undefined => {
    if (given === undefined) return undefined;
    const value = given === '*' ? Number(values[next++]) : Number(given);
    return Number.isFinite(value) ? Math.max(-WIDTH_MAX, Math.min(WIDTH_MAX, value)) : 0;
  };
  for (let match = pattern.exec(format); match; match = pattern.exec(format)) {
    text += format.slice(last, match.index);
    last = pattern.lastIndex;
    let [, flags = ''] = match;
    const verb = match[4];
    let width = number(match[2]) ?? 0;
    const precision = match[3] === undefined ? undefined : number(match[3]);
    if (verb === undefined) {
      text += '%!(NOVERB)';
      continue;
    }
    if (verb === '%') {
      text += '%';
      continue;
    }
    if (next >= values.length) {
      text += `%!${verb}(MISSING)`;
      continue;
    }
    if (width < 0) {
      flags += '-';
      width = -width;
    }
    const value = values[next++];
    const piece = formatOne(verb, value, flags, precision);
    if (flags.includes('-')) text += piece.padEnd(width);
    else if (flags.includes('0') && typeof value === 'number') {
      const sign = /^[+-]/.exec(piece)?.[0] ?? '';
      text += sign + piece.slice(sign.length).padStart(width - sign.length, '0');
    } else text += piece.padStart(width);
  }
  text += format.slice(last);
  if (next < values.length)
    text += `%!(EXTRA ${values
      .slice(next)
      .map((value) => (value === null || value === undefined ? '<nil>' : `${typeOf(value)}=${printed(value)}`))
      .join(', ')})`;
  return text;
}

/** Spaces stand between operands of which neither is a string. */
export function sprint(values: readonly unknown[]): string {
  return values
    .map(
      (value, i) =>
        (i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string' ? ' ' : '') + printed(value),
    )
    .join('');
}

const escapeIn = (text: string, signs: RegExp): string =>
  text.replace(signs, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** As encoding/json's Marshal, which escapes what HTML would. */
export const goJson = (value: unknown, indent?: number): string =>
  escapeIn(JSON.stringify(value ?? null, undefined, indent), /[<>&\u2028\u2029]/g);

/** As its Encoder, told not to. */
export const plainJson = (value: unknown): string => escapeIn(JSON.stringify(value ?? null), /[\u2028\u2029]/g);
