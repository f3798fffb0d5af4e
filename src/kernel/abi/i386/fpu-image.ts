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
const EMPTY = 3;
const MXCSR_MASK = 0xffff;

const half = (registers: Registers, field: number): number => registers.get32(field) & 0xffff;

/** Physical register of ST(i). */
function physical(registers: Registers, i: number): number {
  return ((half(registers, FPU_STATUS) >> 11) + i) & 7;
}

export function fxsaveImage(registers: Registers): Uint8Array {
  const image = new Uint8Array(FXSAVE_SIZE);
  writeFxsave(registers, image, new DataView(image.buffer));
  return image;
}

/** Writes the FXSAVE image to `image`, which `view` is of too and which is zeros. */
export function writeFxsave(registers: Registers, image: Uint8Array, view: DataView): void {
  view.setUint16(0, half(registers, FPU_CONTROL), true);
  view.setUint16(2, half(registers, FPU_STATUS), true);
  const tags = half(registers, FPU_TAG);
  let inUse = 0;
  for (let i = 0; i < 8; i++) if (((tags >> (2 * i)) & 3) !== EMPTY) inUse |= 1 << i;
  view.setUint8(4, inUse);
  view.setUint16(6, half(registers, FPU_OPCODE), true);
  view.setUint32(8, registers.get32(FPU_IP), true);
  view.setUint16(12, half(registers, FPU_IP_SELECTOR), true);
  view.setUint32(16, registers.get32(FPU_DP), true);
  view.setUint16(20, half(registers, FPU_DP_SELECTOR), true);
  view.setUint32(24, registers.get32(MXCSR), true);
  view.setUint32(28, MXCSR_MASK, true);
  for (let i = 0; i < 8; i++) registers.copyTo(FPR + 16 * physical(registers, i), 10, image, 32 + 16 * i);
  image.set(registers.slice(XMM, 128), 160);
}

/** False: a reserved bit of MXCSR is set. */
export function loadFxsave(
  registers: Registers,
  image: Uint8Array,
  view = new DataView(image.buffer, image.byteOffset, image.length),
): boolean {
  const mxcsr = view.getUint32(24, true);
  if ((mxcsr & ~MXCSR_MASK) !== 0) return false;
  registers.set32(FPU_CONTROL, view.getUint16(0, true));
  registers.set32(FPU_STATUS, view.getUint16(2, true));
  const inUse = view.getUint8(4);
  let tags = 0;
  for (let i = 0; i < 8; i++) if (((inUse >> i) & 1) === 0) tags |= EMPTY << (2 * i);
  registers.set32(FPU_TAG, tags);
  registers.set32(FPU_OPCODE, view.getUint16(6, true));
  registers.set32(FPU_IP, view.getUint32(8, true));
  registers.set32(FPU_IP_SELECTOR, view.getUint16(12, true));
  registers.set32(FPU_DP, view.getUint32(16, true));
  registers.set32(FPU_DP_SELECTOR, view.getUint16(20, true));
  registers.set32(MXCSR, mxcsr);
  for (let i = 0; i < 8; i++) registers.copyFrom(FPR + 16 * physical(registers, i), 10, image, 32 + 16 * i);
  registers.slice(XMM, 128).set(image.subarray(160, 288));
  return true;
}

/** The FSAVE part that stands before the FXSAVE image in a signal frame. */
export function fsaveImage(registers: Registers): Uint8Array {
  const image = new Uint8Array(FSAVE_SIZE);
  writeFsave(registers, image, new DataView(image.buffer));
  return image;
}

/** Writes the FSAVE part to `image`, which `view` is of too. */
export function writeFsave(registers: Registers, image: Uint8Array, view: DataView): void {
  view.setUint32(0, 0xffff0000 | half(registers, FPU_CONTROL), true);
  view.setUint32(4, 0xffff0000 | half(registers, FPU_STATUS), true);
  view.setUint32(8, 0xffff0000 | half(registers, FPU_TAG), true);
  view.setUint32(12, registers.get32(FPU_IP), true);
  view.setUint32(16, half(registers, FPU_IP_SELECTOR) | (half(registers, FPU_OPCODE) << 16), true);
  view.setUint32(20, registers.get32(FPU_DP), true);
  view.setUint32(24, 0xffff0000 | half(registers, FPU_DP_SELECTOR), true);
  for (let i = 0; i < 8; i++) registers.copyTo(FPR + 16 * physical(registers, i), 10, image, 28 + 10 * i);
  view.setUint16(108, half(registers, FPU_STATUS), true);
  // X86_FXSR_MAGIC: an FXSAVE image follows
  view.setUint16(110, 0, true);
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
