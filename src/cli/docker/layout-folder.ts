// An OCI layout as a folder of the host, to and from the tar that an engine has. OCI image-spec, image-layout.md.
import {
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  readSync,
  rmSync,
  statSync,
  lstatSync,
  readdirSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fromLatin1 } from '../../base/bytes.js';
import { encodeText } from '../../base/text.js';
import { FolderStorage } from '../../hosts/node/folder-storage.js';
import { tarEntries } from '../../oci/tar/entries.js';
import { archiveEnd, headersOf, padding } from '../../oci/tar/writer.js';
import { Complaint } from './complaint.js';

/** Files of a folder, at most. */
const FILES_MAX = 100_000;
const PIECE = 1 << 18;

/** The folder is new. Rejects with Complaint. */
export async function unpackLayout(folder: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const spool = `${folder.replace(/\/+$/, '')}.${process.pid}.partial`;
  try {
    await pipeline(Readable.from(body), createWriteStream(spool, { flags: 'wx', mode: 0o600 }));
    const fd = openSync(spool, 'r');
    const storage = new FolderStorage(folder);
    try {
      const source = {
        name: 'the archive',
        size: statSync(spool).size,
        read: (at: number, into: Uint8Array) => readSync(fd, into, 0, into.length, at),
      };
      for (const { name, type, pieces } of tarEntries(source as never)) {
        if (type !== '0' && type !== '7') continue;
        if (name.split('/').some((one) => one === '..' || one === '') || name.includes('\0'))
          throw new Complaint(`the archive has a file '${name}'`);
        const writer = await storage.write(name, 0);
        for (const { at, length } of pieces)
          for (let done = 0; done < length; ) {
            const bytes = new Uint8Array(Math.min(PIECE, length - done));
            done += readSync(fd, bytes, 0, bytes.length, at + done);
            await writer.write(bytes);
          }
        await writer.finish();
      }
    } finally {
      closeSync(fd);
    }
  } finally {
    rmSync(spool, { force: true });
  }
}

/** A folder's files as a tar; links are left out. */
export async function* packFolder(folder: string): AsyncGenerator<Uint8Array> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  if (paths.length > FILES_MAX) throw new Complaint(`${folder}: has more than ${FILES_MAX} files`);
  for (const path of paths) {
    const full = join(folder, path);
    const about = lstatSync(full);
    if (!about.isFile()) continue;
    yield headersOf({ name: fromLatin1(encodeText(path)), type: '0', mode: 0o644, size: about.size });
    yield* createReadStream(full, { highWaterMark: PIECE, end: Math.max(0, about.size - 1) });
    yield padding(about.size);
  }
  yield archiveEnd();
}
