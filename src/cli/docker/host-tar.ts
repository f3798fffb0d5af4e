// Files of this host as a tar, and out of one: for cp and for contexts of builds. POSIX pax(1); Docker's archive (owners are root's unless
// asked for). A tar that comes from an engine is hostile: nothing is written outside of where it goes, and no link is followed to do so.
import {
  chmodSync,
  closeSync,
  createReadStream,
  createWriteStream,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { tmpdir } from 'node:os';
import { fromLatin1, latin1 } from '../../base/bytes.js';
import { encodeText } from '../../base/text.js';
import { type TarEntry, tarEntries } from '../../oci/tar/entries.js';
import { archiveEnd, headersOf, padding } from '../../oci/tar/writer.js';
import { Complaint } from './complaint.js';

const PIECE = 1 << 18;

export interface Source {
  /** On this host. */
  path: string;
  /** In the tar. */
  name: string;
}

export interface Choice {
  /** A folder or file of the tar; false leaves it out. */
  passes?(name: string, isFolder: boolean): boolean;
  /** As the host has them. */
  keepOwners?: boolean;
}

const toName = (text: string): string => fromLatin1(encodeText(text));

/** One file, or a folder with all that is in it. */
export async function* packed({ path, name }: Source, choice: Choice = {}): AsyncGenerator<Uint8Array> {
  const about = lstatSync(path);
  const isFolder = about.isDirectory();
  if (name !== '' && choice.passes?.(name, isFolder) === false) return;
  const entry = {
    name: toName(isFolder ? `${name}/` : name),
    mode: about.mode & 0o7777,
    seconds: Math.floor(about.mtimeMs / 1000),
    ...(choice.keepOwners && { uid: about.uid, gid: about.gid }),
  };
  if (isFolder) {
    if (name !== '') yield headersOf({ ...entry, type: '5' });
    for (const child of readdirSync(path).sort())
      yield* packed({ path: join(path, child), name: name === '' ? child : `${name}/${child}` }, choice);
  } else if (about.isSymbolicLink()) yield headersOf({ ...entry, type: '2', link: toName(readlinkSync(path)) });
  else if (about.isFile()) {
    yield headersOf({ ...entry, type: '0', size: about.size });
    let sent = 0;
    if (about.size > 0)
      for await (const piece of createReadStream(path, { highWaterMark: PIECE, end: about.size - 1 })) {
        sent += (piece as Buffer).length;
        yield piece as Buffer;
      }
    if (sent !== about.size) throw new Complaint(`${path}: has become shorter while it was read`);
    yield padding(about.size);
  }
}

export async function* wholeTar(sources: Iterable<Source>, choice?: Choice): AsyncGenerator<Uint8Array> {
  for (const source of sources) yield* packed(source, choice);
  yield archiveEnd();
}

/** One file with bytes that are here already. */
export function* fileInTar(name: string, bytes: Uint8Array): Generator<Uint8Array> {
  yield headersOf({ name: toName(name), type: '0', mode: 0o600, size: bytes.length });
  yield bytes;
  yield padding(bytes.length);
}

/** Bytes of the tar that have come. */
export interface Unpacked {
  bytes: number;
}

/** Writes a tar's files to below `folder`; `rename` says where each goes. Rejects with Complaint. */
export async function unpack(
  body: AsyncIterable<Uint8Array>,
  folder: string,
  rename: (name: string) => string,
): Promise<Unpacked> {
  const spool = join(tmpdir(), `tabvisor-cp-${process.pid}-${Date.now()}.tar`);
  let bytes = 0;
  try {
    await pipeline(Readable.from(body), createWriteStream(spool, { flags: 'wx', mode: 0o600 }));
    const { size } = statSync(spool);
    const fd = openSync(spool, 'r');
    try {
      const source = {
        name: 'the archive',
        size,
        read: (at: number, into: Uint8Array) => readSync(fd, into, 0, into.length, at),
      };
      const folders: { path: string; entry: TarEntry }[] = [];
      for (const entry of tarEntries(source as never)) {
        bytes += entry.size;
        const path = placeOf(folder, rename(new TextDecoder().decode(latin1(entry.name))));
        if (path !== undefined) write(fd, path, entry, folders);
      }
      for (const { path, entry } of folders.reverse()) finish(path, entry);
    } finally {
      closeSync(fd);
    }
  } finally {
    rmSync(spool, { force: true });
  }
  return { bytes };
}

/** Undefined for the folder itself. Throws Complaint. */
function placeOf(folder: string, name: string): string | undefined {
  const parts = name.split('/').filter((one) => one !== '' && one !== '.');
  if (parts.some((one) => one === '..' || one.includes('\0')))
    throw new Complaint(`the archive has '${name}', which leads out of it`);
  let at = folder;
  // what lies above must be folders: no link of the archive's leads elsewhere
  for (const part of parts.slice(0, -1)) {
    at = join(at, part);
    const about = lstatSync(at, { throwIfNoEntry: false });
    if (!about) mkdirSync(at);
    else if (!about.isDirectory()) throw new Complaint(`${at}: is no folder`);
  }
  return parts.length === 0 ? undefined : join(at, parts.at(-1)!);
}

function write(fd: number, path: string, entry: TarEntry, folders: { path: string; entry: TarEntry }[]): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (entry.type === '5') {
    if (there && !there.isDirectory()) rmSync(path);
    if (!there?.isDirectory()) mkdirSync(path);
    folders.push({ path, entry });
    return;
  }
  if (there?.isDirectory()) throw new Complaint(`cannot overwrite directory "${path}" with non-directory`);
  if (there) rmSync(path);
  if (entry.type === '2') {
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(new TextDecoder().decode(latin1(entry.link)), path);
    return;
  }
  if (entry.type !== '0' && entry.type !== '7') return;
  const out = openSync(path, 'wx', 0o600);
  try {
    for (const { offset, at, length } of entry.pieces)
      for (let done = 0; done < length; ) {
        const bytes = new Uint8Array(Math.min(PIECE, length - done));
        const count = readSync(fd, bytes, 0, bytes.length, at + done);
        if (count === 0) throw new Complaint('the archive ends too early');
        writeSync(out, bytes, 0, count, offset + done);
        done += count;
      }
  } finally {
    closeSync(out);
  }
  finish(path, entry);
}

function finish(path: string, { mode, mtime }: TarEntry): void {
  chmodSync(path, mode & 0o7777);
  utimesSync(path, mtime, mtime);
}
