// How many rules of man pages the programs in C hold: each show() or text() is one, named by its first words.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../provisioned.js';

const SOURCES = ['programs', 'overlay'].map((folder) => join(root, 'test/kernel', folder));
const RULE = /\bfamily\("([^"]+)"\)|\b(?:show|text|at|stop|child)\("((?:[^"\\]|\\.)*)"/g;

/** The rules of a program by their family; those of functions that stand before all families are ''. */
function rulesOf(source: string): Map<string, Set<string>> {
  const families = new Map<string, Set<string>>();
  let family = '';
  for (const [, begins, rule] of readFileSync(source, 'utf8').matchAll(RULE)) {
    if (begins !== undefined) family = begins;
    else families.set(family, (families.get(family) ?? new Set()).add(rule!));
  }
  return families;
}

const programs = new Map(
  SOURCES.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.c'))
      .map((name) => [name.slice(0, -2), rulesOf(join(folder, name))]),
  ),
);

/** The rules of a program, or of one of its families. */
function count(program: string, family?: string): number {
  const families = programs.get(program)!;
  if (family !== undefined) return families.get(family)!.size;
  return [...families.values()].reduce((sum, rules) => sum + rules.size, 0);
}

test('there are at least 400', () => {
  expect([...programs.keys()].reduce((sum, name) => sum + count(name), 0)).toBeGreaterThanOrEqual(400);
});

test.each([
  ['signals', 'signal'],
  ['wait', 'process', 'wait'],
  ['pipes', 'pipe'],
  ['ttys', 'tty'],
  ['futex', 'thread', 'futex'],
  ['mmap', 'mmap'],
  ['rename', 'file', 'rename'],
  ['O_APPEND', 'append'],
  ['sparse files', 'file', 'sparse files'],
  ['locks', 'lock'],
  ['epoll edges', 'epoll', 'epoll'],
  ['fork in threads', 'thread-fork', ''],
  ['exec in threads', 'thread-exec'],
  ['overlay rules', 'overlay'],
  ['unix descriptor passing', 'unix', 'descriptors and credentials'],
  ['procfs contents', 'procfs'],
  ['poll on every kind of file', 'poll'],
])('ten at least about %s', (_what, program, family?: string) => {
  expect(count(program, family)).toBeGreaterThanOrEqual(10);
});
