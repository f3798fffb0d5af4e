// docs/SYSCALLS.md, made from the table.
import type { Row } from './row.js';

/** The page's text. */
export function syscallPage(rows: readonly Row[]): string {
  const number = (value: number | undefined): string => (value === undefined ? '' : String(value));
  const lines = [...rows]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(
      (row) => `| ${row.name} | ${number(row.i386)} | ${row.types.join(', ')} | ${row.support} | ${row.note ?? ''} |`,
    );
  return [
    '# System calls',
    '',
    `The ${rows.length} calls of the kernel (\`src/kernel/syscalls/table.ts\`), by name. A call that is not here is ENOSYS, and counted by \`--stats\`.`,
    'Made by `node scripts/gen-syscalls-page.mjs`: do not edit.',
    '',
    '| call | i386 | arguments | support | what is missing |',
    '|---|--:|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}
