// Where string instructions stand: index and count registers, their segments, how far a page-sized stretch reaches.
// SDM vol. 1 section 7.3.9; vol. 2, REP.
import { CAREFUL, ECX, EDI, ESI, FLAGS_SYSTEM, MODE_KEY, REPLAY_COUNT } from '../../abi';
import { needsAttention } from '../../cpu/fault';
import { DF } from '../../cpu/flags';
import { U_ATTR, U_SEGMENT, UA_ADDR16, UA_REPE, UA_REPNE } from '../../uop';
import { misses, read16, read32, read8, readEntry, write16, write32, write8, writeEntry } from '../../mmu/access';
import { DS, ES, linearOf, withinSegment } from '../../mmu/segmented';
import { budgetLeft, eipOf, jumpTo, next } from '../operand';

const KEY_FLAT: u32 = 4;

// @ts-ignore: decorator
@inline export function repeated(u: usize): bool { return (load<u8>(u, U_ATTR) & (UA_REPE | UA_REPNE)) != 0; }
// @ts-ignore: decorator
@inline function address16(u: usize): bool { return (load<u8>(u, U_ATTR) & UA_ADDR16) != 0; }
// @ts-ignore: decorator
@inline export function backwards(): bool { return (load<u32>(FLAGS_SYSTEM) & DF) != 0; }

/** An index or count register of the instruction's address size. */
// @ts-ignore: decorator
@inline export function index(u: usize, slot: usize): u32 { return address16(u) ? load<u16>(slot) : load<u32>(slot); }
// @ts-ignore: decorator
@inline export function advance(u: usize, slot: usize, by: u32): void {
  if (address16(u)) store<u16>(slot, load<u16>(slot) + by);
  else store<u32>(slot, load<u32>(slot) + by);
}
/** Bytes from one item to the next, negative when DF is set. */
// @ts-ignore: decorator
@inline export function stride<T>(): u32 { return backwards() ? <u32>-<i32>sizeof<T>() : <u32>sizeof<T>(); }

// @ts-ignore: decorator
@inline function flat(seg: u32): bool { return seg <= DS && (load<u32>(MODE_KEY) & KEY_FLAT) != 0; }

/** Linear address of the item at DS:(E)SI (or the override's segment), and at ES:(E)DI. Check faulted(). */
// @ts-ignore: decorator
@inline export function source<T>(u: usize): u32 {
  const seg: u32 = load<u8>(u, U_SEGMENT);
  const offset = index(u, ESI);
  return flat(seg) ? offset : linearOf(seg, offset, sizeof<T>(), false);
}
// @ts-ignore: decorator
@inline export function destination<T>(u: usize, write: bool): u32 {
  const offset = index(u, EDI);
  return flat(ES) ? offset : linearOf(ES, offset, sizeof<T>(), write);
}

// @ts-ignore: decorator
@inline export function readItem<T>(lin: u32): u32 {
  if (sizeof<T>() == 1) return read8(lin);
  return sizeof<T>() == 2 ? read16(lin) : read32(lin);
}
// @ts-ignore: decorator
@inline export function writeItem<T>(lin: u32, value: u32): bool {
  if (sizeof<T>() == 1) return write8(lin, value);
  return sizeof<T>() == 2 ? write16(lin, value) : write32(lin, value);
}

/** How many of `n` items from linear `lin`, offset `offset` of `seg`, lie in one page and within the segment; 0 or 1 = go item by item. */
function stretch(u: usize, seg: u32, lin: u32, offset: u32, size: u32, n: u32, write: bool): u32 {
  const items = min<u32>(n, (0x1000 - (lin & 0xfff)) / size);
  const bytes = items * size;
  if (items < 2 || (address16(u) && offset + bytes > 0x10000)) return 1;
  return flat(seg) || withinSegment(seg, offset, bytes, write) ? items : 1;
}
export function sourceStretch(u: usize, lin: u32, size: u32, n: u32): u32 {
  return stretch(u, load<u8>(u, U_SEGMENT), lin, index(u, ESI), size, n, false);
}
export function destinationStretch(u: usize, lin: u32, size: u32, n: u32, write: bool): u32 {
  return stretch(u, ES, lin, index(u, EDI), size, n, write);
}

/** Host address behind `lin` when the TLB has it, else 0. */
// @ts-ignore: decorator
@inline export function hostRead(lin: u32): usize { const t = readEntry(lin); return misses(lin, t, 1) ? 0 : t ^ lin; }
// @ts-ignore: decorator
@inline export function hostWrite(lin: u32): usize { const t = writeEntry(lin); return misses(lin, t, 1) ? 0 : t ^ lin; }

/** May items be taken many at a time: upwards, and nobody watching each access? */
// @ts-ignore: decorator
@inline export function unwatched(): bool { return !backwards() && load<u32>(CAREFUL) == 0; }

/** Must a repeated instruction let the interpreter look around before its next item? */
// @ts-ignore: decorator
@inline function mustPause(): bool {
  return budgetLeft() <= 0 || needsAttention() || load<u32>(CAREFUL) != 0 || load<u32>(REPLAY_COUNT) != 0;
}

/** Is there a next item, and may it be taken at once? */
// @ts-ignore: decorator
@inline export function goesOn(u: usize): bool { return index(u, ECX) != 0 && !mustPause(); }

/** Ends the instruction when (E)CX is 0 or `done`, else starts it again where its registers stand. */
// @ts-ignore: decorator
@inline export function pauseOrEnd(u: usize, done: bool): usize {
  return done || index(u, ECX) == 0 ? next(u) : jumpTo(u, eipOf(u));
}
