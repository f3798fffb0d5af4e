// What a template makes of a value. Go's text/template; a key that a map has not is an error, as Docker asks for.
import { CallError, FUNCTIONS, literalMismatch, mismatch, truth } from './functions.js';
import { type Command, type Expression, type Node, type Pipeline, TemplateError } from './nodes.js';
import { parseTemplate, type Template } from './parser.js';
import { isInteger, Nil, printed, structType, typeOf } from './print.js';

/** Steps and characters of one execution. */
const STEPS_MAX = 1_000_000;
const OUTPUT_MAX = 64 << 20;
const DEPTH_MAX = 1000;

/** Leaves a loop. */
class Leave {
  constructor(readonly kind: 'break' | 'continue') {}
}

/** Nothing stands in front of the pipe. */
const NOTHING: unique symbol = Symbol('nothing');

interface Variable {
  name: string;
  value: unknown;
}

class Execution {
  private out: string[] = [];
  private length = 0;
  private steps = 0;
  private depth = 0;
  private variables: Variable[];

  constructor(
    private readonly template: Template,
    private readonly data: unknown,
  ) {
    this.variables = [{ name: '$', value: data }];
  }

  run(): string {
    this.walkAll(this.template.nodes, this.data);
    return this.out.join('');
  }

  private fail(at: number, text: string, why: string): never {
    const { name } = this.template;
    throw new TemplateError(
      `template: ${name}:1:${at}: executing ${JSON.stringify(name)} at <${text}>: ${why}`,
      'execute',
    );
  }

  private step(): void {
    if (++this.steps > STEPS_MAX) throw new TemplateError(`template: ${this.template.name}: too many steps`, 'execute');
  }

  private write(text: string): void {
    this.length += text.length;
    if (this.length > OUTPUT_MAX)
      throw new TemplateError(`template: ${this.template.name}: too much output`, 'execute');
    this.out.push(text);
  }

  private walkAll(nodes: readonly Node[], dot: unknown): void {
    for (const node of nodes) this.walk(node, dot);
  }

  private walk(node: Node, dot: unknown): void {
    this.step();
    switch (node.kind) {
      case 'text':
        this.write(node.text);
        return;
      case 'action': {
        const value = this.pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0)
          this.write(value === null || value === undefined ? '<no value>' : printed(value));
        return;
      }
      case 'break':
      case 'continue':
        throw new Leave(node.kind);
      case 'template':
        this.call(node, dot);
        return;
    }
    const known = this.variables.length;
    if (node.kind === 'range') this.range(node, dot);
    else {
      const value = this.pipeline(node.pipeline, dot);
      if (truth(value)) this.walkAll(node.body, node.kind === 'with' ? value : dot);
      else this.walkAll(node.otherwise, dot);
    }
    this.variables.length = known;
  }

  private call(node: Extract<Node, { kind: 'template' }>, dot: unknown): void {
    const nodes = this.template.defined.get(node.name);
    if (!nodes) this.fail(node.at, node.text, `template ${JSON.stringify(node.name)} not defined`);
    if (++this.depth > DEPTH_MAX) this.fail(node.at, node.text, `exceeded maximum template depth (${DEPTH_MAX})`);
    const value = node.pipeline && this.pipeline(node.pipeline, dot);
    const outer = this.variables;
    this.variables = [{ name: '$', value }];
    this.walkAll(nodes, value);
    this.variables = outer;
    this.depth--;
  }

  private range(
    { pipeline, body, otherwise }: Extract<Node, { pipeline: Pipeline; body: readonly Node[] }>,
    dot: unknown,
  ): void {
    const value = this.pipeline({ ...pipeline, variables: [] }, dot);
    const { variables } = pipeline;
    let entries: (readonly [unknown, unknown])[];
    if (value === null || value === undefined || value instanceof Nil) entries = [];
    else if (Array.isArray(value)) entries = value.map((one, i) => [i, one]);
    else if (isInteger(value))
      entries = Array.from({ length: Math.max(0, Math.min(value, STEPS_MAX)) }, (_, i) => [i, i]);
    else if (typeof value === 'object' && structType(value) === undefined)
      entries = Object.keys(value)
        .sort()
        .map((key) => [key, (value as Record<string, unknown>)[key]]);
    else {
      const { text, words } = pipeline.commands[0]!;
      this.fail(words[0]!.at, text, `range can't iterate over ${printed(value)}`);
    }
    if (entries.length === 0) this.walkAll(otherwise, dot);
    const known = this.variables.length;
    for (const [key, one] of entries) {
      this.step();
      const values = variables.length > 1 ? [key, one] : [isInteger(value) ? key : one];
      for (const [i, name] of variables.entries()) this.set(name, values[i], pipeline.assigns);
      try {
        this.walkAll(body, one);
      } catch (error) {
        if (!(error instanceof Leave)) throw error;
        if (error.kind === 'break') break;
      } finally {
        this.variables.length = known;
      }
    }
  }

  /** The innermost of the name. */
  private variable(name: string): Variable | undefined {
    for (let i = this.variables.length - 1; i >= 0; i--) if (this.variables[i]!.name === name) return this.variables[i];
    return undefined;
  }

  private set(name: string, value: unknown, assigns: boolean): void {
    const there = assigns ? this.variable(name) : undefined;
    if (there) there.value = value;
    else this.variables.push({ name, value });
  }

  private pipeline({ commands, variables, assigns }: Pipeline, dot: unknown): unknown {
    let value: unknown = NOTHING;
    for (const command of commands) value = this.command(command, dot, value);
    for (const name of variables) this.set(name, value, assigns);
    return value;
  }

  private command({ words, text, at }: Command, dot: unknown, piped: unknown): unknown {
    this.step();
    const [first, ...args] = words as [Expression, ...Expression[]];
    if (first.kind === 'function') return this.function(first, args, text, dot, piped);
    const hasArguments = args.length > 0 || piped !== NOTHING;
    if (first.kind === 'field' || first.kind === 'variable' || first.kind === 'chain')
      return this.fields(
        first,
        dot,
        hasArguments ? [...args.map((arg) => this.value(arg, dot)), ...(piped === NOTHING ? [] : [piped])] : [],
      );
    if (hasArguments) this.fail(at, first.text, `can't give argument to non-function ${first.text}`);
    if (first.kind === 'nil') this.fail(at, 'nil', 'nil is not a command');
    return this.value(first, dot);
  }

  private value(expression: Expression, dot: unknown): unknown {
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'nil':
        return null;
      case 'dot':
        return dot;
      case 'pipeline':
        return this.pipeline(expression.pipeline, dot);
      case 'function':
        return this.function(expression, [], expression.text, dot, NOTHING);
      default:
        return this.fields(expression, dot, []);
    }
  }

  /** Fields one behind the other; arguments are the last one's. */
  private fields(
    expression: Extract<Expression, { names: readonly string[] }>,
    dot: unknown,
    args: readonly unknown[],
  ): unknown {
    const { names, text } = expression;
    let value =
      expression.kind === 'field'
        ? dot
        : expression.kind === 'variable'
          ? this.variable(expression.name)!.value
          : this.value(expression.of, dot);
    names.forEach((name, i) => {
      value = this.field(value, name, i === names.length - 1 ? args : [], text, expression.at);
    });
    return value;
  }

  private field(of: unknown, name: string, args: readonly unknown[], text: string, at: number): unknown {
    if (of === null || of === undefined || (of instanceof Nil && of.shown === '<nil>'))
      this.fail(at, text, `nil data; no entry for key ${JSON.stringify(name)}`);
    if (typeof of !== 'object' || Array.isArray(of) || (of instanceof Nil && of.shown === '[]'))
      this.fail(at, text, `can't evaluate field ${name} in type ${typeOf(of)}`);
    if (!Object.hasOwn(of, name)) {
      const type = structType(of);
      this.fail(
        at,
        text,
        type ? `can't evaluate field ${name} in type ${type}` : `map has no entry for key ${JSON.stringify(name)}`,
      );
    }
    const value = (of as Record<string, unknown>)[name];
    if (typeof value === 'function') return value.apply(of, args);
    if (args.length > 0) this.fail(at, text, `${name} has arguments but cannot be invoked as function`);
    return value;
  }

  private function(
    { name, at }: Extract<Expression, { kind: 'function' }>,
    words: readonly Expression[],
    text: string,
    dot: unknown,
    piped: unknown,
  ): unknown {
    const { takes, more, call } = FUNCTIONS[name]!;
    const count = words.length + (piped === NOTHING ? 0 : 1);
    const least = more ? takes.length - 1 : takes.length;
    if (count < least || (!more && count > takes.length))
      this.fail(at, name, `wrong number of args for ${name}: want ${more ? `at least ${least}` : least} got ${count}`);
    if (name === 'and' || name === 'or') {
      let value: unknown;
      for (const word of words) {
        value = this.value(word, dot);
        if (truth(value) === (name === 'or')) return value;
      }
      return piped === NOTHING ? value : piped;
    }
    const args = words.map((word, i) => {
      const kind = takes[Math.min(i, takes.length - 1)]!;
      const value = this.value(word, dot);
      const wrong = word.kind === 'literal' ? literalMismatch(kind, value) : mismatch(kind, value);
      if (wrong !== undefined) this.fail(word.at, word.text, wrong);
      return value;
    });
    if (piped !== NOTHING) {
      const wrong = mismatch(takes[Math.min(args.length, takes.length - 1)]!, piped);
      if (wrong !== undefined) this.fail(at, text, wrong);
      args.push(piped);
    }
    try {
      return call(...(args as never[]));
    } catch (error) {
      if (error instanceof CallError) this.fail(at, text, `error calling ${name}: ${error.message}`);
      throw error;
    }
  }
}

/** Throws TemplateError. */
export const execute = (template: Template, data: unknown): string => new Execution(template, data).run();

/** Throws TemplateError. */
export const format = (source: string, data: unknown, name = ''): string => execute(parseTemplate(source, name), data);
