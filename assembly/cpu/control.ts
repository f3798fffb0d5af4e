// Control registers: their bits, and what they make of the mode.
// SDM vol. 3A section 2.5.
import { CR0, CR4, EFER, FLAGS_SYSTEM } from '../abi';
import { VM } from './flags';

export const CR0_PE: u32 = 1;
export const CR0_MP: u32 = 2;
export const CR0_EM: u32 = 4;
export const CR0_TS: u32 = 8;
export const CR0_ET: u32 = 0x10;
export const CR0_NE: u32 = 0x20;
export const CR0_WP: u32 = 0x10000;
export const CR0_AM: u32 = 0x40000;
export const CR0_NW: u32 = 0x20000000;
export const CR0_CD: u32 = 0x40000000;
export const CR0_PG: u32 = 0x80000000;
export const CR0_BITS: u32 = 0xe005003f;

export const CR4_TSD: u32 = 4;
export const CR4_DE: u32 = 8;
export const CR4_PSE: u32 = 0x10;
export const CR4_PAE: u32 = 0x20;
export const CR4_PGE: u32 = 0x80;
export const CR4_PCE: u32 = 0x100;
export const CR4_OSFXSR: u32 = 0x200;
export const CR4_OSXMMEXCPT: u32 = 0x400;
/** Bits that may be set: those of features that CPUID announces. */
export const CR4_BITS: u32 = CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

export const EFER_NXE: u32 = 0x800;

// @ts-ignore: decorator
@inline export function cr0(): u32 { return load<u32>(CR0); }
// @ts-ignore: decorator
@inline export function cr4(): u32 { return load<u32>(CR4); }
// @ts-ignore: decorator
@inline export function efer(): u32 { return load<u32>(EFER); }
/** EFLAGS.VM is only ever set with CR0.PE. */
// @ts-ignore: decorator
@inline export function virtual8086(): bool { return (load<u32>(FLAGS_SYSTEM) & VM) != 0; }
// @ts-ignore: decorator
@inline export function realMode(): bool { return (load<u32>(CR0) & CR0_PE) == 0; }
/** Protected mode proper: selectors name descriptors. */
// @ts-ignore: decorator
@inline export function protectedMode(): bool { return (load<u32>(CR0) & CR0_PE) != 0 && !virtual8086(); }
// @ts-ignore: decorator
@inline export function pagingPae(): bool { return (load<u32>(CR0) & CR0_PG) != 0 && (load<u32>(CR4) & CR4_PAE) != 0; }
