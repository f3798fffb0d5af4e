// Names that are known not to be there are kept no longer than their filesystem.
import { expect, test } from 'vitest';
import { Dentry } from './dentry.js';
import type { FileSystem } from './file-system.js';
import type { Inode } from './inode.js';
import { type SpecialFiles, Vfs } from './vfs.js';

const rootOf = (fs: object): Dentry => new Dentry('', undefined, { fs } as Inode);

function ask(vfs: Vfs, directory: Dentry, name: string): void {
  directory.add(new Dentry(name, directory, undefined));
  vfs.noteNegative(directory);
}

test('a filesystem that goes takes its names with it, and no others', () => {
  const vfs = new Vfs({} as SpecialFiles);
  const [one, other] = [{}, {}];
  const [first, second] = [rootOf(one), rootOf(other)];
  ask(vfs, first, 'absent');
  ask(vfs, second, 'absent');
  vfs.forget(one as FileSystem);
  expect(first.child('absent')).toBeUndefined();
  expect(second.child('absent')).toBeDefined();
});

test('a program that asks for names without end makes all be forgotten', () => {
  const vfs = new Vfs({} as SpecialFiles);
  const root = rootOf({});
  for (let i = 0; i < 60_000; i++) ask(vfs, root, `${i}`);
  expect(root.child('0')).toBeUndefined();
  expect(root.child('59999')).toBeDefined();
});
