// Physical memory: which host bytes stand behind a physical page, and what has none (MMIO). Addresses are u32; `high` is bits 35-32, and
// above 4 GiB there is nothing but what an EPT puts there.
// A guest in VMX non-root operation: through the EPT, or host-physical addresses as they are (vol. 3C 28.2; mmu/ept.ts).
import { A20_MASK, EPT_ACTIVE, REGIONS, REGION_COUNT, REGION_RAM, REGION_SIZE } from '../abi';
import { nonRoot } from '../cpu/vmx';
import { besideApic, onAccessPage, walkInApic } from './apic-access';
import { EPT_READ, EPT_WRITE, eptAllows, eptHost, hostPhysical } from './ept';

function guestHost(address: u32, writable: bool, high: u32): usize {
  if (load<u32>(EPT_ACTIVE) != 0) return besideApic(eptHost(address, writable, high));
  const page = hostPhysical((<u64>high << 32) | (address & 0xfffff000), 0x1000);
  return besideApic(page ? page + (address & 0xfff) : 0);
}

/** Host address of physical `address`, or 0 when nothing but a device could answer. `writable` asks for RAM. */
export function hostOf(address: u32, writable: bool, high: u32 = 0): usize {
  if (nonRoot()) return guestHost(address, writable, high);
  if (high != 0) return 0;
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

/** May the processor reach an entry of the guest's paging structures? Otherwise an EPT violation is raised. */
// @ts-ignore: decorator
@inline function reachable(address: u32, access: u32, high: u32): bool {
  return load<u32>(EPT_ACTIVE) == 0 || eptAllows(address, access, false, high);
}

/** Host address of an entry of the paging structures; 0: what is not memory, or a guest's access to its APIC, which leaves. */
function entryHost(address: u32, writable: bool, high: u32): usize {
  const host = hostOf(address, writable, high);
  if (host == 0 && onAccessPage && nonRoot()) walkInApic(address & 0xfff);
  return host;
}

/** Page-table reads: what is not memory reads as not present. */
export function physicalRead32(address: u32): u32 {
  if (!reachable(address, EPT_READ, 0)) return 0;
  const host = entryHost(address, false, 0);
  return host ? load<u32>(host) : 0;
}

/** Host address of entries that lie in one page of the paging structures; 0: what is not memory, or an EPT violation was raised. */
export function entriesHost(address: u32): usize { return reachable(address, EPT_READ, 0) ? entryHost(address, false, 0) : 0; }

export function physicalRead64(address: u32, high: u32 = 0): u64 {
  if (!reachable(address, EPT_READ, high)) return 0;
  const host = entryHost(address, false, high);
  return host ? load<u64>(host) : 0;
}

/** Sets accessed and dirty bits in a page-table entry. */
export function physicalOr32(address: u32, bits: u32, high: u32 = 0): void {
  if (!reachable(address, EPT_WRITE, high)) return;
  const host = entryHost(address, true, high);
  if (host) store<u32>(host, load<u32>(host) | bits);
}
