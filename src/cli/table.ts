// Columns of text, each as wide as its widest cell. Cells are others' words: what would move a terminal's cursor is taken out.
// As Go's text/tabwriter with Docker's padding.
const GAP = 3;

export function printTable(rows: readonly (readonly string[])[]): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const clean = rows.map((row) => row.map((cell) => cell.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ')));
  const widths = clean[0]?.map((_, i) => Math.max(...clean.map((row) => row[i]!.length))) ?? [];
  for (const row of clean) {
    const cells = row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]! + GAP)));
    process.stdout.write(`${cells.join('').trimEnd()}\n`);
  }
}
