// Where calls within a region are expected to return to: a ring, as the return stack of a processor. A wrong guess costs a look-up.
// Ours. Regions read and write it in line (translator/returns.ts).
import { RETURN_TOP } from '../abi';

/**
 * Entry: linear address u32, slot of the region << 12 | number of the target in it, offset table of the page that it lies in u32, linear
 * address of page 0 of the region u32.
 */
export const RETURN_SIZE: u32 = 16;
const RETURN_COUNT: u32 = 32;
export const RETURN_MASK: u32 = (RETURN_COUNT - 1) * RETURN_SIZE;
export const RETURNS: usize = memory.data(32 * 16, 16);

/** Slots and offset tables are given out anew. */
export function forgetReturns(): void {
  memory.fill(RETURNS, 0, RETURN_COUNT * RETURN_SIZE);
  store<u32>(RETURN_TOP, 0);
}
