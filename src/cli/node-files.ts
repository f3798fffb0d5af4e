// The host's files as a node in a worker of Node's reads them: layers of the store, folders that are bound into containers, what lasts.
// Contract: src/node/host-files.ts.
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../base/errors.js';
import { openBlockStore, removeBlockStore } from '../hosts/node/block-store-files.js';
import { FileSource, reason } from '../hosts/node/files.js';
import { SharedFolder } from '../hosts/node/shared-folder.js';
import type { NodeFiles } from '../node/host-files.js';

/** `storage`: the folder that layers and stores are named in. */
export function nodeFiles(storage: string): NodeFiles {
  return {
    openBlob: (name) => new FileSource(join(storage, name), 'layer'),
    openTree(path, readOnly) {
      if (isDirectory(path)) return { tree: new SharedFolder(path, readOnly, 'bind') };
      return { tree: new SharedFolder(dirname(path), readOnly, 'bind'), file: basename(path) };
    },
    openStore: (name) => openBlockStore(placeOf(storage, name), name),
    removeStore: (name) => removeBlockStore(placeOf(storage, name), name),
  };
}

/** Where a store is: names of folders, none of which leads upwards. */
function placeOf(storage: string, name: string): string {
  if (!/^[\w+-][\w.+-]*(\/[\w+-][\w.+-]*)*$/.test(name)) throw new InputError(`store '${name}': is no name of a place`);
  return join(storage, name);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new InputError(
      `invalid mount config: bind source path does not exist: ${path}: ${reason(error)}`,
      undefined,
      { cause: error },
    );
  }
}
