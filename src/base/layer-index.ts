// What a layer holds and where in its blob: a tree that a filesystem can show without unpacking anything.
// Ours; made by oci/layer.ts from a tar, read by kernel/fs/layerfs.ts. Names, targets and links are bytes: characters 0 to 255.

/** Bytes of a file that lie together: `length` of them, from `offset` of the file on, at `at` of the blob. Between pieces are holes. */
export interface LayerPiece {
  offset: number;
  at: number;
  length: number;
}

export interface LayerNode {
  /** Type (S_IF*) and rights, as st_mode has them. */
  mode: number;
  uid: number;
  gid: number;
  /** How many names lead to it; a directory's are counted as Linux does. */
  links: number;
  size: number;
  /** Of a device. */
  major: number;
  minor: number;
  /** Time of the last change: seconds since 1970, and nanoseconds. */
  seconds: number;
  nanoseconds: number;
  /** A symbolic link's. */
  target?: string;
  /** In the order of `offset`, without overlaps. */
  pieces: readonly LayerPiece[];
  xattrs?: Map<string, Uint8Array>;
  /** A directory's. */
  children?: Map<string, LayerNode>;
}

export interface LayerIndex {
  root: LayerNode;
  /** Names that there are. */
  entries: number;
}
