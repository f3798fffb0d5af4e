// Instruction fetch: the code page behind a linear address. SDM vol. 3A 4.6 (execute rights).
import { faulted } from '../cpu/fault';
import { nonRoot } from '../cpu/vmx';
import { fetchFromApic, onAccessPage } from './apic-access';
import { codeTable } from './code-pages';
import { ACCESS_FETCH, translate, walkedHost, walkGlobal, walkHigh, walkLarge } from './paging';
import { fillCode, userRights } from './tlb';

/** What a bus with nothing on it answers: a page of ones. FF FF decodes to an undefined opcode. */
const VOID_PAGE: usize = memory.data(4096 + 16, 4096);

export function initFetch(): void {
  memory.fill(VOID_PAGE, 0xff, 4096 + 16);
}

/** A guest that runs into its APIC leaves. */
function refused(physical: u32, host: usize): bool {
  if (host != 0 || !nonRoot() || !onAccessPage) return false;
  fetchFromApic(physical & 0xfff);
  return true;
}

/** Host address of the byte at linear `lin`, for fetching up to the end of its page. Raises #PF; then 0. */
export function fetchHost(lin: u32): usize {
  const physical = translate(lin, ACCESS_FETCH, userRights);
  if (faulted()) return 0;
  const host = walkedHost(physical, false);
  if (refused(physical, host)) return 0;
  return host ? host : VOID_PAGE + (physical & 0xfff);
}

/**
 * Offset table of the code page of `lin` under mode key `key`, entered in the code TLB. 0: it raised #PF, or the page lies above 4 GiB and
 * is run instruction by instruction.
 */
export function fetchTable(lin: u32, key: u32, cached: bool): usize {
  const physical = translate(lin, ACCESS_FETCH, userRights);
  if (faulted() || walkHigh != 0) return 0;
  const global = walkGlobal;
  const large = walkLarge;
  const host = walkedHost(physical, false);
  if (refused(physical, host)) return 0;
  const table = codeTable(physical >>> 12, key, host ? host & ~0xfff : VOID_PAGE);
  if (cached) fillCode(userRights, lin, table, global, large);
  return table;
}
