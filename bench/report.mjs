// Where a report goes: the terminal, a JSON file, and beside it a Markdown file and, if there is one, an SVG chart.
// Ours.
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machineLine } from './machine.mjs';
import { markdownTable, textTable } from './table.mjs';

/**
 * `report`: {title, machine, notes: lines, tables: [{title, rows}], sections: [{title, lines}] or none, chart: SVG or none, data}.
 * `path`: of the JSON; by default in bench/results.
 */
export function publish(report, path = defaultPath(report.name)) {
  const notes = [machineLine(report.machine), ...report.notes];
  const text = report.tables.map(({ title, rows }) => `${title}\n\n${textTable(rows)}\n`);
  const prose = report.sections ?? [];
  const told = prose.map(({ title, lines }) => `\n${title}\n\n${lines.map(plain).join('\n')}\n`).join('');
  process.stdout.write(`\n${report.title}\n${notes.map((note) => `  ${note}\n`).join('')}\n${text.join('\n')}${told}`);

  const sections = report.tables.map(({ title, rows }) => `## ${title}\n\n${markdownTable(rows)}\n`);
  const base = path.replace(/\.json$/, '');
  if (report.chart) sections.unshift(`![${report.title}](${basename(base)}.svg)\n`);
  for (const { title, lines } of prose) sections.push(`## ${title}\n\n${lines.map((line) => `- ${line}\n`).join('')}`);
  const markdown = `# ${report.title}\n\n${notes.map((note) => `- ${note}\n`).join('')}\n${sections.join('\n')}`;
  const { tables: _, chart, ...json } = report;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(json, null, 2)}\n`);
  writeFileSync(`${base}.md`, markdown);
  if (chart) writeFileSync(`${base}.svg`, chart);
  process.stderr.write(`\nbench: written to ${path}, .md${chart ? ', .svg' : ''}\n`);
}

const plain = (line) => line.replaceAll('**', '');

function defaultPath(name) {
  return fileURLToPath(new URL(`results/${name}.json`, import.meta.url));
}
