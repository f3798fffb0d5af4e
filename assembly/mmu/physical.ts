// Guest-physical memory: which host bytes stand behind a physical page, and what has none (MMIO).
import { A20_MASK, REGIONS, REGION_COUNT, REGION_RAM, REGION_SIZE } from '../abi';

/** Host address of physical `address`, or 0 when nothing but a device could answer. `writable` asks for RAM. */
export function hostOf(address: u32, writable: bool): usize {
  const count = load<u32>(REGION_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const region = REGIONS + i * REGION_SIZE;
    const offset = address - load<u32>(region);
    if (offset < load<u32>(region + 4)) {
      if (writable && load<u32>(region + 12) != REGION_RAM) return 0;
      return load<u32>(region + 8) + offset;
    }
  }
  return 0;
}

/** The address after the A20 gate. */
// @ts-ignore: decorator
@inline export function gated(address: u32): u32 { return address & load<u32>(A20_MASK); }

/** Page-table reads: what is not memory reads as not present. */
export function physicalRead32(address: u32): u32 {
  const host = hostOf(address, false);
  return host ? load<u32>(host) : 0;
}

export function physicalRead64(address: u32): u64 {
  const host = hostOf(address, false);
  return host ? load<u64>(host) : 0;
}

/** Sets accessed and dirty bits in a page-table entry. */
export function physicalOr32(address: u32, bits: u32): void {
  const host = hostOf(address, true);
  if (host) store<u32>(host, load<u32>(host) | bits);
}
