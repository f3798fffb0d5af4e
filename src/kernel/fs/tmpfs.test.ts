// Filesystems in memory at their bounds.
import { expect, test } from 'vitest';
import { HOST_RAM } from '../../vcpu/engine.js';
import { Frames, PAGE_SIZE } from '../mm/frames.js';
import type { Actor } from '../vfs/actor.js';
import { Tmpfs } from './tmpfs.js';
import type { TmpfsInode } from './tmpfs-inode.js';

test('one with more names than a call takes arguments goes', () => {
  const frames = new Frames(new ArrayBuffer(HOST_RAM + 16 * PAGE_SIZE), 16);
  const fs = new Tmpfs(1, frames, { size: 1 << 30, mode: 0o755 }, { date: () => ({ seconds: 0, nanoseconds: 0 }) });
  const file = fs.root.create({} as Actor, 'file', { mode: 0o100644, uid: 0, gid: 0 }) as TmpfsInode;
  for (let i = 0; i < 200_000; i++) fs.root.restoreName(`name${i}`, file);
  expect(() => fs.unmounted()).not.toThrow();
});
