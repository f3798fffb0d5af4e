// The host's files as a node in a worker of Node's reads them: layers of the store, folders that are bound into containers.
// Contract: src/node/host-files.ts.
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../base/errors.js';
import { FileSource, reason } from '../hosts/node/files.js';
import { SharedFolder } from '../hosts/node/shared-folder.js';
import type { NodeFiles } from '../node/host-files.js';

/** `storage`: the folder of the store that layers are named in. */
export function nodeFiles(storage: string): NodeFiles {
  return {
    openBlob: (name) => new FileSource(join(storage, name), 'layer'),
    openTree(path, readOnly) {
      if (isDirectory(path)) return { tree: new SharedFolder(path, readOnly, 'bind') };
      return { tree: new SharedFolder(dirname(path), readOnly, 'bind'), file: basename(path) };
    },
  };
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
