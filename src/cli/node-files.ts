// The host's files as a node in a worker of Node's reads them: layers of the store, folders that are bound into containers, what lasts.
// Contract: src/node/host-files.ts.
import { existsSync, mkdirSync, statSync } from 'node:fs';
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
    openTree(path, readOnly, make) {
      if (make) makeFolder(path);
      const owner = ownIds();
      if (isDirectory(path)) return { tree: new SharedFolder(path, readOnly, 'bind'), owner };
      return { tree: new SharedFolder(dirname(path), readOnly, 'bind'), file: basename(path), owner };
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

/** Undefined: root, who may give files to all, or a host that has no owners. */
function ownIds(): { uid: number; gid: number } | undefined {
  const uid = process.getuid?.();
  return uid ? { uid, gid: process.getgid!() } : undefined;
}

/** Throws InputError. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new InputError(`error while creating mount source path '${path}': ${reason(error)}`, undefined, {
      cause: error,
    });
  }
}

/** That it is not there is said already. */
const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new InputError(
      `invalid mount config for type "bind": bind source path does not exist: ${path}${isAbsent(error) ? '' : `: ${reason(error)}`}`,
      undefined,
      { cause: error },
    );
  }
}
