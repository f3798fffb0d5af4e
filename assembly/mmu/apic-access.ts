// The local APIC's registers that the processor answers itself: a guest's by APIC virtualization, those of the machine alone from a page that
// the host keeps. SDM vol. 3C 29.1 (TPR virtualization), 29.4 (APIC accesses); offsets of vol. 3A table 10-1.
// DEVIATION: no x2APIC mode, no virtual-interrupt delivery: neither is announced. A write that crosses from another page into the APIC's
// leaves with its first bytes written.
import {
  APIC_PAGE, APIC_PHYSICAL, APIC_THRESHOLD, ATTENTION, ATTENTION_APIC, FAULT_KIND, RAM, VECTORING,
} from '../abi';
import { raiseExit } from '../cpu/fault';
import { cpuBased, nonRoot, noteExit, secondaryControls } from '../cpu/vmx';
import { APIC_ACCESS_ADDR, TPR_THRESHOLD, VIRTUAL_APIC_PAGE_ADDR } from '../generated/vmcs';
import {
  APIC_ACCESS_DELIVERY, APIC_ACCESS_FETCH, APIC_ACCESS_PHYSICAL, APIC_ACCESS_PHYSICAL_DELIVERY, APIC_ACCESS_READ, APIC_ACCESS_WRITE,
  CPU_BASED_TPR_SHADOW, SECONDARY_EXEC_APIC_REGISTER_VIRT, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES,
} from '../vmcs/controls';
import { EXIT_REASON_APIC_ACCESS, EXIT_REASON_APIC_WRITE, EXIT_REASON_TPR_BELOW_THRESHOLD } from '../vmcs/exit-reasons';
import { hostPhysical } from './ept';

const TPR: u32 = 0x08;
const ICR_HIGH: u32 = 0x31;
/** By register number: ID, version, TPR, EOI, LDR, DFR, SVR, ISR, TMR, IRR, ESR, ICR, local vectors, initial count, divider. */
const READABLE: u64 = 0x41ff01ffffffe90c;
const WRITABLE: u64 = 0x41ff01000000e904;

/** Host page of the APIC-access page; 0: no accesses are virtualized. */
let accessPage: usize = 0;
/** What was looked up last lies on it. */
export let onAccessPage: bool = false;
/** A VM exit that comes when the instruction has retired. */
let pendingReason: u32 = 0;
let pendingOffset: u32 = 0;

/** At VM entry. */
export function beginApicVirtualization(): void {
  const on = (secondaryControls() & SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES) != 0;
  accessPage = on ? hostPhysical(load<u64>(APIC_ACCESS_ADDR), 0x1000) : 0;
  onAccessPage = false;
}

/** A guest's memory at host address `host`, but nothing where the APIC is: each access there must come by. */
export function besideApic(host: usize): usize {
  onAccessPage = accessPage != 0 && (host & ~0xfff) == accessPage;
  return onAccessPage ? 0 : host;
}

/** One 32-bit register or a part of it? */
// @ts-ignore: decorator
@inline function withinRegister(offset: u32, size: u32): bool { return (offset & 0xc) == 0 && (offset & 3) + size <= 4; }

function virtualized(offset: u32, size: u32, registers: u64): bool {
  if (load<u32>(VECTORING) != 0 || !cpuBased(CPU_BASED_TPR_SHADOW) || !withinRegister(offset, size)) return false;
  const register = offset >>> 4;
  if (register == TPR) return true;
  const chosen = register < 64 && ((registers >> <u64>register) & 1) != 0;
  return chosen && (secondaryControls() & SECONDARY_EXEC_APIC_REGISTER_VIRT) != 0;
}

function accessExit(offset: u32, type: u32): void {
  if (load<u32>(FAULT_KIND) != 0) return;
  const delivery = type == APIC_ACCESS_PHYSICAL ? APIC_ACCESS_PHYSICAL_DELIVERY : APIC_ACCESS_DELIVERY;
  noteExit(EXIT_REASON_APIC_ACCESS, offset | ((load<u32>(VECTORING) != 0 ? delivery : type) << 12));
  raiseExit();
}

/** Register page of the guest; a page of the core's own where there is no memory. */
function virtualPage(): usize {
  const page = hostPhysical(load<u64>(VIRTUAL_APIC_PAGE_ADDR), 0x1000);
  return page ? page : APIC_PAGE;
}

function loadFrom(at: usize, size: u32): u64 {
  if (size == 4) return load<u32>(at);
  return size == 2 ? <u64>load<u16>(at) : <u64>load<u8>(at);
}

/** A guest's read of the APIC-access page, or a VM exit. */
export function readVirtualApic(offset: u32, size: u32): u64 {
  if (virtualized(offset, size, READABLE)) return loadFrom(virtualPage() + offset, size);
  accessExit(offset, APIC_ACCESS_READ);
  return 0;
}

/** May the guest write there? Else a VM exit has been raised. */
export function apicTakesWrite(offset: u32, size: u32): bool {
  if (virtualized(offset, size, WRITABLE)) return true;
  accessExit(offset, APIC_ACCESS_WRITE);
  return false;
}
export function fetchFromApic(offset: u32): void { accessExit(offset, APIC_ACCESS_FETCH); }
/** An entry of the guest's paging structures lies there. */
export function walkInApic(offset: u32): void { accessExit(offset, APIC_ACCESS_PHYSICAL); }

function leaveAfter(reason: u32, offset: u32): void {
  pendingReason = reason;
  pendingOffset = offset;
  store<u32>(ATTENTION, load<u32>(ATTENTION) | ATTENTION_APIC);
}

/** A guest's write of the APIC-access page, and what follows from it (29.4.3.2); false: a VM exit in place of it. */
export function writeVirtualApic(offset: u32, size: u32, value: u64): bool {
  if (!apicTakesWrite(offset, size)) return false;
  const page = virtualPage();
  const register = offset >>> 4;
  if (size == 4) store<u32>(page + offset, <u32>value);
  else if (size == 2) store<u16>(page + offset, <u16>value);
  else store<u8>(page + offset, <u8>value);
  const at = page + (register << 4);
  if (register == TPR) {
    const priority: u32 = load<u8>(at);
    store<u32>(at, priority);
    if (priority >>> 4 < (load<u32>(TPR_THRESHOLD) & 15)) leaveAfter(EXIT_REASON_TPR_BELOW_THRESHOLD, 0);
  } else if (register == ICR_HIGH) store<u32>(at, load<u32>(at) & 0xff000000);
  else leaveAfter(EXIT_REASON_APIC_WRITE, offset);
  return true;
}

/** A VM entry to a guest whose priority is below the threshold already (26.7.7). */
export function priorityIsBelow(): bool {
  if (!cpuBased(CPU_BASED_TPR_SHADOW)) return false;
  return <u32>load<u8>(virtualPage() + (TPR << 4)) >>> 4 < (load<u32>(TPR_THRESHOLD) & 15);
}

/** The instruction that wrote has retired: notes its VM exit. */
export function noteApicExit(): void { noteExit(pendingReason, pendingOffset); }

// ---- the machine's own APIC, without VMX -----------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function isApic(address: u32): bool { return (address & 0xfffff000) == load<u32>(APIC_PHYSICAL); }

/** Does the core answer a read of physical `address`? */
export function answersRead(address: u32, size: u32): bool {
  if (!isApic(address) || nonRoot()) return false;
  const register = (address & 0xfff) >>> 4;
  return register < 64 && ((READABLE >> <u64>register) & 1) != 0 && withinRegister(address, size);
}
export function readApic(address: u32, size: u32): u64 { return loadFrom(APIC_PAGE + (address & 0xfff), size); }

/** A task priority that lets nothing in which waits is all in the core; all other writes are the host's. */
export function takesPriority(address: u32, size: u32, value: u64): bool {
  if (!isApic(address) || nonRoot() || (address & 0xfff) != TPR << 4 || size != 4) return false;
  const priority = <u32>value & 0xff;
  if (priority >>> 4 < load<u32>(APIC_THRESHOLD)) return false;
  store<u32>(APIC_PAGE + (TPR << 4), priority);
  return true;
}
