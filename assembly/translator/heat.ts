// Modules of what samples have shown to be hot, for the host to compile and link.
// Ours. The core leaves its run when there is enough; the host asks for the module, and says when it is linked.
import { CR2, EIP, FAULT_KIND, MODE_KEY } from '../abi';
import { faulted } from '../cpu/fault';
import { asking, linkUser, nextAsking } from '../interpreter/links';
import { clearPending, pending, pendingTable, pendingUop, pendingUser, renewSamples, translatable } from '../interpreter/samples';
import { decodeRun } from '../isa/decode';
import { U_OFFSET } from '../uop';
import { uopRoom } from '../mmu/code-pages';
import { fetchTable } from '../mmu/fetch';
import { isClaimed, makeRoom } from '../mmu/region-entries';
import { closeModule, hasRoom, isSettled, openModule } from '../mmu/region-slots';
import { selectRights, userRights } from '../mmu/tlb';
import { BLOCK_MAX, NONE, placeOf, reach, reached } from './explore';
import { reachJoined } from './join';
import { addRegion, beginModule, finishModule, moduleRoom } from './module';

const ENTRIES_OF_A_REGION: u32 = 128;

/** Number of the module that was made last; for linked(). */
export let lastModule: u32 = 0;

function finished(): u32 {
  const size = finishModule();
  if (size != 0) lastModule = closeModule();
  return size;
}

/** By number of what is hot: is it in the region of another? A bit each. */
let covered: u64 = 0;

// dropped since, or in a region that was translated since
function isVoid(i: u32): bool {
  const u = pendingUop(i);
  return load<u32>(pendingTable(i) + (<usize>load<u16>(u, U_OFFSET) << 2)) != <u32>u || isClaimed(u);
}

/** The end of a function may be hot before its begin is. One region then, from where the other is reached. */
function cover(): void {
  covered = 0;
  for (let i: u32 = 0; i < pending; i++) {
    if (((covered >>> i) & 1) != 0 || isVoid(i)) continue;
    const table = pendingTable(i);
    selectRights(pendingUser(i));
    reach(pendingUop(i), table);
    for (let other: u32 = 0; other < pending; other++) {
      if (other == i || pendingTable(other) != table || pendingUser(other) != pendingUser(i)) continue;
      if (reached(pendingUop(other), table) != NONE) covered |= <u64>1 << other;
    }
  }
}

/** A module of what is hot: its size, at MODULE. 0: nothing. Only between runs. */
export function translateHot(): u32 {
  renewSamples();
  if (pending == 0 || !makeRoom(ENTRIES_OF_A_REGION)) {
    clearPending();
    return 0;
  }
  // a region is for the rights that its code was sampled under
  const user = userRights;
  beginModule();
  cover();
  for (let i: u32 = 0; i < pending; i++) {
    if (((covered >>> i) & 1) != 0 || isVoid(i)) continue;
    if (!moduleRoom() || !hasRoom(ENTRIES_OF_A_REGION)) break;
    selectRights(pendingUser(i));
    reach(pendingUop(i), pendingTable(i));
    addRegion(placeOf(0, pendingUop(i)));
  }
  selectRights(user);
  clearPending();
  return finished();
}

/** A module of the regions that a link joins which has asked for it, as one: its size, at MODULE. 0: nothing. Only between runs. */
export function translateLinked(): u32 {
  // regions that wait to be linked would be taken in as they were before
  if (asking == 0 || !isSettled() || !makeRoom(BLOCK_MAX)) return 0;
  const user = userRights;
  let size: u32 = 0;
  for (let link = nextAsking(); link != 0 && size == 0; link = nextAsking()) {
    selectRights(linkUser(link));
    const head = reachJoined(link);
    if (head == NONE) continue;
    beginModule();
    addRegion(head);
    size = finished();
  }
  selectRights(user);
  return size;
}

/** A module of the region at EIP alone, decoded if need be. 0: it is not translated. For tests. */
export function translateHere(): u32 {
  // what was raised between runs is delivered first
  if (faulted() || !translatable() || !makeRoom(ENTRIES_OF_A_REGION) || !uopRoom()) return 0;
  const eip = load<u32>(EIP);
  const cr2 = load<u32>(CR2);
  const key = load<u32>(MODE_KEY);
  const table = fetchTable(eip, key, true);
  if (faulted()) {
    store<u32>(FAULT_KIND, 0);
    store<u32>(CR2, cr2);
    return 0;
  }
  if (table == 0) return 0;
  let u: usize = load<u32>(table + ((eip & 0xfff) << 2));
  if (u == 0) u = decodeRun(table, eip & 0xfff, key);
  if (u == 0 || isClaimed(u)) return 0;
  beginModule();
  reach(u, table);
  addRegion(placeOf(0, u));
  return finished();
}

/** The host has linked module `m`, the oldest of those that it has been given (or could not). */
export function linked(m: u32, worked: bool): void { openModule(m, worked); }
