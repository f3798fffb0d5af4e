// When an MMX or SSE instruction may run at all, and which exception says that it may not.
// SDM vol. 3A 2.5 (CR0.EM, CR0.TS, CR4.OSFXSR, CR4.OSXMMEXCPT), vol. 2 exceptions of each instruction.
import { beforeEach, describe, expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

const EM = 4;
const TS = 8;
const OSFXSR = 0x200;
const OSXMMEXCPT = 0x400;
const UD = 6;
const NM = 7;
const GP = 13;
const MF = 16;
const XM = 19;

const CODE = 0x1000;
const DATA = 0x2000;
const STUBS = 0x600;
const HLT = 0xf4;
const BUDGET = 1000;
const MASKED = 0x1f80;
/** NE, ET */
const CR0 = 0x30;
const PENDING = 0x8081;

let machine: CoreMachine;

/** Real mode, all segments at 0, each vector to a HLT of its own. */
beforeEach(() => {
  machine = new CoreMachine();
  for (let vector = 0; vector < 32; vector++) {
    machine.ramView.setUint32(4 * vector, STUBS + vector, true);
    machine.ram[STUBS + vector] = HLT;
  }
});

type State = { cr0?: number; cr4?: number; fsw?: number; mxcsr?: number };

/** Runs the hex bytes of one instruction; the value is the vector that it raised, or null. */
function run(code: string, { cr0 = 0, cr4 = OSFXSR | OSXMMEXCPT, fsw = 0, mxcsr = MASKED }: State = {}) {
  machine.poke(CODE, Buffer.from(`${code}f4`, 'hex'));
  for (const name of ['cs', 'ds', 'es', 'ss', 'fs', 'gs']) machine.setParagraph(name, 0, 0x93);
  machine.setControl(CR0 | cr0, 0, cr4);
  machine.eflags = 2;
  machine.eip = CODE;
  machine.set(abi.REGS + 4 * 8, 0x8000);
  machine.set(abi.MXCSR, mxcsr);
  machine.view.setUint16(abi.FPU_STATUS, fsw, true);
  machine.core.updateMode();
  expect(machine.run(BUDGET)).toBe(abi.EXIT_HLT);
  const vector = machine.eip - 1 - STUBS;
  return vector >= 0 && vector < 32 ? vector : null;
}

const ADDPS = '0f58c1';
const PADDB_MMX = '0ffcc1';
const PADDB_SSE = '660ffcc1';
const MOVQ2DQ = 'f30fd6c1';
const CVTPI2PS = '0f2ac1';
const PSHUFB_MMX = '0f3800c1';
const MOVNTI = '0fc30e0020';
const PREFETCH = '0f180e0020';
const LFENCE = '0faee8';
const LDMXCSR = '0fae160020';

describe('availability', () => {
  it.each([
    ['addps', ADDPS],
    ['paddb xmm', PADDB_SSE],
    ['movq2dq', MOVQ2DQ],
    ['cvtpi2ps', CVTPI2PS],
    ['ldmxcsr', LDMXCSR],
  ])('%s needs OSFXSR, no EM, no TS', (_, code) => {
    machine.ramView.setUint32(DATA, MASKED, true);
    expect(run(code)).toBe(null);
    expect(run(code, { cr4: OSXMMEXCPT })).toBe(UD);
    expect(run(code, { cr0: EM })).toBe(UD);
    expect(run(code, { cr0: TS })).toBe(NM);
    expect(run(code, { cr0: TS | EM })).toBe(UD);
    expect(run(code, { cr0: TS, cr4: 0 })).toBe(UD);
  });

  it.each([
    ['paddb mm', PADDB_MMX],
    ['pshufb mm', PSHUFB_MMX],
    ['emms', '0f77'],
  ])('%s needs no EM, no TS, no pending x87 exception', (_, code) => {
    expect(run(code, { cr4: 0 })).toBe(null);
    expect(run(code, { cr0: EM })).toBe(UD);
    expect(run(code, { cr0: TS })).toBe(NM);
    expect(run(code, { fsw: PENDING })).toBe(MF);
    expect(run(code, { cr0: EM, fsw: PENDING })).toBe(UD);
  });

  it('a pending x87 exception stops SSE only where MM registers take part', () => {
    expect(run(ADDPS, { fsw: PENDING })).toBe(null);
    expect(run(MOVQ2DQ, { fsw: PENDING })).toBe(MF);
    expect(run(CVTPI2PS, { fsw: PENDING })).toBe(MF);
  });

  it.each([
    ['movnti', MOVNTI],
    ['prefetch', PREFETCH],
    ['lfence', LFENCE],
  ])('%s asks for nothing', (_, code) => {
    expect(run(code, { cr0: EM | TS, cr4: 0 })).toBe(null);
  });

  it('register and memory forms that do not exist are #UD', () => {
    expect(run('0fc3c1')).toBe(UD); // movnti between registers
    expect(run('0f2bc1')).toBe(UD); // movntps between registers
    expect(run('0f50060020')).toBe(UD); // movmskps from memory
    expect(run('0ff7060020')).toBe(UD); // maskmovq from memory
    expect(run('f00f58060020')).toBe(UD); // lock
  });
});

describe('memory operands', () => {
  it('16 bytes must be aligned, but not for the unaligned moves', () => {
    expect(run('0f58060020')).toBe(null);
    expect(run('0f58060820')).toBe(GP);
    expect(run('0f29060820')).toBe(GP);
    expect(run('0f10060120')).toBe(null);
    expect(run('0f11060120')).toBe(null);
    expect(run('f20ff0060120')).toBe(null);
    expect(run('660f6f060120')).toBe(GP);
  });

  it('16 bytes may cross into the next page', () => {
    const bytes = Buffer.from(Array.from({ length: 16 }, (_, i) => 0xa0 + i));
    machine.poke(0x2ff9, bytes);
    expect(run('0f1006f92f')).toBe(null);
    expect(run('0f1106f53f')).toBe(null);
    expect(machine.ram.subarray(0x3ff5, 0x4005)).toEqual(bytes);
  });

  it('LDMXCSR of a reserved bit is #GP and changes nothing', () => {
    machine.ramView.setUint32(DATA, 0x10000 | MASKED, true);
    expect(run(LDMXCSR, { mxcsr: 0x1fa0 })).toBe(GP);
    expect(machine.get(abi.MXCSR)).toBe(0x1fa0);
  });
});

describe('unmasked exceptions', () => {
  const DIVSS = 'f30f5ec1';
  const one = 0x3f800000;

  beforeEach(() => {
    machine.set(abi.XMM, one);
    machine.set(abi.XMM + 16, 0);
  });

  it('are #XM, or #UD when the system does not expect them', () => {
    const mxcsr = MASKED & ~0x200;
    expect(run(DIVSS, { mxcsr })).toBe(XM);
    expect(machine.get(abi.MXCSR)).toBe(mxcsr | 4);
    expect(machine.get(abi.XMM)).toBe(one);
    expect(run(DIVSS, { mxcsr, cr4: OSFXSR })).toBe(UD);
  });

  it('masked, give the default result and a flag', () => {
    expect(run(DIVSS)).toBe(null);
    expect(machine.get(abi.XMM)).toBe(0x7f800000);
    expect(machine.get(abi.MXCSR)).toBe(MASKED | 4);
  });
});

describe('MMX and the x87 registers', () => {
  it('an MMX instruction empties the stack pointer, fills the tags, and marks the register it writes', () => {
    machine.view.setUint16(abi.FPU_TAG, 0xffff, true);
    machine.view.setUint16(abi.FPR + 8, 0x1234, true);
    expect(run(PADDB_MMX, { fsw: 0x2800 })).toBe(null);
    expect(machine.view.getUint16(abi.FPU_STATUS, true)).toBe(0);
    expect(machine.view.getUint16(abi.FPU_TAG, true)).toBe(0);
    expect(machine.view.getUint16(abi.FPR + 8, true)).toBe(0xffff);
    expect(run('0f77')).toBe(null);
    expect(machine.view.getUint16(abi.FPU_TAG, true)).toBe(0xffff);
  });

  it('a faulting one leaves them alone', () => {
    machine.view.setUint16(abi.FPU_TAG, 0xffff, true);
    expect(run(PADDB_MMX, { cr0: TS, fsw: 0x2800 })).toBe(NM);
    expect(machine.view.getUint16(abi.FPU_STATUS, true)).toBe(0x2800);
    expect(machine.view.getUint16(abi.FPU_TAG, true)).toBe(0xffff);
  });
});
