// Patterns with * and ?, matched in time that is the product of both lengths at most: whoever wrote them may not be a friend.
// Thompson, "Regular Expression Search Algorithm", 1968: all states at once.
import { InputError } from '../../base/errors.js';

const LENGTH_MAX = 1024;

interface State {
  /** The letters that lead to `next`. */
  takes(letter: string): boolean;
  next: number;
  /** Reached without a letter. */
  also?: number;
}

const any = (): boolean => true;
const noSlash = (letter: string): boolean => letter !== '/';
const slash = (letter: string): boolean => letter === '/';

export class Glob {
  private readonly states: State[][] = [];

  /**
   * `paths`: * and ? don't take a slash, ** takes all, and with a slash behind it is any number of folders; [] are sets (Go's
   * filepath.Match, .dockerignore). Without: * and ? take every letter, as the shell's. Throws InputError.
   */
  constructor(
    private readonly pattern: string,
    paths: boolean,
  ) {
    if (pattern.length > LENGTH_MAX) throw new InputError(`a pattern has more than ${LENGTH_MAX} letters`);
    const one = paths ? noSlash : any;
    for (let at = 0; at < pattern.length; at++) {
      const letter = pattern[at]!;
      if (paths && letter === '*' && pattern[at + 1] === '*') {
        while (pattern[at + 1] === '*') at++;
        if (pattern[at + 1] === '/') {
          at++;
          this.folders();
        } else this.loop(any);
      } else if (letter === '*') this.loop(one);
      else if (letter === '?') this.add(one);
      else if (paths && letter === '[') at += this.set(at);
      else if (letter === '\\' && at + 1 < pattern.length) this.exactly(pattern[++at]!);
      else if (letter === '\\') throw new InputError(`the pattern ${pattern} ends with a backslash`);
      else this.exactly(letter);
    }
  }

  private add(takes: (letter: string) => boolean): void {
    this.states.push([{ takes, next: this.states.length + 1 }]);
  }

  private exactly(letter: string): void {
    this.add((other) => other === letter);
  }

  private loop(takes: (letter: string) => boolean): void {
    const here = this.states.length;
    this.states.push([{ takes, next: here, also: here + 1 }]);
  }

  /** Folders with their slashes: in the first state a name begins, or none does. */
  private folders(): void {
    const here = this.states.length;
    this.states.push([{ takes: noSlash, next: here + 1, also: here + 2 }]);
    this.states.push([
      { takes: noSlash, next: here + 1 },
      { takes: slash, next: here },
    ]);
  }

  /** A set [a-z], from `at`: letters after the first that it has. */
  private set(at: number): number {
    const { pattern } = this;
    const negated = pattern[at + 1] === '^';
    let i = at + 1 + Number(negated);
    const ranges: [string, string][] = [];
    const letter = (): string => {
      if (pattern[i] === '\\') i++;
      if (i >= pattern.length) throw new InputError(`the pattern ${pattern} has a [ without its ]`);
      return pattern[i++]!;
    };
    for (let first = true; first || pattern[i] !== ']'; first = false) {
      if (first && pattern[i] === ']') throw new InputError(`the pattern ${pattern} has a [ with nothing in it`);
      const low = letter();
      let high = low;
      if (pattern[i] === '-') {
        i++;
        high = letter();
      }
      ranges.push([low, high]);
    }
    this.add((other) => other !== '/' && ranges.some(([low, high]) => low <= other && other <= high) !== negated);
    return i - at;
  }

  test(text: string): boolean {
    let states = this.reached([0]);
    for (const letter of text) {
      const next: number[] = [];
      for (const state of states)
        for (const { takes, next: to } of this.states[state] ?? []) if (takes(letter)) next.push(to);
      states = this.reached(next);
      if (states.size === 0) return false;
    }
    return states.has(this.states.length);
  }

  private reached(states: readonly number[]): Set<number> {
    const all = new Set(states);
    for (const state of all) for (const { also } of this.states[state] ?? []) if (also !== undefined) all.add(also);
    return all;
  }

  /** The first place in `text` from `from` on where the pattern fits, and where the longest fit ends; undefined: nowhere. */
  find(text: string, from: number): { start: number; end: number } | undefined {
    for (let start = from; start <= text.length; start++) {
      let end = -1;
      let states = this.reached([0]);
      for (let at = start; states.size > 0; at++) {
        if (states.has(this.states.length)) end = at;
        if (at === text.length) break;
        const next: number[] = [];
        for (const state of states)
          for (const { takes, next: to } of this.states[state] ?? []) if (takes(text[at]!)) next.push(to);
        states = this.reached(next);
      }
      if (end >= 0) return { start, end };
    }
    return undefined;
  }
}
