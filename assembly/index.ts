// The core's exports: everything that the host calls. State is read and written in memory (assembly/abi.ts).
import { A20_MASK, FLAGS_SYSTEM, INTERRUPT_SHADOW, REPLAY_COUNT } from './abi';
import { IF } from './cpu/flags';
import { initInterpreter, stepPending } from './interpreter/control';
import { flushCode } from './mmu/code-pages';
import { initFetch } from './mmu/fetch';
import { flushTlb as flush, initTlb } from './mmu/tlb';

export { run, handlerTable } from './generated/dispatch';
export { injectInterrupt, injectNmi } from './ops/interrupt';
export { updateMode } from './ops/mode';
export { reset } from './ops/reset';
export { generation, invalidateCode } from './mmu/code-pages';

// the translator: what the host drives, then what regions import
export { setSlots } from './mmu/region-entries';
export { lastEntry, linked, translateHere, translateHot } from './translator/heat';
export { budget, setPeriod } from './cpu/budget';
export { readMissed as read, storeMissed as store, writeMissed as write } from './mmu/region-access';
export { settle } from './translator/flags';

/** Once, after the memory was made and before anything else. */
export function init(): void {
  initTlb();
  initFetch();
  initInterpreter();
  store<u32>(A20_MASK, 0xffffffff);
}

/** Can an interrupt be injected now? */
export function canInject(): bool {
  return (load<u32>(FLAGS_SYSTEM) & IF) != 0 && load<u32>(INTERRUPT_SHADOW) == 0 && load<u32>(REPLAY_COUNT) == 0 && !stepPending;
}

/** The host changed the memory map, page tables or A20: forgets translations (and decoded code when `code`). */
export function flushTlb(code: bool): void {
  flush(true);
  if (code) flushCode();
}
