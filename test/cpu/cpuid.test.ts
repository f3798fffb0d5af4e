// CPUID against the CPU itself: what is announced runs, what is not announced is an undefined opcode or a refused bit.
// SDM vol. 2 CPUID.
import { beforeEach, expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

const CODE = 0x1000;
const STUBS = 0x600;
const HLT = 0xf4;
const UD = 6;
const EAX = abi.REGS;
const ECX = abi.REGS + 8;
const EDX = abi.REGS + 16;
const EBX = abi.REGS + 24;

let machine: CoreMachine;

beforeEach(() => {
  machine = new CoreMachine();
  for (let vector = 0; vector < 32; vector++) {
    machine.ramView.setUint32(4 * vector, STUBS + vector, true);
    machine.ram[STUBS + vector] = HLT;
  }
});

/** Runs one instruction in real mode; the value is the vector that it raised, or null. */
function run(code: string): number | null {
  machine.poke(CODE, Buffer.from(`${code}f4`, 'hex'));
  for (const name of ['cs', 'ds', 'es', 'ss', 'fs', 'gs']) machine.setParagraph(name, 0, 0x93);
  machine.setControl(0x30, 0, machine.get(abi.CR4) | 0x600);
  machine.eflags = 2;
  machine.eip = CODE;
  machine.set(abi.REGS + 4 * 8, 0x8000);
  machine.core.updateMode();
  expect(machine.run(1000)).toBe(abi.EXIT_HLT);
  const vector = machine.eip - 1 - STUBS;
  return vector >= 0 && vector < 32 ? vector : null;
}

function cpuid(leaf: number, subleaf = 0): [number, number, number, number] {
  machine.set(EAX, leaf);
  machine.set(ECX, subleaf);
  expect(run('0fa2')).toBe(null);
  return [machine.get(EAX), machine.get(EBX), machine.get(ECX), machine.get(EDX)];
}

const text = (...words: number[]): string => Buffer.from(new Uint32Array(words).buffer).toString('latin1');

/** Bit of leaf 1 EDX and an instruction (16-bit code) that is there with it. */
const features: Record<number, [name: string, code: string]> = {
  0: ['FPU', 'dbe3'],
  2: ['DE', '0f22e0'],
  3: ['PSE', '0f22e0'],
  4: ['TSC', '0f31'],
  5: ['MSR', '0f32'],
  6: ['PAE', '0f22e0'],
  8: ['CX8', '0fc70f'],
  11: ['SEP', '0f32'],
  12: ['MTRR', '0f32'],
  13: ['PGE', '0f22e0'],
  15: ['CMOV', '0f44c1'],
  16: ['PAT', '0f32'],
  19: ['CLFSH', '0fae3f'],
  23: ['MMX', '0f77'],
  24: ['FXSR', '0fae07'],
  25: ['SSE', '0f57c0'],
  26: ['SSE2', '660fefc0'],
};
const featuresMore: Record<number, [name: string, code: string]> = {
  0: ['SSE3', 'f20ff007'],
  9: ['SSSE3', '0f3800c1'],
};
const MSR_OF: Record<string, number> = { MSR: 0x10, SEP: 0x174, MTRR: 0xfe, PAT: 0x277 };
const CR4_OF: Record<string, number> = { DE: 0x8, PSE: 0x10, PAE: 0x20, PGE: 0x80 };

it('announces exactly what runs', () => {
  const [, , more, basic] = cpuid(1);
  const bits = (value: number) => [...Array(32).keys()].filter((bit) => (value >>> bit) & 1);
  expect(bits(basic)).toEqual(Object.keys(features).map(Number));
  expect(bits(more)).toEqual(Object.keys(featuresMore).map(Number));
  for (const [name, code] of [...Object.values(features), ...Object.values(featuresMore)]) {
    machine.set(EBX, 0x4000);
    machine.set(EAX, CR4_OF[name] ?? 0);
    machine.set(ECX, MSR_OF[name] ?? 0);
    expect(run(code), name).toBe(null);
    machine.set(abi.CR4, 0);
  }
});

it('has no instruction of a feature that is not announced', () => {
  const absent = {
    SYSCALL: '0f05',
    MONITOR: '0f01c8',
    VMX: '0f01c1',
    POPCNT: 'f30fb8c1',
    'SSE4.1': '660f3817c1',
    'SSE4.2': 'f20f38f1c1',
    MOVBE: '0f38f007',
    XSAVE: '0fae27',
    XGETBV: '0f01d0',
    RDRAND: '0fc7f0',
    RDTSCP: '0f01f9',
    '3DNow': '0f0fc1bf',
    FSGSBASE: 'f30faec0',
  };
  for (const [name, code] of Object.entries(absent)) expect(run(code), name).toBe(UD);
});

it('announces the APIC when the machine has one and it is enabled', () => {
  const APIC = 1 << 9;
  machine.set(abi.HAS_APIC, 1);
  expect(cpuid(1)[3] & APIC).toBe(APIC);
  machine.set(abi.MSR_APIC_BASE, 0xfee00100);
  expect(cpuid(1)[3] & APIC).toBe(0);
});

it('names itself, its caches and its address sizes', () => {
  const [last, ...vendor] = cpuid(0);
  expect(text(vendor[0]!, vendor[2]!, vendor[1]!)).toBe('GenuineIntel');
  const brand = [0x80000002, 0x80000003, 0x80000004].map((leaf) => text(...cpuid(leaf))).join('');
  expect(brand.replace(/\0+$/, '')).toBe('tabvisor virtual CPU');
  expect(cpuid(0x80000008)[0]).toBe(0x2024);
  expect(cpuid(0x80000001)[3]).toBe(1 << 20); // NX
  const size = (subleaf: number) => {
    const [, b, sets] = cpuid(4, subleaf);
    return ((b >>> 22) + 1) * ((b & 0xfff) + 1) * (sets + 1);
  };
  expect([size(0), size(1), size(2)]).toEqual([32 << 10, 32 << 10, 512 << 10]);
  expect(cpuid(4, 3)[0] & 31).toBe(0);
  expect(cpuid(last + 1, 1)).toEqual(cpuid(last, 1)); // beyond the last leaf: as the last
});
