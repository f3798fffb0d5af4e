// What a template may call: Go's own functions, and those that Docker adds.
// pkg.go.dev/text/template, "Functions"; Docker docs, "Format command and log output".
import { goJson, isInteger, Nil, plainJson, printed, quoted, sprint, sprintf, structType, typeOf } from './print.js';

/** Its message stands behind `error calling NAME: `. */
export class CallError extends Error {}

type Kind = 'text' | 'int' | 'texts' | 'any';

export interface TemplateFunction {
  /** Of its arguments, in order; the last one of all that follow when `more` says so. */
  takes: readonly Kind[];
  more?: boolean;
  call(...args: never[]): unknown;
}

/** What is empty is not true. */
export function truth(value: unknown): boolean {
  if (value === null || value === undefined || value instanceof Nil) return false;
  if (typeof value === 'string' || Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return structType(value) !== undefined || Object.keys(value).length > 0;
  return Boolean(value);
}

const TEXT_MAX = 1 << 24;

const basic = (value: unknown): 'bool' | 'int' | 'float' | 'string' => {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return isInteger(value) ? 'int' : 'float';
  throw new CallError('non-comparable type');
};

function same(a: unknown, b: unknown): boolean {
  const none = (value: unknown): boolean => value === null || value === undefined;
  if (none(a) || none(b)) return none(a) && none(b);
  if (basic(a) !== basic(b)) throw new CallError('incompatible types for comparison');
  return a === b;
}

function less(a: unknown, b: unknown): boolean {
  const kind = basic(a);
  if (kind !== basic(b)) throw new CallError('incompatible types for comparison');
  if (kind === 'bool') throw new CallError('invalid type for comparison');
  return (a as string) < (b as string);
}

function lengthOf(value: unknown): number {
  if (value instanceof Nil) return 0;
  if (typeof value === 'string') return new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null && structType(value) === undefined) return Object.keys(value).length;
  if (value === null || value === undefined) throw new CallError('len of nil pointer');
  throw new CallError(`len of type ${typeOf(value)}`);
}

function index(value: unknown, ...keys: unknown[]): unknown {
  let found = value;
  for (const key of keys) {
    if (found instanceof Nil) found = found.shown === 'map[]' ? {} : [];
    if (found === null || found === undefined) throw new CallError('index of untyped nil');
    if (typeof found === 'string' || Array.isArray(found)) {
      const list: ArrayLike<unknown> = typeof found === 'string' ? new TextEncoder().encode(found) : found;
      if (!isInteger(key)) throw new CallError(`cannot index slice/array with type ${typeOf(key)}`);
      if (key < 0 || key >= list.length) throw new CallError(`index out of range: ${key}`);
      found = list[key];
    } else if (typeof found === 'object' && structType(found) === undefined) {
      if (typeof key !== 'string') throw new CallError(`value has type ${typeOf(key)}; should be string`);
      // a map of texts has an empty one for a key that is not there
      const ofTexts = Object.values(found).every((one) => typeof one === 'string');
      found = Object.hasOwn(found, key) ? (found as Record<string, unknown>)[key] : ofTexts ? '' : undefined;
    } else throw new CallError(`can't index item of type ${typeOf(found)}`);
  }
  return found;
}

function slice(value: unknown, ...at: unknown[]): unknown {
  if (at.length > 3) throw new CallError(`too many slice indexes: ${at.length}`);
  const given = value instanceof Nil ? [] : value;
  if (typeof given !== 'string' && !Array.isArray(given))
    throw new CallError(`can't slice item of type ${typeOf(value)}`);
  const bytes = typeof given === 'string' ? new TextEncoder().encode(given) : given;
  for (const one of at) {
    if (!isInteger(one)) throw new CallError(`cannot index slice/array with type ${typeOf(one)}`);
    if (one < 0 || one > bytes.length) throw new CallError(`index out of range: ${one}`);
  }
  const [from = 0, to = bytes.length] = at as number[];
  if (from > to) throw new CallError(`invalid slice index: ${from} > ${to}`);
  const cut = bytes.slice(from, to);
  return cut instanceof Uint8Array ? new TextDecoder().decode(cut) : cut;
}

/** Docker's rows write themselves, and escape what HTML would. */
const isRow = (value: unknown): boolean => structType(value)?.startsWith('*') ?? false;

const escaped =
  (signs: Readonly<Record<string, string>>) =>
  (...values: unknown[]): string =>
    sprint(values).replace(/[\s\S]/g, (sign) => signs[sign] ?? sign);

// biome-ignore lint/suspicious/noExplicitAny: `takes` has checked them
type Checked = any;

const all = (call: (...args: Checked[]) => unknown, least: readonly Kind[] = []): TemplateFunction => ({
  takes: [...least, 'any'],
  more: true,
  call: call as TemplateFunction['call'],
});
const fixed = (takes: readonly Kind[], call: (...args: Checked[]) => unknown): TemplateFunction => ({
  takes,
  call: call as TemplateFunction['call'],
});

const compare = (call: (a: unknown, b: unknown) => boolean): TemplateFunction => fixed(['any', 'any'], call);

/** `and` and `or` are of the executor: they may leave arguments alone. */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  and: all((first: unknown) => first, ['any']),
  or: all((first: unknown) => first, ['any']),
  not: fixed(['any'], (value) => !truth(value)),
  len: fixed(['any'], lengthOf),
  index: all(index, ['any']),
  slice: all(slice, ['any']),
  call: all(
    (value: unknown) => {
      throw new CallError(`non-function ${printed(value)} of type ${typeOf(value)}`);
    },
    ['any'],
  ),
  print: all((...values) => sprint(values)),
  println: all((...values) => `${values.map(printed).join(' ')}\n`),
  printf: all((format, ...values) => sprintf(format, values), ['text']),
  html: all(escaped({ '\0': '\ufffd', '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;' })),
  js: all(
    escaped({
      ...{ '\\': '\\\\', "'": "\\'", '"': '\\"', '\n': '\\u000A', '\r': '\\u000D', '\t': '\\u0009' },
      ...{ '<': '\\u003C', '>': '\\u003E', '&': '\\u0026', '=': '\\u003D' },
    }),
  ),
  urlquery: all((...values) =>
    encodeURIComponent(sprint(values))
      .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
  ),
  eq: all(
    (first: unknown, ...others: unknown[]) => {
      if (others.length === 0) throw new CallError('missing argument for comparison');
      return others.some((other) => same(first, other));
    },
    ['any'],
  ),
  ne: compare((a, b) => !same(a, b)),
  lt: compare(less),
  le: compare((a, b) => less(a, b) || same(a, b)),
  gt: compare((a, b) => !less(a, b) && !same(a, b)),
  ge: compare((a, b) => !less(a, b)),
  json: fixed(['any'], (value) => (isRow(value) ? goJson(value) : plainJson(value))),
  split: fixed(['text', 'text'], (text: string, by: string) => text.split(by)),
  join: fixed(['texts', 'text'], (texts: string[], by: string) => texts.join(by)),
  lower: fixed(['text'], (text: string) => text.toLowerCase()),
  upper: fixed(['text'], (text: string) => text.toUpperCase()),
  title: fixed(['text'], (text: string) =>
    text.replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_all, before, letter) => before + letter.toUpperCase()),
  ),
  truncate: fixed(['text', 'int'], (text: string, length: number) => [...text].slice(0, Math.max(0, length)).join('')),
  pad: fixed(['text', 'int', 'int'], (text: string, before: number, after: number) => {
    if (text === '') return text;
    if (before + after > TEXT_MAX) throw new CallError('the text is too long');
    return ' '.repeat(Math.max(0, before)) + text + ' '.repeat(Math.max(0, after));
  }),
};

export const isFunction = (name: string): boolean => Object.hasOwn(FUNCTIONS, name);

/** Of a value that is none of the kind, in Go's words; undefined: it is one. */
export function mismatch(kind: Kind, value: unknown): string | undefined {
  if (kind === 'any') return undefined;
  const wants = { text: 'string', int: 'int', texts: '[]string' }[kind];
  const fits =
    kind === 'text'
      ? typeof value === 'string'
      : kind === 'int'
        ? isInteger(value)
        : value instanceof Nil || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
  return fits ? undefined : `wrong type for value; expected ${wants}; got ${typeOf(value)}`;
}

/** Of a literal. */
export const literalMismatch = (kind: Kind, value: unknown): string | undefined =>
  mismatch(kind, value) === undefined
    ? undefined
    : `expected ${kind === 'int' ? 'integer' : kind === 'text' ? 'string' : '[]string'}; found ${typeof value === 'string' ? quoted(value) : printed(value)}`;
