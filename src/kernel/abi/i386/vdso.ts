// The vDSO of i386 programs as the kernel sees it: its bytes, and where the symbols are that the kernel itself uses. man 7 vdso.
import { assert } from '../../../base/assert.js';
import type { VdsoImage } from '../abi.js';
import { VDSO_I386 } from './vdso-image.js';

const bytes = Uint8Array.from(VDSO_I386.match(/../g)!, (pair) => Number.parseInt(pair, 16));

/** Value of a dynamic symbol. The image is ours: its program headers lead to DT_SYMTAB (6), DT_STRTAB (5) and DT_HASH (4). */
function symbol(name: string): number {
  const view = new DataView(bytes.buffer);
  const word = (at: number): number => view.getUint32(at, true);
  const table = new Map<number, number>();
  for (let i = 0; i < view.getUint16(44, true); i++) {
    const header = word(28) + 32 * i;
    if (word(header) !== 2) continue;
    for (let at = word(header + 4); word(at) !== 0; at += 8) table.set(word(at), word(at + 4));
  }
  const symbols = table.get(6)!;
  const strings = table.get(5)!;
  const count = word(table.get(4)! + 4);
  for (let i = 0; i < count; i++) {
    const at = strings + word(symbols + 16 * i);
    const end = bytes.indexOf(0, at);
    if (String.fromCharCode(...bytes.subarray(at, end)) === name) return word(symbols + 16 * i + 4);
  }
  assert(false, `the vDSO has no ${name}`);
}

export const I386_VDSO: VdsoImage = {
  bytes,
  vsyscall: symbol('__kernel_vsyscall'),
  sigreturn: symbol('__kernel_sigreturn'),
  rtSigreturn: symbol('__kernel_rt_sigreturn'),
};
