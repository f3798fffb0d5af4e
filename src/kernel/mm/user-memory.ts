// The kernel's access to a program's memory: bytes, words and strings by user address, with the faults that a program's own access has.
// Ours. Addresses are numbers below 2^47. What can't be accessed is -EFAULT, never a throw.
import { E2BIG, EFAULT, ENAMETOOLONG } from '../abi/errno.js';
import type { AddressSpace } from './address-space.js';
import { ACCESS_READ, ACCESS_WRITE, FAULT_DONE, fault } from './page-faults.js';
import { PAGE_SIZE, pageOffset } from './frames.js';
import { PTE_PRESENT, PTE_USER, PTE_WRITE } from './page-table.js';

/** PATH_MAX, with the NUL. */
export const PATH_MAX = 4096;

/**
 * Where byte `address` of the program lies in the node's memory, after the fault that may take; 0 when it may not be accessed.
 * Good to the end of its page, and until something changes the space.
 */
export function hostByte(space: AddressSpace, address: number, access: number): number {
  if (!(address >= 0 && address < space.layout.userEnd)) return 0;
  const { table, frames } = space;
  const needed = access === ACCESS_WRITE ? PTE_PRESENT | PTE_USER | PTE_WRITE : PTE_PRESENT | PTE_USER;
  let frame = table.frameWith(address, needed);
  if (frame === 0) {
    if (fault(space, address, access) !== FAULT_DONE) return 0;
    frame = table.frameOf(address);
  }
  if (access === ACCESS_WRITE) frames.written(frame);
  return frames.hostAddress(frame) + pageOffset(address);
}

/** Copies `length` bytes of the program to `into` at `at`. How many bytes could be read: fewer than `length` means a fault. */
export function copyIn(space: AddressSpace, address: number, into: Uint8Array, at: number, length: number): number {
  const { bytes } = space.frames;
  for (let done = 0; done < length; ) {
    const host = hostByte(space, address + done, ACCESS_READ);
    if (host === 0) return done;
    const piece = Math.min(length - done, PAGE_SIZE - pageOffset(address + done));
    if (piece < 32) for (let i = 0; i < piece; i++) into[at + done + i] = bytes[host + i]!;
    else into.set(bytes.subarray(host, host + piece), at + done);
    done += piece;
  }
  return length;
}

/** Copies `length` bytes of `from`, from `at` on, to the program. How many bytes could be written. */
export function copyOut(space: AddressSpace, address: number, from: Uint8Array, at: number, length: number): number {
  const { bytes } = space.frames;
  for (let done = 0; done < length; ) {
    const host = hostByte(space, address + done, ACCESS_WRITE);
    if (host === 0) return done;
    const piece = Math.min(length - done, PAGE_SIZE - pageOffset(address + done));
    if (from === bytes) bytes.copyWithin(host, at + done, at + done + piece);
    else if (piece < 32) for (let i = 0; i < piece; i++) bytes[host + i] = from[at + done + i]!;
    else bytes.set(from.subarray(at + done, at + done + piece), host);
    done += piece;
  }
  return length;
}

/** Fills `into` with the program's words from `address` on. Could all of them be read? */
export function copyInWords(space: AddressSpace, address: number, into: Uint32Array): boolean {
  const { words } = space.frames;
  if (address % 4 !== 0)
    return copyIn(space, address, new Uint8Array(into.buffer), 0, into.length * 4) === into.length * 4;
  for (let done = 0; done < into.length; ) {
    const host = hostByte(space, address + 4 * done, ACCESS_READ) >>> 2;
    if (host === 0) return false;
    const end = Math.min(into.length, done + ((PAGE_SIZE - pageOffset(address + 4 * done)) >> 2));
    for (let i = 0; done < end; done++) into[done] = words[host + i++]!;
  }
  return true;
}

/** Writes all of `from` to the program at `address`, a multiple of 4. Could all of it be written? */
export function copyOutWords(space: AddressSpace, address: number, from: Uint32Array): boolean {
  const { words } = space.frames;
  for (let done = 0; done < from.length; ) {
    const host = hostByte(space, address + 4 * done, ACCESS_WRITE) >>> 2;
    if (host === 0) return false;
    const end = Math.min(from.length, done + ((PAGE_SIZE - pageOffset(address + 4 * done)) >> 2));
    for (let i = 0; done < end; done++) words[host + i++] = from[done]!;
  }
  return true;
}

/** Zeros `length` bytes of the program. How many could be. */
export function clearOut(space: AddressSpace, address: number, length: number): number {
  for (let done = 0; done < length; ) {
    const host = hostByte(space, address + done, ACCESS_WRITE);
    if (host === 0) return done;
    const piece = Math.min(length - done, PAGE_SIZE - pageOffset(address + done));
    space.frames.bytes.fill(0, host, host + piece);
    done += piece;
  }
  return length;
}

const word = new Uint8Array(8);
const wordView = new DataView(word.buffer);

/** A u32 of the program; -EFAULT when it can't be read. */
export function readU32(space: AddressSpace, address: number): number {
  if (address % 4 === 0) {
    const host = hostByte(space, address, ACCESS_READ);
    return host === 0 ? -EFAULT : space.frames.words[host >>> 2]!;
  }
  return copyIn(space, address, word, 0, 4) === 4 ? wordView.getUint32(0, true) : -EFAULT;
}

/** Writes a u32 (or the low half of a negative number): 0, or -EFAULT. */
export function writeU32(space: AddressSpace, address: number, value: number): number {
  if (address % 4 === 0) {
    const host = hostByte(space, address, ACCESS_WRITE);
    if (host === 0) return -EFAULT;
    space.frames.words[host >>> 2] = value;
    return 0;
  }
  wordView.setUint32(0, value, true);
  return copyOut(space, address, word, 0, 4) === 4 ? 0 : -EFAULT;
}

/** A u64 below 2^53 of the program (a larger one loses its low bits); -EFAULT when it can't be read. */
export function readU64(space: AddressSpace, address: number): number {
  if (copyIn(space, address, word, 0, 8) !== 8) return -EFAULT;
  return wordView.getUint32(4, true) * 2 ** 32 + wordView.getUint32(0, true);
}

export function writeU64(space: AddressSpace, address: number, value: number): number {
  wordView.setUint32(0, value, true);
  wordView.setUint32(4, Math.floor(value / 2 ** 32), true);
  return copyOut(space, address, word, 0, 8) === 8 ? 0 : -EFAULT;
}

export function writeBytes(space: AddressSpace, address: number, from: Uint8Array): number {
  return copyOut(space, address, from, 0, from.length) === from.length ? 0 : -EFAULT;
}

export function readBytes(space: AddressSpace, address: number, length: number): Uint8Array | number {
  const into = new Uint8Array(length);
  return copyIn(space, address, into, 0, length) === length ? into : -EFAULT;
}

/**
 * A NUL-terminated string, its bytes as characters 0 to 255: file names are bytes on Linux. -EFAULT, or -`tooLong` when no NUL comes
 * within `most` bytes.
 */
export function readString(
  space: AddressSpace,
  address: number,
  most = PATH_MAX,
  tooLong = ENAMETOOLONG,
): string | number {
  const { bytes } = space.frames;
  let text = '';
  for (let done = 0; done < most; ) {
    const host = hostByte(space, address + done, ACCESS_READ);
    if (host === 0) return -EFAULT;
    const piece = Math.min(most - done, PAGE_SIZE - pageOffset(address + done));
    const nul = bytes.subarray(host, host + piece).indexOf(0);
    const length = nul < 0 ? piece : nul;
    text += latin1(bytes, host, length);
    if (length < piece) return text;
    done += piece;
  }
  return -tooLong;
}

/** Bytes [at, at + length) as characters 0 to 255. */
export function latin1(bytes: Uint8Array, at: number, length: number): string {
  if (length < 24) {
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(bytes[at + i]!);
    return text;
  }
  let text = '';
  for (let done = 0; done < length; done += 4096)
    text += String.fromCharCode(...bytes.subarray(at + done, at + Math.min(length, done + 4096)));
  return text;
}

/** A NULL-terminated array of strings (argv, envp), of at most `most` bytes in all; -E2BIG beyond it. */
export function readStrings(space: AddressSpace, address: number, wordSize: number, most: number): string[] | number {
  const list: string[] = [];
  if (address === 0) return list;
  let left = most;
  for (let at = address; ; at += wordSize) {
    const pointer = wordSize === 4 ? readU32(space, at) : readU64(space, at);
    if (pointer < 0) return pointer;
    if (pointer === 0) return list;
    const text = readString(space, pointer, Math.min(left, 131072), E2BIG);
    if (typeof text === 'number') return text;
    left -= text.length + 1 + wordSize;
    if (left <= 0) return -E2BIG;
    list.push(text);
  }
}
