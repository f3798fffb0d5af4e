// Texts of help: words on lines of a width, and examples that can be copied from it.
// POSIX shell, 2.2.1 (a backslash joins lines).

export const INDENT = 2;
export const NARROWEST = 40;
/** Where no terminal says how wide it is. */
export const USUAL = 80;

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

export const indented = (lines: readonly string[], columns: number): string =>
  lines.map((line) => (line === '' ? '' : ' '.repeat(columns) + line)).join('\n');

/** Lines of at most `width` columns. */
export const wrap = (text: string, width: number): string[] =>
  text.split('\n').flatMap((line) => fill(line.split(' '), width));

/** What a line of a command is not broken within: an option with its value, and whatever is quoted. */
const pieces = (command: string): string[] => command.match(/(?:--\S+ (?!-))?(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];

export function shownExamples(
  examples: readonly Example[],
  columns: number,
  paragraphs: readonly string[] = [],
): string {
  const width = Math.max(NARROWEST, columns);
  const shown = examples.map(({ command, what }) => {
    const comment = wrap(what, width - INDENT - 2).map((line) => `# ${line}`);
    const [first, ...more] = fill(pieces(command), width - 2 * INDENT, ' \\');
    return `${indented([...comment, first], INDENT)}${more.map((line) => `\n${indented([line], 2 * INDENT)}`).join('')}`;
  });
  return ['', 'Examples:', ...shown, ...paragraphs.flatMap((text) => ['', ...wrap(text, width)])].join('\n');
}
