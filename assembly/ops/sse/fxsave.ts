// FXSAVE and FXRSTOR: x87, MMX and SSE state in an image of 512 bytes.
// SDM vol. 2 FXSAVE (table 3-43), FXRSTOR; vol. 1 section 10.5. XMM and MXCSR are saved whatever CR4.OSFXSR is.
import {
  FPU_CONTROL, FPU_DP, FPU_DP_SELECTOR, FPU_IP, FPU_IP_SELECTOR, FPU_OPCODE, FPU_STATUS, FPU_TAG, MXCSR, XMM,
} from '../../abi';
import { fault, faulted, gp } from '../../cpu/fault';
import { UOP_SIZE } from '../../uop';
import { probeRead, probeWrite, read16, read32, read64, read8, write16, write32, write64 } from '../../mmu/access';
import { ea, next } from '../operand';
import { setControl, summarise } from '../x87/control';
import { absent, st } from '../x87/stack';

const IMAGE_SIZE: u32 = 512;
/** The bits of MXCSR that exist: DAZ too. */
const MXCSR_MASK: u32 = 0xffff;
const AT_REGISTERS: u32 = 32;
const AT_XMM: u32 = 160;
const XMM_COUNT: u32 = 8;

/** One bit a register: 1 = not empty. */
function abridgedTags(): u32 {
  const tags = <u32>load<u16>(FPU_TAG);
  let full: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) full |= u32(((tags >>> (i << 1)) & 3) != 3) << i;
  return full;
}

function setAbridgedTags(full: u32): void {
  let tags: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) if (!((full >>> i) & 1)) tags |= 3 << (i << 1);
  store<u16>(FPU_TAG, tags);
}

export function fxsave(u: usize): usize {
  if (absent()) return fault(u);
  const lin = ea(u);
  if (lin & 15) return gp(u, 0);
  if (!probeWrite(lin, IMAGE_SIZE)) return fault(u);
  write16(lin, <u32>load<u16>(FPU_CONTROL));
  write16(lin + 2, <u32>load<u16>(FPU_STATUS));
  write16(lin + 4, abridgedTags());
  write16(lin + 6, <u32>load<u16>(FPU_OPCODE));
  write32(lin + 8, load<u32>(FPU_IP));
  write32(lin + 12, <u32>load<u16>(FPU_IP_SELECTOR));
  write32(lin + 16, load<u32>(FPU_DP));
  write32(lin + 20, <u32>load<u16>(FPU_DP_SELECTOR));
  write32(lin + 24, load<u32>(MXCSR));
  write32(lin + 28, MXCSR_MASK);
  for (let i: u32 = 0; i < 8; i++) {
    const to = lin + AT_REGISTERS + (i << 4);
    write64(to, load<u64>(st(i)));
    write64(to + 8, load<u16>(st(i), 8));
  }
  for (let i: u32 = 0; i < XMM_COUNT << 1; i++) write64(lin + AT_XMM + (i << 3), load<u64>(XMM + (i << 3)));
  return faulted() ? fault(u) : next(u);
}

/** The part of the image from AT_REGISTERS, until all of it has been read. */
const STAGED: usize = memory.data(256, 16);

export function fxrstor(u: usize): usize {
  if (absent()) return fault(u);
  const lin = ea(u);
  if (lin & 15) return gp(u, 0);
  if (!probeRead(lin, IMAGE_SIZE)) return fault(u);
  const control = read16(lin);
  const status = read16(lin + 2);
  const tags = read8(lin + 4);
  const opcode = read16(lin + 6);
  const ip = read32(lin + 8);
  const ipSelector = read32(lin + 12);
  const dp = read32(lin + 16);
  const dpSelector = read32(lin + 20);
  const mxcsr = read32(lin + 24);
  for (let i: u32 = 0; i < 256; i += 8) store<u64>(STAGED + i, read64(lin + AT_REGISTERS + i));
  if (faulted()) return fault(u);
  if (mxcsr & ~MXCSR_MASK) return gp(u, 0);
  setControl(control);
  store<u16>(FPU_STATUS, status);
  summarise();
  setAbridgedTags(tags);
  store<u16>(FPU_OPCODE, opcode & 0x7ff);
  store<u64>(FPU_IP, ip);
  store<u16>(FPU_IP_SELECTOR, ipSelector);
  store<u64>(FPU_DP, dp);
  store<u16>(FPU_DP_SELECTOR, dpSelector);
  store<u32>(MXCSR, mxcsr);
  for (let i: u32 = 0; i < 8; i++) {
    store<u64>(st(i), load<u64>(STAGED + (i << 4)));
    store<u16>(st(i), load<u16>(STAGED + (i << 4), 8), 8);
  }
  memory.copy(XMM, STAGED + AT_XMM - AT_REGISTERS, XMM_COUNT << 4);
  return u + UOP_SIZE;
}
