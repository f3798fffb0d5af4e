// EFLAGS as a whole: what POPF, IRET and task switches may change of it; PUSHF, flag bits, CLI and STI.
// SDM vol. 1 section 3.4.3; vol. 2 PUSHF, POPF, CLI, STI, LAHF.
import { CPL, EAX, ESP, FLAGS_SYSTEM, INTERRUPT_SHADOW, INTERRUPT_WINDOW, SHADOW_OF_SS } from '../../abi';
import { realMode, virtual8086 } from '../../cpu/control';
import { fault, faulted, gp } from '../../cpu/fault';
import {
  AC, AF, ARITHMETIC, cf, CF, DF, getFlags, ID, IF, iopl, IOPL, NT, OF, PF, RF, setArithmetic, setCf, SF, systemFlags, TF, VM, ZF,
} from '../../cpu/flags';
import { holdAt } from '../../cpu/interrupt-shadow';
import { UOP_SIZE } from '../../uop';
import { read32 } from '../../mmu/access';
import { commitPointer, openStack, pop, push, room } from '../control-flow/far-stack';
import { updateMode } from '../system/mode';
import { next, nextEip, resumeAfter, stackFlat } from '../operand';
import { pushFlat } from './stack';

/** Replaces the flags in `mask`. The caller runs updateMode() when TF, AC or VM may have changed. */
export function storeFlags(value: u32, mask: u32): void {
  const image = (getFlags() & ~mask) | (value & mask) | 2;
  setArithmetic(image);
  store<u32>(FLAGS_SYSTEM, image & ~ARITHMETIC);
}

/** Flags that a program at CPL may change by POPF and IRET, with operands of `size` bytes. */
export function writableFlags(size: u32): u32 {
  let mask = ARITHMETIC | TF | DF | NT;
  const cpl = load<u32>(CPL);
  if (virtual8086()) mask |= IF; // only reached with IOPL 3
  else {
    if (cpl <= iopl()) mask |= IF;
    if (cpl == 0) mask |= IOPL;
  }
  return size == 4 ? mask | AC | ID | RF : mask;
}

// @ts-ignore: decorator
@inline function sensitive(): bool { return virtual8086() && iopl() != 3; }

function pushFlags(u: usize, size: u32): usize {
  if (sensitive()) return gp(u, 0);
  if (size == 4 && stackFlat()) return pushFlat(u, getFlags() & ~(VM | RF));
  openStack();
  if (!room(1, size) || !push(getFlags() & ~(VM | RF), size)) return fault(u);
  commitPointer();
  return next(u);
}
export function pushf16(u: usize): usize { return pushFlags(u, 2); }
export function pushf32(u: usize): usize { return pushFlags(u, 4); }

function popFlags(u: usize, size: u32): usize {
  if (sensitive()) return gp(u, 0);
  let value: u32;
  if (size == 4 && stackFlat()) {
    const lin = load<u32>(ESP);
    value = read32(lin);
    if (faulted()) return fault(u);
    store<u32>(ESP, lin + 4);
  } else {
    openStack();
    value = pop(size);
    if (faulted()) return fault(u);
    commitPointer();
  }
  const before = systemFlags();
  // RF is in the mask of 32-bit operands, and POPF clears it
  storeFlags(value & ~RF, writableFlags(size));
  const changed = before ^ systemFlags();
  if (changed & (TF | AC | RF)) updateMode();
  // an interrupt that waits has asked for a window before the run began
  const opens = (changed & IF) != 0 && load<u32>(INTERRUPT_WINDOW) != 0;
  return opens || (changed & (TF | AC | RF)) != 0 ? resumeAfter(u) : u + UOP_SIZE;
}
export function popf16(u: usize): usize { return popFlags(u, 2); }
export function popf32(u: usize): usize { return popFlags(u, 4); }

export function lahf(u: usize): usize {
  store<u8>(EAX + 1, getFlags());
  return u + UOP_SIZE;
}
export function sahf(u: usize): usize {
  setArithmetic((getFlags() & OF) | (load<u8>(EAX + 1) & (SF | ZF | AF | PF | CF)));
  return u + UOP_SIZE;
}

export function clc(u: usize): usize {
  setCf(false);
  return u + UOP_SIZE;
}
export function stc(u: usize): usize {
  setCf(true);
  return u + UOP_SIZE;
}
export function cmc(u: usize): usize {
  setCf(cf() == 0);
  return u + UOP_SIZE;
}
export function cld(u: usize): usize {
  store<u32>(FLAGS_SYSTEM, load<u32>(FLAGS_SYSTEM) & ~DF);
  return u + UOP_SIZE;
}
export function std(u: usize): usize {
  store<u32>(FLAGS_SYSTEM, load<u32>(FLAGS_SYSTEM) | DF);
  return u + UOP_SIZE;
}

/** May the program at hand change IF? */
function mayMask(): bool {
  if (realMode()) return true;
  return load<u32>(CPL) <= iopl(); // virtual-8086 mode runs at CPL 3
}
export function cli(u: usize): usize {
  if (!mayMask()) return gp(u, 0);
  store<u32>(FLAGS_SYSTEM, load<u32>(FLAGS_SYSTEM) & ~IF);
  return u + UOP_SIZE;
}
export function sti(u: usize): usize {
  if (!mayMask()) return gp(u, 0);
  const flags = load<u32>(FLAGS_SYSTEM);
  if ((flags & IF) != 0) return u + UOP_SIZE;
  store<u32>(FLAGS_SYSTEM, flags | IF);
  store<u32>(SHADOW_OF_SS, 0);
  if (load<u32>(INTERRUPT_WINDOW) != 0) {
    store<u32>(INTERRUPT_SHADOW, 1);
    return resumeAfter(u);
  }
  // no interrupt waits in this run: the shadow matters only if the run ends right here
  holdAt(nextEip(u));
  return u + UOP_SIZE;
}
