// The whole public file, translated: every case in protected mode, in two processes. `npm run vectors -- FILE --engine translator` is
// the same in one, in all modes.
// test/vectors/FORMAT.md.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { missing, root } from '../provisioned.js';

const FILE = join(process.env.TABVISOR_VECTORS ?? join(root, '../shared/cpu-vectors'), 'hw-i386-public.hwv.gz');
const CASES = 240_000;
const PARTS = 2;
/** 16-bit code and segments that are not flat are left to the interpreter. */
const TRANSLATED = 0.6;

async function part(i: number): Promise<string> {
  const options = [
    '--engine',
    'translator',
    '--modes',
    'protected',
    '--shard',
    `${i + 1}/${PARTS}`,
    '--max-print',
    '5',
  ];
  const run = promisify(execFile)(process.execPath, [join(root, 'scripts/vectors.mjs'), FILE, ...options]);
  // status 1, some failed: what it printed says which
  return (await run.catch((error) => error)).stdout;
}

test('hw-i386-public.hwv.gz, translated', { timeout: 900_000 }, async (context) => {
  if (!existsSync(FILE)) missing(context, `${FILE} is not there: set TABVISOR_VECTORS to a folder that has it`);
  const outputs = await Promise.all(Array.from({ length: PARTS }, (_, i) => part(i)));
  const counted = outputs.map((output) => /(\d+) runs of translated code\n(\d+) passed, 0 failed\n$/.exec(output));
  expect(counted, outputs.join('\n')).not.toContain(null);
  const sum = (group: number) => counted.reduce((all, match) => all + Number(match![group]), 0);
  expect(sum(2)).toBe(CASES);
  expect(sum(1)).toBeGreaterThan(TRANSLATED * CASES);
});
