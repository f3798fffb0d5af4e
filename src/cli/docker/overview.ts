// What commands there are, on one screen. Docker docs, "docker".
import { wrap } from '../help-text.js';
import { GROUPS, WORDS } from './words.js';

const TERM = 12;

/** `columns`: of the terminal; 0: there is none. */
export function overview(columns: number): string {
  const width = Math.max(40, columns || 80);
  const lines = (terms: readonly (readonly [string, string])[]): string =>
    terms
      .map(([term, what]) => {
        const [first, ...more] = wrap(what, width - TERM - 2);
        return [`  ${term.padEnd(TERM)}${first}`, ...more.map((line) => ' '.repeat(TERM + 2) + line)].join('\n');
      })
      .join('\n');
  const words = Object.entries(WORDS).flatMap(([name, { what }]) =>
    name.includes(' ') ? [] : [[name, what] as const],
  );
  const groups = Object.entries(GROUPS).map(([name, { what }]) => [name, what] as const);
  return `Usage:  docker [OPTIONS] COMMAND\n\nCommands:\n${lines(words)}\n\nGroups:\n${lines(groups)}\n`;
}
