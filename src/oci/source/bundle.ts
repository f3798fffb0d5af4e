// Files that an image comes in, by name: those of an archive, or those of a folder. Hostile: names, links and sizes are an image's word.
// OCI image-spec, image-layout.md; `docker save`.
import { fromLatin1 } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import type { LayerPiece } from '../../base/layer-index.js';
import { encodeText } from '../../base/text.js';
import { piecesOf } from '../store/content-store.js';
import { tarEntries } from '../tar/entries.js';

export interface Bundle {
  /** For messages. */
  name: string;
  size(path: string): Promise<number | undefined>;
  /** All of a small file; undefined when it is not there. Rejects with InputError when it is longer than `most`. */
  read(path: string, most: number): Promise<Uint8Array | undefined>;
  stream(path: string): AsyncIterable<Uint8Array>;
}

const ENTRIES_MAX = 100_000;
const LINKS_MAX = 8;

type ArchiveFile = { size: number; pieces: LayerPiece[] } | { link: string };

/** The files of a tar; none is written anywhere. Throws InputError when it is no tar. */
export class ArchiveBundle implements Bundle {
  readonly name: string;
  private readonly files = new Map<string, ArchiveFile>();

  constructor(private readonly source: ByteSource) {
    this.name = source.name;
    let astray: InputError | undefined;
    for (const entry of tarEntries(source)) {
      const path = normal(entry.name);
      if (path === undefined)
        throw new InputError(`${this.name}: '${entry.name.slice(0, 100)}' leads out of the archive`);
      if (entry.type === '2' || entry.type === '1') {
        const folder = entry.type === '2' ? path.split('/').slice(0, -1).join('/') : '';
        const link = normal(`${folder}/${entry.link}`);
        if (link === undefined || entry.link.startsWith('/'))
          astray ??= new InputError(`${this.name}: '${path}' is a link that leads out of the archive`);
        else this.files.set(path, { link });
      } else if (entry.type === '0' || entry.type === '7')
        this.files.set(path, { size: entry.size, pieces: entry.pieces });
      if (this.files.size > ENTRIES_MAX) throw new InputError(`${this.name}: has more than ${ENTRIES_MAX} files`);
    }
    // the tar of a root has such, and is said to be no image
    if (astray && ['manifest.json', 'index.json'].some((path) => this.files.has(path))) throw astray;
  }

  private find(path: string): { size: number; pieces: LayerPiece[] } | undefined {
    let at: string | undefined = fromLatin1(encodeText(path));
    for (let links = 0; at !== undefined; links++) {
      const file: ArchiveFile | undefined = this.files.get(at);
      if (!file || !('link' in file)) return file;
      if (links >= LINKS_MAX) throw new InputError(`${this.name}: '${path}' is a link to a link, again and again`);
      at = file.link;
    }
    return undefined;
  }

  async size(path: string): Promise<number | undefined> {
    return this.find(path)?.size;
  }

  async read(path: string, most: number): Promise<Uint8Array | undefined> {
    const file = this.find(path);
    if (!file) return undefined;
    if (file.size > most) throw new InputError(`${this.name}: '${path}' is longer than ${most} bytes`);
    const bytes = new Uint8Array(file.size);
    for (const { offset, at, length } of file.pieces) this.source.read(at, bytes.subarray(offset, offset + length));
    return bytes;
  }

  async *stream(path: string): AsyncGenerator<Uint8Array> {
    const file = this.find(path);
    if (!file) throw new InputError(`${this.name}: has no '${path}'`);
    for (const { at, length } of file.pieces) yield* piecesOf(this.source, at, length);
  }
}

/** A path without `.` and `..`; undefined when it leads out. */
function normal(path: string): string | undefined {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) return undefined;
  }
  return names.join('/');
}
