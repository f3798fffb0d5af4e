// FNSTENV FLDENV FNSAVE FRSTOR: the x87 environment in its four memory formats.
// SDM vol. 1 section 8.1.10, figures 8-9 to 8-12.
import {
  CR0, FPR, FPU_CONTROL, FPU_DP, FPU_DP_SELECTOR, FPU_IP, FPU_IP_SELECTOR, FPU_OPCODE, FPU_STATUS, FPU_TAG,
} from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { systemFlags, VM } from '../../cpu/flags';
import { U_SEGMENT, UOP_SIZE } from '../../uop';
import { probeWrite, read16, read32, read64, write16, write32, write64 } from '../../mmu/access';
import { linearOf, segmentBase } from '../../mmu/segmented';
import { isNormal } from './float80-class';
import { ea, next } from '../operand';
import { initialise, setControl, summarise } from './control';
import { absent, blocked, EXCEPTIONS, st } from './stack';

const REGISTERS_SIZE: u32 = 80;

/** Environment of the last `fetch`, and its target before `put`: seven fields in the order of the figures. */
const FIELDS: usize = memory.data(28, 4);

// @ts-ignore: decorator
@inline function field(i: u32): u32 { return load<u32>(FIELDS + (i << 2)); }
// @ts-ignore: decorator
@inline function setField(i: u32, v: u32): void { store<u32>(FIELDS + (i << 2), v); }

// @ts-ignore: decorator
@inline function realFormat(): bool { return (load<u32>(CR0) & 1) == 0 || (systemFlags() & VM) != 0; }

/** The tag word as the figures have it: 0 valid, 1 zero, 2 special, 3 empty. */
export function fullTags(): u32 {
  const tags = <u32>load<u16>(FPU_TAG);
  let full: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    const at = FPR + (i << 4);
    const w = <u32>load<u16>(at, 8);
    const sig = load<u64>(at);
    let tag: u32 = 2;
    if (((tags >> (i << 1)) & 3) == 3) tag = 3;
    else if (isNormal(w, sig)) tag = 0;
    else if ((w & 0x7fff) == 0 && sig == 0) tag = 1;
    full |= tag << (i << 1);
  }
  return full;
}

/** Takes a full tag word: empty or not is all that is kept. */
export function setTags(full: u32): void {
  const empty = full & (full >>> 1) & 0x5555;
  store<u16>(FPU_TAG, empty | (empty << 1));
}

/** Linear address of the image: `size` bytes must lie in the segment. */
// @ts-ignore: decorator
@inline function image(u: usize, size: u32, write: bool): u32 {
  const segment = <u32>load<u8>(u, U_SEGMENT);
  return linearOf(segment, ea(u) - segmentBase(segment), size, write);
}

function gather(wide: bool): void {
  const ip = load<u32>(FPU_IP);
  const dp = load<u32>(FPU_DP);
  const opcode = <u32>load<u16>(FPU_OPCODE) & 0x7ff;
  setField(0, <u32>load<u16>(FPU_CONTROL));
  setField(1, <u32>load<u16>(FPU_STATUS));
  setField(2, fullTags());
  if (realFormat()) {
    // linear addresses, cut to what the format holds
    const code = ip + (<u32>load<u16>(FPU_IP_SELECTOR) << 4);
    const data = dp + (<u32>load<u16>(FPU_DP_SELECTOR) << 4);
    const high: u32 = wide ? 0xffff : 0xf;
    setField(3, code & 0xffff);
    setField(4, ((code >>> 16) & high) << 12 | opcode);
    setField(5, data & 0xffff);
    setField(6, ((data >>> 16) & high) << 12);
  } else {
    setField(3, ip);
    setField(4, <u32>load<u16>(FPU_IP_SELECTOR) | (wide ? opcode << 16 : 0));
    setField(5, dp);
    setField(6, <u32>load<u16>(FPU_DP_SELECTOR));
  }
}

/** May the environment be written? The processor tries its first word, then its last byte, then the rest. */
function probeEnvironment(lin: u32, size: u32, wide: bool): bool {
  return probeWrite(lin, wide ? 4 : 2) && probeWrite(lin + size - 1, 1) && probeWrite(lin, size);
}

/** Writes the environment; the pages have been probed. */
function put(lin: u32, wide: bool): bool {
  gather(wide);
  for (let i: u32 = 0; i < 7; i++) {
    // the upper halves of 16-bit fields in the 32-bit formats are ones
    const upper: u32 = i < 3 || i == 6 && !realFormat() || realFormat() && (i == 3 || i == 5) ? 0xffff0000 : 0;
    const done = wide ? write32(lin + (i << 2), field(i) | upper) : write16(lin + (i << 1), field(i) & 0xffff);
    if (!done) return false;
  }
  return true;
}

function fetch(lin: u32, wide: bool): bool {
  for (let i: u32 = 0; i < 7; i++) {
    setField(i, wide ? read32(lin + (i << 2)) : read16(lin + (i << 1)));
    if (faulted()) return false;
  }
  return true;
}

/** Enters the fetched environment. */
function enter(wide: bool): void {
  setControl(field(0));
  store<u16>(FPU_STATUS, field(1));
  summarise();
  setTags(field(2) & 0xffff);
  if (realFormat()) {
    store<u32>(FPU_IP, (field(3) & 0xffff) | (field(4) & 0x0ffff000) << 4);
    store<u32>(FPU_DP, (field(5) & 0xffff) | (field(6) & 0x0ffff000) << 4);
    store<u16>(FPU_IP_SELECTOR, 0);
    store<u16>(FPU_DP_SELECTOR, 0);
    store<u16>(FPU_OPCODE, field(4) & 0x7ff);
  } else {
    store<u32>(FPU_IP, field(3));
    store<u32>(FPU_DP, field(5));
    store<u16>(FPU_IP_SELECTOR, field(4));
    store<u16>(FPU_DP_SELECTOR, field(6));
    store<u16>(FPU_OPCODE, wide ? (field(4) >>> 16) & 0x7ff : 0);
  }
}

// @ts-ignore: decorator
@inline function storeEnvironment(u: usize, wide: bool): usize {
  if (absent()) return fault(u);
  const size: u32 = wide ? 28 : 14;
  const lin = image(u, size, true);
  if (faulted() || !probeEnvironment(lin, size, wide) || !put(lin, wide)) return fault(u);
  store<u16>(FPU_CONTROL, <u32>load<u16>(FPU_CONTROL) | EXCEPTIONS);
  summarise();
  return next(u);
}

// @ts-ignore: decorator
@inline function loadEnvironment(u: usize, wide: bool): usize {
  if (blocked()) return fault(u);
  const lin = image(u, wide ? 28 : 14, false);
  if (faulted() || !fetch(lin, wide)) return fault(u);
  enter(wide);
  return u + UOP_SIZE;
}

// @ts-ignore: decorator
@inline function save(u: usize, wide: bool): usize {
  if (absent()) return fault(u);
  const size: u32 = wide ? 28 : 14;
  const lin = image(u, size + REGISTERS_SIZE, true);
  if (faulted() || !probeWrite(lin, size + REGISTERS_SIZE) || !put(lin, wide)) return fault(u);
  for (let i: u32 = 0; i < 8; i++) {
    const to = lin + size + i * 10;
    if (!write64(to, load<u64>(st(i))) || !write16(to + 8, <u32>load<u16>(st(i), 8))) return fault(u);
  }
  initialise();
  return next(u);
}

// @ts-ignore: decorator
@inline function restore(u: usize, wide: bool): usize {
  if (blocked()) return fault(u);
  const size: u32 = wide ? 28 : 14;
  const lin = image(u, size + REGISTERS_SIZE, false);
  if (faulted() || !fetch(lin, wide)) return fault(u);
  // all of it must be readable before anything changes
  const from = lin + size;
  read16(from);
  read16(from + REGISTERS_SIZE - 2);
  if (faulted()) return fault(u);
  enter(wide);
  for (let i: u32 = 0; i < 8; i++) {
    store<u64>(st(i), read64(from + i * 10));
    store<u16>(st(i), read16(from + i * 10 + 8), 8);
  }
  return faulted() ? fault(u) : u + UOP_SIZE;
}

export function fnstenv16(u: usize): usize { return storeEnvironment(u, false); }
export function fnstenv32(u: usize): usize { return storeEnvironment(u, true); }
export function fldenv16(u: usize): usize { return loadEnvironment(u, false); }
export function fldenv32(u: usize): usize { return loadEnvironment(u, true); }
export function fnsave16(u: usize): usize { return save(u, false); }
export function fnsave32(u: usize): usize { return save(u, true); }
export function frstor16(u: usize): usize { return restore(u, false); }
export function frstor32(u: usize): usize { return restore(u, true); }
