// Ranges of a file in one call of the host, into and out of as many pieces of memory as there are.
// man 2 preadv, pwritev: a call may stop early, and takes IOV_MAX pieces.
import { readSync, readvSync, writeSync, writevSync } from 'node:fs';

/** IOV_MAX of Linux. */
const PIECES_MAX = 1024;

/** Bytes behind the end of the file are zeros. */
export function readRange(fd: number, offset: number, into: readonly Uint8Array[]): void {
  if (into.length === 1) readFully(fd, offset, into[0]);
  else
    vectored(
      offset,
      into,
      (some, at) => readvSync(fd, some, at),
      (at, bytes) => readFully(fd, at, bytes),
    );
}

export function writeRange(fd: number, offset: number, pieces: readonly Uint8Array[]): void {
  if (pieces.length === 1) writeFully(fd, offset, pieces[0]);
  else
    vectored(
      offset,
      pieces,
      (some, at) => writevSync(fd, some, at),
      (at, bytes) => writeFully(fd, at, bytes),
    );
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

/** One call for so many pieces that it takes them; `whole` does a piece's rest by itself when the call has stopped early. */
function vectored(
  offset: number,
  pieces: readonly Uint8Array[],
  call: (some: readonly Uint8Array[], at: number) => number,
  whole: (at: number, bytes: Uint8Array) => void,
): void {
  let at = offset;
  for (let first = 0; first < pieces.length; first += PIECES_MAX) {
    const some = first === 0 && pieces.length <= PIECES_MAX ? pieces : pieces.slice(first, first + PIECES_MAX);
    let done = call(some, at);
    for (const bytes of some) {
      if (done < bytes.length) whole(at + done, bytes.subarray(done));
      done = Math.max(0, done - bytes.length);
      at += bytes.length;
    }
  }
}
