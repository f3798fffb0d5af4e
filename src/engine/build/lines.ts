// A Dockerfile's instructions as they are written: lines joined, comments gone, documents behind the instruction that asks for them.
// docs.docker.com/reference/dockerfile: Format, Parser directives, Here-documents.
import { InputError } from '../../base/errors.js';

export interface HereDocument {
  /** The word that ends it. */
  name: string;
  text: string;
  /** Variables in it are replaced: its word was not quoted. */
  expand: boolean;
}

export interface Line {
  /** Of the instruction's first line, from 1. */
  number: number;
  /** Its last line, that of its documents too. */
  last: number;
  /** As it was written, its lines joined. */
  text: string;
  /** The instruction's name in capitals, and what follows it. */
  name: string;
  rest: string;
  documents: HereDocument[];
}

export interface Lines {
  /** What quotes a letter and joins lines: a backslash, or a backtick. */
  escape: '\\' | '`';
  /** The image of a frontend that was asked for; ours is the only one. */
  syntax?: string;
  lines: Line[];
}

/** Bytes of a Dockerfile, and instructions in it. */
const SIZE_MAX = 2 << 20;
const LINES_MAX = 10_000;
/** Instructions that documents may follow. */
const WITH_DOCUMENTS = new Set(['ADD', 'COPY', 'RUN']);
const DIRECTIVE = /^#\s*([A-Za-z][\w-]*)\s*=\s*(.+?)\s*$/;
const DOCUMENT = /(?:^|\s)(?:\d*)<<(-?)(?:"([^\s"<>]+)"|'([^\s'<>]+)'|([^\s<>"'|&;()]+))/g;

/** What is wrong with a Dockerfile, whatever it is built with. */
export class DockerfileError extends InputError {
  constructor(
    readonly line: number,
    what: string,
    advice?: string,
  ) {
    super(`dockerfile parse error on line ${line}: ${what}`, advice);
  }
}

export const badDockerfile = (line: number, what: string, advice?: string): DockerfileError =>
  new DockerfileError(line, what, advice);

/** Throws InputError. */
export function linesOf(source: string): Lines {
  if (source.length > SIZE_MAX) throw new InputError(`the Dockerfile has more than ${SIZE_MAX >> 20} MiB`);
  const raw = source.replace(/^\uFEFF/, '').split(/\r?\n/);
  const result: Lines = { escape: '\\', lines: [] };
  let at = directives(raw, result);
  const joined = result.escape === '\\' ? /\\[ \t]*$/ : /`[ \t]*$/;
  while (at < raw.length) {
    const first = at;
    if (isComment(raw[at]!) || raw[at]!.trim() === '') {
      at++;
      continue;
    }
    let text = raw[at++]!.trimStart();
    // comments and empty lines within an instruction are nothing
    while (joined.test(text) && at < raw.length) {
      const next = raw[at++]!;
      if (!isComment(next) && next.trim() !== '') text = text.replace(joined, '') + next;
    }
    const match = /^([A-Za-z]+)(?:\s+|$)/.exec(text);
    if (!match) throw badDockerfile(first + 1, `an instruction is expected, not '${text.slice(0, 40)}'`);
    const line: Line = {
      number: first + 1,
      last: at,
      text: text.replace(joined, '').trim(),
      name: match[1]!.toUpperCase(),
      rest: text.replace(joined, '').slice(match[0].length).trim(),
      documents: [],
    };
    if (takesDocuments(line)) at = documents(line, raw, at);
    line.last = at;
    result.lines.push(line);
    if (result.lines.length > LINES_MAX) throw badDockerfile(first + 1, `more than ${LINES_MAX} instructions`);
  }
  return result;
}

const isComment = (line: string): boolean => /^\s*#/.test(line);

/** Directives stand before all else: the first line that is none. Each may be there once. */
function directives(raw: readonly string[], result: Lines): number {
  const seen = new Set<string>();
  for (let at = 0; at < raw.length; at++) {
    const match = DIRECTIVE.exec(raw[at]!);
    if (!match) return at;
    const name = match[1]!.toLowerCase();
    const value = match[2]!;
    if (!['escape', 'syntax', 'check'].includes(name)) return at;
    if (seen.has(name)) throw badDockerfile(at + 1, `'${name}' is said twice`);
    seen.add(name);
    if (name === 'syntax') result.syntax = value;
    if (name !== 'escape') continue;
    if (value !== '\\' && value !== '`') throw badDockerfile(at + 1, `escape is \\ or \`, not '${value}'`);
    result.escape = value;
  }
  return raw.length;
}

function takesDocuments({ name, rest }: Line): boolean {
  const inner = name === 'ONBUILD' ? (/^([A-Za-z]+)\s/.exec(rest)?.[1] ?? '').toUpperCase() : name;
  return WITH_DOCUMENTS.has(inner) && rest.includes('<<') && !rest.replace(/^(--\S+\s+)*/, '').startsWith('[');
}

/** Reads the documents that a line names: where what follows them begins. */
function documents(line: Line, raw: readonly string[], from: number): number {
  let at = from;
  for (const [, dash, double, single, plain] of line.rest.matchAll(DOCUMENT)) {
    const name = double ?? single ?? plain!;
    const body: string[] = [];
    for (; ; at++) {
      if (at >= raw.length) throw badDockerfile(line.number, `the here-document '${name}' has no end`);
      const text = dash ? raw[at]!.replace(/^\t+/, '') : raw[at]!;
      if (text === name) break;
      body.push(text);
    }
    at++;
    line.documents.push({ name, text: body.map((text) => `${text}\n`).join(''), expand: plain !== undefined });
  }
  return at;
}
