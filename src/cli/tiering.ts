// How soon V8 optimises the modules that the translator makes from now on; the core, compiled before, keeps V8's own pace.
// V8 flag-definitions.h: wasm_tiering_budget, about the bytes of code that a function runs before it is compiled again, optimised.
import { setFlagsFromString } from 'node:v8';

/**
 * Optimising a byte of wasm costs about 1 us of CPU, and V8's own budget (1.8 million in Node 20, 13 million in 22 and 24) is run
 * through in 0.1 ms: nearly every translated function was optimised for a few thousand runs. A call costs the budget the whole function, however
 * little of it has run, so this much is 0.2 s of a small loop and some milliseconds of a large region that is left after ten instructions.
 * The flag holds no more than 2^31 - 1.
 */
const BUDGET = 2_000_000_000;

/** After the core was compiled, before the first run. A V8 that has no such flag goes on as it is. */
export function optimiseLate(): void {
  setFlagsFromString(`--wasm-tiering-budget=${BUDGET}`);
}
