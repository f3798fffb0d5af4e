// What a node asks of the host's files: blobs of layers, folders that are bound into containers, stores of what is to last.
// Ours. Node's is cli/node-files.ts; a browser has none but what was dropped.
import type { BlockStore } from '../base/block-store.js';
import type { FileTree } from '../base/file-tree.js';
import type { ByteSource } from '../base/host.js';

/** What is open of the host's goes when it is closed; it can't be read any more then. */
export interface LayerBlob extends ByteSource {
  close?(): void;
}

export interface NodeFiles {
  /** The blob of a layer. Throws InputError. */
  openBlob(name: string): LayerBlob;
  /** A folder, which with `make` is made where it is not there; or with `file` the folder that has a file of this name. Throws InputError. */
  openTree(path: string, readOnly: boolean, make?: boolean): HostTree;
  /** The store `name`, made where there is none. Throws InputError. */
  openStore(name: string): BlockStore;
  /** It is gone. Throws InputError. */
  removeStore(name: string): void;
}

export interface HostTree {
  tree: FileTree;
  file?: string;
  /** Who we are on the host where we can't give files to others there: what is his is the container's user's. Absent: owners are the host's. */
  owner?: { uid: number; gid: number };
}
