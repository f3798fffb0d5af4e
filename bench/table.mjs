// A table as text for a terminal and as Markdown: the first column to the left, the others to the right.
// GitHub Flavored Markdown 4.10.

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

/** A whole number with thousands apart. */
export const count = (value) => Math.round(value).toLocaleString('en-US');

const pad = (cell, width, column) => (column === 0 ? cell.padEnd(width) : cell.padStart(width));

/** 3 digits that matter: 12.3, 1.23, 0.123; whole from 100 on, with thousands apart. */
export function digits(value) {
  if (value === undefined || Number.isNaN(value)) return '';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export const mebibytes = (bytes) => `${Math.round(bytes / 1048576)} MiB`;
