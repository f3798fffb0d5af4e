// Folders that can be made, and places where there can be none.
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolders } from './make-folders.js';

test('folders down to one, which may be there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-folders-'));
  for (const round of [1, 2]) {
    makeFolders(join(folder, 'a/b/c'), 0o700);
    expect([round, statSync(join(folder, 'a/b/c')).isDirectory()]).toEqual([round, true]);
  }
  writeFileSync(join(folder, 'file'), '');
  expect(() => makeFolders(join(folder, 'file'), 0o700)).toThrow('EEXIST');
  expect(() => makeFolders(join(folder, 'file/below'), 0o700)).toThrow('ENOTDIR');
});

test('where no folder can be made it ends', () => {
  expect(() => makeFolders('/proc/nothing', 0o700)).toThrow('ENOENT');
  expect(() => makeFolders('/proc/nothing/below', 0o700)).toThrow('ENOENT');
});
