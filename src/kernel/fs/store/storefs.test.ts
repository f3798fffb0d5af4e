// What a store keeps through an end, a kill and a power cut at every step: what was synced is there, names and attributes are those of one
// commit, and no page shows what was never written to it.
import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryBlockStore, type StoreStep } from '../../../../test/memory-block-store.js';
import { InputError } from '../../../base/errors.js';
import { HOST_RAM } from '../../../vcpu/engine.js';
import { ENOSPC } from '../../abi/errno.js';
import { S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG } from '../../abi/stat.js';
import { Clock } from '../../clock.js';
import { Frames, PAGE_SIZE } from '../../mm/frames.js';
import { Timers } from '../../task/timers.js';
import type { Actor } from '../../vfs/actor.js';
import type { TmpfsInode } from '../tmpfs-inode.js';
import { Storefs, type StorefsKernel } from './storefs.js';

const PAGES = 2048;
const actor = { credentials: { hasFor: () => true } } as unknown as Actor;
/** One memory for all: who is mounted last has it. */
const buffer = new ArrayBuffer(HOST_RAM + PAGES * PAGE_SIZE);

class Mounted {
  readonly kernel: StorefsKernel;
  readonly storefs: Storefs;
  now = 0;

  constructor(readonly store: MemoryBlockStore) {
    const clock = new Clock({ now: () => this.now, date: () => 1_700_000_000_000 });
    new Uint8Array(buffer).fill(0, HOST_RAM);
    this.kernel = { frames: new Frames(buffer, PAGES), clock, timers: new Timers() };
    this.storefs = new Storefs(7, this.kernel, store, { mode: 0o755 });
  }

  at(path: string): TmpfsInode {
    let inode: TmpfsInode = this.storefs.fs.root;
    for (const name of path.split('/').filter(Boolean)) inode = inode.lookup(actor, name) as TmpfsInode;
    if (typeof inode === 'number') throw new Error(`${path}: ${-inode}`);
    return inode;
  }

  private place(path: string): [directory: TmpfsInode, name: string] {
    const cut = path.lastIndexOf('/');
    return [this.at(path.slice(0, cut)), path.slice(cut + 1)];
  }

  make(path: string, mode = S_IFREG | 0o644, rdev = 0): TmpfsInode {
    const [directory, name] = this.place(path);
    return directory.create(actor, name, { mode, uid: 5, gid: 6, rdev }) as TmpfsInode;
  }

  symlink(path: string, target: string): void {
    const [directory, name] = this.place(path);
    directory.symlink(actor, name, target, { mode: S_IFLNK | 0o777, uid: 0, gid: 0 });
  }

  link(from: string, to: string): void {
    const [directory, name] = this.place(to);
    directory.link(actor, name, this.at(from));
  }

  unlink(path: string): void {
    const [directory, name] = this.place(path);
    const inode = this.at(path);
    directory.unlink(actor, name, inode);
    inode.forgetIfUnused();
  }

  rename(from: string, to: string): void {
    const [directory, name] = this.place(from);
    const [target, newName] = this.place(to);
    const replaced = target.lookup(actor, newName);
    const old = typeof replaced === 'number' ? undefined : (replaced as TmpfsInode);
    directory.rename(actor, name, this.at(from), target, newName, old, false);
    old?.forgetIfUnused();
  }

  /** Pages [first, first + count) say whose they are, which and of what version, in each of their sectors. */
  write(path: string, first: number, count: number, version: number): void {
    const inode = this.at(path);
    const { frames } = this.kernel;
    for (let index = first; index < first + count; index++) {
      const frame = inode.cache.get(index);
      if (frame < 0) throw new Error(`page ${index}: ${-frame}`);
      const at = frames.hostAddress(frame);
      const words = new Uint32Array(frames.bytes.buffer, at, PAGE_SIZE / 4);
      for (let sector = 0; sector < 8; sector++) words.set([inode.ino, index, version], sector * 128);
      inode.cache.markDirty(index);
    }
    inode.size = Math.max(inode.size, (first + count) * PAGE_SIZE);
    inode.noteWritten(actor);
  }

  /** All that is seen but the bytes of files. */
  get tree(): string {
    const lines: string[] = [];
    const look = (path: string, inode: TmpfsInode): void => {
      const { attributes, target, xattrs } = inode.record;
      const sorted = Object.entries({ ...attributes, atime: 0 }).sort();
      lines.push(JSON.stringify([path, inode.ino, sorted, target, xattrs.map(([n, v]) => [n, v.length, v[0]])]));
      for (const [name, child] of inode.named()) look(`${path}/${name}`, child);
    };
    look('', this.storefs.fs.root);
    return lines.sort().join('\n');
  }

  /** Versions of the pages of all files, by inode and page. */
  pages(): Map<string, number[]> {
    const found = new Map<string, number[]>();
    for (const inode of this.storefs.fs.all)
      for (let index = 0; index * PAGE_SIZE < inode.size && inode.isRegular; index++) {
        const page = new Uint8Array(PAGE_SIZE);
        if (!inode.cache.isHole(index)) {
          const at = this.kernel.frames.hostAddress(inode.cache.get(index));
          page.set(this.kernel.frames.bytes.subarray(at, at + PAGE_SIZE));
        }
        const words = new Uint32Array(page.buffer);
        const versions = [];
        for (let sector = 0; sector < 8; sector++) {
          const [ino, number, version] = words.subarray(sector * 128);
          // zeros are of version 0
          if (version !== 0 && (ino !== inode.ino || number !== index)) versions.push(-1);
          else versions.push(version!);
        }
        found.set(`${inode.ino}:${index}`, versions);
      }
    return found;
  }

  again(): Mounted {
    expect(this.storefs.close()).toBe(0);
    return new Mounted(new MemoryBlockStore(this.store.contents));
  }
}

test('all that a file is comes again', () => {
  const first = new Mounted(new MemoryBlockStore());
  first.make('/d', S_IFDIR | 0o1751);
  const file = first.make('/d/file', S_IFREG | 0o4711);
  first.write('/d/file', 0, 3, 1);
  first.write('/d/file', 1000, 2, 1);
  file.setXattr('user.a', Uint8Array.of(1, 2, 0), 0);
  file.setXattr('trusted.overlay.opaque', Uint8Array.of(0x79), 0);
  file.setAttributes(actor, { uid: 70_000, gid: 80_000, mtime: { seconds: -5, nanoseconds: 999 } });
  first.link('/d/file', '/d/other');
  first.symlink('/link', '../\xff to nowhere');
  first.make('/null', S_IFCHR | 0o666, 0x103);
  first.make('/whiteout', S_IFCHR, 0);
  first.make('/fifo', S_IFIFO | 0o600);
  const { tree } = first;
  const pages = first.pages();
  const second = first.again();
  expect(second.tree).toBe(tree);
  expect(second.pages()).toEqual(pages);
  expect(second.at('/d/file')).toBe(second.at('/d/other'));
  expect(second.at('/d/file').blocks).toBe(5 * 8);
  // and the next one, of a log that was written anew and a file that has lost pages
  second.at('/d/file').setAttributes(actor, { size: PAGE_SIZE + 5 });
  second.at('/d/file').cache.drop(0, 1);
  second.unlink('/d/other');
  const third = second.again();
  expect(third.tree).toBe(second.tree);
  expect(third.at('/d/file').blocks).toBe(8);
  expect(third.storefs.pages).toBe(1);
});

test('a change is written by itself after a while, and then nothing is left to do', () => {
  const first = new Mounted(new MemoryBlockStore());
  first.make('/file');
  first.write('/file', 0, 2, 1);
  const due = first.kernel.timers.next;
  expect(due).toBeGreaterThan(1e9);
  first.now = due;
  first.kernel.timers.run(due);
  expect(first.kernel.frames.dirty).toBe(0);
  expect(first.kernel.timers.next).toBe(Number.POSITIVE_INFINITY);
  expect(new Mounted(new MemoryBlockStore(first.store.contents)).tree).toBe(first.tree);
});

test('a file without a name keeps its pages while it is open, gets a name again, or is gone', () => {
  const first = new Mounted(new MemoryBlockStore());
  const file = first.make('/file');
  first.write('/file', 0, 4, 1);
  file.opens++;
  first.unlink('/file');
  expect(first.storefs.commit(true)).toBe(0);
  expect(new Mounted(new MemoryBlockStore(first.store.contents)).storefs.pages).toBe(0);
  expect(first.storefs.fs.reclaim(() => true)).toBe(4);
  first.storefs.fs.root.link(actor, 'again', file);
  const second = first.again();
  expect(second.pages()).toEqual(new Map([0, 1, 2, 3].map((page) => [`${file.ino}:${page}`, Array(8).fill(1)])));
  second.unlink('/again');
  const third = second.again();
  expect(third.storefs.pages).toBe(0);
});

test('a host without room is an error of fsync, of the next page, and nothing is lost when there is room again', () => {
  const first = new Mounted(new MemoryBlockStore());
  first.make('/file');
  expect(first.storefs.commit(true)).toBe(0);
  first.write('/file', 0, 10, 1);
  first.store.left = 5 * PAGE_SIZE;
  expect(first.storefs.commit(true)).toBe(ENOSPC);
  expect(first.kernel.frames.dirty).toBe(10);
  expect(() => first.write('/file', 10, 1, 1)).toThrow(`page 10: ${ENOSPC}`);
  expect(first.storefs.fs.statistics().free).toBe(0);
  first.store.left = 2 ** 30;
  const pages = first.pages();
  expect(first.again().pages()).toEqual(pages);
});

test('blocks of files that are gone are used again, and what lies behind the last goes back to the host', () => {
  const first = new Mounted(new MemoryBlockStore());
  for (let round = 1; round <= 10; round++) {
    first.make('/file');
    first.write('/file', 0, 1000, round);
    first.storefs.commit(true);
    first.unlink('/file');
    first.storefs.commit(true);
  }
  expect(first.store.data.size).toBeLessThanOrEqual(1000 * PAGE_SIZE);
  expect(first.storefs.pages).toBe(0);
});

test('the log stays short', () => {
  const first = new Mounted(new MemoryBlockStore());
  first.make('/file');
  for (let round = 1; round < 10_000; round++) {
    first.at('/file').setXattr('user.x', new Uint8Array(1000).fill(round), 0);
    if (round % 10 === 0) first.storefs.commit(false);
  }
  const [one, other] = first.store.logs;
  expect(one.size + other.size).toBeLessThan(3 << 20);
  expect(first.again().tree).toBe(first.tree);
});

test('something else, and a log whose files make no tree, are refused by name', () => {
  const zeros = new Uint8Array(0);
  const text = new TextEncoder().encode('this is something else altogether');
  expect(() => new Mounted(new MemoryBlockStore([zeros, text, zeros]))).toThrow(InputError);
  expect(() => new Mounted(new MemoryBlockStore([text, zeros, zeros]))).toThrow(/store: holds no filesystem/);
});

test('a log with any byte changed is cut there or refused, and never more than that', () => {
  const first = new Mounted(new MemoryBlockStore());
  first.make('/a');
  first.write('/a', 0, 2, 1);
  first.storefs.commit(true);
  first.make('/b');
  first.storefs.commit(true);
  const { contents } = first.store;
  const states = new Set<string>();
  for (let file = 1; file <= 2; file++)
    for (let at = 0; at < contents[file]!.length; at++) {
      const changed = contents.map((bytes) => bytes.slice());
      changed[file]![at]! ^= 0x41;
      try {
        const after = new Mounted(new MemoryBlockStore(changed));
        states.add([...after.storefs.fs.root.named()].map(([name]) => name).join());
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }
  expect([...states].sort()).toEqual(['', 'a', 'a,b']);
});

// ---- crashes -----------------------------------------------------------------------------------------------------------------------------

interface Commit {
  /** Steps of the store when it was made, and whether it was acknowledged as durable. */
  after: number;
  durable: boolean;
  tree: string;
  pages: Map<string, number[]>;
}

/** A scripted life with commits of both kinds, and all that is hard: names that replace, blocks that change their files, a log begun anew. */
function life(): { steps: StoreStep[]; commits: Commit[] } {
  const store = new MemoryBlockStore();
  store.steps = [];
  const node = new Mounted(store);
  const commits: Commit[] = [{ after: 0, durable: true, tree: node.tree, pages: new Map() }];
  const commit = (durable: boolean): void => {
    expect(node.storefs.commit(durable)).toBe(0);
    commits.push({ after: store.steps!.length, durable, tree: node.tree, pages: node.pages() });
    node.now += 1e9;
  };
  node.make('/dir', S_IFDIR | 0o755);
  node.make('/dir/a');
  node.write('/dir/a', 0, 5, 1);
  commit(true);
  node.write('/dir/a', 1, 2, 2);
  node.make('/b');
  node.write('/b', 0, 70, 1);
  commit(false);
  node.write('/dir/a', 2, 2, 3);
  commit(true);
  // written beside and renamed over, as editors do
  node.make('/b.new');
  node.write('/b.new', 0, 4, 4);
  commit(true);
  node.rename('/b.new', '/b');
  commit(false);
  // blocks of the one that was replaced must not be taken yet
  node.make('/c');
  node.write('/c', 0, 20, 5);
  commit(false);
  node.at('/dir/a').setAttributes(actor, { size: PAGE_SIZE });
  node.write('/dir/a', 3, 3, 6);
  node.symlink('/dir/l', 'a');
  commit(true);
  node.make('/d');
  node.write('/d', 0, 60, 7);
  commit(true);
  node.unlink('/c');
  node.link('/d', '/dir/d');
  node.at('/d').setXattr('user.big', new Uint8Array(60_000).fill(9), 0);
  commit(true);
  // the log begins anew
  for (let round = 0; round < 24; round++) {
    node.at('/d').setXattr('user.big', new Uint8Array(60_000).fill(round), 0);
    node.write('/d', round, 1, 8 + round);
    if (round % 8 === 7) commit(round > 8);
    else node.storefs.commit(false);
    if (round % 8 !== 7)
      commits.push({ after: store.steps.length, durable: false, tree: node.tree, pages: node.pages() });
  }
  node.unlink('/dir/d');
  node.unlink('/d');
  node.make('/e');
  node.write('/e', 0, 90, 40);
  commit(true);
  return { steps: store.steps, commits };
}

/** Checks what a crash at `cut` has left. */
function check(store: MemoryBlockStore, cut: number, commits: readonly Commit[]): Mounted {
  const after = new Mounted(store);
  const acknowledged = commits.map((commit) => commit.durable && commit.after <= cut).lastIndexOf(true);
  const { tree } = after;
  const found = commits.findIndex((commit, number) => number >= acknowledged && commit.tree === tree);
  expect(found, `at step ${cut} the tree is that of a commit that was acknowledged, or a later one:\n${tree}`).not.toBe(
    -1,
  );
  const { pages } = commits[acknowledged]!;
  for (const [page, versions] of after.pages()) {
    const then = commits[found]!.pages.get(page);
    const before = pages.get(page);
    for (const [sector, version] of versions.entries()) {
      // the same page of the same file, no older than what was acknowledged, or than the commit that first had it
      const least = before && before[sector] !== 0 ? before[sector]! : then![sector]!;
      if (version < Math.min(least, then![sector]!))
        expect.fail(`at step ${cut} sector ${sector} of page ${page} is of version ${version}, not ${least}`);
    }
  }
  return after;
}

describe('a crash', () => {
  let steps: StoreStep[];
  let commits: Commit[];
  beforeAll(() => {
    ({ steps, commits } = life());
  });

  test('by a kill, at each step and within it', () => {
    for (let cut = 1; cut <= steps.length; cut++) check(MemoryBlockStore.killed(steps.slice(0, cut)), cut - 1, commits);
  });

  test('by a power cut at each step, with nothing or some of what was not flushed', () => {
    let seed = 1;
    const some = (): boolean => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed & 0x10000) !== 0;
    };
    for (let cut = 1; cut <= steps.length; cut++)
      for (const stays of [() => false, some, some]) {
        const after = check(MemoryBlockStore.powerless(steps.slice(0, cut), stays), cut, commits);
        if (cut % 5 !== 0) continue;
        // it goes on
        after.make('/new');
        after.write('/new', 0, 3, 99);
        const { tree } = after;
        expect(after.again().tree).toBe(tree);
      }
  });
});
