// Which regions are to be one: by table slot, and where in linear memory page 0 of each lies.
// Ours. Plain data: join.ts chooses, explore.ts asks.

const JOINED_MAX: u32 = 256;
/** {slot u32, linear address u32}. */
const JOINED: usize = memory.data(256 * 8, 4);

export let joined: u32 = 0;

export function clearJoined(): void { joined = 0; }
export function joinedSlot(i: u32): u32 { return load<u32>(JOINED + (<usize>i << 3)); }
export function joinedBase(i: u32): u32 { return load<u32>(JOINED + (<usize>i << 3), 4); }
export function addJoined(slot: u32, base: u32): bool {
  if (joined == JOINED_MAX) return false;
  store<u32>(JOINED + (<usize>joined << 3), slot);
  store<u32>(JOINED + (<usize>joined << 3), base, 4);
  joined++;
  return true;
}
/** Number of the region in `slot` among them, -1: it is none of them. */
export function joinedNumber(slot: u32): i32 {
  for (let i: u32 = 0; i < joined; i++) if (joinedSlot(i) == slot) return i;
  return -1;
}
export function isJoined(slot: u32): bool { return joinedNumber(slot) >= 0; }
