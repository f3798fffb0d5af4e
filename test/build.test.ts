// The build knows by contents what has changed: a tree that was copied, or renamed, is as built as it was.
// scripts/build.mjs.
import { cpSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './provisioned.js';
import { scratch } from './scratch.js';

const PARTS = ['assembly', 'src', 'scripts', 'asconfig.json', 'package.json', 'build', 'dist'];

test('a copied tree is up to date, and one with another source is not', () => {
  const copy = join(scratch(), 'another name');
  for (const part of [
    ...PARTS,
    'tsconfig.json',
    'tsconfig.build.json',
    'tsconfig.cli.json',
    'tsconfig.browser.json',
    'tsconfig.test.json',
  ])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const build = (...phases: string[]) =>
    spawnSync(process.execPath, [join(copy, 'scripts/build.mjs'), ...phases], { encoding: 'utf8' });
  const source = join(copy, 'src/base/bytes.ts');
  utimesSync(source, new Date(0), new Date(0));
  expect(build()).toMatchObject({ status: 0, stderr: 'build: up to date\n' });
  writeFileSync(source, `${readFileSync(source, 'utf8')}export const MADE_BY_A_TEST = 1;\n`);
  const { status, stderr } = build('typescript', 'bundle');
  expect(stderr).toMatch(/^build: typescript \.\.\. \d+\.\d s$/m);
  expect(stderr).not.toContain('core');
  expect(status).toBe(0);
});
