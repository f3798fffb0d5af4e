// Words of an instruction: quotes, and variables in their place. docs.docker.com/reference/dockerfile: Environment replacement.
import { InputError } from '../../base/errors.js';
import { Glob } from './glob.js';

export type Variables = (name: string) => string | undefined;

const NAME = /^[A-Za-z_]\w*/;
/** Letters that variables may become, so that one can't double itself again and again. */
const EXPANDED_MAX = 1 << 20;
/** Letters of a value that a pattern is looked for in: that takes their square. */
const PATTERN_VALUE_MAX = 4096;

class Expansion {
  private at = 0;
  private size = 0;

  constructor(
    private readonly text: string,
    private readonly variables: Variables,
    private readonly escapeLetter: string,
  ) {}

  /** The text to an unquoted letter of `ends`, without its quotes; what stands there stays. */
  to(ends: string): string {
    let result = '';
    while (this.at < this.text.length) {
      const letter = this.text[this.at]!;
      if (ends.includes(letter)) break;
      result += this.piece(letter);
    }
    return result;
  }

  take(letter: string): boolean {
    if (this.text[this.at] !== letter) return false;
    this.at++;
    return true;
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  private piece(letter: string): string {
    this.at++;
    if (letter === this.escapeLetter) return this.text[this.at++] ?? this.escapeLetter;
    if (letter === "'") {
      const end = this.text.indexOf("'", this.at);
      if (end < 0) throw new InputError(`a quote ' has no end in ${this.text}`);
      const quoted = this.text.slice(this.at, end);
      this.at = end + 1;
      return quoted;
    }
    if (letter === '"') return this.quoted();
    return letter === '$' ? this.variable() : letter;
  }

  private quoted(): string {
    let result = '';
    for (;;) {
      const letter = this.text[this.at++];
      if (letter === undefined) throw new InputError(`a quote " has no end in ${this.text}`);
      if (letter === '"') return result;
      const next = this.text[this.at];
      if (letter === this.escapeLetter && next !== undefined && ['"', '$', this.escapeLetter].includes(next)) {
        result += next;
        this.at++;
      } else result += letter === '$' ? this.variable() : letter;
    }
  }

  private count(text: string): string {
    this.size += text.length;
    if (this.size > EXPANDED_MAX) throw new InputError(`variables make more than ${EXPANDED_MAX >> 20} MiB of a word`);
    return text;
  }

  private variable(): string {
    if (!this.take('{')) {
      const name = NAME.exec(this.text.slice(this.at))?.[0] ?? /^[\d@*#!?-]/.exec(this.text.slice(this.at))?.[0];
      if (name === undefined) return '$';
      this.at += name.length;
      return this.count(this.variables(name) ?? '');
    }
    const name = NAME.exec(this.text.slice(this.at))?.[0] ?? /^\d+/.exec(this.text.slice(this.at))?.[0];
    if (name === undefined) throw new InputError(`\${ is followed by no name in ${this.text}`);
    this.at += name.length;
    const value = this.variables(name);
    if (this.take('}')) return this.count(value ?? '');
    const result = this.modified(name, value);
    if (!this.take('}')) throw new InputError(`\${${name} has no end in ${this.text}`);
    return this.count(result);
  }

  /** ${name:-word} and its kin, ${name#pattern} and its kin, ${name/pattern/word}. */
  private modified(name: string, value: string | undefined): string {
    const colon = this.take(':');
    const how = this.text[this.at++];
    if (how === undefined) throw new InputError(`\${${name} has no end in ${this.text}`);
    const missing = value === undefined || (colon && value === '');
    if (how === '-') return choose(this.to('}'), !missing, value);
    if (how === '+') return choose(this.to('}'), missing, '');
    if (how === '?') {
      const word = this.to('}');
      if (missing) throw new InputError(`${name}: ${word || 'is not set'}`);
      return value!;
    }
    if (value !== undefined && value.length > PATTERN_VALUE_MAX)
      throw new InputError(`${name} has more than ${PATTERN_VALUE_MAX} letters, which no pattern can be looked for in`);
    if (!colon && (how === '#' || how === '%')) {
      const longest = this.take(how);
      return trimmed(value ?? '', this.to('}'), how === '#', longest);
    }
    if (!colon && how === '/') {
      const all = this.take('/');
      const pattern = this.to('/}');
      const word = this.take('/') ? this.to('}') : '';
      return replaced(value ?? '', pattern, word, all);
    }
    throw new InputError(`\${${name}${colon ? ':' : ''}${how} is no way to replace a variable in ${this.text}`);
  }
}

const choose = (word: string, other: boolean, otherwise: string | undefined): string => (other ? otherwise! : word);

function trimmed(value: string, pattern: string, front: boolean, longest: boolean): string {
  const glob = new Glob(pattern, false);
  for (let i = 0; i <= value.length; i++) {
    const length = longest ? value.length - i : i;
    const cut = front ? length : value.length - length;
    if (glob.test(front ? value.slice(0, cut) : value.slice(cut)))
      return front ? value.slice(cut) : value.slice(0, cut);
  }
  return value;
}

function replaced(value: string, pattern: string, word: string, all: boolean): string {
  const glob = new Glob(pattern, false);
  let result = '';
  let from = 0;
  for (
    let found = glob.find(value, 0);
    found && found.end > found.start;
    found = all ? glob.find(value, from) : undefined
  ) {
    result += value.slice(from, found.start) + word;
    from = found.end;
  }
  return result + value.slice(from);
}

/** One word: its variables replaced, its quotes gone. Throws InputError. */
export function expandWord(text: string, variables: Variables, escapeLetter: string): string {
  return new Expansion(text, variables, escapeLetter).to('');
}

/** The same of a text with blanks in it, which becomes several words; blanks of a variable's value don't part it. */
export function expandWords(text: string, variables: Variables, escapeLetter: string): string[] {
  return splitWords(text, escapeLetter).map((word) => expandWord(word, variables, escapeLetter));
}

/** Words as they are written, parted at blanks that are not quoted. */
export function splitWords(text: string, escapeLetter: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  let braces = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (quote === '' && braces === 0 && /\s/.test(letter)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    word += letter;
    if (letter === escapeLetter && quote !== "'" && at + 1 < text.length) word += text[++at]!;
    else if (quote !== '') quote = letter === quote ? '' : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === '{' && word.endsWith('${')) braces++;
    else if (letter === '}' && braces > 0) braces--;
  }
  if (word !== '') words.push(word);
  return words;
}
