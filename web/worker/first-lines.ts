// As much of a text screen as is read out: a guest may make one of a quarter of a million cells.
// Ours.

/** The first lines, of at most `most` characters together; each counts as one more. */
export function firstLines(lines: readonly string[], most: number): string[] {
  let length = 0;
  const end = lines.findIndex((line) => {
    length += line.length + 1;
    return length > most;
  });
  return end < 0 ? [...lines] : lines.slice(0, end);
}
