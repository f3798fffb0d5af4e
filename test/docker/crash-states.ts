// What a kill or a power cut leaves of a folder, of which record-changes.mjs has written down each change: the folder is made anew in memory,
// change by change, with what of it is on the storage. Names are, when their folder was synced; bytes, when their file was.
// man 2 fsync: "does not necessarily ensure that the entry in the directory containing the file has also reached disk". What lasts besides is
// the host's choice: none of it, or names whose bytes are missing (ext4's delayed allocation), zeros, half, or out of order.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export interface Change {
  what: 'create' | 'write' | 'truncate' | 'sync' | 'rename' | 'remove' | 'mkdir';
  path: string;
  /** Of an open file: its number. */
  file?: number;
  /** Of a rename. */
  target?: string;
  offset?: number;
  /** In base64. */
  bytes?: string;
}
interface Answered {
  what: 'answer';
  status: number;
  text: string;
  /** It ends here. */
  end: boolean;
}
export type Entry = Change | Answered;

const WAYS = ['killed', 'least', 'names', 'bytes', 'zeros', 'half', 'last'] as const;
/**
 * killed: all that happened is there. Else the power was cut: least: only what was synced is there; names: and all names; bytes: and all bytes;
 * zeros: and all names, and sizes, with zeros where bytes were written; half: and all names, and half of the bytes; last: and all names, and of
 * what was written to a file the last.
 */
export type Way = (typeof WAYS)[number];

/** A page is the least that a kill cuts a write at. */
const PAGE = 4096;

interface Write {
  offset: number;
  /** Undefined: the file ends there. */
  bytes?: Buffer;
}

class File {
  private since: Write[] = [];
  private readonly made = new Map<Way, Buffer>();

  /** `synced`: what is on the storage. */
  constructor(
    private synced: Buffer,
    private now = synced,
  ) {}

  get size(): number {
    return this.now.length;
  }

  write(write: Write): void {
    this.since.push(write);
    this.now = applied(this.now, write);
    this.made.clear();
  }

  /** Calls `see` while it has been written. */
  during(write: Write, see: () => void): void {
    const { now } = this;
    this.now = applied(now, write);
    see();
    this.now = now;
  }

  sync(): void {
    this.synced = this.now;
    this.since = [];
    this.made.clear();
  }

  as(way: Way): Buffer {
    if (way === 'killed' || way === 'bytes') return this.now;
    const made = this.made.get(way) ?? this.make(way);
    this.made.set(way, made);
    return made;
  }

  private make(way: Way): Buffer {
    const { since, synced } = this;
    if (way === 'zeros') return since.reduce((all, write) => applied(all, hollow(all, write)), synced);
    if (way === 'last')
      return since.reduce((all, write) => applied(all, write === since.at(-1) ? write : hollow(all, write)), synced);
    if (way !== 'half') return synced;
    let left = since.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0) >> 1;
    return since.reduce((all, { offset, bytes }) => {
      if (!bytes) return applied(all, { offset });
      const kept = bytes.subarray(0, left);
      left -= kept.length;
      return kept.length === 0 ? all : applied(all, { offset, bytes: kept });
    }, synced);
  }
}

/** What a write leaves of which only the file's size has reached the storage. */
const hollow = (all: Buffer, { offset, bytes }: Write): Write =>
  bytes ? { offset: all.length, bytes: Buffer.alloc(Math.max(0, offset + bytes.length - all.length)) } : { offset };

function applied(all: Buffer, { offset, bytes }: Write): Buffer {
  const size = bytes ? Math.max(all.length, offset + bytes.length) : offset;
  const after = Buffer.alloc(size);
  all.copy(after);
  if (bytes) bytes.copy(after, offset);
  return after;
}

class Folder {
  synced = new Map<string, File | Folder>();
  readonly now = new Map<string, File | Folder>();
  /** Names that came from, or went to, another folder since: both last, or neither. */
  moved: { from: Folder; name: string; to: Folder; as: string; what: File | Folder }[] = [];

  sync(): void {
    for (const { from, name, to, as, what } of this.moved) {
      if (from.synced.get(name) === what) from.synced.delete(name);
      to.synced.set(as, what);
    }
    this.moved = [];
    this.synced = new Map(this.now);
  }
}

export interface State {
  way: Way;
  /** Changes that came before. */
  after: number;
  /** How many answers have said by then that what was asked for is done. */
  done: number;
  /** Bytes of files by their paths; undefined: a folder. */
  content: Map<string, Buffer | undefined>;
}

export class CrashStates {
  private readonly top = new Folder();
  private readonly open = new Map<number, File>();

  /** A folder, all of which is on the storage. */
  constructor(
    private readonly path: string,
    from: string,
  ) {
    const read = (folder: Folder, at: string): void => {
      for (const one of readdirSync(at, { withFileTypes: true })) {
        const child = one.isDirectory() ? new Folder() : new File(readFileSync(join(at, one.name)));
        if (child instanceof Folder) read(child, join(at, one.name));
        folder.now.set(one.name, child);
      }
      folder.sync();
    };
    read(this.top, from);
  }

  /** All different states that a crash may leave, before each change, within it, and at the end. `ways`: of which ones. */
  all(
    entries: readonly Entry[],
    isDone: (answer: { status: number; body: string }) => boolean,
    ways: readonly Way[] = WAYS,
  ): State[] {
    const states = new Map<string, State>();
    let body = '';
    let after = 0;
    let ended = 0;
    let done = 0;
    const see = (way: Way): void => {
      const content = this.content(way);
      const key = keyOf(content);
      const known = states.get(key);
      if (known) known.done = done;
      else states.set(key, { way, after, done, content });
    };
    for (const entry of entries) {
      if (entry.what === 'answer') {
        body += entry.text;
        done = ended + (isDone({ status: entry.status, body }) ? 1 : 0);
        if (entry.end) {
          ended = done;
          body = '';
        }
      } else {
        this.within(entry, () => see('killed'));
        this.do(entry);
        after++;
      }
      for (const way of ways) see(way);
    }
    return [...states.values()];
  }

  /** A long write may be cut by a kill. */
  private within(change: Change, see: () => void): void {
    if (change.what !== 'write') return;
    const bytes = Buffer.from(change.bytes!, 'base64');
    const half = (bytes.length >> 1) & -PAGE;
    const file = this.fileOf(change);
    if (half > 0) file.during({ offset: change.offset ?? file.size, bytes: bytes.subarray(0, half) }, see);
  }

  private do(change: Change): void {
    const { what, path, target, file } = change;
    const [folder, name] = this.placeOf(path);
    if (what === 'mkdir') folder.now.set(name, folder.now.get(name) ?? new Folder());
    else if (what === 'create') {
      const made = new File(Buffer.alloc(0));
      folder.now.set(name, made);
      this.open.set(file!, made);
    } else if (what === 'remove') folder.now.delete(name);
    else if (what === 'rename') {
      const [to, as] = this.placeOf(target!);
      const moved = folder.now.get(name)!;
      folder.now.delete(name);
      to.now.set(as, moved);
      if (folder === to) return;
      const move = { from: folder, name, to, as, what: moved };
      folder.moved.push(move);
      to.moved.push(move);
    } else if (what === 'sync') this.at(path, file).sync();
    else {
      const found = this.fileOf(change);
      if (what === 'truncate') found.write({ offset: change.offset! });
      else found.write({ offset: change.offset ?? found.size, bytes: Buffer.from(change.bytes!, 'base64') });
    }
  }

  private placeOf(path: string): [Folder, string] {
    const names = relative(this.path, path).split(sep);
    const name = names.pop()!;
    return [names.reduce((at, one) => at.now.get(one) as Folder, this.top), name];
  }

  private at(path: string, file?: number): File | Folder {
    const known = this.open.get(file ?? -1);
    if (known) return known;
    if (path === this.path) return this.top;
    const [folder, name] = this.placeOf(path);
    const found = folder.now.get(name)!;
    if (found instanceof File && file !== undefined) this.open.set(file, found);
    return found;
  }

  private fileOf({ path, file }: Change): File {
    return this.at(path, file) as File;
  }

  /** What is there now. */
  get files(): Map<string, Buffer | undefined> {
    return this.content('killed');
  }

  private content(way: Way): Map<string, Buffer | undefined> {
    const found = new Map<string, Buffer | undefined>();
    const look = (folder: Folder, path: string): void => {
      for (const [name, one] of way === 'least' || way === 'bytes' ? folder.synced : folder.now) {
        const at = join(path, name);
        found.set(at, one instanceof File ? one.as(way) : undefined);
        if (one instanceof Folder) look(one, at);
      }
    };
    look(this.top, '');
    return found;
  }
}

const hashes = new WeakMap<Buffer, string>();
function hashOf(bytes: Buffer): string {
  let known = hashes.get(bytes);
  if (known === undefined) {
    known = createHash('sha256').update(bytes).digest('base64');
    hashes.set(bytes, known);
  }
  return known;
}
/** The same for the same files: a line for each. */
export const keyOf = (content: State['content']): string =>
  [...content]
    .map(([path, bytes]) => `${path} ${bytes ? hashOf(bytes) : ''}`)
    .sort()
    .join('\n');

export const entriesOf = (journal: string): Entry[] =>
  readFileSync(journal, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry);

/** Makes a folder what a crash has left. */
export function writeState({ content }: State, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of content)
    if (bytes) writeFileSync(join(folder, path), bytes);
    else mkdirSync(join(folder, path), { recursive: true });
}
