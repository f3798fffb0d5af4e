// What the repository holds: sources, and of binaries only those that cannot be made from them with npm alone.
// git's own rule: a file with a NUL byte in its first 8000 bytes is binary (buffer_is_binary in xdiff-interface.c).

import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missing, root } from './provisioned.js';

const LOOKED_AT = 8000;
/** Our guests as they were assembled, pictures, cases recorded on processors. */
const binaries = [/^guest\/build\//, /^docs\/[^/]+\.(png|svg)$/, /^test\/vectors\/[^/]+\.hwv\.gz$/];

const start = new Uint8Array(LOOKED_AT);

function isBinary(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    return start.subarray(0, readSync(fd, start, 0, LOOKED_AT, 0)).includes(0);
  } finally {
    closeSync(fd);
  }
}

test('no binaries but those that belong here', (context) => {
  if (!existsSync(join(root, '.git'))) missing(context, 'not a git repository: clone it');
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  const files = tracked
    .split('\0')
    .filter((name) => name && lstatSync(join(root, name), { throwIfNoEntry: false })?.isFile());
  expect(files).toContain('test/repository.test.ts');
  const found = files.filter((name) => !binaries.some((allowed) => allowed.test(name)) && isBinary(join(root, name)));
  expect(found).toEqual([]);
});
