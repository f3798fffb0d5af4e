// How `--help` looks: terms and descriptions in two columns, all within the terminal's width, and examples that can be copied from it.
// Source: commander's Help, of which it replaces the layout.
import type { Help, HelpConfiguration, Option } from 'commander';
import { type Example, INDENT, indented, NARROWEST, shownExamples, USUAL, wrap } from './help-text.js';

export { type Example, wrap };

/** Columns of the widest term that its description stands beside; a wider one has a line of its own. */
const TERM_WIDTH = 24;
const GAP = 2;

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
  return () => shownExamples(examples, (process.stdout.isTTY && process.stdout.columns) || USUAL, paragraphs);
}
