// x87 and SSE state as signal frames and ptrace have it: the FXSAVE image and the older FSAVE image. SDM vol. 1 8.1.10, 10.5.1.
import {
  FPR,
  FPU_CONTROL,
  FPU_DP,
  FPU_DP_SELECTOR,
  FPU_IP,
  FPU_IP_SELECTOR,
  FPU_OPCODE,
  FPU_STATUS,
  FPU_TAG,
  MXCSR,
  XMM,
} from '../../../../assembly/abi.js';
import type { Registers } from '../../task/registers.js';

export const FXSAVE_SIZE = 512;
export const FSAVE_SIZE = 112;
/** Of the FXSAVE image what has a meaning: the registers end there. */
export const FXSAVE_USED = 288;
/** Where registers are in it, in words. */
const ST_WORD = 8;
const XMM_WORD = 40;
const XMM_WORDS = 32;
const EMPTY = 3;
const MXCSR_MASK = 0xffff;

const half = (registers: Registers, field: number): number => registers.get32(field) & 0xffff;

/** Physical register of ST(i). */
function physical(registers: Registers, i: number): number {
  return ((half(registers, FPU_STATUS) >> 11) + i) & 7;
}

export function fxsaveImage(registers: Registers): Uint8Array {
  const words = new Uint32Array(FXSAVE_SIZE / 4);
  writeFxsave(registers, words, 0);
  return new Uint8Array(words.buffer);
}

/** Writes the FXSAVE image to `words` from word `at` on: what it has fields for. Hot: signals. */
export function writeFxsave(registers: Registers, words: Uint32Array, at: number): void {
  const tags = half(registers, FPU_TAG);
  let inUse = 0;
  for (let i = 0; i < 8; i++) if (((tags >> (2 * i)) & 3) !== EMPTY) inUse |= 1 << i;
  words[at] = half(registers, FPU_CONTROL) | (half(registers, FPU_STATUS) << 16);
  words[at + 1] = inUse | (half(registers, FPU_OPCODE) << 16);
  words[at + 2] = registers.get32(FPU_IP);
  words[at + 3] = half(registers, FPU_IP_SELECTOR);
  words[at + 4] = registers.get32(FPU_DP);
  words[at + 5] = half(registers, FPU_DP_SELECTOR);
  words[at + 6] = registers.get32(MXCSR);
  words[at + 7] = MXCSR_MASK;
  const top = physical(registers, 0);
  for (let i = 0; i < 8; i++) {
    const from = FPR + 16 * ((top + i) & 7);
    const to = at + ST_WORD + 4 * i;
    words[to] = registers.get32(from);
    words[to + 1] = registers.get32(from + 4);
    words[to + 2] = half(registers, from + 8);
  }
  for (let i = 0; i < XMM_WORDS; i++) words[at + XMM_WORD + i] = registers.get32(XMM + 4 * i);
}

/** Takes the FXSAVE image at the begin of `words`, at least FXSAVE_USED bytes of it. False: a reserved bit of MXCSR is set. */
export function loadFxsave(registers: Registers, words: Uint32Array): boolean {
  const mxcsr = words[6]!;
  if ((mxcsr & ~MXCSR_MASK) !== 0) return false;
  registers.set32(FPU_CONTROL, words[0]! & 0xffff);
  registers.set32(FPU_STATUS, words[0]! >>> 16);
  const inUse = words[1]! & 0xff;
  let tags = 0;
  for (let i = 0; i < 8; i++) if (((inUse >> i) & 1) === 0) tags |= EMPTY << (2 * i);
  registers.set32(FPU_TAG, tags);
  registers.set32(FPU_OPCODE, words[1]! >>> 16);
  registers.set32(FPU_IP, words[2]!);
  registers.set32(FPU_IP_SELECTOR, words[3]! & 0xffff);
  registers.set32(FPU_DP, words[4]!);
  registers.set32(FPU_DP_SELECTOR, words[5]! & 0xffff);
  registers.set32(MXCSR, mxcsr);
  const top = physical(registers, 0);
  for (let i = 0; i < 8; i++) {
    const to = FPR + 16 * ((top + i) & 7);
    const from = ST_WORD + 4 * i;
    registers.set32(to, words[from]!);
    registers.set32(to + 4, words[from + 1]!);
    registers.set32(to + 8, words[from + 2]! & 0xffff);
  }
  for (let i = 0; i < XMM_WORDS; i++) registers.set32(XMM + 4 * i, words[XMM_WORD + i]!);
  return true;
}

/** The FSAVE part that stands before the FXSAVE image in a signal frame. */
export function fsaveImage(registers: Registers): Uint8Array {
  const words = new Uint32Array(FSAVE_SIZE / 4);
  writeFsave(registers, words, new Uint16Array(words.buffer));
  return new Uint8Array(words.buffer);
}

/** Writes the FSAVE part to the begin of `words`, whose 16-bit halves are `halves`. */
export function writeFsave(registers: Registers, words: Uint32Array, halves: Uint16Array): void {
  words[0] = 0xffff0000 | half(registers, FPU_CONTROL);
  words[1] = 0xffff0000 | half(registers, FPU_STATUS);
  words[2] = 0xffff0000 | half(registers, FPU_TAG);
  words[3] = registers.get32(FPU_IP);
  words[4] = half(registers, FPU_IP_SELECTOR) | (half(registers, FPU_OPCODE) << 16);
  words[5] = registers.get32(FPU_DP);
  words[6] = 0xffff0000 | half(registers, FPU_DP_SELECTOR);
  const top = physical(registers, 0);
  for (let i = 0; i < 8; i++) {
    const from = FPR + 16 * ((top + i) & 7);
    const low = registers.get32(from);
    const high = registers.get32(from + 4);
    const to = 14 + 5 * i;
    halves[to] = low;
    halves[to + 1] = low >>> 16;
    halves[to + 2] = high;
    halves[to + 3] = high >>> 16;
    halves[to + 4] = registers.get32(from + 8);
  }
  halves[54] = half(registers, FPU_STATUS);
  // X86_FXSR_MAGIC: an FXSAVE image follows
  halves[55] = 0;
}

/** Takes an FSAVE image: the SSE state stays. */
export function loadFsave(registers: Registers, image: Uint8Array): boolean {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  registers.set32(FPU_CONTROL, view.getUint16(0, true));
  registers.set32(FPU_STATUS, view.getUint16(4, true));
  registers.set32(FPU_TAG, view.getUint16(8, true));
  registers.set32(FPU_IP, view.getUint32(12, true));
  registers.set32(FPU_IP_SELECTOR, view.getUint16(16, true));
  registers.set32(FPU_OPCODE, view.getUint16(18, true) & 0x7ff);
  registers.set32(FPU_DP, view.getUint32(20, true));
  registers.set32(FPU_DP_SELECTOR, view.getUint16(24, true));
  for (let i = 0; i < 8; i++) registers.copyFrom(FPR + 16 * physical(registers, i), 10, image, 28 + 10 * i);
  return true;
}

/** As after FNINIT, with all SSE exceptions masked: what a program starts with. */
export function startFpu(registers: Registers): void {
  registers.set32(FPU_CONTROL, 0x37f);
  registers.set32(FPU_STATUS, 0);
  registers.set32(FPU_TAG, 0xffff);
  for (const field of [FPU_OPCODE, FPU_IP, FPU_IP_SELECTOR, FPU_DP, FPU_DP_SELECTOR]) registers.set32(field, 0);
  registers.slice(FPR, 128).fill(0);
  registers.slice(XMM, 256).fill(0);
  registers.set32(MXCSR, 0x1f80);
}
