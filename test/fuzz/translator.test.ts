// Random loops, interpreted and translated: registers, flags, memory, exit and instruction count must be the same.
// Ours; the encodings are those of SDM vol. 2 appendix A.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';
import { Random } from './random.mjs';

const COUNT = 4000;
const SEED = 20261122;
const CODE = 0x1000;
const COUNTER = 0x3000;
const DATA = 0x5000;
const STACK = 0x8000;
const MIB = 1 << 20;
/** Work memory: below the stack and behind the data. */
const WORK = [0x4000, 0xa000] as const;

const stream = new Random(SEED);
/** A number below `n`. */
const random = (n: number): number => stream.below(n);
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
const byte = (): number => random(256);
/** A register that is neither ESP nor EDI, which point to memory. */
const register = (): number => pick([0, 1, 2, 3, 5, 6]);
const registers = (reg = register(), rm = register()): number => 0xc0 | (reg << 3) | rm;
/** modrm and displacement of [edi + 0..63]. */
const memory = (reg = register()): number[] => [0x87 | (reg << 3), random(64), 0, 0, 0];
const immediate = (): number[] => [byte(), byte(), byte(), byte()];
/** An operand size prefix, or not. */
const wide = (): number[] => (random(2) ? [0x66] : []);
const arithmetic = (): number => random(8) * 8;
const SHIFTS = [0, 1, 2, 3, 4, 5, 6, 7];

const FORMS: readonly (() => number[])[] = [
  () => [arithmetic() + 1, registers()],
  () => [arithmetic() + 3, ...memory()],
  () => [arithmetic() + 1, ...memory()],
  () => [arithmetic() + pick([0, 2]), registers(random(4), random(4))],
  () => [arithmetic() + pick([0, 2]), ...memory(random(8))],
  () => [0x83, registers(random(8)), byte()],
  () => [0x80, ...memory(random(8)), byte()],
  () => [0x66, arithmetic() + 1, registers()],
  () => [0x66, arithmetic() + pick([1, 3]), ...memory()],
  () => [pick([0x40, 0x48]) + register()],
  () => [0xff, ...memory(random(2))],
  () => [0xfe, ...memory(random(2))],
  () => [0xc1, registers(pick(SHIFTS)), random(33)],
  () => [0xc1, ...memory(pick(SHIFTS)), random(33)],
  () => [0xd3, registers(pick(SHIFTS))],
  () => [0xd3, ...memory(pick(SHIFTS))],
  () => [0x0f, pick([0xb6, 0xb7, 0xbe, 0xbf]), registers(register(), random(4))],
  () => [0x0f, pick([0xb6, 0xb7, 0xbe, 0xbf]), ...memory()],
  () => [0x8d, 0x84 | (register() << 3), (random(4) << 6) | (register() << 3) | register(), byte(), 0, 0, 0],
  () => [0x50 + register()],
  () => [0x58 + register()],
  () => [0xff, ...memory(6)],
  () => [0x8f, ...memory(0)],
  () => [0x0f, 0x90 + random(16), 0xc0 | random(4)],
  () => [0x0f, 0x90 + random(16), ...memory(0)],
  () => [0x0f, 0x40 + random(16), registers()],
  () => [0x0f, 0x40 + random(16), ...memory()],
  () => [0x0f, 0xaf, registers()],
  () => [0x6b, registers(), byte()],
  () => [0x69, ...memory(), ...immediate()],
  () => [0xf7, registers(pick([2, 3, 4, 5]))],
  () => [0xf7, ...memory(pick([2, 3, 4, 5]))],
  () => [0x87, registers()],
  () => [0x87, ...memory()],
  () => [pick([0x98, 0x99, 0x9c, 0x9e, 0x9f, 0xf5, 0xf8, 0xf9])],
  () => [0x0f, 0xb1, ...memory()],
  () => [0x0f, 0xc1, registers()],
  () => [0x0f, pick([0xa3, 0xab, 0xb3, 0xbb]), registers()],
  () => [0x0f, 0xc8 + register()],
  () => [0x0f, pick([0xa4, 0xac]), registers(), random(32)],
  () => [0xc7, ...memory(0), ...immediate()],
  () => [0xc6, ...memory(0), byte()],
  () => [pick([0x89, 0x8b]), ...memory()],
  () => [pick([0xc0, 0xc1]), registers(random(8), random(4)), random(33)],
  () => [0x66, 0xc1, registers(random(8)), random(33)],
  () => [pick([0xc0, 0xc1]), ...memory(random(8)), random(33)],
  () => [pick([0xd0, 0xd1]), ...memory(random(8))],
  () => [...wide(), pick([0xd2, 0xd3]), registers(random(8), random(4))],
  () => [...wide(), pick([0xd2, 0xd3]), ...memory(random(8))],
  () => [0x31, 0xd2, 0xf7, registers(pick([6, 7]))],
  () => [0x99, 0xf7, ...memory(pick([6, 7]))],
  () => [...wide(), pick([0xf6, 0xf7]), ...memory(pick([2, 3, 4, 5]))],
  () => [...wide(), pick([0xf6, 0xf7]), registers(pick([2, 3, 4, 5]), random(4))],
  // most often #DE
  () => (random(8) ? [0x90] : [...wide(), pick([0xf6, 0xf7]), ...memory(pick([6, 7]))]),
  () => [0x66, 0x0f, 0x40 + random(16), random(2) ? registers() : 0x07 | (register() << 3)],
  () => [0x66, 0x0f, pick([0xb6, 0xb7, 0xbe, 0xbf]), registers(register(), random(4))],
  () => [...wide(), 0x0f, pick([0xbc, 0xbd]), registers()],
  () => [0x0f, pick([0xbc, 0xbd]), ...memory()],
  () => [0x0f, 0xba, registers(4 + random(4)), byte()],
  () => [0x0f, 0xba, ...memory(4 + random(4)), byte()],
  () => [...wide(), 0x0f, pick([0xa4, 0xac]), ...memory(), random(33)],
  () => [...wide(), 0x0f, pick([0xa5, 0xad]), registers()],
  () => [...wide(), 0x0f, pick([0xb1, 0xc1]), ...memory()],
  () => [...wide(), 0x0f, pick([0xb1, 0xc1]), registers()],
  () => [0x0f, pick([0xb0, 0xc0]), ...memory(random(8))],
  () => [0x0f, pick([0xb0, 0xc0]), registers(random(4), random(4))],
  () => [pick([0x86, 0x87]), ...memory(random(4))],
  () => [0x66, 0x87, registers()],
  () => [0x66, pick([0x98, 0x99])],
  () => [0x66, pick([0x40, 0x48]) + register()],
  () => [0x66, 0xff, ...memory(random(2))],
  () => [0x66, 0x69, ...memory(), byte(), byte()],
  () => [0x66, 0x0f, 0xaf, registers()],
  () => [0x66, 0xc7, ...memory(0), byte(), byte()],
  () => [0x66, 0xb8 + register(), byte(), byte()],
  () => [0xb0 + random(8), byte()],
  () => [0x66, 0x50 + register()],
  () => [0x66, 0x58 + register()],
  () => [...wide(), 0x8d, 0x84 | (register() << 3), (random(4) << 6) | (register() << 3) | register(), byte(), 0, 0, 0],
  () => [pick([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]), 0x03, ...memory()],
  () => [pick([0x26, 0x36, 0x3e, 0x64, 0x65]), 0x01, ...memory()],
  () => [0x9c, 0x9d],
  () => [0x9c, 0x58 + register()],
  // strings between registers that point to memory and are put right again; they count by what the TLB holds, so it is read first
  () => [
    ...[0x8a, 0x07],
    ...[0xb9, random(20), 0, 0, 0, 0xbe, byte(), DATA >> 8, 0, 0],
    ...(random(4) ? [] : [0xfd]),
    ...pick([[], [0xf3], [0xf2]]),
    ...wide(),
    pick([0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]),
    ...[0xfc, 0xbf, 0, DATA >> 8, 0, 0],
  ],
  // call the next instruction, pop its address
  () => [0xe8, 0, 0, 0, 0, 0x58 + register()],
  // over one instruction, or not
  () => {
    const skipped = instruction();
    return [0x70 + random(16), skipped.length, ...skipped];
  },
];
const instruction = (): number[] => pick(FORMS)();

/** Some instructions, then: dec dword [COUNTER]; jnz to their start; hlt. */
function loop(): number[] {
  const body = Array.from({ length: 2 + random(12) }, instruction).flat();
  const back = new Uint8Array(Int32Array.of(-(body.length + 12)).buffer);
  return [...body, 0xff, 0x0d, COUNTER & 0xff, COUNTER >> 8, 0, 0, 0x0f, 0x85, ...back, 0xf4];
}

it(`agrees with the interpreter on ${COUNT} random loops`, { timeout: 600_000 }, async () => {
  let ended = 0;
  const machines = [new CoreMachine(2 * MIB, false), new CoreMachine(2 * MIB, true)];
  for (let n = 0; n < COUNT; n++) {
    const code = Buffer.from(loop());
    const initial = Array.from({ length: 8 }, () => random(random(2) ? 2 ** 32 : 300));
    initial[4] = STACK;
    initial[7] = DATA;
    const data = Buffer.from(Array.from({ length: 256 }, byte));
    const flags = 2 | (random(2) ? 0x8d5 & random(0x1000) : 0);
    const [interpreted, translated] = machines.map((machine) => {
      machine.enterFlat();
      // one that cannot refuse an access, one that may
      machine.setSegment('fs', 8, 0x40, 0xffffffff, 0xc093);
      machine.setSegment('gs', 8, 0x20, DATA + 60, 0x4093);
      machine.ram.fill(0, ...WORK);
      data.copy(machine.ram, DATA);
      machine.ramView.setUint32(COUNTER, 1 + (n % 5), true);
      machine.setRegisters(initial);
      machine.eflags = flags;
      machine.core.updateMode();
      machine.poke(CODE, code);
      machine.eip = CODE;
      const before = machine.get(abi.COUNT_INSTRUCTIONS);
      const exit = machine.run(100_000);
      return {
        exit,
        registers: machine.registers(),
        eip: machine.eip,
        eflags: machine.eflags,
        instructions: machine.get(abi.COUNT_INSTRUCTIONS) - before,
        memory: createHash('sha1')
          .update(machine.ram.subarray(...WORK))
          .digest('hex'),
      };
    });
    if (translated!.exit === abi.EXIT_HLT) ended++;
    expect(translated, `loop ${n}: ${code.toString('hex')}`).toEqual(interpreted);
    // modules that are dropped are freed in a turn of the event loop
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(machines[1]!.linker.modules).toBeGreaterThan(COUNT / 2);
  expect(ended).toBeGreaterThan(COUNT / 2);
});
