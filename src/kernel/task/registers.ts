// A task's user registers: in the processor's state while it runs, in its save area while it does not. assembly/abi.ts, CPU state.
import { FLAG_AUX, FLAG_CARRY, FLAG_RESULT, FLAGS_SYSTEM, STATE } from '../../../assembly/abi.js';

/** EFLAGS.TF. */
export const TRAP_FLAG = 0x100;

export class Registers {
  /** Where the state block lies now: STATE on the CPU, else the save area. */
  base: number;

  constructor(
    private readonly words: Uint32Array,
    readonly bytes: Uint8Array,
    /** The save area: as long as the state block. */
    readonly saveArea: number,
  ) {
    this.base = saveArea;
  }

  /** The low 32 bits of a field, by its address in assembly/abi.ts. */
  get32(field: number): number {
    return this.words[(this.base + field - STATE) >>> 2]!;
  }
  set32(field: number, value: number): void {
    this.words[(this.base + field - STATE) >>> 2] = value;
  }

  /** A bit of EFLAGS that is not an arithmetic one. */
  flag(bit: number): boolean {
    return (this.get32(FLAGS_SYSTEM) & bit) !== 0;
  }
  setFlag(bit: number, on: boolean): void {
    const flags = this.get32(FLAGS_SYSTEM);
    this.set32(FLAGS_SYSTEM, on ? flags | bit : flags & ~bit);
  }

  /** Takes `length` bytes of a field from `from`: for a few bytes cheaper than a view of them. */
  copyFrom(field: number, length: number, from: Uint8Array, at: number): void {
    const { bytes } = this;
    const to = this.base + field - STATE;
    for (let i = 0; i < length; i++) bytes[to + i] = from[at + i]!;
  }

  /** Bytes of a field. */
  slice(field: number, length: number): Uint8Array {
    const at = this.base + field - STATE;
    return this.bytes.subarray(at, at + length);
  }
}

// ---- EFLAGS, which the core keeps lazily: assembly/cpu/flags.ts -------------------------------------------------------------------

const ARITHMETIC = 0x8d5;
/** What a program may change: the arithmetic flags, TF, DF, NT, RF, AC, ID. */
const USER_FLAGS = ARITHMETIC | 0x100 | 0x400 | 0x4000 | 0x10000 | 0x40000 | 0x200000;
/** Interrupts are on for every program; bit 1 is always set. */
export const FIXED_FLAGS = 0x202;

export function readFlags(registers: Registers): number {
  const result = registers.get32(FLAG_RESULT);
  const carry = registers.get32(FLAG_CARRY);
  const aux = registers.get32(FLAG_AUX);
  let flags = registers.get32(FLAGS_SYSTEM) | (carry >>> 31) | (aux & 0x10);
  let parity = (result ^ (aux >>> 16)) & 0xff;
  parity ^= parity >> 4;
  if (((0x6996 >> (parity & 15)) & 1) === 0) flags |= 4;
  if (result === 0) flags |= 0x40;
  if (((result ^ (aux << 23)) | 0) < 0) flags |= 0x80;
  if (((carry ^ (carry << 1)) | 0) < 0) flags |= 0x800;
  return flags >>> 0;
}

/** Takes of `flags` what a program may change. */
export function writeFlags(registers: Registers, flags: number): void {
  const kept = registers.get32(FLAGS_SYSTEM) & ~USER_FLAGS;
  registers.set32(FLAGS_SYSTEM, kept | FIXED_FLAGS | (flags & USER_FLAGS & ~ARITHMETIC));
  const carry = flags & 1;
  const zero = (flags >>> 6) & 1;
  registers.set32(FLAG_RESULT, zero ^ 1);
  registers.set32(FLAG_CARRY, (carry << 31) | ((carry ^ ((flags >>> 11) & 1)) << 30));
  // the natural parity of result 0 is even, of result 1 odd
  registers.set32(FLAG_AUX, (flags & 0x10) | ((flags & 0x80) << 1) | ((((flags >>> 2) & 1) ^ zero) << 16));
}
