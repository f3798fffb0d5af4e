// What a node asks of the host's files: blobs of layers, folders that are bound into containers, stores of what is to last.
// Ours. Node's is cli/node-files.ts; a browser has none but what was dropped.
import type { BlockStore } from '../base/block-store.js';
import type { FileTree } from '../base/file-tree.js';
import type { ByteSource } from '../base/host.js';

export interface NodeFiles {
  /** The blob of a layer. Throws InputError. */
  openBlob(name: string): ByteSource;
  /** A folder; or with `file` the folder that has a file of this name. Throws InputError. */
  openTree(path: string, readOnly: boolean): { tree: FileTree; file?: string };
  /** The store `name`, made where there is none. Throws InputError. */
  openStore(name: string): BlockStore;
  /** It is gone. Throws InputError. */
  removeStore(name: string): void;
}
