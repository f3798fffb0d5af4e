// A hostile client of the 9p server on a real folder: whatever it says, nothing outside the folder is read, written or seen.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { scratch } from '../../../test/scratch.js';
import { Reader, Writer } from '../../devices/virtio/p9/message.js';
import { MSIZE_MAX, P9Server } from '../../devices/virtio/p9/server.js';
import { SnapshotError } from '../../devices/snapshot-fields.js';
import { SharedFolder } from './shared-folder.js';

const T = {
  LERROR: 7,
  LOPEN: 12,
  LCREATE: 14,
  SYMLINK: 16,
  RENAME: 20,
  READLINK: 22,
  GETATTR: 24,
  SETATTR: 26,
  READDIR: 40,
  LINK: 70,
  MKDIR: 72,
  RENAMEAT: 74,
  UNLINKAT: 76,
  VERSION: 100,
  ATTACH: 104,
  WALK: 110,
  READ: 116,
  WRITE: 118,
  CLUNK: 120,
};
const ENOENT = 2;
const EBADF = 9;
const EACCES = 13;
const ENOTDIR = 20;
const EINVAL = 22;
const ENFILE = 23;
const EROFS = 30;
const ELOOP = 40;
const EPROTO = 71;
const ESTALE = 116;
/** Fids that a client may have, its root's among them. */
const FIDS = 65536;
/** Bytes of a walk without names. */
const WALK_SIZE = 17;

let top: string;
let shared: string;
let server: P9Server;

/** Sends a message; the value is the reader of the answer behind its header, or the errno. */
function ask(type: number, fill: (writer: Writer) => void, room = MSIZE_MAX): Reader | number {
  const writer = new Writer(MSIZE_MAX);
  writer.u32(0).u8(type).u16(1);
  fill(writer);
  const answer = server.answer(writer.finish(), room);
  const reader = new Reader(answer);
  expect(reader.u32()).toBe(answer.length);
  const kind = reader.u8();
  expect(reader.u16()).toBe(1);
  if (kind === T.LERROR) return reader.u32();
  expect(kind).toBe(type + 1);
  return reader;
}
const walk = (from: number, to: number, ...names: string[]) =>
  ask(T.WALK, (w) => {
    w.u32(from).u32(to).u16(names.length);
    for (const name of names) w.string(name);
  });
/** How many names were walked. */
const walked = (answer: Reader | number): number => (typeof answer === 'number' ? -answer : answer.u16());
const open = (fid: number, flags = 0) => ask(T.LOPEN, (w) => w.u32(fid).u32(flags));
const read = (fid: number, count = 100, offset = 0n): string | number => {
  const answer = ask(T.READ, (w) => w.u32(fid).u64(offset).u32(count));
  return typeof answer === 'number' ? answer : Buffer.from(answer.data(answer.u32())).toString();
};
const begin = (readOnly = false): void => {
  server = new P9Server(new SharedFolder(shared, readOnly));
  expect(typeof ask(T.VERSION, (w) => w.u32(65536).string('9P2000.L'))).toBe('object');
  expect(typeof ask(T.ATTACH, (w) => w.u32(0).u32(0xffffffff).string('root').string('').u32(0))).toBe('object');
};

beforeEach(() => {
  top = scratch();
  shared = join(top, 'shared');
  fs.mkdirSync(join(shared, 'inner/deep'), { recursive: true });
  fs.writeFileSync(join(top, 'secret'), 'secret');
  fs.writeFileSync(join(shared, 'file'), 'content');
  fs.writeFileSync(join(shared, 'inner/deep/leaf'), 'leaf');
  fs.symlinkSync('../secret', join(shared, 'out'));
  fs.symlinkSync('..', join(shared, 'up'));
  fs.symlinkSync(top, join(shared, 'absolute'));
  begin();
});

describe('ways out', () => {
  test('.. stops at the root', () => {
    expect(walked(walk(0, 1, '..', '..', '..', 'secret'))).toBe(3);
    expect(walked(walk(0, 1, '..', '..'))).toBe(2);
    const attributes = ask(T.GETATTR, (w) => w.u32(1).u64(0x7ffn)) as Reader;
    attributes.u64();
    attributes.u8();
    attributes.u32();
    expect(attributes.u64()).toBe(fs.statSync(shared, { bigint: true }).ino);
  });

  test.each(['a/b', '../secret', '.', '', 'nul\0byte', '/etc/passwd'])('the name %j is none', (name) => {
    expect(walk(0, 1, name)).toBe(EINVAL);
    walk(0, 1);
    expect(ask(T.LCREATE, (w) => w.u32(1).string(name).u32(0o102).u32(0o644).u32(0))).toBe(EINVAL);
    expect(ask(T.MKDIR, (w) => w.u32(0).string(name).u32(0o755).u32(0))).toBe(EINVAL);
    expect(ask(T.UNLINKAT, (w) => w.u32(0).string(name).u32(0))).toBe(EINVAL);
    expect(ask(T.RENAMEAT, (w) => w.u32(0).string('file').u32(0).string(name))).toBe(EINVAL);
    expect(fs.readdirSync(top).sort()).toEqual(['secret', 'shared']);
  });

  test.each(['out', 'up', 'absolute'])('the link %s is a link, and not a way', (name) => {
    expect(walked(walk(0, 1, name))).toBe(1);
    expect((ask(T.READLINK, (w) => w.u32(1)) as Reader).string()).toBe(fs.readlinkSync(join(shared, name)));
    expect(open(1)).toBe(EACCES);
    expect(ask(T.READDIR, (w) => w.u32(1).u64(0n).u32(1000))).toBe(EBADF);
    expect([0, 1]).toContain(walked(walk(0, 2, name, 'secret')));
    expect(walk(1, 3, 'secret')).toBe(ENOTDIR);
    walk(0, 4, name);
    expect(ask(T.LCREATE, (w) => w.u32(4).string('new').u32(0o102).u32(0o644).u32(0))).toBe(ENOTDIR);
    expect(ask(T.SETATTR, (w) => w.u32(1).u32(8).u32(0).u32(0).u32(0).u64(0n).u64(0n).u64(0n).u64(0n).u64(0n))).toBe(
      ELOOP,
    );
    expect(ask(T.LINK, (w) => w.u32(0).u32(1).string('hard'))).toBeTypeOf('number');
    expect(fs.readFileSync(join(top, 'secret'), 'utf8')).toBe('secret');
    expect(fs.readdirSync(top).sort()).toEqual(['secret', 'shared']);
  });

  test('a folder that becomes a link while a fid stands in it', () => {
    expect(walked(walk(0, 1, 'inner', 'deep'))).toBe(2);
    fs.renameSync(join(shared, 'inner'), join(shared, 'moved'));
    fs.symlinkSync(top, join(shared, 'inner'));
    fs.mkdirSync(join(top, 'deep'));
    fs.writeFileSync(join(top, 'deep/leaf'), 'outside');
    expect(walk(1, 2, 'leaf')).toBe(ENOTDIR);
    expect(open(1)).toBe(ENOTDIR);
    expect(ask(T.MKDIR, (w) => w.u32(1).string('made').u32(0o755).u32(0))).toBe(ENOTDIR);
    expect(fs.readdirSync(join(top, 'deep'))).toEqual(['leaf']);
  });

  test('a rename by the guest takes its fids along', () => {
    expect(walked(walk(0, 1, 'inner', 'deep', 'leaf'))).toBe(3);
    expect(typeof ask(T.RENAMEAT, (w) => w.u32(0).string('inner').u32(0).string('other'))).toBe('object');
    ask(T.SYMLINK, (w) => w.u32(0).string('inner').string(top).u32(0));
    expect(typeof open(1)).toBe('object');
    expect(read(1)).toBe('leaf');
  });

  test('no set-user-id bits, no devices', () => {
    walk(0, 1);
    expect(typeof ask(T.LCREATE, (w) => w.u32(1).string('run').u32(0o102).u32(0o6755).u32(0))).toBe('object');
    expect(fs.statSync(join(shared, 'run')).mode & 0o7000).toBe(0);
    ask(T.SETATTR, (w) => w.u32(1).u32(1).u32(0o6777).u32(0).u32(0).u64(0n).u64(0n).u64(0n).u64(0n).u64(0n));
    expect(fs.statSync(join(shared, 'run')).mode & 0o6000).toBe(0);
    expect(ask(18, (w) => w.u32(0).string('null').u32(0o20666).u32(1).u32(3).u32(0))).toBe(95);
  });
});

describe('fids', () => {
  test('one that is in use is not given again, one that is closed is gone', () => {
    expect(walked(walk(0, 1, 'file'))).toBe(1);
    expect(walk(0, 1, 'inner')).toBe(EBADF);
    open(1);
    expect(read(1)).toBe('content');
    expect(open(1)).toBe(EBADF);
    expect(walk(1, 2)).toBe(EBADF);
    ask(T.CLUNK, (w) => w.u32(1));
    expect(read(1)).toBe(EBADF);
    expect(ask(T.CLUNK, (w) => w.u32(1))).toBe(EBADF);
  });

  test('a new session closes all', () => {
    walk(0, 1, 'file');
    open(1);
    ask(T.VERSION, (w) => w.u32(65536).string('9P2000.L'));
    expect(read(1)).toBe(EBADF);
    expect(walk(0, 1)).toBe(EBADF);
  });

  test('there is an end to them', () => {
    // one message for all but the last ones: `ask` with its buffers and checks took most of the time
    const message = new Writer(WALK_SIZE).u32(0).u8(T.WALK).u16(1).u32(0).u32(0).u16(0).finish();
    const fid = new DataView(message.buffer, WALK_SIZE - 6, 4);
    for (let n = 1; n < FIDS - 1; n++) {
      fid.setUint32(0, n, true);
      server.answer(message, WALK_SIZE);
    }
    expect(walked(walk(0, FIDS - 1))).toBe(0);
    expect(walk(0, FIDS)).toBe(ENFILE);
    ask(T.CLUNK, (w) => w.u32(1));
    expect(walked(walk(0, FIDS))).toBe(0);
  });
});

describe('sizes', () => {
  test.each([0, 100, 4095])('msize %i is too small', (msize) => {
    expect(ask(T.VERSION, (w) => w.u32(msize).string('9P2000.L'))).toBe(EINVAL);
  });

  test('a huge msize is cut', () => {
    expect((ask(T.VERSION, (w) => w.u32(0xffffffff).string('9P2000.L')) as Reader).u32()).toBe(MSIZE_MAX);
  });

  test('a huge count is cut to the answer’s room', () => {
    walk(0, 1, 'file');
    open(1);
    expect(read(1, 0xffffffff)).toBe('content');
    expect(typeof ask(T.READ, (w) => w.u32(1).u64(0xffffffffffffn).u32(10))).toBe('object');
  });

  test('messages that end early or say a wrong size', () => {
    for (let type = 0; type < 256; type++) {
      for (const size of [7, 8, 11, 20, 100]) {
        const message = new Uint8Array(size).fill(0xff);
        new DataView(message.buffer).setUint32(0, size, true);
        message[4] = type;
        expect(server.answer(message, MSIZE_MAX)[4]).toBeGreaterThan(0);
      }
    }
    begin();
    const wrong = Uint8Array.of(100, 0, 0, 0, T.CLUNK, 1, 0, 0, 0, 0, 0);
    const answer = new Reader(server.answer(wrong, MSIZE_MAX));
    answer.u32();
    expect(answer.u8()).toBe(T.LERROR);
    answer.u16();
    expect(answer.u32()).toBe(EPROTO);
  });
});

test('a read-only folder is', () => {
  begin(true);
  walk(0, 1, 'file');
  expect(open(1, 1)).toBe(EROFS);
  expect(open(1, 0o1000)).toBe(EROFS);
  expect(typeof open(1)).toBe('object');
  walk(0, 2);
  expect(ask(T.LCREATE, (w) => w.u32(2).string('new').u32(0o102).u32(0o644).u32(0))).toBe(EROFS);
  expect(ask(T.UNLINKAT, (w) => w.u32(0).string('file').u32(0))).toBe(EROFS);
  expect(fs.readdirSync(shared).sort()).toEqual(['absolute', 'file', 'inner', 'out', 'up']);
  expect(walk(0, 9, 'missing')).toBe(ENOENT);
});

describe('a session that goes on in another process', () => {
  const write = (fid: number, text: string, offset = 0n) =>
    ask(T.WRITE, (w) => {
      w.u32(fid).u64(offset).u32(text.length);
      for (const character of text) w.u8(character.charCodeAt(0));
    });
  /** Saves the session, lets `between` happen to the folder, and goes on in a server of another process. */
  const goOn = (between = () => {}): void => {
    const state = JSON.parse(JSON.stringify(server.save()));
    server.reset();
    between();
    server = new P9Server(new SharedFolder(shared, false));
    server.restore(state);
  };

  test('fids, open files and half-read directories are what they were', () => {
    walk(0, 1, 'inner', 'deep');
    walk(0, 2, 'file');
    open(2, 2);
    walk(0, 3);
    expect(typeof ask(T.LCREATE, (w) => w.u32(3).string('new').u32(0o301).u32(0o444).u32(0))).toBe('object');
    walk(0, 4, 'inner');
    open(4);
    const entries = (offset: bigint) => ask(T.READDIR, (w) => w.u32(4).u64(offset).u32(60)) as Reader;
    expect(entries(0n).u32()).toBeGreaterThan(0);
    // what was made with O_EXCL and O_TRUNC is opened again without them
    write(3, 'before');
    fs.chmodSync(join(shared, 'new'), 0o644);
    goOn(() => fs.writeFileSync(join(shared, 'inner/later'), ''));
    write(3, 'after!', 6n);
    expect(fs.readFileSync(join(shared, 'new'), 'utf8')).toBe('beforeafter!');
    expect(read(2)).toBe('content');
    write(2, 'CON');
    expect(fs.readFileSync(join(shared, 'file'), 'utf8')).toBe('CONtent');
    expect(walked(walk(1, 5, 'leaf'))).toBe(1);
    // '.', '..', then the one name of before
    const rest = entries(2n);
    expect(rest.u32()).toBe(13 + 8 + 1 + 2 + 'deep'.length);
    expect(entries(3n).u32()).toBe(0);
  });

  test('what the host has removed since is stale, all else goes on', () => {
    walk(0, 1, 'file');
    open(1);
    walk(0, 2, 'inner', 'deep', 'leaf');
    open(2);
    walk(0, 3, 'inner');
    goOn(() => {
      fs.rmSync(join(shared, 'file'));
      fs.mkdirSync(join(shared, 'file'));
      fs.symlinkSync('/etc/passwd', join(shared, 'inner/deep/link'));
    });
    expect(read(1)).toBe(ESTALE);
    expect(write(1, 'x')).toBe(ESTALE);
    expect(read(2)).toBe('leaf');
    expect(walked(walk(3, 4, 'deep'))).toBe(1);
    // a stale file is saved as one
    goOn();
    expect(read(1)).toBe(ESTALE);
    expect(typeof ask(T.CLUNK, (w) => w.u32(1))).toBe('object');
  });

  test('a file that is open and has no name is no matter for a snapshot, which says so', () => {
    walk(0, 1, 'file');
    open(1);
    expect(typeof ask(T.UNLINKAT, (w) => w.u32(0).string('file').u32(0))).toBe('object');
    expect(() => server.save()).toThrow('the guest has file open');
    fs.writeFileSync(join(shared, 'file'), 'another');
    expect(() => server.save()).toThrow(SnapshotError);
    expect(read(1)).toBe('content');
    ask(T.CLUNK, (w) => w.u32(1));
    goOn();
    // moved by the guest: its fids go along
    walk(0, 1, 'inner', 'deep', 'leaf');
    open(1);
    ask(T.RENAMEAT, (w) => w.u32(0).string('inner').u32(0).string('outer'));
    goOn();
    expect(read(1)).toBe('leaf');
  });

  test('a state that leads out of the folder, or is none, is refused', () => {
    const fid = { number: 1, path: ['file'], directory: false };
    const states: unknown[] = [
      ...[null, {}, { msize: 8192 }, { msize: 1, fids: [] }, { msize: 8192, fids: {} }],
      ...[['..'], ['..', 'secret'], ['a/b'], [''], ['nul\0'], [1], 'file', undefined].map((path) => ({
        msize: 8192,
        fids: [{ ...fid, path }],
      })),
      ...[{ number: 'one' }, { number: 0.5 }, { access: 'all' }, { names: [1] }, { names: 'file' }].map((wrong) => ({
        msize: 8192,
        fids: [{ ...fid, ...wrong }],
      })),
    ];
    for (const state of states) expect(() => server.restore(state), JSON.stringify(state)).toThrow(SnapshotError);
    // no link is followed, and nothing but a plain file is opened
    for (const path of [['out'], ['up', 'secret'], ['absolute', 'secret'], ['inner']]) {
      server.restore({ msize: 8192, fids: [{ number: 1, path, access: 'read' }] });
      expect(read(1), path.join()).toBe(ESTALE);
    }
  });
});
