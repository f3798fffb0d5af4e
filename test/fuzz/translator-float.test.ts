// Random loops of SSE, MMX and x87 instructions, interpreted and translated: everything must be the same to the bit, with any control
// word, NaNs, denormals, unmasked exceptions, operands that cross pages, are misaligned or are no memory. Ours; encodings: SDM vol. 2.
import { expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';
import { Random } from './random.mjs';

const COUNT = 6000;
const SEED = 20261123;
const CODE = 0x1000;
const COUNTER = 0x3000;
const STACK = 0x8000;
const DATA = 0x5000;
const MIB = 1 << 20;
/** Where EDI may point: in a page, at its end, just below and behind the end of memory. */
const PLACES = [DATA, DATA, DATA, DATA, DATA, DATA, DATA + 0xfe0, 2 * MIB - 0x20, 3 * MIB] as const;
const WORK = [0x4000, 0xa000] as const;
/** Page tables: all of memory at its place but for the page behind that of DATA. */
const DIRECTORY = 0xb000;
const HOLE = 6;
const PG = 0x80000000;
const PE = 1;
const NE = 0x20;

const stream = new Random(SEED);
const random = (n: number): number => stream.below(n);
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
const byte = (): number => random(256);
const some = (n: number): boolean => random(n) === 0;

// ---- instructions ---------------------------------------------------------------------------------------------------------------
/** A general register that is neither ESP nor EDI. */
const general = (): number => pick([0, 1, 2, 3, 5, 6]);
const wide = (): number => random(8);
const registers = (reg: number, rm: number): number => 0xc0 | (reg << 3) | rm;
/** modrm of [edi + displacement], most often a multiple of 16. */
const memory = (reg: number): number[] => [0x87 | (reg << 3), some(12) ? random(32) : pick([0, 16]), 0, 0, 0];
/** A vector operand: a register, or memory. */
const source = (reg = wide()): number[] => (some(3) ? memory(reg) : [registers(reg, wide())]);
const PREFIXES = [[], [0x66], [0xf3], [0xf2]] as const;
const VECTOR = [
  ...[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x74, 0x75, 0x76],
  ...[0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf],
  ...[0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef],
  ...[0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe],
];
const X87 = [0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xda, 0xde, 0xdf];

const SSE_FORMS: readonly (() => number[])[] = [
  // arithmetic, three times as often
  ...[0, 1, 2].map(() => () => [
    ...pick(PREFIXES),
    0x0f,
    pick([0x51, 0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f]),
    ...source(),
  ]),
  () => [...pick(PREFIXES), 0x0f, 0xc2, ...source(), random(8)],
  () => [...pick([[], [0x66]]), 0x0f, pick([0x2e, 0x2f]), ...source()],
  () => [...pick(PREFIXES), 0x0f, pick([0x5a, 0x5b, 0xe6]), ...source()],
  () => [...pick([[0xf2], [0xf3]]), 0x0f, 0x2a, ...(some(2) ? memory(wide()) : [registers(wide(), general())])],
  () => [...pick([[0xf2], [0xf3]]), 0x0f, pick([0x2c, 0x2d]), ...source(general())],
  () => [0x66, 0x0f, pick(VECTOR), ...source()],
  () => [0x66, 0x0f, pick(VECTOR), ...source()],
  () => [0x0f, pick(VECTOR.filter((v) => v !== 0x6c && v !== 0x6d)), ...source()],
  () => [0x66, 0x0f, pick([0x71, 0x72]), registers(pick([2, 4, 6]), wide()), some(4) ? byte() : random(32)],
  () => [0x66, 0x0f, 0x73, registers(pick([2, 3, 6, 7]), wide()), some(4) ? byte() : random(64)],
  () => [...pick(PREFIXES), 0x0f, 0x70, ...source(), byte()],
  () => [...pick([[], [0x66]]), 0x0f, 0xc6, ...source(), byte()],
  () => [0x66, 0x0f, 0x3a, 0x0f, ...source(), random(40)],
  () => [0x66, 0x0f, 0x38, pick([0, 1, 2, 4, 8, 9, 10, 11, 0x1c, 0x1d, 0x1e]), ...source()],
  () => [...pick(PREFIXES), 0x0f, pick([0x10, 0x11, 0x12, 0x16]), ...source()],
  () => [...pick([[], [0x66]]), 0x0f, pick([0x28, 0x29, 0x14, 0x15]), ...source()],
  () => [...pick([[], [0x66]]), 0x0f, pick([0x13, 0x17, 0x2b]), ...memory(wide())],
  () => [...pick(PREFIXES), 0x0f, pick([0x6f, 0x7f]), ...source()],
  () => [0x66, 0x0f, 0x6e, ...(some(2) ? memory(wide()) : [registers(wide(), general())])],
  () => [0x66, 0x0f, 0x7e, ...(some(2) ? memory(wide()) : [registers(wide(), general())])],
  () => [0xf3, 0x0f, 0x7e, ...source()],
  () => [0x66, 0x0f, 0xd6, ...source()],
  () => [0x66, 0x0f, 0xe7, ...memory(wide())],
  () => [0x66, 0x0f, 0xd7, registers(general(), wide())],
  () => [...pick([[], [0x66]]), 0x0f, 0x50, registers(general(), wide())],
  () => [0x66, 0x0f, 0xc5, registers(general(), wide()), byte()],
  () => [0x66, 0x0f, 0xc4, registers(wide(), general()), byte()],
  () => [...pick([[0x66], [0xf2]]), 0x0f, pick([0x7c, 0x7d, 0xd0]), ...source()],
  () => [0x0f, 0xae, ...memory(3)],
];
const X87_FORMS: readonly (() => number[])[] = [
  () => [pick(X87), 0xc0 + random(64)],
  () => [pick([0xd8, 0xdc, 0xde]), 0xc0 + random(64)],
  () => [0xd9, pick([0xc0, 0xc1, 0xc8, 0xc9, 0xca, 0xe0, 0xe1, 0xe8, 0xeb, 0xee, 0xfa, 0xfc])],
  () => [0xd9, pick([0xc0, 0xc1, 0xc8, 0xc9, 0xca, 0xe0, 0xe1, 0xe8, 0xeb, 0xee])],
  () => [pick([0xd8, 0xdc]), ...memory(random(8))],
  () => [pick([0xd8, 0xdc]), ...memory(random(8))],
  () => [pick([0xd9, 0xdd]), ...memory(pick([0, 2, 3]))],
  () => [pick([0xd9, 0xdd]), ...memory(pick([0, 2, 3]))],
  // through SS
  () => [0x36, 0xdd, ...memory(0)],
  () => [0xdd, ...memory(3)],
  () => [0xdb, ...memory(pick([0, 2, 3, 5, 7]))],
  () => [0xdf, ...memory(pick([0, 2, 3, 5, 7]))],
  () => [0xda, ...memory(random(8))],
  () => [0xdf, 0xe0],
  () => [0xdb, 0xe8 + random(16)],
  () => [pick([0xda, 0xdb]), 0xc0 + random(32)],
  () => [0xd9, ...memory(7)],
];
const INTEGER_FORMS: readonly (() => number[])[] = [
  () => [pick([0x01, 0x29, 0x31, 0x39, 0x11]), registers(general(), general())],
  () => [0x40 + general()],
  () => [0x0f, 0x90 + random(16), registers(0, random(4))],
  () => [0x0f, 0x40 + random(16), registers(general(), general())],
  () => [0x9e],
  // over one instruction, or not
  () => {
    const skipped = instruction();
    return [0x70 + random(16), skipped.length, ...skipped];
  },
];
let kind = 0;
const instruction = (): number[] => {
  const forms = some(5)
    ? INTEGER_FORMS
    : kind === 0
      ? SSE_FORMS
      : kind === 1
        ? X87_FORMS
        : pick([SSE_FORMS, X87_FORMS]);
  return pick(forms)();
};

/** Some instructions, then: dec dword [COUNTER]; jnz to their start; hlt. */
function loop(): number[] {
  const body = Array.from({ length: 2 + random(12) }, instruction).flat();
  const back = new Uint8Array(Int32Array.of(-(body.length + 12)).buffer);
  return [...body, 0xff, 0x0d, COUNTER & 0xff, COUNTER >> 8, 0, 0, 0x0f, 0x85, ...back, 0xf4];
}

// ---- numbers --------------------------------------------------------------------------------------------------------------------
const scratch = new DataView(new ArrayBuffer(16));
const bytes = (n: number): number[] => [...new Uint8Array(scratch.buffer, 0, n)];
function double(): number[] {
  const special = random(16);
  if (special === 0)
    scratch.setBigUint64(0, BigInt(pick([0, 1, 0xfffff, 0x80000000, 0x7ff00000, 0xfff80000])) << 32n, true);
  else if (special === 1) return [byte(), byte(), byte(), byte(), byte(), byte(), byte(), byte()];
  else if (special === 2) {
    const edges = [2.2250738585072014e-308, 1.7e308, 5e-324, 2147483647.5, -2147483648, 3.4028235677973366e38, 1.2e-38];
    scratch.setFloat64(0, pick(edges), true);
  } else scratch.setFloat64(0, (random(2 ** 30) - 2 ** 29) * 2 ** (random(40) - 40), true);
  return bytes(8);
}
function single(): number[] {
  const special = random(12);
  if (special === 0)
    scratch.setUint32(0, pick([0, 1, 0x807fffff, 0x80000000, 0x7f800000, 0xffc00000, 0x7fa00000]), true);
  else if (special === 1) return [byte(), byte(), byte(), byte()];
  else scratch.setFloat32(0, (random(2 ** 20) - 2 ** 19) * 2 ** (random(40) - 30), true);
  return bytes(4);
}
function extended(): number[] {
  const special = random(12);
  if (special === 0) return Array.from({ length: 10 }, byte);
  if (special === 1)
    return [
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      pick([0, 0x80, 0xc0]),
      ...pick([
        [0, 0],
        [0xff, 0x7f],
        [1, 0],
        [0xfe, 0xff],
      ]),
    ];
  if (special < 4) {
    // at the edges of what fits in 64, 32 and 80 bits
    const exponent = pick([0x43ff, 0x43fe, 0x3c01, 0x3c00, 0x407f, 0x407e, 0x3f81, 0x3f80, 0x7ffe, 0x7ffd, 1, 2]);
    const significand = pick([
      [255, 255, 255, 255, 255, 255, 255, 255],
      [0, 0xfc, 255, 255, 255, 255, 255, 255],
      [0, 0, 0, 0, 0x80, 255, 255, 255],
      [1, 4, 0, 0, 0, 0, 0, 0x80],
      [0, 0, 0, 0, 0, 0, 0, 0x80],
    ]);
    return [...significand, exponent & 0xff, (exponent >> 8) | (some(2) ? 0x80 : 0)];
  }
  const exact = some(2) ? [0, 0, 0] : [byte(), byte(), byte()];
  return [...exact, byte(), byte(), byte(), byte(), 0x80 | byte(), byte(), pick([0x3f, 0x40, 0xbf, 0xc0])];
}
const vector = (): number[] =>
  some(3) ? [0, 1, 2, 3].flatMap(single) : some(8) ? Array.from({ length: 16 }, byte) : [0, 1].flatMap(double);

it(`agrees with the interpreter on ${COUNT} random loops of floating point`, { timeout: 600_000 }, async () => {
  const machines = [new CoreMachine(2 * MIB, false), new CoreMachine(2 * MIB, true)];
  for (const { ramView } of machines) {
    ramView.setUint32(DIRECTORY, (DIRECTORY + 0x1000) | 3, true);
    for (let i = 0; i < 1024; i++) ramView.setUint32(DIRECTORY + 0x1000 + 4 * i, i === HOLE ? 0 : (i << 12) | 3, true);
  }
  for (let n = 0; n < COUNT; n++) {
    kind = n % 3;
    const code = Buffer.from(loop());
    const initial = Array.from({ length: 8 }, () => random(some(2) ? 2 ** 32 : 300));
    initial[4] = STACK;
    initial[7] = pick(PLACES);
    const data = Buffer.from(Array.from({ length: 5 }, vector).flat());
    const fx = {
      fcw: some(4) ? random(0x1000) : 0x37f,
      fsw: random(8) << 11,
      ftw: some(2) ? 0x3f << random(3) : byte(),
      mxcsr: some(3) ? random(0x10000) | (some(2) ? 0x1f80 : 0) : some(4) ? 0x1f80 : 0x1fa0,
      r: Array.from({ length: 8 }, () => Uint8Array.from(extended())),
      xmm: Array.from({ length: 8 }, () => Uint8Array.from(vector())),
    };
    const cr0 = (PE | NE | (some(40) ? pick([4, 8]) : 0) | (some(2) ? PG : 0)) >>> 0;
    const cr4 = some(40) ? 0 : some(4) ? 0x200 : 0x600;
    const [interpreted, translated] = machines.map((machine) => {
      machine.core.reset();
      machine.enterFlat();
      for (const [i, name] of ['cs', 'ss', 'ds', 'es'].entries())
        machine.view.setUint16(machine.segmentAt(name) + abi.SEG_SELECTOR, 8 + 8 * i, true);
      machine.setControl(cr0, DIRECTORY, cr4);
      machine.ram.fill(0, ...WORK);
      for (const place of PLACES) data.copy(machine.ram, place);
      machine.ramView.setUint32(COUNTER, 1 + (n % 5), true);
      machine.setRegisters(initial);
      machine.eflags = 2;
      machine.fx = fx;
      machine.core.updateMode();
      machine.poke(CODE, code);
      machine.eip = CODE;
      const before = machine.get(abi.COUNT_INSTRUCTIONS);
      const exit = machine.run(100_000);
      const words = [
        abi.FPU_OPCODE,
        abi.FPU_IP,
        abi.FPU_DP,
        abi.FPU_TAG,
        abi.FPU_IP_SELECTOR,
        abi.FPU_DP_SELECTOR,
        abi.EXIT_VECTOR,
        abi.CR2,
        abi.MMIO_QUEUE_COUNT,
      ];
      const state = {
        exit,
        registers: machine.registers(),
        eip: machine.eip,
        eflags: machine.eflags,
        instructions: machine.get(abi.COUNT_INSTRUCTIONS) - before,
        words: words.map((at) => machine.get(at)),
        fx: machine.fx,
        memory: machine.ram.subarray(...WORK).toString('base64') + machine.ram.subarray(-64).toString('base64'),
      };
      machine.set(abi.MMIO_QUEUE_COUNT, 0);
      return state;
    });
    expect(translated, `loop ${n}: ${code.toString('hex')}`).toEqual(interpreted);
    // modules that are dropped are freed in a turn of the event loop
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(machines[1]!.linker.modules).toBeGreaterThan(COUNT / 2);
});
