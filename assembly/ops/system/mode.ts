// The mode of execution, worked out again whenever something it depends on changes: CPL, the decoded form that fits, rights,
// and whether instructions must run one by one.
// SDM vol. 3A sections 2.2 (modes), 5.5 (CPL), 6.15 #AC, 17.2 (debug registers).
import {
  ALIGNMENT_ACTIVE, CAREFUL, CPL, CR0, DR7, FLAGS_SYSTEM, MODE_KEY, STACK_FLAT, SEG, SEG_ATTRIBUTES, SEG_BASE, SEG_LIMIT, SEG_SIZE,
  SEG_UNUSABLE,
} from '../../abi';
import { CR0_AM, CR0_PE } from '../../cpu/control';
import { AC, RF, TF, VM } from '../../cpu/flags';
import { attributesOf, BIG, CS, DS, dplOf, ES, SS } from '../../cpu/segment';
import { flushTlb, selectRights } from '../../mmu/tlb';

export const KEY_CODE32: u32 = 1;
export const KEY_STACK32: u32 = 2;
export const KEY_FLAT: u32 = 4;
export const KEY_PROTECTED: u32 = 8;
export const KEY_VIRTUAL: u32 = 16;

export const CAREFUL_TRACE: u32 = 1;
export const CAREFUL_INSTRUCTION: u32 = 2;
export const CAREFUL_DATA: u32 = 4;

/** Base 0, limit 4 GiB, and of the kind that `mask` and `kind` say. */
function flat(seg: u32, mask: u32, kind: u32): bool {
  const at = SEG + seg * SEG_SIZE;
  return (load<u32>(at + SEG_ATTRIBUTES) & mask) == kind && load<u32>(at + SEG_BASE) == 0 && load<u32>(at + SEG_LIMIT) == 0xffffffff;
}
/** Usable writable expand-up data. */
const DATA_MASK: u32 = SEG_UNUSABLE | 0x1e;
const DATA_KIND: u32 = 0x12;

/** Readable code, or (real mode) writable data. */
function flatCode(): bool {
  return flat(CS, SEG_UNUSABLE | 0x1a, 0x1a) || flat(CS, DATA_MASK, DATA_KIND);
}

function carefulBits(flags: u32): u32 {
  let bits: u32 = flags & TF ? CAREFUL_TRACE : 0;
  const dr7 = load<u32>(DR7);
  if ((dr7 & 0xff) == 0) return bits;
  for (let i: u32 = 0; i < 4; i++) {
    if (((dr7 >>> (i << 1)) & 3) == 0) continue;
    const kind = (dr7 >>> (16 + (i << 2))) & 3;
    if (kind == 0) bits |= CAREFUL_INSTRUCTION;
    else if (kind != 2) bits |= CAREFUL_DATA;
  }
  return bits;
}

/** Call after every change of a segment register, CPL, CR0, DR7, EFLAGS.VM, TF or AC. */
export function updateMode(): void {
  const flags = load<u32>(FLAGS_SYSTEM);
  const isProtected = (load<u32>(CR0) & CR0_PE) != 0;
  const stack = attributesOf(SS);
  let cpl: u32 = 0;
  if (isProtected) {
    // SS.DPL is CPL but for a moment inside a failed task switch, when SS is unusable and CPL was set by hand
    if (flags & VM) cpl = 3;
    else cpl = stack & SEG_UNUSABLE ? load<u32>(CPL) : dplOf(stack);
  }
  store<u32>(CPL, cpl);

  let key: u32 = 0;
  if (attributesOf(CS) & BIG) key |= KEY_CODE32;
  if (stack & BIG) key |= KEY_STACK32;
  const flatStack = flat(SS, DATA_MASK, DATA_KIND);
  if (flatStack && flat(DS, DATA_MASK, DATA_KIND) && flat(ES, DATA_MASK, DATA_KIND) && flatCode()) key |= KEY_FLAT;
  if (isProtected) key |= flags & VM ? KEY_VIRTUAL : KEY_PROTECTED;
  store<u32>(MODE_KEY, key);
  store<u32>(STACK_FLAT, flatStack && (stack & BIG) != 0 ? 1 : 0);

  const careful = carefulBits(flags);
  store<u32>(CAREFUL, careful);
  // RF says something only to instruction breakpoints: without any it is spent at once instead of one instruction later
  if ((careful & CAREFUL_INSTRUCTION) == 0 && (flags & RF) != 0) store<u32>(FLAGS_SYSTEM, flags & ~RF);

  const alignment: u32 = cpl == 3 && (flags & AC) != 0 && (load<u32>(CR0) & CR0_AM) != 0 ? 1 : 0;
  if (alignment != load<u32>(ALIGNMENT_ACTIVE)) {
    store<u32>(ALIGNMENT_ACTIVE, alignment);
    // entries in the TLB pass misaligned accesses unseen
    if (alignment) flushTlb(true);
  }
  selectRights(cpl == 3);
}
