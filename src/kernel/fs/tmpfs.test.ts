// Filesystems in memory at their bounds.
import { expect, test } from 'vitest';
import { ENOSPC } from '../abi/errno.js';
import { HOST_RAM } from '../../vcpu/engine.js';
import type { FrameAccount } from '../mm/frame-account.js';
import { Frames, PAGE_SIZE } from '../mm/frames.js';
import type { Actor } from '../vfs/actor.js';
import { Tmpfs } from './tmpfs.js';
import { TmpfsInode } from './tmpfs-inode.js';

test('one with more names than a call takes arguments goes', () => {
  const frames = new Frames(new ArrayBuffer(HOST_RAM + 16 * PAGE_SIZE), 16);
  const fs = new Tmpfs(1, frames, { size: 1 << 30, mode: 0o755 }, { date: () => ({ seconds: 0, nanoseconds: 0 }) });
  const file = fs.root.create({} as Actor, 'file', { mode: 0o100644, uid: 0, gid: 0 }) as TmpfsInode;
  for (let i = 0; i < 200_000; i++) fs.root.restoreName(`name${i}`, file);
  expect(() => fs.unmounted()).not.toThrow();
});

test('files, names, links and attributes are paid for by who makes them, until they go', () => {
  const frames = new Frames(new ArrayBuffer(HOST_RAM + 16 * PAGE_SIZE), 16);
  const fs = new Tmpfs(1, frames, { size: 1 << 30, mode: 0o755 }, { date: () => ({ seconds: 0, nanoseconds: 0 }) });
  let kept = 0;
  const account: FrameAccount = {
    ...{ number: 0, room: 9, charge: () => true, uncharge: () => {}, hold: () => {}, heir: undefined },
    ...{ dirtied: () => {}, reclaimed: () => {} },
    keep(bytes) {
      if (kept + bytes > 10_000) return false;
      kept += bytes;
      return true;
    },
  };
  frames.payer = account;
  const made = { mode: 0o100644, uid: 0, gid: 0 };
  const actor = {} as Actor;
  const file = fs.root.create(actor, 'file', made) as TmpfsInode;
  expect(kept).toBe(1024);
  expect(file.setXattr('user.a', new Uint8Array(5000), 0)).toBe(0);
  expect(kept).toBe(1024 + 5006);
  expect(file.setXattr('user.b', new Uint8Array(5000), 0)).toBe(-ENOSPC);
  expect(fs.root.symlink(actor, 'link', 'x'.repeat(2000), { ...made, mode: 0o120777 })).toBeInstanceOf(TmpfsInode);
  expect(fs.root.create(actor, 'other', made)).toBe(-ENOSPC);
  expect(file.removeXattr('user.a')).toBe(0);
  expect(kept).toBe(2 * 1024 + 2000);
  fs.unmounted();
  expect(kept).toBe(0);
});
