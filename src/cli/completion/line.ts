// The words of a line up to the cursor, as a shell takes them: quotes and backslashes. POSIX Shell Command Language 2.2.

/** The last one is under way: empty behind a space. */
export function wordsOf(line: string): string[] {
  const words = [''];
  let quote = '';
  let open = false;
  for (let at = 0; at < line.length; at++) {
    const letter = line[at]!;
    if (quote !== '') {
      if (letter === quote) quote = '';
      else if (letter === '\\' && quote === '"' && at + 1 < line.length) words[words.length - 1] += line[++at]!;
      else words[words.length - 1] += letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      open = true;
    } else if (letter === '\\' && at + 1 < line.length) words[words.length - 1] += line[++at]!;
    else if (/\s/.test(letter)) {
      if (words.at(-1) !== '' || open) words.push('');
      open = false;
    } else words[words.length - 1] += letter;
  }
  return words;
}
