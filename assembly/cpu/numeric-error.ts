// An unmasked x87 exception meets an instruction that waits for it: #MF, or with CR0.NE = 0 what a PC has wired around the processor.
// SDM vol. 1 8.7 (native and MS-DOS compatibility mode), appendix D.2.1; PIIX3 data sheet, "Coprocessor error". The processor stops in front of
// the instruction, with FERR# up (to IRQ 13), until an interrupt is taken or IGNNE# (port F0h) lets it go on as if nothing were pending.
// DEVIATION: FERR# goes up when an instruction waits, never when the exception arises: what is "deferred" of most instructions is so of all.
import { CR0, EXIT_FROZEN, EXIT_REASON, IGNNE, INTERRUPT_SHADOW, NO_ERROR_CODE } from '../abi';
import { MF, raise, raiseExit } from './fault';

const CR0_NE: u32 = 0x20;

/** An exception is pending and an instruction is about to wait for it. False: it goes on. */
export function stopsAtError(): bool {
  if ((load<u32>(CR0) & CR0_NE) != 0) {
    raise(MF, NO_ERROR_CODE);
    return true;
  }
  if (load<u32>(IGNNE) != 0) return false;
  store<u32>(EXIT_REASON, EXIT_FROZEN);
  // whatever held interrupts off held them off to here
  store<u32>(INTERRUPT_SHADOW, 0);
  raiseExit();
  return true;
}

/** Nothing is pending any more: FERR# falls, and IGNNE# with it. */
// @ts-ignore: decorator
@inline export function errorGone(): void { store<u32>(IGNNE, 0); }
