// The software TLBs: flat tables of 2^20 u32, one entry a linear page.
// Data: entry ^ linear address = host address when the low 12 bits of the entry are 0, and 0xFFF there means invalid, so one
// compare of (address | entry) & 0xFFF covers validity and page crossing. Code: entry = offset table of the page, 0 = unknown.
// Every fill is logged, so that a flush costs what was filled and not 2^20.
import {
  COUNT_TLB_FLUSHES, TLB_CODE_SUPERVISOR, TLB_CODE_USER, TLB_LOG, TLB_READ_SUPERVISOR, TLB_READ_USER, TLB_WRITE_SUPERVISOR,
  TLB_WRITE_USER,
} from '../abi';

const INVALID: u32 = 0xffffffff;
const LOG_MAX: u32 = 0x10000;
const LOG_GLOBAL: u32 = 1 << 24;

/** Tables of the rights in force: supervisor or user. */
export let readTlb: usize = TLB_READ_SUPERVISOR;
export let writeTlb: usize = TLB_WRITE_SUPERVISOR;
export let codeTlb: usize = TLB_CODE_SUPERVISOR;
export let userRights: bool = false;

let logged: u32 = 0;
/** A 4 MiB (or 2 MiB) page has been entered since the last whole flush: INVLPG must then flush all. */
let largeSeen: bool = false;

/** Table numbers in the log. */
export const READ: u32 = 0;
export const WRITE: u32 = 1;
const USER: u32 = 2;
const CODE: u32 = 4;

function tableOf(n: u32): usize {
  return n < 4
    ? TLB_READ_SUPERVISOR + <usize>n * (TLB_WRITE_SUPERVISOR - TLB_READ_SUPERVISOR)
    : n == CODE ? TLB_CODE_SUPERVISOR : TLB_CODE_USER;
}

/** Use the tables of CPL 3 or of CPL 0-2. */
export function selectRights(user: bool): void {
  userRights = user;
  readTlb = user ? TLB_READ_USER : TLB_READ_SUPERVISOR;
  writeTlb = user ? TLB_WRITE_USER : TLB_WRITE_SUPERVISOR;
  codeTlb = user ? TLB_CODE_USER : TLB_CODE_SUPERVISOR;
}

function log(table: u32, page: u32, global: bool): void {
  if (logged == LOG_MAX) flushTlb(true);
  store<u32>(TLB_LOG + (logged << 2), page | (table << 20) | (global ? LOG_GLOBAL : 0));
  logged++;
}

/** Enters host page `host` for linear page `page` (numbers of `lin >> 12`, host address of its byte 0). */
export function fillData(table: u32, user: bool, lin: u32, host: u32, global: bool, large: bool): void {
  const page = lin >>> 12;
  const number = user ? table + USER : table;
  log(number, page, global);
  largeSeen = largeSeen || large;
  store<u32>(tableOf(number) + (page << 2), host ^ (page << 12));
}

/** Enters the offset table of a code page. */
export function fillCode(user: bool, lin: u32, table: usize, global: bool, large: bool): void {
  const page = lin >>> 12;
  const number = user ? CODE + 1 : CODE;
  log(number, page, global);
  largeSeen = largeSeen || large;
  store<u32>(tableOf(number) + (page << 2), <u32>table);
}

/** Drops every entry, or all but the global ones (CR3 load with CR4.PGE). SDM vol. 3A 4.10.4. */
export function flushTlb(global: bool): void {
  store<u64>(COUNT_TLB_FLUSHES, load<u64>(COUNT_TLB_FLUSHES) + 1);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < logged; i++) {
    const entry = load<u32>(TLB_LOG + (i << 2));
    if (!global && (entry & LOG_GLOBAL) != 0) {
      store<u32>(TLB_LOG + (kept << 2), entry);
      kept++;
    } else {
      const table = (entry >>> 20) & 7;
      store<u32>(tableOf(table) + ((entry & 0xfffff) << 2), table < 4 ? INVALID : 0);
    }
  }
  logged = kept;
  if (kept == 0) largeSeen = false;
}

/** INVLPG. Also drops global entries of that page. */
export function invalidatePage(lin: u32): void {
  if (largeSeen) {
    flushTlb(true);
    return;
  }
  const at = (lin >>> 12) << 2;
  for (let i: u32 = 0; i < 4; i++) store<u32>(tableOf(i) + at, INVALID);
  store<u32>(TLB_CODE_SUPERVISOR + at, 0);
  store<u32>(TLB_CODE_USER + at, 0);
}

/** Drops the code entries alone (the decoded form that fits has changed, or the decoded code is gone). */
export function flushCodeTlb(): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < logged; i++) {
    const entry = load<u32>(TLB_LOG + (i << 2));
    const table = (entry >>> 20) & 7;
    if (table < 4) {
      store<u32>(TLB_LOG + (kept << 2), entry);
      kept++;
    } else store<u32>(tableOf(table) + ((entry & 0xfffff) << 2), 0);
  }
  logged = kept;
}

/** Makes every write to host page `host` slow: it holds decoded code from now on. */
export function protectHostPage(host: u32): void {
  for (let i: u32 = 0; i < logged; i++) {
    const entry = load<u32>(TLB_LOG + (i << 2));
    const table = (entry >>> 20) & 7;
    if (table != WRITE && table != WRITE + USER) continue;
    const page = entry & 0xfffff;
    const at = tableOf(table) + (page << 2);
    if (load<u32>(at) == (host ^ (page << 12))) store<u32>(at, INVALID);
  }
}

/** Fills the data tables with invalid entries; once, before the first run. */
export function initTlb(): void {
  memory.fill(TLB_READ_SUPERVISOR, 0xff, TLB_CODE_SUPERVISOR - TLB_READ_SUPERVISOR);
  memory.fill(TLB_CODE_SUPERVISOR, 0, 0x800000);
  logged = 0;
  largeSeen = false;
}
