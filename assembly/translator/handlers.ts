// The interpreter's handlers that a module calls, as imports of it: numbered in the order of their first use.
// Ours. A module must not import the core's table: engines keep every instance that ever did alive.
import { TRANSLATOR_SCRATCH } from '../abi';

/** For each function of the core's table: its import number + 1, u16; then their list, u16. */
const NUMBERS: usize = TRANSLATOR_SCRATCH + 0x7a000;
const LIST: usize = TRANSLATOR_SCRATCH + 0x7d000;
const HANDLER_MAX: u32 = 0x1800;

export let handlers: u32 = 0;

export function forgetHandlers(): void {
  handlers = 0;
  memory.fill(NUMBERS, 0, HANDLER_MAX * 2);
}

export function handlerImport(handler: u32): u32 {
  const at: usize = NUMBERS + (<usize>handler << 1);
  if (load<u16>(at) == 0) {
    store<u16>(LIST + (<usize>handlers << 1), handler);
    handlers++;
    store<u16>(at, handlers);
  }
  return <u32>load<u16>(at) - 1;
}

export function handlerAt(i: u32): u32 { return load<u16>(LIST + (<usize>i << 1)); }
