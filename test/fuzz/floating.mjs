// Random x87 and SSE instructions with all exceptions masked. The x87 stack is kept between one and seven deep.
// SDM vol. 1 chapters 8, 10 and 11; vol. 2. Transcendental instructions stay out: their last bits are nobody's promise.
import { CF, OF, PF, SF, ZF, AF, ALL } from './flags.mjs';

/** Registers in use when a snippet starts: see batch.mjs. */
export const START_DEPTH = 4;
const MAX_DEPTH = 7;

const depths = new WeakMap();
const depthOf = (a) => depths.get(a) ?? START_DEPTH;
const change = (a, by) => depths.set(a, depthOf(a) + by);

/** Not FBLD: digits above 9 are undefined. */
const MEMORY_LOADS = [
  [0xd9, 0], // m32
  [0xdd, 0], // m64
  [0xdb, 5], // m80
  [0xdf, 0], // m16 integer
  [0xdb, 0], // m32 integer
  [0xdf, 5], // m64 integer
];
const CONSTANTS = [0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee];

function push(a) {
  if (depthOf(a) === MAX_DEPTH) return pop(a);
  const kind = a.random.below(8);
  if (kind < 2) a.emit([0xd9, a.random.pick(CONSTANTS)]);
  else if (kind < 4) a.emit([0xd9, 0xc0 | a.random.below(depthOf(a))]);
  else {
    const [opcode, extension] = a.random.pick(MEMORY_LOADS);
    a.emit([opcode, ...a.memory(extension)]);
  }
  change(a, 1);
}

const MEMORY_STORES = [
  [0xd9, 3],
  [0xdd, 3],
  [0xdb, 7],
  [0xdf, 3],
  [0xdb, 3],
  [0xdf, 7],
];

function pop(a) {
  if (depthOf(a) === 1) return push(a);
  if (a.random.oneIn(4)) {
    // FADDP and its kin
    const n = a.random.pick([0, 1, 4, 5, 6, 7]);
    a.emit([0xde, 0xc0 | (n << 3) | (1 + a.random.below(depthOf(a) - 1))]);
  } else {
    const [opcode, extension] = a.random.pick(MEMORY_STORES);
    a.emit([opcode, ...a.memory(extension)]);
  }
  change(a, -1);
}

/** FADD FMUL FSUB FSUBR FDIV FDIVR in their forms. */
function arithmetic(a) {
  const n = a.random.pick([0, 1, 4, 5, 6, 7]);
  if (a.random.oneIn(2)) return a.emit([a.random.pick([0xd8, 0xdc, 0xda, 0xde]), ...a.memory(n)]);
  a.emit([a.random.pick([0xd8, 0xdc]), 0xc0 | (n << 3) | a.random.below(depthOf(a))]);
}

function unary(a) {
  // FCHS FABS FSQRT FRNDINT; FXCH
  if (a.random.oneIn(3)) return a.emit([0xd9, 0xc8 | a.random.below(depthOf(a))]);
  a.emit([0xd9, a.random.pick([0xe0, 0xe1, 0xfa, 0xfc])]);
}

function compare(a) {
  if (a.random.oneIn(2)) {
    // FCOMI, FUCOMI
    const opcode = 0xdb;
    return a.emit([opcode, a.random.pick([0xe8, 0xf0]) | a.random.below(depthOf(a))], OF | SF | AF, ALL);
  }
  // FCOM, and its outcome
  a.emit([0xd8, 0xd0 | a.random.below(depthOf(a))]);
  a.emit([0xdf, 0xe0]);
  a.emit([0x66, 0x25, 0x00, 0x45], AF, ALL);
}

function conditionalMove(a) {
  a.needFlags(CF | ZF | PF);
  a.emit([a.random.pick([0xda, 0xdb]), 0xc0 | (a.random.below(4) << 3) | a.random.below(depthOf(a))]);
}

const NONE = [];
const xmm = (a) => a.random.below(8);
const xmmOperand = (a, align) => (a.random.oneIn(2) ? [0xc0 | (xmm(a) << 3) | xmm(a)] : a.memory(xmm(a), align));

function sseMove(a) {
  const [prefix, opcode, align] = a.random.pick([
    [NONE, 0x10, 1],
    [NONE, 0x11, 1],
    [NONE, 0x28, 16],
    [NONE, 0x29, 16],
    [[0x66], 0x28, 16],
    [[0x66], 0x6f, 16],
    [[0xf3], 0x6f, 1],
    [[0xf3], 0x7f, 1],
    [[0xf3], 0x10, 1],
    [[0xf3], 0x11, 1],
    [[0xf2], 0x10, 1],
    [[0xf2], 0x11, 1],
  ]);
  a.emit([...prefix, 0x0f, opcode, ...xmmOperand(a, align)]);
}

function sseArithmetic(a) {
  const opcode = a.random.pick([0x51, 0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f]);
  const prefix = a.random.pick([NONE, [0x66], [0xf3], [0xf2]]);
  a.emit([...prefix, 0x0f, opcode, ...xmmOperand(a, prefix.length && prefix[0] !== 0x66 ? 1 : 16)]);
}

function sseCompare(a) {
  if (a.random.oneIn(3)) {
    const opcode = a.random.pick([0x2e, 0x2f]);
    return a.emit([...a.random.pick([NONE, [0x66]]), 0x0f, opcode, ...xmmOperand(a, 1)], 0, ALL);
  }
  const prefix = a.random.pick([NONE, [0x66], [0xf3], [0xf2]]);
  const align = prefix.length && prefix[0] !== 0x66 ? 1 : 16;
  a.emit([...prefix, 0x0f, 0xc2, ...xmmOperand(a, align), a.random.below(8)]);
}

function sseConvert(a) {
  const [prefix, opcode, align] = a.random.pick([
    [NONE, 0x5a, 1],
    [[0x66], 0x5a, 16],
    [[0xf3], 0x5a, 1],
    [[0xf2], 0x5a, 1],
    [NONE, 0x5b, 16],
    [[0x66], 0x5b, 16],
    [[0xf3], 0x5b, 16],
    [[0xf3], 0xe6, 1],
    [[0xf2], 0xe6, 16],
    [[0x66], 0xe6, 16],
  ]);
  if (a.random.oneIn(3)) {
    // to and from general registers
    const [p, op] = a.random.pick([
      [0xf3, 0x2a],
      [0xf2, 0x2a],
      [0xf3, 0x2c],
      [0xf2, 0x2c],
      [0xf3, 0x2d],
      [0xf2, 0x2d],
    ]);
    const reg = op === 0x2a ? xmm(a) : a.register();
    const rm = op === 0x2a ? a.register() : xmm(a);
    return a.emit([p, 0x0f, op, 0xc0 | (reg << 3) | rm]);
  }
  a.emit([...prefix, 0x0f, opcode, ...xmmOperand(a, align)]);
}

const LANES = [
  0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x74, 0x75, 0x76, 0xd1, 0xd2,
  0xd3, 0xd4, 0xd5, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe8, 0xe9,
  0xea, 0xeb, 0xec, 0xed, 0xee, 0xef, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe,
];

function sseInteger(a) {
  if (a.random.oneIn(6))
    return a.emit([...a.random.pick([[0x66], [0xf3], [0xf2]]), 0x0f, 0x70, ...xmmOperand(a, 16), a.random.below(256)]);
  a.emit([0x66, 0x0f, a.random.pick(LANES), ...xmmOperand(a, 16)]);
}

/** [weight, emit one] */
export const X87 = [
  [3, push],
  [3, pop],
  [5, arithmetic],
  [3, unary],
  [2, compare],
  [1, conditionalMove],
];
export const SSE = [
  [4, sseMove],
  [4, sseArithmetic],
  [2, sseCompare],
  [2, sseConvert],
  [5, sseInteger],
];
