// A table as text for a terminal and as Markdown: the first column to the left, the others to the right.
// GitHub Flavored Markdown 4.10.
export { count, digits } from '../build/js/src/base/numbers.js';

/** `rows` of strings, the first being the header. */
export function textTable(rows) {
  const widths = widthsOf(rows);
  return rows
    .map((row) => row.map((cell, i) => pad(cell, widths[i], i)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

export function markdownTable(rows) {
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = widthsOf(escaped);
  const line = (row) => `| ${row.map((cell, i) => pad(cell, widths[i], i)).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(escaped[0]), rule, ...escaped.slice(1).map(line)].join('\n');
}

function widthsOf(rows) {
  return rows[0].map((_, i) => Math.max(3, ...rows.map((row) => row[i].length)));
}

const pad = (cell, width, column) => (column === 0 ? cell.padEnd(width) : cell.padStart(width));

export const mebibytes = (bytes) => `${Math.round(bytes / 1048576)} MiB`;
