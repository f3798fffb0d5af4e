// How `--help` looks: terms and descriptions in two columns, all within the terminal's width, and examples that can be copied from it.
// Source: commander's Help, of which it replaces the layout; POSIX shell, 2.2.1 (a backslash joins lines).
import type { Help, HelpConfiguration, Option } from 'commander';

const INDENT = 2;
/** Columns of the widest term that its description stands beside; a wider one has a line of its own. */
const TERM_WIDTH = 24;
const GAP = 2;
const NARROWEST = 40;
/** Where no terminal says how wide it is. */
const USUAL = 80;

export interface Example {
  command: string;
  what: string;
}

/** `words` on lines of at most `width` columns; a word that is longer than a line is cut. `joint` ends each line but the last. */
function fill(words: readonly string[], width: number, joint = ''): string[] {
  const lines: string[] = [];
  let line = '';
  const most = width - joint.length;
  for (let word of words) {
    if (joint === '' && word.length > most && line !== '') {
      lines.push(line);
      line = '';
    }
    for (; joint === '' && word.length > most; word = word.slice(most)) lines.push(word.slice(0, most));
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= most) line += ` ${word}`;
    else {
      lines.push(line + joint);
      line = word;
    }
  }
  return [...lines, line];
}

const indented = (lines: readonly string[], columns: number): string =>
  lines.map((line) => (line === '' ? '' : ' '.repeat(columns) + line)).join('\n');

/** Lines of at most `width` columns. */
export const wrap = (text: string, width: number): string[] =>
  text.split('\n').flatMap((line) => fill(line.split(' '), width));

/** What a line of a command is not broken within: an option with its value, and whatever is quoted. */
const pieces = (command: string): string[] => command.match(/(?:--\S+ (?!-))?(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];

function widthOf(helper: Help): number {
  return Math.max(NARROWEST, helper.helpWidth ?? USUAL);
}

export const helpLayout: HelpConfiguration = {
  padWidth: () => TERM_WIDTH,

  formatItem(term: string, termWidth: number, description: string, helper: Help): string {
    const left = INDENT + termWidth + GAP;
    const [first, ...more] = wrap(description, widthOf(helper) - left);
    const terms = wrap(term, widthOf(helper) - INDENT);
    if (term.length <= termWidth && terms.length === 1)
      return [
        `${' '.repeat(INDENT)}${term.padEnd(termWidth + GAP)}${first}`,
        ...more.map((line) => indented([line], left)),
      ].join('\n');
    return `${indented(terms, INDENT)}\n${indented([first, ...more], left)}`;
  },

  optionDescription({ description, defaultValue }: Option): string {
    const told = typeof defaultValue === 'string' ? ` (default: ${defaultValue})` : '';
    return description + told;
  },
};

/** What stands behind the options: examples, then paragraphs. For `Command.addHelpText`. */
export function epilogue(examples: readonly Example[], ...paragraphs: string[]): () => string {
  return () => {
    const width = Math.max(NARROWEST, (process.stdout.isTTY && process.stdout.columns) || USUAL);
    const shown = examples.map(({ command, what }) => {
      const comment = wrap(what, width - INDENT - 2).map((line) => `# ${line}`);
      const [first, ...more] = fill(pieces(command), width - 2 * INDENT, ' \\');
      return `${indented([...comment, first], INDENT)}${more.map((line) => `\n${indented([line], 2 * INDENT)}`).join('')}`;
    });
    return ['', 'Examples:', ...shown, ...paragraphs.flatMap((text) => ['', ...wrap(text, width)])].join('\n');
  };
}
