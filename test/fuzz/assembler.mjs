// Puts bytes of a snippet together: operands with modrm, and which flags are undefined before each instruction.
// SDM vol. 2 chapter 2.
import { ALL } from './flags.mjs';

/** The snippets' memory, as in harness.asm. */
export const SCRATCH = 0x8000;
export const SCRATCH_SIZE = 0x1000;
export const CODE = 0xa000;
export const MAX_CODE = 144;
const MAX_INSTRUCTION = 16;

const ESP = 4;
const EBP = 5;

export class Assembler {
  bytes = [];
  /** [offset, mask of undefined flags when the instruction there starts] */
  marks = [[0, 0]];
  undefinedFlags = 0;

  constructor(random, ring) {
    this.random = random;
    this.ring = ring;
  }

  get full() {
    return this.bytes.length > MAX_CODE - 3 * MAX_INSTRUCTION;
  }

  /** One instruction that leaves `undefinedFlags` undefined and defines those of `defined`. */
  emit(bytes, undefinedFlags = 0, defined = undefinedFlags === 0 ? 0 : ALL) {
    this.bytes.push(...bytes);
    this.undefinedFlags = (this.undefinedFlags & ~defined) | undefinedFlags;
    this.marks.push([this.bytes.length, this.undefinedFlags]);
  }

  /** Before an instruction that reads `mask`: CMP defines every flag. */
  needFlags(mask) {
    if ((this.undefinedFlags & mask) === 0) return;
    this.emit([0x39, 0xc0 | (this.register() << 3) | this.register()], 0, ALL);
  }

  /** The next instruction reads flags, and may fault then: QEMU 7.2 has lost them by that time. */
  losesFlagsOnFault() {
    this.marks.at(-1)[1] = ALL;
  }

  /** A register that may be written: any but ESP and EBP, the base of memory operands. */
  register() {
    return this.random.pick([0, 1, 2, 3, 6, 7]);
  }

  /** Modrm bytes of a random operand; `reg` is the other operand or the opcode's extension. */
  operand(reg, { memory = this.random.oneIn(2), register = this.register() } = {}) {
    return memory ? this.memory(reg) : [0xc0 | (reg << 3) | register];
  }

  /** A memory operand, nearly always within the scratch memory; `align` is a power of two. */
  memory(reg, align = 1) {
    const { random } = this;
    const offset = Math.floor(random.below(SCRATCH_SIZE - 64) / align) * align;
    // EBP points to the middle of the scratch memory
    const fromMiddle = offset - SCRATCH_SIZE / 2;
    switch (random.below(8)) {
      case 0:
      case 1:
        return [(reg << 3) | 5, ...dword(SCRATCH + offset)];
      case 2:
        return [0x80 | (reg << 3) | 4, (random.below(4) << 6) | (4 << 3) | EBP, ...dword(fromMiddle)];
      case 3:
        if (align === 1) return [0x40 | (reg << 3) | 4, (4 << 3) | ESP, random.below(64)];
        break;
      case 4:
        // a random index: mostly a page fault; but where #GP for alignment comes before it QEMU differs
        if (align === 1 && random.oneIn(4))
          return [0x84 | (reg << 3), (random.below(4) << 6) | (this.register() << 3) | EBP, ...dword(fromMiddle)];
        break;
      case 5: {
        const near = Math.floor((random.below(256) - 128) / align) * align;
        return [0x45 | (reg << 3), near & 0xff];
      }
    }
    return [0x85 | (reg << 3), ...dword(fromMiddle)];
  }
}

export function word(value) {
  return [value & 0xff, (value >>> 8) & 0xff];
}

export function dword(value) {
  return [...word(value), (value >>> 16) & 0xff, value >>> 24];
}
