// Words of a template: text, and between {{ and }} names, fields, literals and signs. Go's text/template, "Text and spaces", "Actions".
import { TemplateError } from './nodes.js';

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'field'
  | 'variable'
  | 'word'
  | 'dot'
  | 'string'
  | 'number'
  | 'character'
  | 'sign';

export interface Token {
  kind: TokenKind;
  text: string;
  /** Its place in the line, in bytes of the line. */
  at: number;
  line: number;
}

/** Characters of a template, at most. */
const LENGTH_MAX = 1 << 20;

const PATTERNS: readonly [TokenKind, RegExp][] = [
  ['space', /[ \t\r\n]+/y],
  ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['character', /'(?:[^'\\\n]|\\.)+'/y],
  ['number', /[+-]?(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y],
  ['field', /\.[\p{L}_][\p{L}\p{N}_]*/uy],
  ['variable', /\$[\p{L}\p{N}_]*/uy],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['dot', /\./y],
  ['sign', /:=|[=|(),]/y],
];

/** Throws TemplateError. */
export function tokensOf(source: string, name: string): Token[] {
  const fail = (line: number, why: string): never => {
    throw new TemplateError(`template: ${name}:${line}: ${why}`, 'parse');
  };
  if (source.length > LENGTH_MAX) fail(1, 'the template is too long');
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  const push = (kind: TokenKind, text: string): void => {
    tokens.push({ kind, text, at: at - lineStart, line });
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
      line++;
      lineStart = at + i + 1;
    }
    at += text.length;
  };
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    let text = source.slice(at, open < 0 ? undefined : open);
    const whole = text.length;
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, '');
    const trims = open >= 0 && /^\{\{-[ \t\r\n]/.test(source.slice(open, open + 4));
    if (trims) text = text.replace(/[ \t\r\n]+$/, '');
    if (text !== '') tokens.push({ kind: 'text', text, at: at - lineStart, line });
    push('space', source.slice(at, at + whole));
    tokens.pop();
    if (open < 0) break;
    push('open', trims ? '{{-' : '{{');
    const comment = /^\s*\/\*/.exec(source.slice(at));
    if (comment) {
      const end = source.indexOf('*/', at);
      if (end < 0) fail(line, 'unclosed comment');
      const close = /^(\s-)?\}\}/.exec(source.slice(end + 2));
      if (!close) fail(line, 'comment ends before closing delimiter');
      tokens.pop();
      push('space', source.slice(at, end + 2 + close![0].length));
      tokens.pop();
      trimNext = close![1] !== undefined;
      continue;
    }
    let parens = 0;
    for (;;) {
      const close = /^([ \t\r\n]-)?\}\}/.exec(source.slice(at, at + 4));
      if (close) {
        if (parens > 0) fail(line, 'unclosed left paren');
        trimNext = close[1] !== undefined;
        push('close', close[0]);
        break;
      }
      if (at >= source.length) fail(line, 'unclosed action');
      const found = PATTERNS.find(([, pattern]) => {
        pattern.lastIndex = at;
        return pattern.test(source);
      });
      if (!found) {
        const sign = source[at]!;
        if (sign === '"') fail(line, 'unterminated quoted string');
        if (sign === '`') fail(line, 'unterminated raw quoted string');
        if (sign === "'") fail(line, 'unterminated character constant');
        const code = sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
        fail(
          line,
          sign === '}' ? 'unexpected "}" in operand' : `unrecognized character in action: U+${code} '${sign}'`,
        );
      }
      const [kind, pattern] = found!;
      const text = source.slice(at, pattern.lastIndex);
      if (text === '(') parens++;
      if (text === ')' && --parens < 0) fail(line, 'unexpected right paren');
      push(kind, text);
    }
  }
  return tokens;
}
