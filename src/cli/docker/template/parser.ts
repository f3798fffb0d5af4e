// A template's tree from its words. Go's text/template/parse, whose messages it has.
import { isFunction } from './functions.js';
import { type Token, tokensOf } from './lexer.js';
import { type Command, type Expression, type Node, type Pipeline, TemplateError } from './nodes.js';

const DEPTH_MAX = 100;

export interface Template {
  name: string;
  nodes: readonly Node[];
  defined: ReadonlyMap<string, readonly Node[]>;
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', '"': '"', "'": "'" },
};

function unquoted(text: string): string {
  if (text[0] === '`') return text.slice(1, -1);
  return text
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/g,
      (_all, x, u, U, octal, one) =>
        one !== undefined
          ? (ESCAPES[one as string] ?? one)
          : String.fromCodePoint(Number.parseInt(x ?? u ?? U ?? octal, octal ? 8 : 16)),
    );
}

class Parser {
  private at = 0;
  private depth = 0;
  private loops = 0;
  private variables = ['$'];
  readonly defined = new Map<string, readonly Node[]>();

  constructor(
    private readonly name: string,
    private readonly tokens: readonly Token[],
  ) {}

  private fail(why: string): never {
    const { line } = this.tokens[Math.min(this.at, this.tokens.length - 1)] ?? { line: 1 };
    throw new TemplateError(`template: ${this.name}:${line}: ${why}`, 'parse');
  }

  private peek(): Token | undefined {
    return this.tokens[this.at];
  }
  private skipSpace(): void {
    while (this.peek()?.kind === 'space') this.at++;
  }
  private is(kind: Token['kind'], text?: string): boolean {
    const token = this.peek();
    return token?.kind === kind && (text === undefined || token.text === text);
  }

  top(): Node[] {
    const { nodes, end } = this.list();
    if (end) this.fail(`unexpected {{${end}}}`);
    return nodes;
  }

  /** Up to `end` or `else`, behind whose word it stops. */
  private list(): { nodes: Node[]; end?: string } {
    if (++this.depth > DEPTH_MAX) this.fail('too many levels');
    const nodes: Node[] = [];
    for (let token = this.peek(); token; token = this.peek()) {
      this.at++;
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      this.skipSpace();
      const word = this.is('word') ? this.peek()!.text : '';
      if (word === 'end' || word === 'else') {
        this.at++;
        this.depth--;
        return { nodes, end: word };
      }
      const node = this.action(word);
      if (node) nodes.push(node);
    }
    this.depth--;
    return { nodes };
  }

  private action(word: string): Node | undefined {
    if (word === 'if' || word === 'with' || word === 'range') {
      this.at++;
      return this.control(word);
    }
    if (word === 'break' || word === 'continue') {
      this.at++;
      this.close(word);
      if (this.loops === 0) this.fail(`{{${word}}} outside {{range}}`);
      return { kind: word };
    }
    if (word === 'define' || word === 'block') {
      this.at++;
      return this.define(word);
    }
    if (word === 'template') {
      let open = this.at;
      while (this.tokens[open]!.kind !== 'open') open--;
      this.at++;
      const at = this.peek()!.at + 1;
      const name = this.string('template clause');
      this.skipSpace();
      const pipeline = this.is('close') ? undefined : this.pipeline('template');
      const text = this.textFrom(open);
      this.close('template');
      return { kind: 'template', name, pipeline, text: `${text}}}`, at };
    }
    const pipeline = this.pipeline('command');
    this.close('command');
    return { kind: 'action', pipeline };
  }

  private textFrom(start: number): string {
    return this.tokens
      .slice(start, this.at)
      .map(({ text }) => text)
      .join('')
      .trim();
  }

  private string(context: string): string {
    this.skipSpace();
    if (!this.is('string')) this.fail(`unexpected ${this.shown()} in ${context}`);
    return unquoted(this.tokens[this.at++]!.text);
  }

  private shown(): string {
    const token = this.peek();
    if (!token) return 'EOF';
    return token.kind === 'dot' || token.kind === 'field' || token.kind === 'word'
      ? `<${token.text}>`
      : JSON.stringify(token.text);
  }

  private close(context: string): void {
    this.skipSpace();
    if (!this.is('close')) this.fail(this.peek() ? `unexpected ${this.shown()} in ${context}` : 'unclosed action');
    this.at++;
  }

  private define(word: 'define' | 'block'): Node | undefined {
    const open = this.peek()!;
    const name = this.string(`${word} clause`);
    const pipeline = word === 'block' ? this.pipeline('block clause') : undefined;
    this.close(`${word} clause`);
    const outer = this.variables;
    this.variables = ['$'];
    const { nodes, end } = this.list();
    if (end !== 'end') this.fail(end ? `unexpected {{${end}}} in ${word} clause` : 'unexpected EOF');
    this.close('end');
    this.variables = outer;
    this.defined.set(name, nodes);
    return word === 'block'
      ? { kind: 'template', name, pipeline, text: `{{template "${name}"}}`, at: open.at }
      : undefined;
  }

  private control(kind: 'if' | 'with' | 'range'): Node {
    const known = this.variables.length;
    const pipeline = this.pipeline(kind);
    this.close(kind);
    if (kind === 'range') this.loops++;
    const { nodes: body, end } = this.list();
    if (kind === 'range') this.loops--;
    if (!end) this.fail('unexpected EOF');
    let otherwise: Node[] = [];
    if (end === 'else') {
      this.skipSpace();
      if (kind !== 'range' && this.is('word', kind)) {
        this.at++;
        otherwise = [this.control(kind)];
        this.variables.length = known;
        return { kind, pipeline, body, otherwise };
      }
      this.close('else');
      const second = this.list();
      if (second.end !== 'end') this.fail(second.end ? `expected end; found {{${second.end}}}` : 'unexpected EOF');
      otherwise = second.nodes;
    }
    this.close('end');
    this.variables.length = known;
    return { kind, pipeline, body, otherwise };
  }

  private pipeline(context: string): Pipeline {
    this.skipSpace();
    const start = this.at;
    const { at } = this.peek() ?? { at: 0 };
    const variables: string[] = [];
    let assigns = false;
    while (this.is('variable')) {
      const before = this.at;
      const name = this.tokens[this.at++]!.text;
      this.skipSpace();
      if (this.is('sign', ':=') || this.is('sign', '=')) {
        assigns = this.tokens[this.at++]!.text === '=';
        if (assigns && !this.variables.includes(name)) this.fail(`undefined variable ${JSON.stringify(name)}`);
        variables.push(name);
        break;
      }
      if (this.is('sign', ',') && context === 'range' && variables.length < 1) {
        this.at++;
        this.skipSpace();
        variables.push(name);
        if (!this.is('variable')) this.fail(`range can only initialize variables`);
        continue;
      }
      this.at = before;
      break;
    }
    const commands: Command[] = [];
    for (;;) {
      this.skipSpace();
      if (this.is('close') || this.is('sign', ')') || !this.peek()) {
        if (commands.length === 0) this.fail(`missing value for ${context}`);
        break;
      }
      const command = this.command();
      if (commands.length > 0 && ['literal', 'nil', 'dot'].includes(command.words[0]!.kind))
        this.fail(`non executable command in pipeline stage ${commands.length + 1}`);
      commands.push(command);
      if (!this.is('sign', '|')) break;
      this.at++;
      this.skipSpace();
      if (this.is('close')) this.fail(`missing value for ${context}`);
    }
    if (!assigns) this.variables.push(...variables);
    return { variables, assigns, commands, text: this.textFrom(start), at };
  }

  private command(): Command {
    const start = this.at;
    const { at } = this.peek()!;
    const words: Expression[] = [];
    for (;;) {
      this.skipSpace();
      const word = this.operand();
      if (!word) break;
      words.push(word);
      if (!this.is('space') && !this.is('close') && !this.is('sign'))
        this.fail(`unexpected ${this.shown()} in operand`);
    }
    if (words.length === 0) this.fail(`unexpected ${this.shown()} in command`);
    return { words, text: this.textFrom(start), at };
  }

  /** A term, and the fields of it. */
  private operand(): Expression | undefined {
    const start = this.at;
    const token = this.peek();
    const term = token && this.term(token);
    if (!term) return undefined;
    const names: string[] = [];
    const { at } = this.peek() ?? token;
    while (this.is('field')) {
      names.push(this.tokens[this.at++]!.text.slice(1));
    }
    if (names.length === 0) return term;
    const text = this.textFrom(start);
    if (term.kind === 'field' || term.kind === 'variable')
      return { ...term, names: [...term.names, ...names], text, at };
    if (term.kind === 'literal' || term.kind === 'nil' || term.kind === 'dot')
      this.fail(`unexpected . after term ${JSON.stringify(term.text)}`);
    return { kind: 'chain', of: term, names, text, at };
  }

  private term(token: Token): Expression | undefined {
    const { kind, text, at } = token;
    this.at++;
    if (kind === 'dot') return { kind: 'dot', text, at };
    if (kind === 'field') return { kind: 'field', names: [text.slice(1)], text, at };
    if (kind === 'string') return { kind: 'literal', value: unquoted(text), text, at };
    if (kind === 'character') return { kind: 'literal', value: unquoted(text).codePointAt(0), text, at };
    if (kind === 'number') {
      const value = Number(text.replaceAll('_', '').replace(/^\+/, ''));
      if (Number.isNaN(value)) this.fail(`bad number syntax: ${JSON.stringify(text)}`);
      return { kind: 'literal', value, text, at };
    }
    if (kind === 'variable') {
      if (!this.variables.includes(text)) this.fail(`undefined variable ${JSON.stringify(text)}`);
      return { kind: 'variable', name: text, names: [], text, at };
    }
    if (kind === 'word') {
      if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true', text, at };
      if (text === 'nil') return { kind: 'nil', text, at };
      if (!isFunction(text)) this.fail(`function ${JSON.stringify(text)} not defined`);
      return { kind: 'function', name: text, text, at };
    }
    if (kind === 'sign' && text === '(') {
      if (++this.depth > DEPTH_MAX) this.fail('too many levels');
      const pipeline = this.pipeline('parenthesized pipeline');
      this.skipSpace();
      if (!this.is('sign', ')')) this.fail(`unexpected ${this.shown()} in parenthesized pipeline`);
      this.at++;
      this.depth--;
      return { kind: 'pipeline', pipeline, text: `(${pipeline.text})`, at };
    }
    this.at--;
    return undefined;
  }
}

/** `name` stands in messages. Throws TemplateError. */
export function parseTemplate(source: string, name = ''): Template {
  const parser = new Parser(name, tokensOf(source, name));
  const nodes = parser.top();
  return { name, nodes, defined: parser.defined };
}
