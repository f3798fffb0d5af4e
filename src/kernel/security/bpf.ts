// Classic BPF, of seccomp's filters and of sockets': what a program answers, and which are accepted for seccomp. Linux kernel/seccomp.c
// seccomp_check_filter, net/core/filter.c bpf_check_classic; uapi/linux/bpf_common.h.
// Jumps go forward only, so a program ends after as many steps as it has instructions.

/** Instructions of one program. */
export const BPF_MAXINSNS = 4096;
/** Words of scratch memory. */
const BPF_MEMWORDS = 16;

/** struct sock_filter. */
export interface Instruction {
  code: number;
  jt: number;
  jf: number;
  k: number;
}

/** What a filter is run over: struct seccomp_data as words. */
export const SECCOMP_DATA_WORDS = 16;

export const LD_W_ABS = 0x20;
export const LD_H_ABS = 0x28;
export const LD_B_ABS = 0x30;
export const LD_W_IND = 0x40;
export const LD_H_IND = 0x48;
export const LD_B_IND = 0x50;
/** Four times the lower half of a byte: the length of an IPv4 header. */
export const LDX_B_MSH = 0xb1;
const LD_W_LEN = 0x80;
const LDX_W_LEN = 0x81;
const LD_IMM = 0x00;
const LDX_IMM = 0x01;
const LD_MEM = 0x60;
const LDX_MEM = 0x61;
const ST = 0x02;
const STX = 0x03;
export const RET_K = 0x06;
export const RET_A = 0x16;
const MISC_TAX = 0x07;
const MISC_TXA = 0x87;
const JA = 0x05;
const NEG = 0x84;
const ADD = 0x00;
const SUB = 0x10;
const MUL = 0x20;
const DIV = 0x30;
export const MOD = 0x90;
const OR = 0x40;
const AND = 0x50;
const LSH = 0x60;
const RSH = 0x70;
const XOR = 0xa0;
const JEQ = 0x10;
const JGT = 0x20;
const JGE = 0x30;
const JSET = 0x40;
/** Classes of instructions (LD is 0), the source X, and the mode of a load that counts from it. */
const LDX = 1;
const IND = 0x40;
export const ALU = 4;
const JMP = 5;
export const X_SOURCE = 8;

const ALU_OPERATIONS = [ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, XOR];
const JUMPS = [JEQ, JGT, JGE, JSET];

export const KNOWN: ReadonlySet<number> = new Set([
  ...[
    LD_W_ABS,
    LD_W_LEN,
    LDX_W_LEN,
    LD_IMM,
    LDX_IMM,
    LD_MEM,
    LDX_MEM,
    ST,
    STX,
    RET_K,
    RET_A,
    MISC_TAX,
    MISC_TXA,
    JA,
    NEG,
  ],
  ...ALU_OPERATIONS.flatMap((operation) => [operation | ALU, operation | ALU | X_SOURCE]),
  ...JUMPS.flatMap((jump) => [jump | JMP, jump | JMP | X_SOURCE]),
]);

/** Is it a program that ends, reads what there is, and returns something? */
export function isValidFilter(program: readonly Instruction[]): boolean {
  const { length } = program;
  if (length === 0 || length > BPF_MAXINSNS) return false;
  const last = program[length - 1]!.code;
  if (last !== RET_K && last !== RET_A) return false;
  return program.every((instruction, at) => isValid(instruction, length - at - 1)) && storesBeforeLoads(program);
}

/** `behind`: instructions that follow. */
export function isValid({ code, jt, jf, k }: Instruction, behind: number): boolean {
  if (!KNOWN.has(code)) return false;
  switch (code) {
    case LD_W_ABS:
      return k % 4 === 0 && k < 4 * SECCOMP_DATA_WORDS;
    case LD_MEM:
    case LDX_MEM:
    case ST:
    case STX:
      return k < BPF_MEMWORDS;
    case DIV | ALU:
      return k !== 0;
    case LSH | ALU:
    case RSH | ALU:
      return k < 32;
    case JA:
      return k < behind;
    default:
      return (code & 7) !== JMP || (jt < behind && jf < behind);
  }
}

/** Scratch memory is written before it is read, on every way. Linux check_load_and_stores. */
export function storesBeforeLoads(program: readonly Instruction[]): boolean {
  // the words that are written on all ways that lead to an instruction
  const written = new Uint16Array(program.length).fill(0xffff);
  let valid = 0;
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    valid &= written[at]!;
    if (code === ST || code === STX) valid |= 1 << k;
    else if (code === LD_MEM || code === LDX_MEM) {
      if ((valid & (1 << k)) === 0) return false;
    } else if (code === JA) {
      written[at + 1 + k]! &= valid;
      valid = 0xffff;
    } else if ((code & 7) === JMP) {
      written[at + 1 + jt]! &= valid;
      written[at + 1 + jf]! &= valid;
      valid = 0xffff;
    }
  }
  return true;
}

const scratch = new Uint32Array(BPF_MEMWORDS);

/** `size` bytes at `offset`, the first one the highest; undefined: they are not there, which ends the program with 0. */
export type Load = (size: 1 | 2 | 4, offset: number) => number | undefined;

/** What a valid program answers for data of `length` bytes. */
export function runProgram(program: readonly Instruction[], length: number, load: Load): number {
  let a = 0;
  let x = 0;
  for (let at = 0; ; at++) {
    const { code, jt, jf, k } = program[at]!;
    const operand = (code & X_SOURCE) !== 0 ? x : k;
    // most of what filters do
    if ((code & 7) === JMP && code !== JA) {
      at += holds(code & 0xf0, a, operand) ? jt : jf;
      continue;
    }
    switch (code) {
      case LD_W_LEN:
        a = length;
        continue;
      case LDX_W_LEN:
        x = length;
        continue;
      case LD_IMM:
        a = k;
        continue;
      case LDX_IMM:
        x = k;
        continue;
      case LD_MEM:
        a = scratch[k]!;
        continue;
      case LDX_MEM:
        x = scratch[k]!;
        continue;
      case ST:
        scratch[k] = a;
        continue;
      case STX:
        scratch[k] = x;
        continue;
      case MISC_TAX:
        x = a;
        continue;
      case MISC_TXA:
        a = x;
        continue;
      case RET_K:
        return k;
      case RET_A:
        return a;
      case JA:
        at += k;
        continue;
      case NEG:
        a = -a >>> 0;
        continue;
      default:
    }
    const operation = code & 0xf0;
    if ((code & 7) <= LDX) {
      const size = code & 0x18;
      const value = load(size === 0 ? 4 : size === 8 ? 2 : 1, (code & 0xe0) === IND ? (k + x) >>> 0 : k);
      if (value === undefined) return 0;
      if (code === LDX_B_MSH) x = (value & 15) * 4;
      else a = value;
    } else if ((operation === DIV || operation === MOD) && operand === 0) return 0;
    else a = compute(operation, a, operand);
  }
}

let words: Uint32Array = new Uint32Array(SECCOMP_DATA_WORDS);
const loadWord: Load = (_size, offset) => words[offset >>> 2];

/** What a valid filter of seccomp answers for a call. */
export function runFilter(program: readonly Instruction[], data: Uint32Array): number {
  words = data;
  return runProgram(program, 4 * SECCOMP_DATA_WORDS, loadWord);
}

function holds(operation: number, a: number, operand: number): boolean {
  if (operation === JEQ) return a === operand;
  if (operation === JGT) return a > operand;
  return operation === JGE ? a >= operand : (a & operand) !== 0;
}

function compute(operation: number, a: number, operand: number): number {
  switch (operation) {
    case ADD:
      return (a + operand) >>> 0;
    case SUB:
      return (a - operand) >>> 0;
    case MUL:
      return Math.imul(a, operand) >>> 0;
    case DIV:
      return Math.floor(a / operand);
    case MOD:
      return a % operand;
    case OR:
      return (a | operand) >>> 0;
    case AND:
      return (a & operand) >>> 0;
    case LSH:
      return (a << operand) >>> 0;
    case RSH:
      return a >>> operand;
    default:
      return (a ^ operand) >>> 0;
  }
}
