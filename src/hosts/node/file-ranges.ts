// Ranges of a file in one call of the host, into and out of as many pieces of memory as there are.
// man 2 preadv, pwritev: a call may stop early, and takes IOV_MAX pieces.
import { readSync, readvSync, writeSync, writevSync } from 'node:fs';

/** IOV_MAX of Linux. */
const PIECES_MAX = 1024;

interface Direction {
  /** Many pieces in one call, which may stop early; the value is how many bytes it moved. */
  some: (fd: number, pieces: readonly Uint8Array[], offset: number) => number;
  /** One piece to its end. */
  whole: (fd: number, offset: number, bytes: Uint8Array) => void;
}
const READ: Direction = { some: readvSync, whole: readFully };
const WRITE: Direction = { some: writevSync, whole: writeFully };

/** Bytes behind the end of the file are zeros. */
export function readRange(fd: number, offset: number, into: readonly Uint8Array[]): void {
  move(READ, fd, offset, into);
}

export function writeRange(fd: number, offset: number, pieces: readonly Uint8Array[]): void {
  move(WRITE, fd, offset, pieces);
}

function readFully(fd: number, offset: number, into: Uint8Array): void {
  let done = 0;
  while (done < into.length) {
    const count = readSync(fd, into, done, into.length - done, offset + done);
    if (count === 0) {
      into.fill(0, done);
      return;
    }
    done += count;
  }
}

function writeFully(fd: number, offset: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}

/** One call for as many pieces as it takes; a piece in which it has stopped early is brought to its end by itself. */
function move({ some, whole }: Direction, fd: number, offset: number, pieces: readonly Uint8Array[]): void {
  if (pieces.length === 1) {
    whole(fd, offset, pieces[0]);
    return;
  }
  let at = offset;
  for (let first = 0; first < pieces.length; first += PIECES_MAX) {
    const few = first === 0 && pieces.length <= PIECES_MAX ? pieces : pieces.slice(first, first + PIECES_MAX);
    let done = some(fd, few, at);
    for (const bytes of few) {
      if (done < bytes.length) whole(fd, at + done, bytes.subarray(done));
      done = Math.max(0, done - bytes.length);
      at += bytes.length;
    }
  }
}
