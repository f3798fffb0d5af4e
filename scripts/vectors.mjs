// Runs CPU vectors from a file and prints the cases that fail.
// Formats: test/vectors/FORMAT.md.
//
//   npm run -s vectors -- FILE [--engine interpreter|translator] [--class LIST] [--template TEXT] [--modes LIST] [--limit N]
//                              [--shard I/N] [--max-print N] [--summary]
//
// Exit status: 0 all passed, 1 some failed, 2 cannot run that.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

const OPTIONS = {
  engine: { type: 'string', default: 'interpreter' },
  class: { type: 'string' },
  template: { type: 'string' },
  modes: { type: 'string' },
  limit: { type: 'string' },
  shard: { type: 'string' },
  'max-print': { type: 'string', default: '20' },
  summary: { type: 'boolean', default: false },
};

function refuse(message) {
  console.error(`vectors: ${message}`);
  process.exit(2);
}

function count(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) refuse(`--${name} takes a number of cases, not ${text}`);
  return value;
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return refuse(error.message);
  }
}

const { values, positionals } = readArguments();
const [file] = positionals;
if (positionals.length !== 1) refuse('which file? One .hwv.gz or .jsonl.gz is needed');
if (!existsSync(file)) refuse(`${file}: no such file`);
if (!['interpreter', 'translator'].includes(values.engine))
  refuse(`no engine ${values.engine}: interpreter or translator`);

const { runVectors } = await import('./run-vectors.mjs');
const { MODES } = await import('./hwv-machine.mjs');
const list = (text) => text?.split(',').filter(Boolean);
for (const mode of list(values.modes) ?? []) {
  if (!(mode in MODES)) refuse(`no mode ${mode}: ${Object.keys(MODES).join(', ')}`);
}

/** `I/N`: every Nth case, from the Ith on. */
function shardOf(text = '1/1') {
  const [, first, of] =
    /^(\d{1,3})\/(\d{1,3})$/.exec(text) ?? refuse(`--shard takes two numbers, as in 1/2, not ${text}`);
  if (first < 1 || Number(first) > of) refuse(`--shard ${text}: there is no such part`);
  return { first: first - 1, of: Number(of) };
}

const maxPrint = count('max-print', values['max-print']);
let printed = 0;
function onFailure(one, mode, lines) {
  if (printed++ >= maxPrint) return;
  const code = one.code ? ` [${Buffer.from(one.code).toString('hex')}]` : '';
  const width = one.mode ? `${one.mode}-bit ` : '';
  console.log(`#${one.id} ${one.cls}: ${one.name}${code} ${width}${mode}`);
  for (const line of lines.slice(0, 8)) console.log(`    ${line}`);
}

try {
  const tally = await runVectors(file, {
    translate: values.engine === 'translator',
    classes: list(values.class),
    template: values.template,
    modes: list(values.modes),
    limit: values.limit === undefined ? undefined : count('limit', values.limit),
    shard: shardOf(values.shard),
    onFailure,
  });
  if (printed > maxPrint) console.log(`... and ${printed - maxPrint} more`);
  if (values.summary) console.table(Object.fromEntries([...tally.perClass].sort()));
  if (values.engine === 'translator') console.log(`${tally.translated} runs of translated code`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed > 0 ? 1 : 0;
} catch (error) {
  refuse(error.message);
}
