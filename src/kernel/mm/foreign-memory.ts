// A tracer's access to another program's memory: it reads what is there whatever the page's rights, and writes into private pages that
// the program itself may not write, which become its own copy. Linux mm/gup.c FOLL_FORCE.
import type { AddressSpace } from './address-space.js';
import { ACCESS_READ, ACCESS_WRITE, forcedFrame } from './page-faults.js';
import { PAGE_SIZE, pageOffset } from './frames.js';
import { hostByte } from './user-memory.js';

/** Calls `see` for each piece of [address, address + length) that lies in one page. How many bytes could be reached. */
function pieces(
  space: AddressSpace,
  address: number,
  length: number,
  access: number,
  see: (host: number, done: number, piece: number) => void,
): number {
  for (let done = 0; done < length; ) {
    const at = address + done;
    const piece = Math.min(length - done, PAGE_SIZE - pageOffset(at));
    let host = hostByte(space, at, access);
    if (host === 0) {
      const frame = forcedFrame(space, at, access === ACCESS_WRITE);
      if (frame === 0) return done;
      host = space.frames.hostAddress(frame) + pageOffset(at);
    }
    see(host, done, piece);
    done += piece;
  }
  return length;
}

/** How many bytes could be read. */
export function peek(space: AddressSpace, address: number, into: Uint8Array): number {
  const { bytes } = space.frames;
  return pieces(space, address, into.length, ACCESS_READ, (host, done, piece) =>
    into.set(bytes.subarray(host, host + piece), done),
  );
}

/** How many bytes could be written. */
export function poke(space: AddressSpace, address: number, from: Uint8Array): number {
  const { bytes } = space.frames;
  return pieces(space, address, from.length, ACCESS_WRITE, (host, done, piece) =>
    bytes.set(from.subarray(done, done + piece), host),
  );
}
