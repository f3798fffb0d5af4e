// Files of a command on Node: those of its host. Contract: Files in ../host.ts.
import {
  chmodSync,
  closeSync,
  createReadStream,
  createWriteStream,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InputError } from '../../../base/errors.js';
import type { About, Files } from '../host.js';

const PIECE = 1 << 18;

function kindOf(stats: Stats): About['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

const save = (path: string, bytes: AsyncIterable<Uint8Array>, mode?: number): Promise<void> =>
  pipeline(Readable.from(bytes, { objectMode: false }), createWriteStream(path, { flags: 'wx', mode }));

let spools = 0;

export const nodeFiles: Files = {
  resolve: (path) => resolve(path),
  real: (path) => realpathSync(path),
  about(path, follow = false) {
    const stats = (follow ? statSync : lstatSync)(path, { throwIfNoEntry: false });
    if (!stats) return undefined;
    const { size, mode, mtimeMs, uid, gid } = stats;
    return { kind: kindOf(stats), size, mode: mode & 0o7777, seconds: Math.floor(mtimeMs / 1000), uid, gid };
  },
  names: (folder) => readdirSync(folder),
  linkOf: (path) => readlinkSync(path),
  bytes: (path) => readFileSync(path),
  text: (path) => readFileSync(path, 'utf8'),
  async *stream(path, size) {
    if (size === 0) return;
    yield* createReadStream(path, { highWaterMark: PIECE, ...(size !== undefined && { end: size - 1 }) });
  },
  put: (path, text) => writeFileSync(path, text),
  async write(path, bytes) {
    const beside = `${path}.${process.pid}.partial`;
    try {
      await save(beside, bytes);
      renameSync(beside, path);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
  },
  create(path) {
    const fd = openSync(path, 'wx', 0o600);
    return {
      write: (offset, bytes) => void writeSync(fd, bytes, 0, bytes.length, offset),
      close: () => closeSync(fd),
    };
  },
  makeFolder: (path) => mkdirSync(path),
  makeLink: (path, target) => symlinkSync(target, path),
  finish(path, mode, seconds) {
    chmodSync(path, mode);
    utimesSync(path, seconds, seconds);
  },
  remove: (path) => rmSync(path, { force: true }),
  async spool(bytes) {
    const path = join(tmpdir(), `tabvisor-${process.pid}-${Date.now()}-${spools++}.tar`);
    let fd: number | undefined;
    const release = (): void => {
      if (fd !== undefined) closeSync(fd);
      rmSync(path, { force: true });
    };
    try {
      await save(path, bytes, 0o600);
      const open = openSync(path, 'r');
      fd = open;
      return {
        ...{ name: 'the archive', size: statSync(path).size, release },
        read(at, into) {
          if (readSync(open, into, 0, into.length, at) !== into.length)
            throw new InputError('the archive ends too early');
        },
      };
    } catch (error) {
      release();
      throw error;
    }
  },
};
