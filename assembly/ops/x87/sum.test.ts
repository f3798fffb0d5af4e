// Sums and differences of 80-bit numbers whose exponents are so far apart that the smaller one is about to vanish, in all precisions and
// roundings, interpreted and translated. SDM vol. 1 4.8.4, 8.1.5. The oracle is exact arithmetic on integers.
import { describe, expect, it } from 'vitest';
import { abi, CoreMachine } from '../../../scripts/core-machine.mjs';
import { Random } from '../../../test/fuzz/random.mjs';

type Value = { word: number; significand: bigint };
type Case = { a: Value; b: Value; control: number };

const CODE = 0x1000;
const CASES = 0x10000;
const CASE_SIZE = 64;
const AT_ONCE = 4096;
const MASKED = 0x3f;
const PE = 0x20;
const C1 = 0x200;
const TOP = 1n << 63n;
/** Precision control by its field, in bits. */
const PRECISIONS = [24, 64, 53, 64];
const NEAREST = 0;
const DOWN = 1;
const UP = 2;

/** ESI: the first case, ECX: how many. Of each a + b goes to +24 with the status word to +22, a - b to +36 and +34. */
const LOOP = [
  'd96e14', // again: fldcw [esi+20]
  'db2e',
  'db6e0a',
  'dec1',
  'dd7e16',
  'db7e18',
  'dbe2', // fld a, fld b, faddp, fnstsw, fstp, fnclex
  'db2e',
  'db6e0a',
  'dee9',
  'dd7e22',
  'db7e24',
  'dbe2', // fsubp
  '83c640', // add esi, 64
  '49',
  '75d9',
  'f4', // dec ecx, jnz again, hlt
].join('');

/** [status bits PE and C1, word, significand] of a + b, exactly, then rounded. */
function sum({ a, b, control }: Case, negate: boolean): [number, number, bigint] {
  const precision = PRECISIONS[(control >> 8) & 3] as number;
  const rounding = (control >> 10) & 3;
  const exponent = Math.min(a.word & 0x7fff, b.word & 0x7fff);
  const exact = (v: Value, flip: boolean) => {
    const magnitude = v.significand << BigInt((v.word & 0x7fff) - exponent);
    return v.word >> 15 !== Number(flip) ? -magnitude : magnitude;
  };
  const total = exact(a, false) + exact(b, negate);
  if (total === 0n) return [0, rounding === DOWN ? 0x8000 : 0, 0n];
  const negative = total < 0n;
  const magnitude = negative ? -total : total;
  const drop = magnitude.toString(2).length - precision;
  let kept = drop > 0 ? magnitude >> BigInt(drop) : magnitude << BigInt(-drop);
  let status = 0;
  if (drop > 0) {
    const half = 1n << BigInt(drop - 1);
    const lost = magnitude - (kept << BigInt(drop));
    const up =
      rounding === NEAREST
        ? lost > half || (lost === half && (kept & 1n) === 1n)
        : lost > 0n && rounding === (negative ? DOWN : UP);
    if (lost > 0n) status |= PE;
    if (up) {
      status |= C1;
      kept++;
    }
  }
  const normal = 64 - kept.toString(2).length;
  return [status, (negative ? 0x8000 : 0) | (exponent + drop - normal), kept << BigInt(normal)];
}

/** Significands on which sums turn: powers of two and their neighbours, long runs of ones and of zeros, any. */
function significand(random: Random): bigint {
  const whole = (BigInt(random.u32()) << 32n) | BigInt(random.u32());
  const shift = BigInt(random.below(64));
  const kinds = [0n, (1n << shift) - 1n, -1n << shift, 1n << shift, whole, (whole << shift) | (whole >> (64n - shift))];
  return BigInt.asUintN(64, random.pick(kinds) + BigInt(random.below(5) - 2)) | TOP;
}

/** Both orders and all signs of two numbers of which one is 2^gap times as large. */
function randomCase(random: Random, gap: number): Case {
  const small = 0x3000 + random.below(0x1000);
  const value = (exponent: number) => ({
    word: exponent | (random.below(2) << 15),
    significand: significand(random),
  });
  const [a, b] = random.oneIn(2) ? [value(small + gap), value(small)] : [value(small), value(small + gap)];
  return { a, b, control: MASKED | (random.below(4) << 8) | (random.below(4) << 10) };
}

function runAll(machine: CoreMachine, cases: Case[]) {
  const { ramView } = machine;
  const put = (at: number, { word, significand }: Value) => {
    ramView.setBigUint64(at, significand, true);
    ramView.setUint16(at + 8, word, true);
  };
  const outcome = (status: number, value: number): [number, number, bigint] => [
    ramView.getUint16(status, true) & (PE | C1),
    ramView.getUint16(value + 8, true),
    ramView.getBigUint64(value, true),
  ];
  const at = (i: number) => CASES + CASE_SIZE * i;
  cases.forEach(({ a, b, control }, i) => {
    put(at(i), a);
    put(at(i) + 10, b);
    ramView.setUint16(at(i) + 20, control, true);
  });
  machine.enterFlat();
  machine.poke(CODE, Buffer.from(LOOP, 'hex'));
  machine.setRegisters([0, cases.length, 0, 0, 0, 0, CASES, 0]);
  machine.view.setUint16(abi.FPU_TAG, 0xffff, true);
  machine.eip = CODE;
  let exit: number;
  do exit = machine.run(1_000_000);
  while (exit === abi.EXIT_BUDGET);
  expect(exit).toBe(abi.EXIT_HLT);
  return cases.map((_, i) => [outcome(at(i) + 22, at(i) + 24), outcome(at(i) + 34, at(i) + 36)] as const);
}

const text = ({ word, significand }: Value) => `${word.toString(16)} ${significand.toString(16)}`;

describe.each([
  ['interpreted', false],
  ['translated', true],
])('%s', (_, translate) => {
  const machine = new CoreMachine(2 << 20, translate);
  const compare = (cases: Case[]) => {
    const found = runAll(machine, cases);
    const differ = cases.flatMap((one, i) => {
      const expected = [sum(one, false), sum(one, true)].join();
      const values = `${text(one.a)} and ${text(one.b)}, control word ${one.control.toString(16)}`;
      return found[i]?.join() === expected ? [] : [`${values}: ${found[i]?.join()}, not ${expected}`];
    });
    expect(differ).toEqual([]);
    return found;
  };

  it('keeps the bit that decides at a gap of 65', () => {
    const a = { word: 0x3fbf, significand: TOP | 1n };
    const b = { word: 0xc000, significand: TOP };
    expect(compare([{ a, b, control: 0x37f }])[0]?.[0]).toEqual([PE, 0xbfff, 2n ** 64n - 1n]);
  });

  it.each([
    ['where the smaller number vanishes', 60, 70],
    ['where it does in 53 bits', 50, 56],
    ['where it does in 24 bits', 21, 27],
    ['where all bits count', 0, 3],
    ['where none does', 126, 131],
  ])('agrees with exact arithmetic %s: gaps %i to %i', (_, from, to) => {
    const random = new Random(from);
    for (let gap = from; gap <= to; gap++) {
      compare(Array.from({ length: AT_ONCE }, () => randomCase(random, gap)));
    }
  });
});
