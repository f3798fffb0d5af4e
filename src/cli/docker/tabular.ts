// Rows as a table, by a template, or as JSON: Docker's --format. Its columns are as wide as Go's text/tabwriter makes them with a least
// width of ten and three spaces between. Docker docs, "Format command and log output".
import { Complaint } from './complaint.js';
import { execute } from './template/execute.js';
import { TemplateError } from './template/nodes.js';
import { parseTemplate, type Template } from './template/parser.js';
import { goJson, struct } from './template/print.js';
import { host } from './host.js';

const LEAST = 10;
const GAP = 3;

/** What a row has: its members' values and their columns' titles. A function is a method, which templates may give arguments. */
export interface Shape<Row> {
  /** Its name in Go, for messages. */
  type: string;
  members: Readonly<Record<string, readonly [title: string, value: (row: Row) => unknown]>>;
  /** `table` without a template. */
  table: string;
  /** -q. */
  quiet?: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

const widthOf = (text: string): number => [...text].length;

/** Columns of neighbouring lines. */
export function tabulated(text: string, least = LEAST): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths: number[][] = lines.map(() => []);
  const column = (from: number, to: number, at: number): void => {
    for (let i = from; i < to; i++) {
      if (lines[i]!.length - 1 <= at) continue;
      let end = i;
      let width = least;
      for (; end < to && lines[end]!.length - 1 > at; end++) width = Math.max(width, widthOf(lines[end]![at]!) + GAP);
      for (let line = i; line < end; line++) widths[line]![at] = width;
      column(i, end, at + 1);
      i = end - 1;
    }
  };
  column(0, lines.length, 0);
  return lines
    .map((cells, line) =>
      cells
        .map((cell, at) =>
          at < cells.length - 1 ? cell + ' '.repeat(Math.max(0, widths[line]![at]! - widthOf(cell))) : cell,
        )
        .join(''),
    )
    .join('\n');
}

/** Throws Complaint. */
export function guarded<Value>(what: 'parse' | 'execute', work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemplateError) throw new Complaint(`failed to ${what} template: ${error.message}`);
    throw error;
  }
}

const escapes = (format: string): string => format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');

/** A row as templates see it. */
export function rowOf<Row>(shape: Shape<Row>, row: Row): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  const json: Record<string, unknown> = {};
  for (const name of Object.keys(shape.members).sort()) {
    const get = shape.members[name]![1];
    let known = false;
    let value: unknown;
    const read = (): unknown => {
      if (!known) value = get(row);
      known = true;
      return value;
    };
    Object.defineProperty(made, name, { enumerable: true, get: read });
    Object.defineProperty(json, name, { enumerable: true, get: read });
  }
  Object.defineProperty(made, 'toJSON', {
    value: () => Object.fromEntries(Object.entries(json).filter(([, one]) => typeof one !== 'function')),
  });
  return struct(made, shape.type);
}

/** What is printed of rows. `format` as given; empty is the table. Throws Complaint. */
export function formatted<Row>(shape: Shape<Row>, rows: readonly Row[], format: string, quiet = false): string {
  let source = format;
  let isTable = false;
  if (source === '' || source === 'table') {
    isTable = !quiet || shape.quiet === undefined;
    source = isTable ? shape.table : shape.quiet!;
  } else if (source === 'json') source = '{{json .}}';
  else if (source.startsWith('table')) {
    isTable = true;
    source = source.slice('table'.length).trim();
  }
  if (quiet && isTable && shape.quiet !== undefined) {
    isTable = false;
    source = shape.quiet;
  }
  const template = guarded('parse', () => parseTemplate(escapes(source)));
  const lines = rows.map((row) => guarded('execute', () => execute(template, rowOf(shape, row))));
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  const clean = lines.map((line) => line.replace(CONTROL, ' '));
  return `${tabulated([headOf(shape, template), ...clean].join('\n'))}\n`;
}

function headOf<Row>({ members, type }: Shape<Row>, template: Template): string {
  const titles = Object.fromEntries(
    Object.entries(members).map(([name, [title]]) => [
      name,
      title === '' ? (key?: string) => methodTitle(name, key) : title,
    ]),
  );
  return guarded('execute', () => execute(template, struct(titles, type)));
}

/** `{{.Label "com.example.cpu"}}`: the last part of the name, dashes and underscores as spaces. */
function methodTitle(name: string, key = name): string {
  return key.slice(key.lastIndexOf('.') + 1).replace(/[-_]/g, ' ');
}

/** Of one thing by a template. Throws Complaint. */
export const shownOnce = (format: string, value: object): string => {
  const template = guarded('parse', () => parseTemplate(escapes(format)));
  return guarded('execute', () => execute(template, value));
};

/** Things as they are: a list in JSON, or each by a template. `shown`: as templates see one of them. */
export function inspected<Value>(
  values: readonly Value[],
  format: string,
  shown: (value: Value, i: number) => unknown = (one) => one,
): string {
  if (format === '') return `${goJson(values, 4)}\n`;
  if (format === 'json') return values.map((value) => `${goJson(value)}\n`).join('');
  let template: Template;
  try {
    template = parseTemplate(format);
  } catch (error) {
    if (error instanceof TemplateError) throw new Complaint(`template parsing error: ${error.message}`, 64);
    throw error;
  }
  let text = '';
  values.forEach((value, i) => {
    try {
      text += `${executeOr(template, shown(value, i), value)}\n`;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      host.stdout.write(`${text}\n`);
      throw new Complaint(`template parsing error: ${error.message}`);
    }
  });
  return text;
}

/** What a record has no member for may stand in the engine's own words. Throws TemplateError. */
function executeOr(template: Template, record: unknown, raw: unknown): string {
  try {
    return execute(template, record);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return execute(template, raw);
  }
}
