// A line as a shell cuts it into words: quotes and backslashes, and nothing else of a shell.
// POSIX.1-2017, Shell Command Language 2.2.

/** Undefined: a quote is not closed. */
export function wordsOf(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quote === "'") {
      if (c === "'") quote = '';
      else word += c;
    } else if (c === '\\' && i + 1 < line.length && (quote === '' || '"\\$`'.includes(line[i + 1]!)))
      word = (word ?? '') + line[++i]!;
    else if (quote === '"') {
      if (c === '"') quote = '';
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (c === ' ' || c === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + c;
  }
  if (quote !== '') return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

/** The commands of a line, and what stands in front of each: nothing, `;` or `&&`. Undefined: it has what only a shell has. */
export function commandsOf(line: string): { after: '' | ';' | '&&'; text: string }[] | undefined {
  const commands: { after: '' | ';' | '&&'; text: string }[] = [{ after: '', text: '' }];
  for (const [piece] of line.matchAll(/'[^']*'|"(?:\\.|[^"\\])*"|\\.|&&|[\s\S]/g)) {
    if (piece === '&&' || piece === ';') commands.push({ after: piece, text: '' });
    else if ('|<>&'.includes(piece)) return undefined;
    else commands.at(-1)!.text += piece;
  }
  return commands;
}

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
