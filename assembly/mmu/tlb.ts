// The software TLBs: flat tables of 2^20 u32, one entry a linear page.
// Data: entry ^ linear address = host address when the low 12 bits of the entry are 0, and 0xFFF there means invalid, so one
// compare of (address | entry) & 0xFFF covers validity and page crossing. Code: entry = offset table of the page, 0 = unknown.
// Every fill is logged, global ones apart, so that a flush costs what was filled and not 2^20.
import {
  COUNT_TLB_FLUSHES, TLB_CODE_SUPERVISOR, TLB_CODE_USER, TLB_LOG, TLB_READ_SUPERVISOR, TLB_READ_USER, TLB_WRITE_SUPERVISOR,
  TLB_WRITE_USER,
} from '../abi';

const INVALID: u32 = 0xffffffff;
const LOG_MAX: u32 = 0x10000;
/** Fills of pages that a CR3 load drops, and of global ones. */
const LOCAL_LOG: usize = TLB_LOG;
const GLOBAL_LOG: usize = TLB_LOG + 0x40000;

/** Tables of the rights in force: supervisor or user. */
export let readTlb: usize = TLB_READ_SUPERVISOR;
export let writeTlb: usize = TLB_WRITE_SUPERVISOR;
export let codeTlb: usize = TLB_CODE_SUPERVISOR;
export let userRights: bool = false;

export let locals: u32 = 0;
let globals: u32 = 0;
/** Mode key that the code TLBs were filled under. */
export let codeKey: u32 = 0xffffffff;
/** Changes whenever code entries that were put aside are void, whenever a page has been taken from the write TLB, whenever all are void. */
export let codeDrops: u32 = 0;
export let protections: u32 = 0;
export let wholeFlushes: u32 = 0;
/** For each 4 MiB of linear addresses: has a large page (4 or 2 MiB) been entered there since the last whole flush? INVLPG drops all of it. */
const LARGE: usize = memory.data(1024, 8);

/** Table numbers in the log. */
export const READ: u32 = 0;
export const WRITE: u32 = 1;
const USER: u32 = 2;
const CODE: u32 = 4;

// @ts-ignore: decorator
@inline function tableOf(n: u32): usize { return placeOf(n << 20); }
/** Where the entry of a fill (page and, in the bits above, table) is: the tables lie one behind the other in the order of their numbers. */
// @ts-ignore: decorator
@inline function placeOf(fill: u32): usize { return TLB_READ_SUPERVISOR + (<usize>fill << 2); }

/** Use the tables of CPL 3 or of CPL 0-2. */
export function selectRights(user: bool): void {
  userRights = user;
  readTlb = user ? TLB_READ_USER : TLB_READ_SUPERVISOR;
  writeTlb = user ? TLB_WRITE_USER : TLB_WRITE_SUPERVISOR;
  codeTlb = user ? TLB_CODE_USER : TLB_CODE_SUPERVISOR;
}

function log(table: u32, page: u32, global: bool): void {
  if (max(locals, globals) == LOG_MAX) flushTlb(true);
  const entry = page | (table << 20);
  if (global) {
    store<u32>(GLOBAL_LOG + (<usize>globals << 2), entry);
    globals++;
  } else {
    store<u32>(LOCAL_LOG + (<usize>locals << 2), entry);
    locals++;
  }
}

/** Enters host page `host` for linear page `page` (numbers of `lin >> 12`, host address of its byte 0). */
export function fillData(table: u32, user: bool, lin: u32, host: u32, global: bool, large: bool): void {
  const page = lin >>> 12;
  const number = user ? table + USER : table;
  log(number, page, global);
  if (large) store<u8>(LARGE + (lin >>> 22), 1);
  store<u32>(tableOf(number) + (page << 2), host ^ (page << 12));
}

/** Enters the offset table of a code page. */
export function fillCode(user: bool, lin: u32, table: usize, global: bool, large: bool): void {
  const page = lin >>> 12;
  const number = user ? CODE + 1 : CODE;
  log(number, page, global);
  if (large) store<u8>(LARGE + (lin >>> 22), 1);
  store<u32>(tableOf(number) + (page << 2), <u32>table);
}

/** What the place of a fill holds when it is not in force. */
// @ts-ignore: decorator
@inline function noneOf(fill: u32): u32 { return fill < (CODE << 20) ? INVALID : 0; }
// @ts-ignore: decorator
@inline function drop(entry: u32): void {
  store<u32>(placeOf(entry), noneOf(entry));
}

/** Drops every entry, or all but the global ones (CR3 load with CR4.PGE). SDM vol. 3A 4.10.4. */
export function flushTlb(global: bool): void {
  store<u64>(COUNT_TLB_FLUSHES, load<u64>(COUNT_TLB_FLUSHES) + 1);
  for (let i: u32 = 0; i < locals; i++) drop(load<u32>(LOCAL_LOG + (<usize>i << 2)));
  locals = 0;
  if (!global) return;
  wholeFlushes++;
  for (let i: u32 = 0; i < globals; i++) drop(load<u32>(GLOBAL_LOG + (<usize>i << 2)));
  globals = 0;
  memory.fill(LARGE, 0, 1024);
}

/** INVLPG. Also drops global entries of that page, and all entries of a large one. */
export function invalidatePage(lin: u32): void {
  const page: usize = (lin >>> 12) << 2;
  if (load<u8>(LARGE + (lin >>> 22)) == 0) {
    for (let i: u32 = 0; i < CODE; i++) store<u32>(tableOf(i) + page, INVALID);
    store<u32>(TLB_CODE_SUPERVISOR + page, 0);
    store<u32>(TLB_CODE_USER + page, 0);
    return;
  }
  const first = page & ~0xfff;
  for (let i: u32 = 0; i < CODE; i++) memory.fill(tableOf(i) + first, 0xff, 4096);
  memory.fill(TLB_CODE_SUPERVISOR + first, 0, 4096);
  memory.fill(TLB_CODE_USER + first, 0, 4096);
}

/** INVLPG for `pages` pages from `lin` on. */
export function invalidatePages(lin: u32, pages: u32): void {
  if (pages <= locals + globals) {
    for (let i: u32 = 0; i < pages; i++) invalidatePage(lin + (i << 12));
    return;
  }
  // more pages than were ever entered: by what was entered, in whole units of what a large page may lie in
  const first = (lin >>> 12) & ~0x3ff;
  const count = (((lin >>> 12) + pages + 0x3ff) & ~0x3ff) - first;
  locals = dropPages(LOCAL_LOG, locals, first, count);
  globals = dropPages(GLOBAL_LOG, globals, first, count);
}

/** Drops the entries of a log that are of the `pages` pages from `first` on; the value is how many others it keeps. */
function dropPages(log: usize, count: u32, first: u32, pages: u32): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u32>(log + (<usize>i << 2));
    if ((entry & 0xfffff) - first < pages) drop(entry);
    else {
      store<u32>(log + (<usize>kept << 2), entry);
      kept++;
    }
  }
  return kept;
}

/** Drops what CPL 3 may write without a look at the page tables, global pages apart. */
export function dropUserWrites(): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < locals; i++) {
    const entry = load<u32>(LOCAL_LOG + (<usize>i << 2));
    if (entry >>> 20 == WRITE + USER) drop(entry);
    else {
      store<u32>(LOCAL_LOG + (<usize>kept << 2), entry);
      kept++;
    }
  }
  locals = kept;
}

/** Drops the code entries of a log; the value is how many others it keeps. */
function keepData(log: usize, count: u32): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u32>(log + (<usize>i << 2));
    if (entry >>> 20 >= CODE) drop(entry);
    else {
      store<u32>(log + (<usize>kept << 2), entry);
      kept++;
    }
  }
  return kept;
}

/** Drops the code entries alone (the decoded form that fits has changed, or the decoded code is gone). */
export function flushCodeTlb(): void {
  codeDrops++;
  locals = keepData(LOCAL_LOG, locals);
  globals = keepData(GLOBAL_LOG, globals);
}

/** Code is decoded under `key` from now on. */
export function setCodeKey(key: u32): void {
  if (key == codeKey) return;
  flushCodeTlb();
  codeKey = key;
}

function protectIn(log: usize, count: u32, host: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u32>(log + (<usize>i << 2));
    const table = entry >>> 20;
    if (table != WRITE && table != WRITE + USER) continue;
    const page = entry & 0xfffff;
    const at = tableOf(table) + (page << 2);
    if (load<u32>(at) == (host ^ (page << 12))) store<u32>(at, INVALID);
  }
}

/** Makes every write to host page `host` slow: it holds decoded code from now on. */
export function protectHostPage(host: u32): void {
  protections++;
  protectIn(LOCAL_LOG, locals, host);
  protectIn(GLOBAL_LOG, globals, host);
}

// ---- for what is put aside when the space changes (space-stash.ts) ------------------------------------------------------------------------

/** Is a fill of CPL 3? Of code? Of writes? */
// @ts-ignore: decorator
@inline export function isUserFill(fill: u32): bool { return fill >>> 20 >= USER && fill >>> 20 != CODE; }
// @ts-ignore: decorator
@inline export function isCodeFill(fill: u32): bool { return fill >>> 20 > CODE; }
// @ts-ignore: decorator
@inline export function isWriteFill(fill: u32): bool { return fill >>> 20 == WRITE + USER; }
/** Host page of the data entry `value` of a fill. */
// @ts-ignore: decorator
@inline export function hostOfFill(fill: u32, value: u32): u32 { return value ^ ((fill & 0xfffff) << 12); }

/** Takes the local fills of CPL 3 out, at most `most`, to `at`, 8 bytes each: the fill, then what its entry was. The newest come first; how many. */
export function takeOutLocals(at: usize, most: u32): u32 {
  let count: u32 = 0;
  for (let i = locals; i > 0; i--) {
    const fill = load<u32>(LOCAL_LOG + (<usize>(i - 1) << 2));
    const place = placeOf(fill);
    const value = load<u32>(place);
    const none = noneOf(fill);
    if (value == none) continue;
    store<u32>(place, none);
    if (count == most || !isUserFill(fill)) continue;
    store<u64>(at + (<usize>count << 3), <u64>fill | (<u64>value << 32));
    count++;
  }
  locals = 0;
  return count;
}

/** Puts back `count` that were taken out, the oldest first, as they were entered. There is room: as many were in the log before. */
export function putBackAll(at: usize, count: u32): void {
  let log = LOCAL_LOG + (<usize>locals << 2);
  for (let from = at + (<usize>count << 3); from > at; log += 4) {
    from -= 8;
    const fill = load<u32>(from);
    store<u32>(placeOf(fill), load<u32>(from, 4));
    store<u32>(log, fill);
  }
  locals += count;
}

/** Puts one of them back. */
export function putBack(fill: u32, value: u32): void {
  store<u32>(placeOf(fill), value);
  store<u32>(LOCAL_LOG + (<usize>locals << 2), fill);
  locals++;
}

/** Fills the data tables with invalid entries; once, before the first run, in memory that is all zeros: the code tables' unknown. */
export function initTlb(): void {
  memory.fill(TLB_READ_SUPERVISOR, 0xff, TLB_CODE_SUPERVISOR - TLB_READ_SUPERVISOR);
  locals = 0;
  globals = 0;
}
