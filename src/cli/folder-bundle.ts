// A folder of the host that holds an image as an OCI layout: files in it alone, whatever its documents and links say.
// OCI image-spec, image-layout.md. Hostile (threats: a blob that is a link): no link is followed.
import { constants, createReadStream, lstatSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../base/errors.js';
import { reason } from '../hosts/node/files.js';
import type { Bundle } from '../oci/source/bundle.js';

export class FolderBundle implements Bundle {
  constructor(readonly name: string) {}

  /** Undefined when there is no such file. Throws InputError when the way to it is a link, or leads out. */
  private at(path: string): { full: string; size: number } | undefined {
    const names = path.split('/');
    if (names.some((name) => name === '' || name === '.' || name === '..' || name.includes('\0')))
      throw new InputError(`${this.name}: '${path.slice(0, 200)}' is no file of it`);
    let full = this.name;
    for (const [i, name] of names.entries()) {
      full = join(full, name);
      const stats = lstatSync(full, { throwIfNoEntry: false });
      if (!stats) return undefined;
      const isLast = i === names.length - 1;
      if (isLast ? !stats.isFile() : !stats.isDirectory())
        throw new InputError(
          `${this.name}: '${path}' is a link, or something else than a file`,
          'Nothing of it is read.',
        );
      if (isLast) return { full, size: stats.size };
    }
    return undefined;
  }

  async size(path: string): Promise<number | undefined> {
    return this.at(path)?.size;
  }

  async read(path: string, most: number): Promise<Uint8Array | undefined> {
    const file = this.at(path);
    if (!file) return undefined;
    if (file.size > most) throw new InputError(`${this.name}: '${path}' is longer than ${most} bytes`);
    const handle = await this.open(file.full);
    try {
      return new Uint8Array(await handle.readFile());
    } finally {
      await handle.close();
    }
  }

  async *stream(path: string): AsyncGenerator<Uint8Array> {
    const file = this.at(path);
    if (!file) throw new InputError(`${this.name}: has no '${path}'`);
    const handle = await this.open(file.full);
    yield* createReadStream(file.full, { fd: handle, highWaterMark: 1 << 18 });
  }

  private async open(full: string) {
    try {
      return await open(full, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      throw new InputError(`${full}: ${reason(error)}`, undefined, { cause: error });
    }
  }
}
