// Basic exit reasons by name, for statistics and traces.
// SDM vol. 3D appendix C; the names are those of Linux's asm/vmx.h without EXIT_REASON_.
import * as vmx from '../../vcpu/vmcs.js';

const PREFIX = 'EXIT_REASON_';

/** Reasons are below this; a sixteen-bit field has room for more, which no processor uses. */
export const REASON_MAX = 80;

const NAMES = new Array<string | undefined>(REASON_MAX);
for (const [name, value] of Object.entries(vmx)) {
  if (name.startsWith(PREFIX) && typeof value === 'number' && value >= 0) NAMES[value] = name.slice(PREFIX.length);
}

/** As `IO_INSTRUCTION`. */
export function reasonName(reason: number): string {
  return NAMES[reason] ?? `REASON_${reason}`;
}

/** A name with its number, as `IO_INSTRUCTION (30)`; names of other exits stay as they are. */
export function reasonLabel(name: string): string {
  const reason = NAMES.indexOf(name);
  return reason < 0 ? name : `${name} (${reason})`;
}
