// The virtualization modes that the page offers, in the order of its columns: a new mode is one more line.
// docs/MODES.md says what each one is.
import type { Mode } from '../src/vmm/config.js';

export interface OfferedMode {
  mode: Mode;
  title: string;
  /** One line below the title. */
  means: string;
}

export const MODES: readonly OfferedMode[] = [
  { mode: 'full', title: 'Full virtualization', means: 'every instruction is emulated' },
  { mode: 'hw', title: 'Hardware-assisted', means: 'guest code runs directly; sensitive instructions exit' },
  { mode: 'para', title: 'Paravirtual', means: 'as above, and the guest helps: virtio, KVM’s clock, hypercalls' },
];
