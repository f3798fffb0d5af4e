// Files of the person's computer into containers and volumes, and out of them: as tars, in which files are read where they lie.
// Docker Engine API: ContainerArchive, PutContainerArchive, ImageGet.
import { fromLatin1 } from '../../src/base/bytes.js';
import { InputError } from '../../src/base/errors.js';
import { encodeText } from '../../src/base/text.js';
import type { CarriedClient } from '../../src/http/carried-client.js';
import { type TarEntry, TarStream } from '../../src/oci/tar/entries.js';
import { archiveEnd, headersOf, padding } from '../../src/oci/tar/writer.js';
import type { GivenFile } from './given-files.js';

/** Bytes of what comes that are pieces of their own, before they become a Blob, which a browser may put on a disk. */
const GATHERED = 16 << 20;
/** Where a container that fills a volume has it. */
const PLACE = '/volume';

export interface Saved {
  name: string;
  blob: Blob;
}

const inTar = (path: string): string => fromLatin1(encodeText(path));

export function tarOf(files: readonly GivenFile[]): Blob {
  const parts: BlobPart[] = [];
  const folders = new Set<string>();
  for (const { path, file } of files) {
    const names = path.split('/').slice(0, -1);
    for (let i = 1; i <= names.length; i++) {
      const folder = `${names.slice(0, i).join('/')}/`;
      if (folders.has(folder)) continue;
      folders.add(folder);
      parts.push(headersOf({ name: inTar(folder), type: '5', mode: 0o755 }) as Uint8Array<ArrayBuffer>);
    }
    const seconds = Math.floor(file.lastModified / 1000);
    // a script that is dropped is to run
    const entry = { name: inTar(path), type: '0', mode: /\.sh$/.test(path) ? 0o755 : 0o644, size: file.size, seconds };
    parts.push(headersOf(entry) as Uint8Array<ArrayBuffer>, file, padding(file.size) as Uint8Array<ArrayBuffer>);
  }
  return new Blob([...parts, archiveEnd() as Uint8Array<ArrayBuffer>]);
}

async function blobOf(body: AsyncIterable<Uint8Array>, see: (bytes: Uint8Array, all: number) => void): Promise<Blob> {
  const blobs: Blob[] = [];
  let pieces: BlobPart[] = [];
  let gathered = 0;
  let all = 0;
  for await (const bytes of body) {
    pieces.push(bytes as Uint8Array<ArrayBuffer>);
    gathered += bytes.length;
    all += bytes.length;
    see(bytes, all);
    if (gathered < GATHERED) continue;
    blobs.push(new Blob(pieces));
    pieces = [];
    gathered = 0;
  }
  return new Blob([...blobs, ...pieces]);
}

export class FileTransfer {
  constructor(private readonly api: CarriedClient) {}

  /** `path` is a folder of the container's. Rejects with AnswerError. */
  async put(container: string, path: string, files: readonly GivenFile[], told: (read: number) => void): Promise<void> {
    const target = `/containers/${container}/archive?path=${encodeURIComponent(path)}`;
    const { body } = await this.api.ask({ method: 'PUT', target, body: { blob: tarOf(files) }, progress: told });
    for await (const _ of body);
  }

  /** A file as it is; a folder, and whatever else there is, as a tar. Rejects with AnswerError. */
  async take(container: string, path: string, told: (read: number) => void): Promise<Saved> {
    const target = `/containers/${container}/archive?path=${encodeURIComponent(path)}`;
    const { body } = await this.api.ask({ method: 'GET', target });
    const entries: TarEntry[] = [];
    const tar = new TarStream((entry) => void (entries.length < 2 && entries.push(entry)));
    const blob = await blobOf(body, (bytes, all) => {
      tar.push(bytes);
      told(all);
    });
    const [only, more] = entries;
    const name = path.split('/').filter(Boolean).at(-1) ?? 'root';
    if (!only || more || !['0', '7'].includes(only.type) || only.pieces.length > 1)
      return { name: `${name}.tar`, blob };
    const [{ at, length } = { at: 0, length: 0 }] = only.pieces;
    return { name, blob: blob.slice(at, at + length) };
  }

  /** `docker save`. Rejects with AnswerError. */
  async image(name: string, told: (read: number) => void): Promise<Saved> {
    const { body } = await this.api.ask({ method: 'GET', target: `/images/${name}/get` });
    const blob = await blobOf(body, (_, all) => told(all));
    return { name: `${name.replace(/[^\w.-]+/g, '-')}.tar`, blob };
  }

  /** A new volume, with files in it. Rejects with AnswerError, and with InputError when there is no image to fill it by. */
  async volume(name: string, files: readonly GivenFile[], told: (read: number) => void): Promise<void> {
    const { api } = this;
    const [image] = await api.json<{ Id: string }[]>('GET', '/images/json');
    if (!image) throw new InputError('a volume is filled through a container, and there is no image');
    const HostConfig = { Binds: [`${name}:${PLACE}`], NetworkMode: 'none' };
    const request = { Image: image.Id, Cmd: ['none'], HostConfig };
    const { Id } = await api.json<{ Id: string }>('POST', '/containers/create', request);
    try {
      await this.put(Id, PLACE, files, told);
    } finally {
      await api.json('DELETE', `/containers/${Id}?force=1`);
    }
  }
}
