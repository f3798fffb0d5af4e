// Checks of the guest's segment registers at VM entry.
// SDM vol. 3C 26.3.1.2.
import { SEG_UNUSABLE } from '../abi';
import { CR0_PE } from '../cpu/control';
import { VM } from '../cpu/flags';
import { CODE, CONFORMING, CS, GS, LDTR, READ_WRITE, SS, TR } from '../cpu/segment';
import { secondaryControls } from '../cpu/vmx';
import { GUEST_CR0, GUEST_ES_AR_BYTES, GUEST_ES_BASE, GUEST_ES_LIMIT, GUEST_ES_SELECTOR, GUEST_RFLAGS } from '../generated/vmcs';
import { SECONDARY_EXEC_UNRESTRICTED_GUEST } from '../vmcs/controls';

const CODE_DATA: u32 = 0x10;
const PRESENT: u32 = 0x80;
const RESERVED: u32 = 0xfffe0f00;
const GRANULARITY: u32 = 0x8000;
const VIRTUAL: u32 = 0xf3;
const TYPE_DATA: u32 = 3;
const TYPE_LDT: u32 = 2;

// @ts-ignore: decorator
@inline function selector(seg: u32): u32 { return load<u16>(GUEST_ES_SELECTOR + (seg << 3)); }
// @ts-ignore: decorator
@inline function attributes(seg: u32): u32 { return load<u32>(GUEST_ES_AR_BYTES + (seg << 3)); }
// @ts-ignore: decorator
@inline function limit(seg: u32): u32 { return load<u32>(GUEST_ES_LIMIT + (seg << 3)); }
// @ts-ignore: decorator
@inline function base(seg: u32): u32 { return load<u32>(GUEST_ES_BASE + (seg << 3)); }
// @ts-ignore: decorator
@inline function usable(seg: u32): bool { return (attributes(seg) & SEG_UNUSABLE) == 0; }
// @ts-ignore: decorator
@inline function dpl(seg: u32): u32 { return (attributes(seg) >>> 5) & 3; }

function unrestricted(): bool { return (secondaryControls() & SECONDARY_EXEC_UNRESTRICTED_GUEST) != 0; }

/** Virtual-8086 mode: ES to GS are what the mode makes them. */
function virtualSegments(): bool {
  for (let seg: u32 = 0; seg <= GS; seg++) {
    if (base(seg) != selector(seg) << 4 || limit(seg) != 0xffff || attributes(seg) != VIRTUAL) return false;
  }
  return true;
}

/** Present, nothing reserved, granularity as the limit has it. */
function wellFormed(seg: u32): bool {
  const a = attributes(seg);
  if ((a & PRESENT) == 0 || (a & RESERVED) != 0) return false;
  const fine = (limit(seg) & 0xfff) != 0xfff;
  const coarse = limit(seg) >>> 20 != 0;
  return (a & GRANULARITY) != 0 ? !fine : !coarse;
}

function codeSegment(): bool {
  const a = attributes(CS);
  const type = a & 15;
  if ((a & CODE_DATA) == 0 || !wellFormed(CS)) return false;
  if (type == TYPE_DATA) return unrestricted() && dpl(CS) == 0;
  // accessed code
  if ((type & (CODE | 1)) != (CODE | 1)) return false;
  return type & CONFORMING ? dpl(CS) <= dpl(SS) : dpl(CS) == dpl(SS);
}

function stackSegment(): bool {
  if (!unrestricted() && (selector(SS) & 3) != (selector(CS) & 3)) return false;
  if (!unrestricted() && dpl(SS) != (selector(SS) & 3)) return false;
  const real = (load<u32>(GUEST_CR0) & CR0_PE) == 0 || (attributes(CS) & 15) == TYPE_DATA;
  if (real && dpl(SS) != 0) return false;
  if (!usable(SS)) return true;
  const type = attributes(SS) & 15;
  return (type == 3 || type == 7) && (attributes(SS) & CODE_DATA) != 0 && wellFormed(SS);
}

function dataSegment(seg: u32): bool {
  if (!usable(seg)) return true;
  const a = attributes(seg);
  // accessed, and readable if code
  if ((a & 1) == 0 || (a & (CODE | READ_WRITE)) == CODE || (a & CODE_DATA) == 0 || !wellFormed(seg)) return false;
  return unrestricted() || (a & 15) > 11 || dpl(seg) >= (selector(seg) & 3);
}

function systemSegments(): bool {
  if ((selector(TR) & 4) != 0 || !usable(TR)) return false;
  const type = attributes(TR) & 0x1f;
  if ((type != 3 && type != 11) || !wellFormed(TR)) return false;
  if (!usable(LDTR)) return true;
  return (selector(LDTR) & 4) == 0 && (attributes(LDTR) & 0x1f) == TYPE_LDT && wellFormed(LDTR);
}

export function segmentsAreGood(): bool {
  if (!systemSegments()) return false;
  if (load<u32>(GUEST_RFLAGS) & VM) return virtualSegments();
  if (!codeSegment() || !stackSegment()) return false;
  for (let seg: u32 = 0; seg <= GS; seg++) if (seg != CS && seg != SS && !dataSegment(seg)) return false;
  return true;
}
