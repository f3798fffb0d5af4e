// Names that we give ourselves: sorted by time, never a file that is there, and ignored by git.
// Source: .gitignore.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { root } from '../../test/provisioned.js';
import { freshName } from './own-files.js';

const now = new Date(2026, 1, 3, 4, 5, 6);

test('date and time, and a number when that is taken', () => {
  expect(freshName('snap', now, () => false)).toBe('tabvisor-20260203-040506.snap');
  const taken = new Set(['tabvisor-20260203-040506.png', 'tabvisor-20260203-040506-2.png']);
  expect(freshName('png', now, (name) => taken.has(name))).toBe('tabvisor-20260203-040506-3.png');
});

test('git does not see them', () => {
  const names = [freshName('snap'), freshName('png')];
  const ignored = execFileSync('git', ['check-ignore', '--no-index', ...names], { cwd: root, encoding: 'utf8' });
  expect(ignored.trim().split('\n')).toEqual(names);
});
