// May the running program touch a port? IOPL, then the I/O permission bitmap of the TSS.
// SDM vol. 1 section 19.5 (I/O privilege level, permission bitmap).
import { CPL, CR0 } from '../../abi';
import { faulted, gp } from '../../cpu/fault';
import { iopl, systemFlags, VM } from '../../cpu/flags';
import { attributesOf, baseOf, limitOf, TR, TYPE_TSS32, TYPE_TSS32_BUSY } from '../../cpu/segment';
import { readSystem16 } from '../../mmu/access';

const CR0_PE: u32 = 1;
/** Offset of the bitmap's own offset in a 32-bit TSS. */
const BITMAP_BASE: u32 = 0x66;

/** Does the bitmap allow `width` ports from `port`? May raise what reading the TSS raises. */
function bitmapAllows(port: u32, width: u32): bool {
  const type = attributesOf(TR) & 0x1f;
  const limit = limitOf(TR);
  if ((type != TYPE_TSS32 && type != TYPE_TSS32_BUSY) || limit < BITMAP_BASE + 1) return false;
  const base = baseOf(TR);
  const offset = readSystem16(base + BITMAP_BASE) + (port >>> 3);
  // two bytes are always read, and both must lie within the TSS
  if (faulted() || offset + 1 > limit) return false;
  const bits = readSystem16(base + offset) >>> (port & 7);
  return (bits & ((1 << width) - 1)) == 0;
}

/** False: #GP(0), or what reading the TSS raised, is pending for micro-op `u`. */
export function ioAllowed(u: usize, port: u32, width: u32): bool {
  if ((load<u32>(CR0) & CR0_PE) == 0) return true;
  if ((systemFlags() & VM) == 0 && load<u32>(CPL) <= iopl()) return true;
  if (bitmapAllows(port, width)) return true;
  gp(u, 0);
  return false;
}
