// CPU vectors on the interpreter: our recordings always; whole files where they are (TABVISOR_VECTORS, or ../shared/cpu-vectors).
// test/vectors/FORMAT.md.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { missing } from '../provisioned.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const whole = process.env.TABVISOR_VECTORS ?? join(root, '../shared/cpu-vectors');

interface Result {
  status: number | null;
  output: string;
  lastLine: string;
}

function vectors(...args: string[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'scripts/vectors.mjs'), ...args]);
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      output += data;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output, lastLine: output.trimEnd().split('\n').at(-1) ?? '' }));
  });
}

async function allPass(file: string, ...args: string[]): Promise<void> {
  const { status, output, lastLine } = await vectors(file, '--max-print', '5', ...args);
  expect(lastLine, output).toMatch(/^[1-9]\d* passed, 0 failed$/);
  expect(status).toBe(0);
}

describe('recorded vectors', () => {
  test.each(readdirSync(here).filter((name) => name.endsWith('.hwv.gz')))('%s', (name) => allPass(join(here, name)));

  test('the first cases of the sample, translated', async () => {
    await allPass(join(here, 'sample.hwv.gz'), '--engine', 'translator', '--modes', 'protected', '--limit', '2000');
  });

  const publicFiles = ['hw-i386-public.hwv.gz', 'sst286-public.jsonl.gz'];
  test.for(publicFiles)('%s', async (name, context) => {
    if (!existsSync(join(whole, name)))
      missing(context, `${join(whole, name)} is not there: set TABVISOR_VECTORS to a folder that has it`);
    await allPass(join(whole, name));
  });
});

describe('npm run vectors', () => {
  const sample = join(here, 'sample.hwv.gz');

  test('counts a case that does not come out as recorded', async () => {
    const { openHwv } = await import(new URL('../../scripts/hwv.mjs', import.meta.url).href);
    const source = openHwv(sample);
    const [first] = source.cases();
    // an INT3 in place of what was recorded
    const bytes = Buffer.from(source.bytes.subarray(0, first.end));
    const at = bytes.indexOf(Buffer.from(first.code), first.at);
    bytes[at] = 0xcc;
    const folder = mkdtempSync(join(tmpdir(), 'tabvisor-vectors-'));
    try {
      const file = join(folder, 'wrong.hwv.gz');
      writeFileSync(file, gzipSync(bytes));
      const { status, lastLine, output } = await vectors(file);
      expect(lastLine).toBe('0 passed, 1 failed');
      expect(output).toContain(`#0 ${first.cls}: ${first.name}`);
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('runs the classes that are asked for', async () => {
    const { status, lastLine } = await vectors(sample, '--class', 'bcd,muldiv', '--limit', '100');
    expect(lastLine).toBe('100 passed, 0 failed');
    expect(status).toBe(0);
  });

  test.each([
    [['no-such-file.hwv.gz'], 'no such file'],
    [[sample, '--engine', 'none'], 'no engine none'],
    [[sample, '--modes', 'sideways'], 'no mode sideways'],
    [[sample, '--limit', 'x'], '--limit'],
    [[], 'which file?'],
  ])('refuses %j', async (args, message) => {
    const { status, output } = await vectors(...args);
    expect(output).toContain(message);
    expect(status).toBe(2);
  });
});
