// What is worth translating: addresses where slices of the budget end are samples of where time goes.
// Ours. The host asks sample() after a slice; enough of them, and it asks for a module of what has become hot.
import { CAREFUL, CR2, EIP, FAULT_KIND, HEAT, MODE_KEY } from '../abi';
import { faulted } from '../cpu/fault';
import { decodeRun } from '../isa/decode';
import { U_OFFSET } from '../isa/uop';
import { descriptorKey, generation, poolRoom, regionDrops } from '../mmu/code-pages';
import { fetchTable } from '../mmu/fetch';
import { codeTlb } from '../mmu/tlb';
import { dropEntries, hasRoom, isEntry, makeRoom, nextSlot, openEntries } from '../mmu/region-entries';
import { addRegion, beginModule, finishModule, moduleRoom } from './module';

/** Mode keys that are translated: 32-bit code and stack, flat segments (ops/mode.ts). */
const KEY_MASK: u32 = 7;
const HOT: u32 = 2;
/** A page whose translated code is written again and again is left to the interpreter. */
const DROPS_MAX: u32 = 8;
const ENTRIES_OF_A_REGION: u32 = 128;

/** Counts by micro-op: {micro-op u32, samples u32}. */
const COUNT_MAX: u32 = 4096;
/** What has become hot: {micro-op u32, offset table u32}. */
const PENDING: usize = HEAT + <usize>COUNT_MAX * 8;
const PENDING_MAX: u32 = 64;

let pending: u32 = 0;
let era: u32 = 0;

function translatable(): bool { return (load<u32>(MODE_KEY) & KEY_MASK) == KEY_MASK && load<u32>(CAREFUL) == 0; }

function renew(): void {
  if (era == generation) return;
  era = generation;
  pending = 0;
  memory.fill(HEAT, 0, COUNT_MAX * 8);
}

function want(u: usize, table: usize): void {
  if (pending == PENDING_MAX) return;
  const at: usize = PENDING + (<usize>pending << 3);
  pending++;
  store<u32>(at, <u32>u);
  store<u32>(at, <u32>table, 4);
}

/** Takes the address at which the core has stopped as a sample; the value is how much is hot and not translated. */
export function sample(): u32 {
  renew();
  if (!translatable()) return pending;
  const eip = load<u32>(EIP);
  const table: usize = load<u32>(codeTlb + ((eip >>> 12) << 2));
  if (table == 0 || descriptorKey(table) != load<u32>(MODE_KEY)) return pending;
  const u: usize = load<u32>(table + ((eip & 0xfff) << 2));
  if (u == 0 || isEntry(u)) return pending;
  const at: usize = HEAT + (((u >>> 5) & (COUNT_MAX - 1)) << 3);
  if (load<u32>(at) != <u32>u) {
    store<u32>(at, <u32>u);
    store<u32>(at, 1, 4);
    return pending;
  }
  const count = load<u32>(at, 4) + 1;
  store<u32>(at, count, 4);
  if (count == HOT) {
    store<u32>(at, 0, 4);
    if (regionDrops(table) < DROPS_MAX) want(u, table);
  }
  return pending;
}

/** A module of what is hot: its size, at MODULE. 0: nothing. Only between runs. */
export function translateHot(): u32 {
  renew();
  if (pending == 0 || !makeRoom(ENTRIES_OF_A_REGION)) {
    pending = 0;
    return 0;
  }
  beginModule(nextSlot());
  for (let i: u32 = 0; i < pending; i++) {
    const u: usize = load<u32>(PENDING + (<usize>i << 3));
    const table: usize = load<u32>(PENDING + (<usize>i << 3), 4);
    // dropped since, or in a region that was translated since
    if (load<u32>(table + (<usize>load<u16>(u, U_OFFSET) << 2)) != <u32>u || isEntry(u)) continue;
    if (!moduleRoom() || !hasRoom(ENTRIES_OF_A_REGION)) break;
    addRegion(u, table);
  }
  pending = 0;
  return finishModule();
}

/** A module of the region at EIP alone, decoded if need be. 0: it is not translated. For tests. */
export function translateHere(): u32 {
  renew();
  if (!translatable() || !makeRoom(ENTRIES_OF_A_REGION) || !poolRoom()) return 0;
  const eip = load<u32>(EIP);
  const cr2 = load<u32>(CR2);
  const key = load<u32>(MODE_KEY);
  const table = fetchTable(eip, key, true);
  if (faulted()) {
    store<u32>(FAULT_KIND, 0);
    store<u32>(CR2, cr2);
    return 0;
  }
  let u: usize = load<u32>(table + ((eip & 0xfff) << 2));
  if (u == 0) u = decodeRun(table, eip & 0xfff, key);
  if (u == 0 || isEntry(u)) return 0;
  beginModule(nextSlot());
  addRegion(u, table);
  return finishModule();
}

/** The module that was handed out is linked (or could not be). */
export function linked(worked: bool): void {
  if (worked) openEntries();
  else dropEntries();
}
