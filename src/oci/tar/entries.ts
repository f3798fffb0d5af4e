// The entries of a tar in a file: ustar, GNU's long names and base-256 numbers, pax headers, sparse files. Headers alone are read.
// POSIX pax(1); GNU tar manual, "Tar Internals". Hostile (threats: names, sizes, counts): what is not as it should be is an InputError.
import { InputError } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import type { LayerPiece } from '../../base/layer-index.js';
import { fromLatin1 } from '../../base/bytes.js';
import { BLOCK, malformed, parseHeader, type TarHeader } from './header.js';
import { eachRecord } from './pax.js';
import { newSparse, oldSparse, pairs, PIECES_MAX, type SparseMap, sparsePieces } from './sparse.js';

/** Bytes of one extended header, or of one long name. */
const EXTENDED_MAX = 1 << 20;
/** Records that hold for all entries: each entry looks at all of them. */
const GLOBAL_MAX = 256;
const XATTR_NAME_MAX = 255;
const XATTR_VALUE_MAX = 65536;
const XATTR = 'SCHILY.xattr.';
const WINDOW = 32768;

export interface TarEntry extends Omit<TarHeader, 'size'> {
  /** Bytes of the file as it is read. */
  size: number;
  nanoseconds: number;
  pieces: LayerPiece[];
  xattrs?: Map<string, Uint8Array>;
  /** Where its header lies. */
  where: number;
}

/** What pax headers say of an entry instead of its own header. */
interface Extension {
  records: Map<string, Uint8Array>;
  sparseNumbers: number[];
}

const noExtension = (): Extension => ({ records: new Map(), sparseNumbers: [] });

/** Types that have no data, whatever their size says. */
const WITHOUT_DATA = '123456';

/** Bytes that the reader of a tar asks for, never behind those of an earlier request. */
export interface Wanted {
  at: number;
  length: number;
  /** The archive may end before them. */
  last?: true;
}

/** What goes on asking until it has found `Result`; it is given the bytes that it has asked for last, valid until it asks again. */
type Asking<Result> = Generator<Wanted, Result, Uint8Array>;

/** Entries in their order, from bytes that are asked for one after the other. `size` undefined: it is not known yet. Throws InputError. */
function* steps(size: number | undefined): Generator<Wanted | TarEntry, void, Uint8Array> {
  let global = noExtension();
  let own = noExtension();
  let longName: string | undefined;
  let longLink: string | undefined;
  for (let at = 0; size === undefined || at + BLOCK <= size; ) {
    const block = (yield { at, length: BLOCK, last: true }).slice();
    const header = parseHeader(block, at);
    if (!header) return;
    const data = at + BLOCK;
    const records = 'xgLK'.includes(header.type);
    if (records) {
      if (header.size < 0 || header.size > EXTENDED_MAX) throw malformed('an extended header is too long', at);
      const bytes = yield { at: data, length: header.size };
      if (header.type === 'L') longName = upToNul(bytes);
      else if (header.type === 'K') longLink = upToNul(bytes);
      else if (header.type === 'x') own = extend(noExtension(), bytes, data);
      else global = extend(global, bytes, data);
      if (global.records.size > GLOBAL_MAX) throw malformed('global headers hold too many records', at);
      at = data + blocksOf(header.size);
      continue;
    }
    const { entry, stored } = yield* describe(header, block, at, global, own, longName, longLink);
    yield entry;
    at = data + blocksOf(stored);
    if (size !== undefined && stored > 0 && data + stored > size) throw tooLong(entry);
    own = noExtension();
    longName = undefined;
    longLink = undefined;
  }
}

const tooLong = (entry: TarEntry): InputError =>
  malformed(`'${entry.name}' is longer than the archive, which has been cut off or is no tar`, entry.where);

/** Entries in their order. Throws InputError. */
export function* tarEntries(source: ByteSource): Generator<TarEntry> {
  if (source.size < BLOCK) throw new InputError(`${source.name}: no tar: ${source.size} bytes`);
  const window = new Window(source);
  const reader = steps(source.size);
  for (let step = reader.next(); !step.done; ) {
    if ('where' in step.value) {
      yield step.value;
      step = reader.next();
    } else step = reader.next(window.at(step.value.at, step.value.length));
  }
}

/** Reads small pieces of a file by larger ones. */
class Window {
  private bytes = new Uint8Array(0);
  private start = 0;

  constructor(private readonly source: ByteSource) {}

  /** Valid until the next call. */
  at(offset: number, length: number): Uint8Array {
    if (offset + length > this.source.size) throw malformed('it ends in the middle of an entry', offset);
    if (length > WINDOW) {
      const own = new Uint8Array(length);
      this.source.read(offset, own);
      return own;
    }
    if (offset < this.start || offset + length > this.start + this.bytes.length) {
      this.start = offset;
      this.bytes = new Uint8Array(Math.min(WINDOW, this.source.size - offset));
      this.source.read(offset, this.bytes);
    }
    return this.bytes.subarray(offset - this.start, offset - this.start + length);
  }
}

/** The entries of a tar whose bytes come piece by piece. */
export class TarStream {
  private readonly reader = steps(undefined);
  private step = this.reader.next();
  /** Bytes so far. */
  private size = 0;
  /** Of what is wanted, what has come. */
  private begun: Uint8Array | undefined;
  private filled = 0;
  private last: TarEntry | undefined;

  constructor(private readonly see: (entry: TarEntry) => void) {}

  /** Throws InputError. */
  push(bytes: Uint8Array): void {
    const start = this.size;
    this.size += bytes.length;
    while (!this.step.done) {
      const { value } = this.step;
      if ('where' in value) {
        this.last = value;
        this.see(value);
        this.step = this.reader.next();
        continue;
      }
      const { at, length } = value;
      const have = at + this.filled;
      if (have < this.size && length > 0) {
        const from = have - start;
        const part = bytes.subarray(from, Math.min(bytes.length, from + length - this.filled));
        if (part.length < length) {
          this.begun ??= new Uint8Array(length);
          this.begun.set(part, this.filled);
        }
        this.filled += part.length;
        if (this.filled === length) this.give(this.begun ?? part);
        if (this.filled !== 0) return;
      } else if (length === 0) this.give(new Uint8Array(0));
      else return;
    }
  }

  private give(bytes: Uint8Array): void {
    this.begun = undefined;
    this.filled = 0;
    this.step = this.reader.next(bytes);
  }

  /** No more bytes come. Throws InputError when more should have. */
  end(): void {
    if (this.size < BLOCK) throw new InputError(`no tar: ${this.size} bytes`);
    if (this.step.done || 'where' in this.step.value) return;
    const { at, last } = this.step.value;
    if (this.last?.pieces.some((piece) => piece.at + piece.length > this.size)) throw tooLong(this.last);
    // the blocks of zeros that should end an archive may be missing
    if (!last) throw malformed('it ends in the middle of an entry', at);
  }
}

const blocksOf = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

function upToNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return fromLatin1(end < 0 ? bytes : bytes.subarray(0, end));
}

function extend(extension: Extension, bytes: Uint8Array, where: number): Extension {
  eachRecord(bytes, where, (key, value) => {
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      extension.sparseNumbers.push(decimal(value, where));
      if (extension.sparseNumbers.length > 2 * PIECES_MAX) throw malformed('a sparse file has too many pieces', where);
    } else extension.records.set(key, value.slice());
  });
  return extension;
}

/** A decimal number as pax has it: whole. */
function decimal(value: Uint8Array, where: number): number {
  const text = fromLatin1(value);
  const whole = Number(text);
  if (!/^\d{1,16}$/.test(text) || whole > Number.MAX_SAFE_INTEGER)
    throw malformed('a number of pax is malformed', where);
  return whole;
}

/** An entry from its header and what extends it, and the bytes that the archive has of it. */
function* describe(
  header: TarHeader,
  block: Uint8Array,
  where: number,
  global: Extension,
  own: Extension,
  longName: string | undefined,
  longLink: string | undefined,
): Asking<{ entry: TarEntry; stored: number }> {
  const record = (key: string): Uint8Array | undefined => {
    const value = own.records.get(key) ?? global.records.get(key);
    // an empty value takes a global one back
    return value?.length === 0 ? undefined : value;
  };
  const text = (key: string): string | undefined => {
    const value = record(key);
    if (value?.includes(0)) throw malformed(`${key} of pax has a NUL`, where);
    return value && fromLatin1(value);
  };
  const whole = (key: string): number | undefined => {
    const value = record(key);
    return value && decimal(value, where);
  };
  const time = timeOf(text('mtime'), header.mtime, where);
  const size = whole('size') ?? header.size;
  if (size < 0) throw malformed('a size is negative', where);
  const entry: TarEntry = {
    ...header,
    ...time,
    name: text('GNU.sparse.name') ?? text('path') ?? longName ?? header.name,
    link: text('linkpath') ?? longLink ?? header.link,
    uid: whole('uid') ?? header.uid,
    gid: whole('gid') ?? header.gid,
    size,
    pieces: [],
    where,
  };
  entry.xattrs = xattrsOf(global, own, where);
  if (WITHOUT_DATA.includes(header.type)) {
    entry.size = 0;
    return { entry, stored: 0 };
  }
  const data = where + BLOCK;
  if (header.type === 'S') {
    const sparse = yield* oldSparse(block, where, data);
    entry.size = sparse.size;
    entry.pieces = sparsePieces(sparse.map, sparse.size, data + sparse.mapBytes, size, where);
    return { entry, stored: sparse.mapBytes + size };
  }
  const real = whole('GNU.sparse.realsize') ?? whole('GNU.sparse.size');
  if (real !== undefined) {
    entry.size = real;
    const { map, mapBytes } = yield* paxSparse(text, own, where, data);
    if (mapBytes > size) throw malformed('the map of a sparse file does not fit it', where);
    entry.pieces = sparsePieces(map, real, data + mapBytes, size - mapBytes, where);
  } else if (size > 0) entry.pieces = [{ offset: 0, at: data, length: size }];
  return { entry, stored: size };
}

function* paxSparse(
  text: (key: string) => string | undefined,
  own: Extension,
  where: number,
  data: number,
): Asking<{ map: SparseMap; mapBytes: number }> {
  if (text('GNU.sparse.major') === '1') return yield* newSparse(where, data);
  const list = text('GNU.sparse.map');
  if (list === undefined) return { map: pairs(own.sparseNumbers), mapBytes: 0 };
  const numbers = list.split(',', 2 * PIECES_MAX + 1).map(Number);
  if (numbers.length > 2 * PIECES_MAX || numbers.some((value) => !Number.isSafeInteger(value)))
    throw malformed('the map of a sparse file is malformed', where);
  return { map: pairs(numbers), mapBytes: 0 };
}

/** Seconds with a fraction, of which nine digits count. */
function timeOf(text: string | undefined, header: number, where: number): { mtime: number; nanoseconds: number } {
  if (text === undefined) return { mtime: header, nanoseconds: 0 };
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,30}))?$/.exec(text);
  if (!match) throw malformed('mtime of pax is no number', where);
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { mtime: seconds, nanoseconds };
  return nanoseconds === 0 ? { mtime: -seconds, nanoseconds } : { mtime: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}

function xattrsOf(global: Extension, own: Extension, where: number): Map<string, Uint8Array> | undefined {
  let found: Map<string, Uint8Array> | undefined;
  for (const { records } of [global, own])
    for (const [key, value] of records) {
      if (!key.startsWith(XATTR)) continue;
      const name = key.slice(XATTR.length);
      if (name === '' || name.length > XATTR_NAME_MAX || value.length > XATTR_VALUE_MAX)
        throw malformed('an extended attribute is too long', where);
      found ??= new Map();
      found.set(name, value);
    }
  return found;
}
