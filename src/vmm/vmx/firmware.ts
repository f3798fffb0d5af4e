// The firmware's switch: whether the processor lets a monitor turn VMX on.
// SDM vol. 3C section 24.7 (VMXON and IA32_FEATURE_CONTROL): without bits 0 and 2 VMXON is #GP(0) until the next reset.
import { InputError } from '../../base/errors.js';
import type { Mode } from '../config.js';

const LOCKED = 1;
const VMXON_OUTSIDE_SMX = 4;

/** What the firmware has left in IA32_FEATURE_CONTROL (MSR 3AH); it locks it either way. */
export function featureControl(vmx: boolean): number {
  return vmx ? LOCKED | VMXON_OUTSIDE_SMX : LOCKED;
}

/** What a monitor finds out before it runs VMXON, for a machine in `mode`. Throws InputError. */
export function requireVmx(mode: Mode, control: number): void {
  if ((control & (LOCKED | VMXON_OUTSIDE_SMX)) === (LOCKED | VMXON_OUTSIDE_SMX)) return;
  throw new InputError(
    `--mode ${mode}: the processor has VT-x, but this machine was started with it switched off in its firmware (--no-vmx)`,
    'With IA32_FEATURE_CONTROL locked and VMX disabled in it, VMXON is refused until the next reset (Intel SDM vol. 3C, 24.7). ' +
      'Leave --no-vmx out (on a PC: enable "Intel Virtualization Technology" or "VT-x" in the firmware\'s set-up), ' +
      'or use --mode full, which needs no VT-x.',
  );
}
