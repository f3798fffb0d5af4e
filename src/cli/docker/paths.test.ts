// Beside Node's own. Source: paths.ts.
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { absolute, basename, dirname, join, relative } from './paths.js';

const PATHS = ['a', '/', 'a/b', '/a/b', '/a//b/', './a/../b', '../..', '/a/..', 'a.tar', '/a/./b/../c', '/x/y/z'];

test('names are cut as Node cuts them', () => {
  for (const path of PATHS) {
    expect(absolute('/work/here', path), path).toBe(posix.resolve('/work/here', path));
    const full = posix.resolve('/work', path);
    expect(basename(full), full).toBe(posix.basename(full));
    expect(dirname(full), full).toBe(posix.dirname(full));
    expect(join(full, 'x'), full).toBe(posix.join(full, 'x'));
    for (const other of PATHS)
      expect(relative(full, posix.resolve('/', other))).toBe(posix.relative(full, posix.resolve('/', other)));
  }
});
