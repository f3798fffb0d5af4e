// Where a filesystem of ours keeps its blocks and its log: three files that are opened before, and then read and written at once.
// Ours. Node's are files of a folder (hosts/node/block-store-files.ts); a browser's would be FileSystemSyncAccessHandles, which can do no more.
/** What fails is thrown; no room has the code 'ENOSPC'. */
export interface StoreFile {
  readonly size: number;
  /** Bytes behind the end are zeros. */
  read(offset: number, into: Uint8Array): void;
  /** Behind the end too. It may be lost, in any order with others and in parts, until flush(). */
  write(offset: number, bytes: Uint8Array): void;
  truncate(size: number): void;
  /** All that was written is on the storage. */
  flush(): void;
}

export interface BlockStore {
  /** For messages. */
  readonly name: string;
  readonly data: StoreFile;
  readonly logs: readonly [StoreFile, StoreFile];
  /** Bytes that the host has room for besides. */
  room(): number;
  /** As gzip has it. */
  crc32(bytes: Uint8Array): number;
  close(): void;
}
