// What the recorded vectors do not show of the x87: availability, environment formats, instruction pointers, FXSAVE,
// large angles, partial remainders, scaled results of unmasked exceptions.
// SDM vol. 1 chapter 8; vol. 2 of each instruction; vol. 3A 2.5. Values marked "processor" were read off a real one.
import { beforeEach, describe, expect, it } from 'vitest';
import { abi, CoreMachine } from '../../../scripts/core-machine.mjs';

const NM = 7;
const GP = 13;
const MF = 16;
const CODE = 0x1000;
const DATA = 0x2000;
const STUBS = 0x600;
const HLT = 0xf4;
const NE = 0x20;
const MP = 2;
const EM = 4;
const TS = 8;
/** All exceptions masked, 64 bits, to nearest. */
const MASKED = 0x37f;
/** An invalid operation that FCW leaves unmasked waits. */
const PENDING = { fcw: 0x37e, fsw: 0x8081 };

type Value = [word: number, significand: bigint];
type State = { cr0?: number; fcw?: number; fsw?: number; flat?: boolean };

const ONE: Value = [0x3fff, 1n << 63n];
const TWO: Value = [0x4000, 1n << 63n];
const THREE: Value = [0x4000, 3n << 62n];
const HUGE: Value = [0x7ffe, 1n << 63n];
const TINY: Value = [0x0001, 1n << 63n];

let machine: CoreMachine;
let stack: Value[];

/** Each vector to a HLT of its own. */
beforeEach(() => {
  machine = new CoreMachine();
  stack = [];
  for (let vector = 0; vector < 32; vector++) {
    machine.ramView.setUint32(4 * vector, STUBS + vector, true);
    machine.ram[STUBS + vector] = HLT;
  }
});

/** Runs code in hex with `stack` on the x87 stack; the value is the vector that it raised, or null. */
function run(code: string, { cr0 = 0, fcw = MASKED, fsw = 0, flat = false }: State = {}) {
  machine.poke(CODE, Buffer.from(`${code}f4`, 'hex'));
  for (const name of ['cs', 'ds', 'es', 'ss', 'fs', 'gs']) {
    if (flat) machine.setDescriptor(name, 8, 0x0000ffff, name === 'cs' ? 0x00cf9b00 : 0x00cf9300, 0);
    else machine.setParagraph(name, 0, 0x93);
  }
  machine.setControl(0x10 | NE | cr0 | (flat ? 1 : 0), 0, 0x200);
  machine.eflags = 2;
  machine.eip = CODE;
  machine.set(abi.REGS + 4 * 8, 0x8000);
  machine.view.setUint16(abi.FPU_CONTROL, fcw, true);
  const top = -stack.length & 7;
  machine.view.setUint16(abi.FPU_STATUS, fsw | (top << 11), true);
  let tags = 0xffff;
  stack.forEach(([word, significand], i) => {
    const physical = (top + i) & 7;
    machine.view.setBigUint64(abi.FPR + 16 * physical, significand, true);
    machine.view.setUint16(abi.FPR + 16 * physical + 8, word, true);
    tags &= ~(3 << (2 * physical));
  });
  machine.view.setUint16(abi.FPU_TAG, tags, true);
  machine.core.updateMode();
  expect(machine.run(1000)).toBe(abi.EXIT_HLT);
  const vector = machine.eip - 1 - STUBS;
  return vector >= 0 && vector < 32 ? vector : null;
}

const status = () => machine.view.getUint16(abi.FPU_STATUS, true);

function st(i: number): Value {
  const at = abi.FPR + 16 * (((status() >> 11) + i) & 7);
  return [machine.view.getUint16(at + 8, true), machine.view.getBigUint64(at, true)];
}

const word = (at: number) => machine.ramView.getUint16(DATA + at, true);
const dword = (at: number) => machine.ramView.getUint32(DATA + at, true);

describe('availability', () => {
  it.each([
    ['TS', TS],
    ['EM', EM],
  ])('raises #NM under CR0.%s', (_, cr0) => {
    stack = [ONE, TWO];
    for (const code of ['d8c1', 'd9e8', 'd93e0020', 'dbe3', 'dfe0', '0fae060020']) expect(run(code, { cr0 })).toBe(NM);
  });

  it('raises #NM on FWAIT only under both CR0.MP and CR0.TS', () => {
    expect(run('9b', { cr0: TS })).toBe(null);
    expect(run('9b', { cr0: MP | EM })).toBe(null);
    expect(run('9b', { cr0: MP | TS })).toBe(NM);
  });

  it('raises #MF for a waiting exception, except on the FN instructions', () => {
    for (const code of ['9b', 'd8c1', 'd9d0', 'd92e0020', 'd9f7']) expect(run(code, PENDING)).toBe(MF);
    for (const code of ['d93e0020', 'dfe0', 'dd3e0020', 'dbe2', 'dbe3', 'd9360020', 'dd360020']) {
      expect(run(code, PENDING)).toBe(null);
    }
  });

  it('lets a waiting exception go with FNCLEX', () => {
    expect(run('dbe29b', PENDING)).toBe(null);
    expect(status() & 0x80ff).toBe(0);
  });

  it('makes an exception wait when FLDCW unmasks it', () => {
    machine.ramView.setUint16(DATA, 0x37e, true);
    expect(run('d92e00209b', { fsw: 1 })).toBe(MF);
    expect(status() & 0x8080).toBe(0x8080);
  });
});

describe('environment', () => {
  const divide = 'd8361020'; // fdiv dword [2010], by zero
  beforeEach(() => {
    stack = [ONE];
  });

  it('has 14 bytes in real mode, with linear addresses', () => {
    run(`${divide}d9360020`, { fcw: 0x37b });
    expect([0, 2, 4, 6, 8, 10, 12].map(word)).toEqual([0x37b, 0xb884, 0x3fff, CODE, 0x036, 0x2010, 0]);
  });

  it('has 28 bytes with a prefix', () => {
    run(`${divide}66d9360020`, { fcw: 0x37b });
    expect([0, 4, 8, 12, 16, 20, 24].map((at) => dword(at) & (at < 12 ? 0xffff : -1))).toEqual([
      0x37b,
      0xb884,
      0x3fff,
      0xffff1000 | 0,
      0x036,
      0xffff2010 | 0,
      0,
    ]);
  });

  it('has selectors in protected mode', () => {
    run('d83510200000d93500200000', { fcw: 0x37b, flat: true });
    expect([0, 4, 8, 12, 16, 20, 24].map((at) => dword(at) & (at < 12 || at === 24 ? 0xffff : -1))).toEqual([
      0x37b,
      0xb884,
      0x3fff,
      CODE,
      0x00350008,
      0x2010,
      8,
    ]);
  });

  it('masks all exceptions once FNSTENV has stored it', () => {
    run(`${divide}d9360020`, { fcw: 0x37b });
    expect(machine.view.getUint16(abi.FPU_CONTROL, true)).toBe(0x37f);
    expect(status() & 0x8080).toBe(0);
  });

  it('tells zero, special and empty registers apart in the tag word', () => {
    stack = [[0, 0n], [0x7fff, 1n << 63n], [0, 1n], [0x3fff, 1n], ONE];
    run('d9360020');
    expect(word(4)).toBe(0b00_10_10_10_01_11_11_11);
  });

  it('believes FLDENV only about empty registers', () => {
    stack = [ONE];
    // the tags say: all are zeros but R0, which is empty
    [0x37f, 7 << 11, 0x5557, 0, 0, 0, 0].forEach((value, i) => {
      machine.ramView.setUint16(DATA + 2 * i, value, true);
    });
    run('d9260020d9361020');
    expect(word(0x14) >> 14).toBe(0);
    expect(word(0x14) & 3).toBe(3);
  });

  it('comes back whole from FNSAVE by FRSTOR', () => {
    stack = [ONE, THREE, TINY];
    run('dd360020dd260020', { fsw: 0x4020, fcw: 0xb7f });
    expect(machine.view.getUint16(abi.FPU_CONTROL, true)).toBe(0xb7f);
    expect(status()).toBe(0x4020 | (5 << 11));
    expect([st(0), st(1), st(2)]).toEqual(stack);
    expect(machine.fx.ftw).toBe(0xe0);
  });

  it('is initialised after FNSAVE', () => {
    run('dd360020', { fcw: 0x27f, fsw: 0x4700 });
    expect(machine.fx).toMatchObject({ fcw: 0x37f, fsw: 0, ftw: 0 });
  });
});

describe('unmasked exceptions', () => {
  it('wrap the exponent of an overflow by 24576', () => {
    stack = [HUGE, HUGE];
    run('d8c9', { fcw: 0x377 });
    expect(st(0)).toEqual([0x7ffe * 2 - 0x3fff - 24576, 1n << 63n]);
    expect(status() & 0x80bf).toBe(0x8088);
  });

  it('wrap the exponent of an underflow by 24576', () => {
    stack = [TINY, TINY];
    run('d8c9', { fcw: 0x36f });
    expect(st(0)).toEqual([2 - 0x3fff + 24576, 1n << 63n]);
    expect(status() & 0x80bf).toBe(0x8090);
  });

  it('leave memory and the stack alone when a store overflows', () => {
    stack = [HUGE];
    machine.ramView.setUint32(DATA, 0x12345678, true);
    run('d91e0020', { fcw: 0x377 });
    expect(dword(0)).toBe(0x12345678);
    expect(st(0)).toEqual(HUGE);
  });

  it('leave the operands alone when a division is by zero', () => {
    stack = [ONE, [0, 0n]];
    run('d8f1', { fcw: 0x37b });
    expect(st(0)).toEqual(ONE);
    expect(status() & 0x80bf).toBe(0x8084);
  });
});

describe('functions', () => {
  it('reduces 2^100 by 3 in two FPREM', () => {
    stack = [[0x3fff + 100, 1n << 63n], THREE];
    run('d9f8');
    expect(status() & 0x400).toBe(0x400);
    run('d9f8d9f8', {});
    expect(st(0)).toEqual(ONE);
    expect(status() & 0x400).toBe(0);
  });

  it('finds the nearest quotient by FPREM1, ties to even', () => {
    stack = [THREE, TWO];
    run('d9f5');
    // 3 = 2 * 2 - 1
    expect(st(0)).toEqual([0xbfff, 1n << 63n]);
    expect(status() & 0x4300).toBe(0x4000);
    stack = [ONE, TWO];
    run('d9f5');
    expect(st(0)).toEqual(ONE);
  });

  it('leaves an angle of 2^63 alone, with C2', () => {
    stack = [[0x3fff + 63, 1n << 63n]];
    for (const code of ['d9fe', 'd9ff', 'd9fb', 'd9f2']) {
      run(code);
      expect(status() & 0x400).toBe(0x400);
      expect(st(0)).toEqual(stack[0]);
    }
  });

  it('reduces large angles by a pi of 66 bits', () => {
    // processor
    stack = [[0x403d, 0xd924a0eb20f2829cn]];
    run('d9ff', { fcw: 0x77f });
    expect(st(0)).toEqual([0xbff9, 0xa34de3bb0e320d8en]);
  });

  it('scales beyond all range', () => {
    stack = [TWO, [0x7ffe, ~0n & 0xffffffffffffffffn]];
    run('d9fd');
    expect(st(0)).toEqual([0x7fff, 1n << 63n]);
    stack = [TWO, [0xfffe, 1n << 63n]];
    run('d9fd');
    expect(st(0)).toEqual([0, 0n]);
  });

  it('truncates by FISTTP whatever RC says', () => {
    stack = [[0x4000, 0xffff000000000000n]];
    run('db0e0020', { fcw: 0xb7f });
    expect(dword(0)).toBe(3);
    expect(status()).toBe(0x20);
    expect(machine.fx.ftw).toBe(0);
  });

  it('rounds pi as RC says', () => {
    for (const [fcw, significand] of [
      [0x37f, 0xc90fdaa22168c235n],
      [0x77f, 0xc90fdaa22168c234n],
      [0xb7f, 0xc90fdaa22168c235n],
      [0xf7f, 0xc90fdaa22168c234n],
    ] as const) {
      run('d9eb', { fcw });
      expect(st(0)).toEqual([0x4000, significand]);
    }
  });
});

describe('FXSAVE', () => {
  it('wants 16-byte alignment', () => {
    expect(run('0fae060820')).toBe(GP);
    expect(run('0fae0e0820')).toBe(GP);
  });

  it('stores registers by stack number, and tags in one bit', () => {
    stack = [ONE, THREE];
    run('0fae060020', { fsw: 0x4000 });
    expect([0, 2, 4].map(word)).toEqual([MASKED, 0x4000 | (6 << 11), 0xc0]);
    expect(machine.ramView.getBigUint64(DATA + 48, true)).toBe(3n << 62n);
    expect(dword(28)).toBe(0xffff);
  });

  it('refuses reserved bits of MXCSR and changes nothing', () => {
    stack = [ONE];
    machine.ramView.setUint32(DATA + 24, 0x11f80, true);
    expect(run('0fae0e0020')).toBe(GP);
    expect(machine.fx.fcw).toBe(MASKED);
    expect(st(0)).toEqual(ONE);
  });

  it('restores what it stored', () => {
    stack = [ONE, THREE];
    run('0fae060020dbe3');
    expect(machine.fx.ftw).toBe(0);
    run('0fae0e0020');
    expect(machine.fx.ftw).toBe(0xc0);
    expect([st(0), st(1)]).toEqual(stack);
  });
});
