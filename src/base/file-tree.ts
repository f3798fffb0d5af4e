// A folder of the host as a tree whose root nobody can leave: what the 9p server and the kernel's hostfs ask of it. Node's is src/hosts/node/shared-folder.ts.
// Errors are Linux errno numbers (include/uapi/asm-generic/errno*.h), thrown as FileError.

export const ERRNO = {
  PERM: 1,
  NOENT: 2,
  IO: 5,
  BADF: 9,
  ACCES: 13,
  EXIST: 17,
  XDEV: 18,
  NOTDIR: 20,
  ISDIR: 21,
  INVAL: 22,
  NFILE: 23,
  FBIG: 27,
  NOSPC: 28,
  ROFS: 30,
  NAMETOOLONG: 36,
  NOSYS: 38,
  NOTEMPTY: 39,
  LOOP: 40,
  PROTO: 71,
  OPNOTSUPP: 95,
  STALE: 116,
} as const;

export class FileError extends Error {
  override readonly name = 'FileError';
  constructor(readonly errno: number) {
    super(`errno ${errno}`);
  }
}

/** Names from the root down; none is empty, `.`, `..` or holds a slash. */
export type Path = readonly string[];

/** stat(2). 64-bit fields are bigint; times are nanoseconds. */
export interface Attributes {
  /** File type and permissions, S_IF*. */
  mode: number;
  inode: bigint;
  uid: number;
  gid: number;
  links: bigint;
  device: bigint;
  /** Of a device node, as the host numbers it. */
  special: bigint;
  size: bigint;
  blockSize: number;
  blocks: bigint;
  accessed: bigint;
  modified: bigint;
  changed: bigint;
}

/** What setattr(9p) may change; what is undefined stays. */
export interface Changes {
  mode?: number;
  uid?: number;
  gid?: number;
  size?: bigint;
  /** Nanoseconds, or the host's now. */
  accessed?: bigint | 'now';
  modified?: bigint | 'now';
}

export interface OpenFile {
  stat(): Attributes;
  /** The value is how many bytes there were. */
  read(offset: bigint, into: Uint8Array): number;
  write(offset: bigint, bytes: Uint8Array): number;
  sync(): void;
  close(): void;
}

/** flags of open(2) that mean something here. */
export interface OpenFlags {
  access: 'read' | 'write' | 'both';
  truncate: boolean;
  append: boolean;
  exclusive: boolean;
}

export interface FileSystemSize {
  blockSize: number;
  blocks: bigint;
  free: bigint;
  available: bigint;
  files: bigint;
  filesFree: bigint;
}

/** No method follows a symbolic link, in any part of a path. All throw FileError. */
export interface FileTree {
  stat(path: Path): Attributes;
  list(path: Path): string[];
  /** stat() of names in a folder, whose way is looked at once. */
  statIn(path: Path): (name: string) => Attributes;
  open(path: Path, flags: OpenFlags): OpenFile;
  create(path: Path, flags: OpenFlags, mode: number): OpenFile;
  makeDirectory(path: Path, mode: number): void;
  makeSymlink(path: Path, target: string): void;
  readLink(path: Path): string;
  link(from: Path, to: Path): void;
  rename(from: Path, to: Path): void;
  remove(path: Path, directory: boolean): void;
  change(path: Path, changes: Changes): void;
  size(): FileSystemSize;
}
