// When V8 optimises the regions that the translator makes; the core, compiled before, keeps V8's own pace.
// V8 flag-definitions.h and liftoff-compiler.cc: wasm_tiering_budget. A function begins with a budget of the flag's value, and is compiled
// again, optimised, when it is used up: a jump back costs the bytes of machine code of the loop, a return all those in front of it, but no more
// than a quarter of what the flag is when the function is compiled first.
import { setFlagsFromString } from 'node:v8';
import type { FirstCall } from '../../vcpu/linker.js';

/** V8's own budget (1.8 million in Node 20) is run through in 0.1 ms; optimising takes milliseconds. The flag holds no more than 2^31 - 1. */
const BUDGET = 2_000_000_000;
/**
 * A region that is left after ten of its instructions is charged for all of them. Optimising takes about 5 ms for 4 KB of wasm and grows with
 * the square; a call takes 25 ns. With this a call costs so much that the budget lasts for one and a half times that time.
 */
const CHARGE_BYTES_SQUARED = 1.1e11;
/** Bytes of machine code for a byte of wasm, at most: what a turn of a loop costs is right. */
const MACHINE_CODE = 8;

/** After the core was compiled, before the first run. A V8 that has no such flag goes on as it is. */
export function optimiseLate(): void {
  setBudget(BUDGET);
}

export const callCharged: FirstCall = (call, bytes, loop) => {
  const charge = Math.max(CHARGE_BYTES_SQUARED / bytes ** 2, MACHINE_CODE * loop);
  if (charge > MACHINE_CODE * bytes) return;
  setBudget(4 * charge);
  try {
    call();
  } finally {
    setBudget(BUDGET);
  }
};

function setBudget(budget: number): void {
  setFlagsFromString(`--wasm-tiering-budget=${Math.floor(budget)}`);
}
