// Random integer instructions, each with the flags it leaves undefined.
// SDM vol. 2; vol. 1 appendix A. CMPXCHG8B stays out: QEMU 7.2 makes up the flags beside ZF.
import { dword, SCRATCH, SCRATCH_SIZE, word } from './assembler.mjs';
import { AF, ALL, CF, OF, PF, SF, ZF } from './flags.mjs';

const ECX = 1;
const EDX = 2;
const EBX = 3;
const ESI = 6;
const EDI = 7;

/** A form with a byte opcode and one for 16 and 32 bits behind it: {prefix, op, width, register}. */
function sized(a, byteOpcode) {
  const size = a.random.below(3);
  const register = size === 0 ? a.random.below(8) : a.register();
  return { prefix: size === 1 ? [0x66] : [], op: byteOpcode + (size ? 1 : 0), width: [8, 16, 32][size], register };
}

/** The same without the byte form. */
function wide(a) {
  const short = a.random.oneIn(3);
  return { prefix: short ? [0x66] : [], width: short ? 16 : 32, register: a.register() };
}

const immediate = (a, width) => {
  const value = a.random.value();
  return width === 8 ? [value & 0xff] : width === 16 ? word(value) : dword(value);
};

const load = (a, register, value) => a.emit([0xb8 | register, ...dword(value)]);

function arithmetic(a) {
  const n = a.random.below(8);
  if (n === 2 || n === 3) a.needFlags(CF);
  const undef = n === 1 || n === 4 || n === 6 ? AF : 0;
  const { prefix, op, width, register } = sized(a, 8 * n);
  const r = width === 8 ? { register: a.random.below(8) } : {};
  switch (a.random.below(4)) {
    case 0:
      return a.emit([...prefix, op, ...a.operand(register, r)], undef, ALL);
    case 1:
      return a.emit([...prefix, op + 2, ...a.operand(register, r)], undef, ALL);
    case 2:
      return a.emit([...prefix, op + 4, ...immediate(a, width)], undef, ALL);
    default: {
      const group = width === 8 ? 0x80 : a.random.oneIn(2) ? 0x81 : 0x83;
      const bytes = group === 0x83 ? immediate(a, 8) : immediate(a, width);
      return a.emit([...prefix, group, ...a.operand(n, r), ...bytes], undef, ALL);
    }
  }
}

function test(a) {
  const { prefix, op, register } = sized(a, 0x84);
  a.emit([...prefix, op, ...a.operand(register)], AF, ALL);
}

function unary(a) {
  const n = a.random.below(4);
  if (n < 2) {
    const { prefix, op } = sized(a, 0xfe);
    return a.emit([...prefix, op, ...a.operand(n)], 0, ALL & ~CF);
  }
  const { prefix, op } = sized(a, 0xf6);
  a.emit([...prefix, op, ...a.operand(n)], 0, n === 3 ? ALL : 0);
}

/** Flags that a shift by `count` (masked) leaves undefined; `n` is the modrm extension. */
function shiftUndefined(n, width, count) {
  if (count === 0) return 0;
  const overflow = count === 1 ? 0 : OF;
  if (n < 4) return overflow;
  return overflow | AF | (n !== 7 && count >= width ? CF : 0);
}

function shift(a) {
  const n = a.random.below(8);
  if (n === 2 || n === 3) {
    a.needFlags(CF);
    a.losesFlagsOnFault();
  }
  const form = a.random.below(3);
  const { prefix, op, width } = sized(a, [0xd0, 0xd2, 0xc0][form]);
  const operand = a.operand(n);
  if (form === 1) {
    // the count is not known: every flag may stay, and those may be undefined
    const undef = OF | (n < 4 ? 0 : AF | (width < 32 ? CF : 0));
    return a.emit([...prefix, op, ...operand], a.undefinedFlags | undef, 0);
  }
  const count = form === 0 ? 1 : a.random.below(40);
  const masked = count & 31;
  const defined = masked === 0 ? 0 : n < 4 ? CF | OF : ALL;
  const bytes = form === 0 ? [] : [count];
  a.emit([...prefix, op, ...operand, ...bytes], shiftUndefined(n, width, masked), defined);
}

function doubleShift(a) {
  const right = a.random.oneIn(2) ? 8 : 0;
  if (a.random.oneIn(2)) {
    return a.emit([0x0f, 0xa5 | right, ...a.operand(a.register())], a.undefinedFlags | OF | AF, 0);
  }
  const { prefix, width, register } = wide(a);
  const count = a.random.below(width === 16 ? 17 : 32);
  const undef = count === 0 ? 0 : AF | (count === 1 ? 0 : OF);
  a.emit([...prefix, 0x0f, 0xa4 | right, ...a.operand(register), count], undef, count === 0 ? 0 : ALL);
}

const PRODUCT_UNDEFINED = SF | ZF | AF | PF;

function multiply(a) {
  switch (a.random.below(3)) {
    case 0: {
      const { prefix, op } = sized(a, 0xf6);
      return a.emit([...prefix, op, ...a.operand(4 + a.random.below(2))], PRODUCT_UNDEFINED, ALL);
    }
    case 1: {
      const { prefix, register } = wide(a);
      return a.emit([...prefix, 0x0f, 0xaf, ...a.operand(register)], PRODUCT_UNDEFINED, ALL);
    }
    default: {
      const { prefix, width, register } = wide(a);
      const short = a.random.oneIn(2);
      const bytes = immediate(a, short ? 8 : width);
      a.emit([...prefix, short ? 0x6b : 0x69, ...a.operand(register), ...bytes], PRODUCT_UNDEFINED, ALL);
    }
  }
}

function divide(a) {
  const signed = a.random.below(2);
  const { prefix, op, width } = sized(a, 0xf6);
  // a high half that lets most quotients fit
  if (a.random.oneIn(4)) load(a, EDX, a.random.value());
  else if (width === 8) a.emit([0x66, 0x98]);
  else if (signed) a.emit([...prefix, 0x99]);
  else load(a, EDX, 0);
  a.emit([...prefix, op, ...a.operand(6 + signed)], ALL, ALL);
}

function convert(a) {
  a.emit([...(a.random.oneIn(2) ? [0x66] : []), 0x98 + a.random.below(2)]);
}

function decimal(a) {
  switch (a.random.below(5)) {
    case 0:
      a.needFlags(AF | CF);
      return a.emit([a.random.pick([0x27, 0x2f])], OF, ALL);
    case 1:
      a.needFlags(AF);
      return a.emit([a.random.pick([0x37, 0x3f])], OF | SF | ZF | PF, ALL);
    case 2:
      return a.emit([0xd4, a.random.oneIn(8) ? 0 : 1 + a.random.below(32)], OF | AF | CF, ALL);
    case 3:
      return a.emit([0xd5, a.random.below(32)], OF | AF | CF, ALL);
    default:
      a.needFlags(CF);
      return a.emit([0xd6]);
  }
}

const BIT_UNDEFINED = OF | SF | AF | PF;

function bitTest(a) {
  const n = a.random.below(4);
  const { prefix, register } = wide(a);
  if (a.random.oneIn(2)) {
    return a.emit([...prefix, 0x0f, 0xba, ...a.operand(4 + n), a.random.below(40)], BIT_UNDEFINED, CF | BIT_UNDEFINED);
  }
  // a register's bit number reaches far: keep it near, on both sides
  if (a.random.oneIn(2)) load(a, register, a.random.below(1024) - 512);
  a.emit([...prefix, 0x0f, 0xa3 + 8 * n, ...a.operand(register)], BIT_UNDEFINED, CF | BIT_UNDEFINED);
}

function bitScan(a) {
  const { prefix, register } = wide(a);
  a.emit([...prefix, 0x0f, 0xbc + a.random.below(2), ...a.operand(register)], ALL & ~ZF, ALL);
}

function conditional(a) {
  a.needFlags(ALL);
  const condition = a.random.below(16);
  a.losesFlagsOnFault();
  if (a.random.oneIn(2)) return a.emit([0x0f, 0x90 + condition, ...a.operand(0, { register: a.random.below(8) & 3 })]);
  const { prefix, register } = wide(a);
  a.emit([...prefix, 0x0f, 0x40 + condition, ...a.operand(register)]);
}

function exchange(a) {
  const kind = a.random.below(5);
  const { prefix, op, register } = sized(a, [0x86, 0xc0, 0xb0, 0x88, 0x8a][kind]);
  const twoBytes = kind === 1 || kind === 2;
  const memory = a.random.oneIn(2);
  const lock = kind < 3 && memory && a.random.oneIn(3) ? [0xf0] : [];
  const bytes = [...lock, ...prefix, ...(twoBytes ? [0x0f] : []), op, ...a.operand(register & 3, { memory })];
  a.emit(bytes, 0, twoBytes ? ALL : 0);
}

function move(a) {
  switch (a.random.below(6)) {
    case 0:
      return load(a, a.register(), a.random.value());
    case 1: {
      const { prefix, op, width } = sized(a, 0xc6);
      return a.emit([...prefix, op, ...a.operand(0, { register: a.register() & 3 }), ...immediate(a, width)]);
    }
    case 2: {
      const { prefix, register } = wide(a);
      return a.emit([...prefix, 0x0f, a.random.pick([0xb6, 0xb7, 0xbe, 0xbf]), ...a.operand(register)]);
    }
    case 3: {
      const { prefix, register } = wide(a);
      return a.emit([...prefix, 0x8d, ...a.memory(register)]);
    }
    case 4:
      return a.emit([0x0f, 0xc8 | a.register()]);
    default:
      // 16-bit addresses reach the scratch memory too
      return a.emit([0x67, 0x8b, (a.register() << 3) | 6, ...word(SCRATCH + a.random.below(SCRATCH_SIZE - 4))]);
  }
}

function stack(a) {
  switch (a.random.below(8)) {
    case 0:
      return a.emit([...wide(a).prefix, 0x50 | a.random.below(8)]);
    case 1:
      return a.emit([...wide(a).prefix, 0x58 | a.register()]);
    case 2:
      return a.emit([0x68, ...dword(a.random.value())]);
    case 3:
      return a.emit([0x6a, a.random.below(256)]);
    case 4:
      return a.emit([...wide(a).prefix, 0xff, ...a.memory(6)]);
    case 5:
      a.needFlags(ALL);
      return a.emit([...wide(a).prefix, 0x9c]);
    case 6: {
      const flags = a.random.u32() & (ALL | 0x400);
      a.emit([0x68, ...dword(flags)]);
      return a.emit([0x9d], 0, ALL);
    }
    default:
      // a call of the next instruction
      return a.emit([0xe8, 0, 0, 0, 0]);
  }
}

function flagBits(a) {
  switch (a.random.below(4)) {
    case 0:
      a.needFlags(ALL & ~OF);
      return a.emit([0x9f]);
    case 1:
      return a.emit([0x9e], 0, ALL & ~OF);
    case 2:
      a.needFlags(CF);
      return a.emit([0xf5]);
    default:
      return a.emit([a.random.pick([0xf8, 0xf9])], 0, CF);
  }
}

const STRING_OPS = [
  { op: 0xa4, compares: false },
  { op: 0xa6, compares: true },
  { op: 0xaa, compares: false },
  { op: 0xac, compares: false },
  { op: 0xae, compares: true },
];

function string(a) {
  const { random } = a;
  const { op, compares } = random.pick(STRING_OPS);
  // most within the scratch memory, some across its end or into the read-only page
  const start = () => SCRATCH + random.below(SCRATCH_SIZE) + (random.oneIn(8) ? SCRATCH_SIZE / 2 : 0);
  load(a, ESI, start());
  load(a, EDI, random.oneIn(3) ? start() : SCRATCH + random.below(SCRATCH_SIZE - 256));
  load(a, ECX, random.oneIn(8) ? random.below(3000) : random.below(40));
  if (random.oneIn(3)) a.emit([0xfd]);
  const { prefix, op: sizedOp } = sized(a, op);
  const address = random.oneIn(6) ? [0x67] : [];
  const repeat = random.oneIn(4) ? [] : [random.pick([0xf2, 0xf3])];
  // repeated, a count of 0 leaves the flags: the ones of MOV to ECX do not matter
  a.emit([...repeat, ...address, ...prefix, sizedOp], compares ? a.undefinedFlags : 0, 0);
  a.emit([0xfc]);
}

function translate(a) {
  load(a, EBX, SCRATCH + a.random.below(SCRATCH_SIZE - 256));
  a.emit([0xd7]);
}

/** A branch over the next few bytes, which are an instruction of their own. */
function branch(a) {
  const over = [0xb8 | a.register(), ...dword(a.random.value())];
  const condition = a.random.below(16);
  switch (a.random.below(4)) {
    case 0:
      load(a, ECX, a.random.below(3));
      a.needFlags(ZF);
      a.emit([a.random.pick([0xe0, 0xe1, 0xe2, 0xe3]), over.length]);
      break;
    case 1:
      a.needFlags(ALL);
      a.emit([0x0f, 0x80 | condition, ...dword(over.length)]);
      break;
    case 2:
      a.emit([0xeb, over.length]);
      break;
    default:
      a.needFlags(ALL);
      a.emit([0x70 | condition, over.length]);
  }
  a.emit(over);
}

/** Ends the snippet with an exception, or nearly does. */
function trap(a) {
  switch (a.random.below(6)) {
    case 0:
      return a.emit([0xcc]);
    case 1:
      a.needFlags(OF);
      return a.emit([0xce]);
    case 2:
      return a.emit([0x0f, 0x0b]);
    case 3:
      // LOCK where it may not be
      return a.emit([0xf0, 0x90]);
    case 4:
      return a.emit([0x66, 0x62, ...a.memory(a.register())]);
    default:
      // HLT at CPL 0 would wait for ever
      return a.emit([a.ring === 0 ? 0xfa : a.random.pick([0xfa, 0xf4])]);
  }
}

/** [weight, emit one] */
export const INTEGER = [
  [10, arithmetic],
  [2, test],
  [3, unary],
  [6, shift],
  [2, doubleShift],
  [3, multiply],
  [1, divide],
  [1, convert],
  [2, decimal],
  [3, bitTest],
  [2, bitScan],
  [3, conditional],
  [3, exchange],
  [5, move],
  [4, stack],
  [2, flagBits],
  [3, string],
  [1, translate],
  [3, branch],
  [0.3, trap],
];
