// The interrupt shadow: after STI and loads of SS no interrupt is taken before the next instruction has retired.
// SDM vol. 2 STI, MOV; vol. 3A 6.8.3. INTERRUPT_SHADOW is 0 without one, 1 with one at the boundary at hand, 2 while its
// instruction is stepped; and within a run 3: in force as long as EIP is where STI ended, so that STI need not end the run.
import { EIP, INTERRUPT_SHADOW } from '../abi';

let end: u32 = 0;

/** Interrupts are held off at `eip`, the next instruction. */
export function holdAt(eip: u32): void {
  end = eip;
  store<u32>(INTERRUPT_SHADOW, 3);
}

/** At an instruction boundary: settles whether the shadow is still in force. */
// @ts-ignore: decorator
@inline export function settleShadow(): void {
  if (load<u32>(INTERRUPT_SHADOW) == 3) store<u32>(INTERRUPT_SHADOW, load<u32>(EIP) == end ? 1 : 0);
}
