// What a disk controller asks of the storage behind it.

/**
 * A disk as a row of bytes, read and written by ranges. Implementations live outside the devices
 * (files in Node, memory in tests, a dropped file below writes in memory in a tab). All offsets and lengths are in bytes and have been
 * checked by the controller to lie inside `size`.
 */
export interface BlockBackend {
  readonly size: number;
  readonly readOnly: boolean;
  /** Fills `into` from `offset`. Throws BlockError when the host's storage fails. */
  read(offset: number, into: Uint8Array): void;
  /** Throws BlockError when the host's storage fails or the disk is read-only. */
  write(offset: number, bytes: Uint8Array): void;
  /** As many reads one behind the other, in one call of the host where it has such. */
  readv?(offset: number, into: readonly Uint8Array[]): void;
  writev?(offset: number, pieces: readonly Uint8Array[]): void;
  /** Returns when everything written is on the host's storage. */
  flush(): void;
  /**
   * As `flush`, while the caller goes on: resolves when everything that had been written is on the host's storage, rejects with BlockError.
   * Undefined: it is there already.
   */
  flushBeside?(): Promise<void> | undefined;
  /** Bytes that a discard must cover, from a multiple of as many, to have an effect; absent: a sector. */
  readonly discardUnit?: number;
  /** The guest no longer needs these bytes; what they read as afterwards is the back-end's choice. Throws BlockError. */
  discard?(offset: number, length: number): void;
}

/** Reads a range into pieces of memory that follow one another, in one call where the back-end has it. */
export function readPieces(backend: BlockBackend, offset: number, pieces: readonly Uint8Array[]): void {
  if (pieces.length > 1 && backend.readv) backend.readv(offset, pieces);
  else inTurn(offset, pieces, (at, bytes) => backend.read(at, bytes));
}

export function writePieces(backend: BlockBackend, offset: number, pieces: readonly Uint8Array[]): void {
  if (pieces.length > 1 && backend.writev) backend.writev(offset, pieces);
  else inTurn(offset, pieces, (at, bytes) => backend.write(at, bytes));
}

function inTurn(offset: number, pieces: readonly Uint8Array[], move: (at: number, bytes: Uint8Array) => void): void {
  let at = offset;
  for (const bytes of pieces) {
    move(at, bytes);
    at += bytes.length;
  }
}

/** The host's storage failed; a controller turns it into its own error status and the machine goes on. */
export class BlockError extends Error {
  override readonly name = 'BlockError';
}
