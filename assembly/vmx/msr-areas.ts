// MSR areas: loaded at VM entry, stored and loaded at VM exit. Entries of 16 bytes: index, 0, value.
// SDM vol. 3C 24.7.2, 24.8.2, 26.4, 27.4, 27.6. A failure at an exit is a VMX abort, which shuts the processor down.
import { EXIT_REASON, EXIT_TRIPLE_FAULT, EXIT_VECTOR } from '../abi';
import { IA32_APIC_BASE } from '../cpu/msr';
import { spent } from '../cpu/budget';
import {
  VM_ENTRY_MSR_LOAD_ADDR, VM_ENTRY_MSR_LOAD_COUNT, VM_EXIT_MSR_LOAD_ADDR, VM_EXIT_MSR_LOAD_COUNT, VM_EXIT_MSR_STORE_ADDR, VM_EXIT_MSR_STORE_COUNT,
} from '../generated/vmcs';
import { hostPhysical } from '../mmu/ept';
import { msrValue, readMsr, tscAt, writeMsr } from '../ops/system/msr';

const ENTRY_SIZE: u64 = 16;
/** What IA32_VMX_MISC announces; longer lists fail at the entry behind. */
const MOST: u32 = 512;

/** Entry `i` of the area at `area`, 0 when it cannot be used: beyond memory, reserved bits, an MSR that is not for these lists. */
function entryAt(area: u64, i: u32): usize {
  const at = i < MOST ? hostPhysical(area + i * ENTRY_SIZE, ENTRY_SIZE) : 0;
  if (at == 0) return 0;
  const index = load<u32>(at);
  // x2APIC registers; the host has to be told of a new APIC base, and cannot be here
  return load<u32>(at, 4) != 0 || index >>> 8 == 8 || index == IA32_APIC_BASE ? 0 : at;
}

/** 0, or the number of the entry that cannot be loaded, from 1. */
function loadArea(area: u64, count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const at = entryAt(area, i);
    if (at == 0 || !writeMsr(load<u32>(at), load<u64>(at, 8), tscAt(spent()))) return i + 1;
  }
  return 0;
}

export function loadMsrArea(): u32 { return loadArea(load<u64>(VM_ENTRY_MSR_LOAD_ADDR), load<u32>(VM_ENTRY_MSR_LOAD_COUNT)); }

function abort(): bool {
  store<u32>(EXIT_REASON, EXIT_TRIPLE_FAULT);
  store<u32>(EXIT_VECTOR, 0);
  return false;
}

/** Before the host is loaded. False: VMX abort. */
export function storeMsrArea(): bool {
  const count = load<u32>(VM_EXIT_MSR_STORE_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const at = entryAt(load<u64>(VM_EXIT_MSR_STORE_ADDR), i);
    if (at == 0 || !readMsr(load<u32>(at), tscAt(spent()))) return abort();
    store<u64>(at, msrValue, 8);
  }
  return true;
}

/** After the host has been loaded. */
export function loadHostMsrArea(): bool {
  return loadArea(load<u64>(VM_EXIT_MSR_LOAD_ADDR), load<u32>(VM_EXIT_MSR_LOAD_COUNT)) == 0 || abort();
}
