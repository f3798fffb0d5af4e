// Linear memory: the fast path through the TLB, and everything that is not fast: misses, page crossings, MMIO, code pages,
// data breakpoints, alignment checks. SDM vol. 3A 4.10 (TLB), 6.15 #AC.
import {
  ALIGNMENT_ACTIVE, ATTENTION, ATTENTION_MMIO, DR7, EXIT_ADDRESS, EXIT_MMIO_READ, EXIT_REASON, EXIT_WIDTH, MMIO_QUEUE,
  MMIO_QUEUE_COUNT, MMIO_QUEUE_MAX, REPLAY, REPLAY_COUNT, REPLAY_NEXT, TLB_READ_SUPERVISOR, TLB_READ_USER,
  TLB_WRITE_SUPERVISOR, TLB_WRITE_USER,
} from '../abi';
import { watchesPage, noteWatch } from '../cpu/debug-registers';
import { AC_FAULT, faulted, raise, raiseExit } from '../cpu/fault';
import { nonRoot } from '../cpu/vmx';
import { answersRead, apicTakesWrite, onAccessPage, readApic, readVirtualApic, takesPriority, writeVirtualApic } from './apic-access';
import { codeWritten, hasCode } from './code-pages';
import { ACCESS_READ, ACCESS_WRITE, translate, walkedHost, walkGlobal, walkHigh, walkLarge } from './paging';
import { fillData, READ, readTlb, userRights, WRITE, writeTlb } from './tlb';

// ---- answers of the host to reads of the instruction that is being restarted -------------------------------------------

/** Is there an unread answer? */
// @ts-ignore: decorator
@inline export function replayReady(): bool { return load<u32>(REPLAY_NEXT) < load<u32>(REPLAY_COUNT); }
/** Takes the next answer. */
export function replayTake(): u64 {
  const i = load<u32>(REPLAY_NEXT);
  store<u32>(REPLAY_NEXT, i + 1);
  return load<u64>(REPLAY + (i << 4) + 8);
}

// A guest reaches devices through its monitor alone, but for its own APIC, and no device lies above 4 GiB: what is no memory there is nothing.
function mmioRead(address: u32, size: u32): u64 {
  if (nonRoot()) return onAccessPage ? readVirtualApic(address & 0xfff, size) : u64.MAX_VALUE;
  if (walkHigh != 0) return u64.MAX_VALUE;
  if (answersRead(address, size)) return readApic(address, size);
  if (replayReady()) return replayTake();
  store<u32>(EXIT_REASON, EXIT_MMIO_READ);
  store<u32>(EXIT_ADDRESS, address);
  store<u32>(EXIT_WIDTH, size);
  raiseExit();
  return 0;
}

/** Posts a write; it leaves to the host when the instruction has retired. False: a VM exit in place of it. */
function mmioWrite(address: u32, size: u32, value: u64): bool {
  if (nonRoot()) return !onAccessPage || writeVirtualApic(address & 0xfff, size, value);
  if (walkHigh != 0 || takesPriority(address, size, value)) return true;
  const n = load<u32>(MMIO_QUEUE_COUNT);
  // no instruction writes more than MMIO_QUEUE_MAX items without asking for attention in between
  if (n >= <u32>MMIO_QUEUE_MAX) return true;
  const entry = MMIO_QUEUE + (n << 4);
  store<u32>(entry, address);
  store<u32>(entry + 4, size);
  store<u64>(entry + 8, value);
  store<u32>(MMIO_QUEUE_COUNT, n + 1);
  store<u32>(ATTENTION, load<u32>(ATTENTION) | ATTENTION_MMIO);
  return true;
}

// ---- slow paths -----------------------------------------------------------------------------------------------------------

function misaligned(lin: u32, size: u32, user: bool): bool {
  if (!user || load<u32>(ALIGNMENT_ACTIVE) == 0 || (lin & (size - 1)) == 0) return false;
  raise(AC_FAULT, 0);
  return true;
}

/** Reads `size` (1, 2, 4, 8) bytes that do not cross a page. */
function readWithin(lin: u32, size: u32, user: bool): u64 {
  const physical = translate(lin, ACCESS_READ, user);
  if (faulted()) return 0;
  const host = walkedHost(physical, false);
  if (host == 0) return mmioRead(physical, size);
  const watched = load<u32>(DR7) & 0xff ? watchesPage(lin) : false;
  if (watched) noteWatch(lin, size, false);
  else if (!(user && load<u32>(ALIGNMENT_ACTIVE))) fillData(READ, user, lin, <u32>host & 0xfffff000, walkGlobal, walkLarge);
  if (size == 4) return load<u32>(host);
  if (size == 1) return load<u8>(host);
  if (size == 2) return load<u16>(host);
  return load<u64>(host);
}

function writeWithin(lin: u32, size: u32, value: u64, user: bool): bool {
  const physical = translate(lin, ACCESS_WRITE, user);
  if (faulted()) return false;
  const host = walkedHost(physical, true);
  if (host == 0) return mmioWrite(physical, size, value);
  const watched = load<u32>(DR7) & 0xff ? watchesPage(lin) : false;
  if (watched) noteWatch(lin, size, true);
  if (hasCode(physical >>> 12)) codeWritten(physical >>> 12, physical & 0xfff, size);
  else if (!watched && !(user && load<u32>(ALIGNMENT_ACTIVE))) {
    fillData(WRITE, user, lin, <u32>host & 0xfffff000, walkGlobal, walkLarge);
  }
  if (size == 4) store<u32>(host, <u32>value);
  else if (size == 1) store<u8>(host, <u8>value);
  else if (size == 2) store<u16>(host, <u16>value);
  else store<u64>(host, value);
  return true;
}

function readSlow(lin: u32, size: u32, user: bool): u64 {
  if (misaligned(lin, size, user)) return 0;
  if ((lin & 0xfff) + size <= 0x1000) return readWithin(lin, size, user);
  let value: u64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const t = load<u32>((user ? TLB_READ_USER : TLB_READ_SUPERVISOR) + ((lin + i) >>> 12 << 2));
    value |= (misses(lin + i, t, 1) ? readWithin(lin + i, 1, user) : <u64>load<u8>(t ^ (lin + i))) << (<u64>i << 3);
    if (faulted()) return 0;
  }
  return value;
}

function writeSlow(lin: u32, size: u32, value: u64, user: bool): bool {
  if (misaligned(lin, size, user)) return false;
  if ((lin & 0xfff) + size <= 0x1000) return writeWithin(lin, size, value, user);
  // both pages must take the write before either changes
  const table: usize = user ? TLB_WRITE_USER : TLB_WRITE_SUPERVISOR;
  const behind = (lin + size - 1) & 0xfffff000;
  if (misses(lin, load<u32>(table + (lin >>> 12 << 2)), 1)) translate(lin, ACCESS_WRITE, user);
  if (faulted()) return false;
  if (misses(behind, load<u32>(table + (behind >>> 12 << 2)), 1)) translate(behind, ACCESS_WRITE, user);
  if (faulted()) return false;
  for (let i: u32 = 0; i < size; i++) {
    const t = load<u32>(table + ((lin + i) >>> 12 << 2));
    const byte = (value >> (<u64>i << 3)) & 0xff;
    if (misses(lin + i, t, 1)) writeWithin(lin + i, 1, byte, user);
    else store<u8>(t ^ (lin + i), byte);
  }
  return !faulted();
}

export function readSlow8(lin: u32): u32 { return <u32>readSlow(lin, 1, userRights); }
export function readSlow16(lin: u32): u32 { return <u32>readSlow(lin, 2, userRights); }
export function readSlow32(lin: u32): u32 { return <u32>readSlow(lin, 4, userRights); }
export function readSlow64(lin: u32): u64 { return readSlow(lin, 8, userRights); }
export function writeSlow8(lin: u32, value: u32): bool { return writeSlow(lin, 1, value, userRights); }
export function writeSlow16(lin: u32, value: u32): bool { return writeSlow(lin, 2, value, userRights); }
export function writeSlow32(lin: u32, value: u32): bool { return writeSlow(lin, 4, value, userRights); }
export function writeSlow64(lin: u32, value: u64): bool { return writeSlow(lin, 8, value, userRights); }

// ---- the fast path --------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline export function readEntry(lin: u32): u32 { return load<u32>(readTlb + ((lin >>> 12) << 2)); }
// @ts-ignore: decorator
@inline export function writeEntry(lin: u32): u32 { return load<u32>(writeTlb + ((lin >>> 12) << 2)); }
/** Is `size` bytes at `lin` through `entry` a miss (invalid entry or page crossing)? */
// @ts-ignore: decorator
@inline export function misses(lin: u32, entry: u32, size: u32): bool {
  // a single byte never crosses, and the last one of a page looks like an invalid entry
  return size == 1 ? (entry & 0xfff) != 0 : ((lin | entry) & 0xfff) > 0x1000 - size;
}

/** Reads with the rights in force. On failure a fault is raised (check faulted()) and the value is 0. */
export function read8(lin: u32): u32 { const t = readEntry(lin); return misses(lin, t, 1) ? readSlow8(lin) : load<u8>(t ^ lin); }
export function read16(lin: u32): u32 { const t = readEntry(lin); return misses(lin, t, 2) ? readSlow16(lin) : load<u16>(t ^ lin); }
export function read32(lin: u32): u32 { const t = readEntry(lin); return misses(lin, t, 4) ? readSlow32(lin) : load<u32>(t ^ lin); }
export function read64(lin: u32): u64 { const t = readEntry(lin); return misses(lin, t, 8) ? readSlow64(lin) : load<u64>(t ^ lin); }

/** Writes with the rights in force; false = a fault was raised and nothing was written. */
export function write8(lin: u32, value: u32): bool {
  const t = writeEntry(lin);
  if (misses(lin, t, 1)) return writeSlow8(lin, value);
  store<u8>(t ^ lin, value);
  return true;
}
export function write16(lin: u32, value: u32): bool {
  const t = writeEntry(lin);
  if (misses(lin, t, 2)) return writeSlow16(lin, value);
  store<u16>(t ^ lin, value);
  return true;
}
export function write32(lin: u32, value: u32): bool {
  const t = writeEntry(lin);
  if (misses(lin, t, 4)) return writeSlow32(lin, value);
  store<u32>(t ^ lin, value);
  return true;
}
export function write64(lin: u32, value: u64): bool {
  const t = writeEntry(lin);
  if (misses(lin, t, 8)) return writeSlow64(lin, value);
  store<u64>(t ^ lin, value);
  return true;
}

/** Would a read of `size` bytes work? Raises #PF when not. */
export function probeRead(lin: u32, size: u32): bool {
  translate(lin, ACCESS_READ, userRights);
  if (!faulted() && (lin & 0xfff) + size > 0x1000) translate((lin + size - 1) & 0xfffff000, ACCESS_READ, userRights);
  return !faulted();
}

/** Would a write of `size` bytes work? Raises #PF (or #AC for 2, 4, 8 bytes) when not. */
export function probeWrite(lin: u32, size: u32): bool {
  const t = writeEntry(lin);
  if (!misses(lin, t, size)) return true;
  if (size <= 8 && misaligned(lin, size, userRights)) return false;
  const physical = translate(lin, ACCESS_WRITE, userRights);
  // what is read first and then written must not find the APIC in its way
  if (!faulted() && nonRoot() && walkedHost(physical, true) == 0 && onAccessPage && !apicTakesWrite(physical & 0xfff, size)) return false;
  if (!faulted() && (lin & 0xfff) + size > 0x1000) translate((lin + size - 1) & 0xfffff000, ACCESS_WRITE, userRights);
  return !faulted();
}

/** Accesses that the processor makes for itself, as CPL 0: descriptor tables, TSS, stacks of inner rings. */
// @ts-ignore: decorator
@inline function systemEntry(lin: u32): u32 { return load<u32>(TLB_READ_SUPERVISOR + ((lin >>> 12) << 2)); }
export function readSystem8(lin: u32): u32 { const t = systemEntry(lin); return misses(lin, t, 1) ? <u32>readSlow(lin, 1, false) : load<u8>(t ^ lin); }
export function readSystem16(lin: u32): u32 { const t = systemEntry(lin); return misses(lin, t, 2) ? <u32>readSlow(lin, 2, false) : load<u16>(t ^ lin); }
export function readSystem32(lin: u32): u32 { const t = systemEntry(lin); return misses(lin, t, 4) ? <u32>readSlow(lin, 4, false) : load<u32>(t ^ lin); }
export function readSystem64(lin: u32): u64 { const t = systemEntry(lin); return misses(lin, t, 8) ? readSlow(lin, 8, false) : load<u64>(t ^ lin); }
export function writeSystem8(lin: u32, value: u32): bool { return writeSystem(lin, 1, value); }
export function writeSystem16(lin: u32, value: u32): bool { return writeSystem(lin, 2, value); }
export function writeSystem32(lin: u32, value: u32): bool { return writeSystem(lin, 4, value); }
function writeSystem(lin: u32, size: u32, value: u32): bool {
  const t = load<u32>(TLB_WRITE_SUPERVISOR + ((lin >>> 12) << 2));
  if (misses(lin, t, size)) return writeSlow(lin, size, value, false);
  if (size == 4) store<u32>(t ^ lin, value);
  else if (size == 2) store<u16>(t ^ lin, value);
  else store<u8>(t ^ lin, value);
  return true;
}
