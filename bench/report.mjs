// Where a report goes: the terminal, a JSON file and a Markdown file beside it.
// Ours.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machineLine } from './machine.mjs';
import { markdownTable, textTable } from './table.mjs';

/** `report`: {title, machine, notes: lines, tables: [{title, rows}], data}. `path`: of the JSON; by default in bench/results. */
export function publish(report, path = defaultPath(report.name)) {
  const notes = [machineLine(report.machine), ...report.notes];
  const text = report.tables.map(({ title, rows }) => `${title}\n\n${textTable(rows)}\n`);
  process.stdout.write(`\n${report.title}\n${notes.map((note) => `  ${note}\n`).join('')}\n${text.join('\n')}`);

  const sections = report.tables.map(({ title, rows }) => `## ${title}\n\n${markdownTable(rows)}\n`);
  const markdown = `# ${report.title}\n\n${notes.map((note) => `- ${note}\n`).join('')}\n${sections.join('\n')}`;
  const { tables: _, ...json } = report;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(json, null, 2)}\n`);
  writeFileSync(`${path.replace(/\.json$/, '')}.md`, markdown);
  process.stderr.write(`\nbench: written to ${path} and .md\n`);
}

function defaultPath(name) {
  return fileURLToPath(new URL(`results/${name}.json`, import.meta.url));
}
