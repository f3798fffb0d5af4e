// Files of this host as a tar, and out of one: for cp and for contexts of builds. POSIX pax(1); Docker's archive (owners are root's unless
// asked for). A tar that comes from an engine is hostile: nothing is written outside of where it goes, and no link is followed to do so.
import type { ByteSource } from '../../base/host.js';
import { fromLatin1, latin1 } from '../../base/bytes.js';
import { encodeText } from '../../base/text.js';
import { type TarEntry, tarEntries } from '../../oci/tar/entries.js';
import { archiveEnd, headersOf, padding } from '../../oci/tar/writer.js';
import { Complaint } from './complaint.js';
import { type FileWriter, host } from './host.js';
import { join } from './paths.js';

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
  const about = host.files.about(path);
  if (!about) throw new Complaint(`lstat ${path}: no such file or directory`);
  const isFolder = about.kind === 'folder';
  if (name !== '' && choice.passes?.(name, isFolder) === false) return;
  const entry = {
    name: toName(isFolder ? `${name}/` : name),
    mode: about.mode & 0o7777,
    seconds: about.seconds,
    ...(choice.keepOwners && { uid: about.uid, gid: about.gid }),
  };
  if (isFolder) {
    if (name !== '') yield headersOf({ ...entry, type: '5' });
    for (const child of host.files.names(path).sort())
      yield* packed({ path: join(path, child), name: name === '' ? child : `${name}/${child}` }, choice);
  } else if (about.kind === 'link') yield headersOf({ ...entry, type: '2', link: toName(host.files.linkOf(path)) });
  else if (about.kind === 'file') {
    yield headersOf({ ...entry, type: '0', size: about.size });
    let sent = 0;
    if (about.size > 0)
      for await (const piece of host.files.stream(path, about.size)) {
        sent += piece.length;
        yield piece;
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
  let bytes = 0;
  const spooled = await host.files.spool(body);
  try {
    const folders: { path: string; entry: TarEntry }[] = [];
    for (const entry of tarEntries(spooled)) {
      bytes += entry.size;
      const path = placeOf(folder, rename(new TextDecoder().decode(latin1(entry.name))));
      if (path !== undefined) write(spooled, path, entry, folders);
    }
    for (const { path, entry } of folders.reverse()) host.files.finish(path, entry.mode & 0o7777, entry.mtime);
  } finally {
    spooled.release();
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
    const about = host.files.about(at);
    if (!about) host.files.makeFolder(at);
    else if (about.kind !== 'folder') throw new Complaint(`${at}: is no folder`);
  }
  return parts.length === 0 ? undefined : join(at, parts.at(-1)!);
}

function write(from: ByteSource, path: string, entry: TarEntry, folders: { path: string; entry: TarEntry }[]): void {
  const { files } = host;
  const there = files.about(path);
  if (entry.type === '5') {
    if (there && there.kind !== 'folder') files.remove(path);
    if (there?.kind !== 'folder') files.makeFolder(path);
    folders.push({ path, entry });
    return;
  }
  if (there?.kind === 'folder') throw new Complaint(`cannot overwrite directory "${path}" with non-directory`);
  if (there) files.remove(path);
  if (entry.type === '2') {
    files.makeLink(path, new TextDecoder().decode(latin1(entry.link)));
    return;
  }
  if (entry.type !== '0' && entry.type !== '7') return;
  const out = files.create(path);
  try {
    for (const { offset, at, length } of entry.pieces) copy(from, at, out, offset, length);
  } finally {
    out.close();
  }
  files.finish(path, entry.mode & 0o7777, entry.mtime);
}

function copy(from: ByteSource, at: number, out: FileWriter, offset: number, length: number): void {
  for (let done = 0; done < length; done += PIECE) {
    const bytes = new Uint8Array(Math.min(PIECE, length - done));
    from.read(at + done, bytes);
    out.write(offset + done, bytes);
  }
}
