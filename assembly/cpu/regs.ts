// Access to the general registers in their u64 slots (assembly/abi.ts).
// Writing 32 bits leaves the upper half alone; 64-bit mode will clear it in its own handlers.
import { REGS, EIP, CPL } from '../abi';

// @ts-ignore: decorator
@inline export function reg8(i: u32): u32 { return load<u8>(REGS + ((i & 3) << 3) + (i >> 2)); }
// @ts-ignore: decorator
@inline export function setReg8(i: u32, v: u32): void { store<u8>(REGS + ((i & 3) << 3) + (i >> 2), v); }
// @ts-ignore: decorator
@inline export function reg16(i: u32): u32 { return load<u16>(REGS + (i << 3)); }
// @ts-ignore: decorator
@inline export function setReg16(i: u32, v: u32): void { store<u16>(REGS + (i << 3), v); }
// @ts-ignore: decorator
@inline export function reg32(i: u32): u32 { return load<u32>(REGS + (i << 3)); }
// @ts-ignore: decorator
@inline export function setReg32(i: u32, v: u32): void { store<u32>(REGS + (i << 3), v); }
// @ts-ignore: decorator
@inline export function eip(): u32 { return load<u32>(EIP); }
// @ts-ignore: decorator
@inline export function setEip(v: u32): void { store<u32>(EIP, v); }
// @ts-ignore: decorator
@inline export function cpl(): u32 { return load<u32>(CPL); }
