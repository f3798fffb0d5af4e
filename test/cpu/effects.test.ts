// Handlers that translated code calls with most of its state elsewhere: what scripts/gen-effects.mjs says of each is all they touch.
// Each runs twice from states that differ in what it is said not to read; what it writes must come out the same, the rest unchanged.
import { describe, expect, it } from 'vitest';
import type { Row } from '../../assembly/isa/opcodes.js';
import { ROWS } from '../../assembly/isa/opcodes.js';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';
import { effectsOf, effectsWord } from '../../scripts/gen-effects.mjs';

const RUNS = 20;
const CODE = 0x1000;
const WORK = [0x4000, 0x8000] as const;
const ARITHMETIC = 0x8d5;
const STRING = /^(movs|stos|lods|scas|cmps)[\d*]/;

let seed = 7;
function random(n: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * n);
}
const byte = (): number => random(256);
/** An address to work at, a small number, or any. */
function value(): number {
  const kind = random(4);
  return kind < 2 ? WORK[0] + 0x1000 + random(0x1000) : kind === 2 ? random(40) : random(2 ** 32);
}

interface Subject {
  name: string;
  row: Row;
  wide: boolean;
  memory: boolean;
}

/** The handlers behind a row, as scripts/gen-isa.mjs names them. */
function subjectsOf(row: Row): Subject[] {
  const [, handler, operands, attributes = ''] = row;
  const modrm = /(^|,)[EMQWNUR]/.test(operands);
  const marks = attributes.split(' ');
  const forms =
    !modrm || marks.includes('r') || operands.startsWith('R')
      ? [false]
      : marks.includes('m') || /^M|,M/.test(operands)
        ? [true]
        : [false, true];
  return [false, true].flatMap((wide) =>
    forms.map((memory) => {
      const split = handler.endsWith('%') ? (memory ? '_m' : '_r') : '';
      return { name: handler.replace('%', '').replace('*', wide ? '32' : '16') + split, row, wide, memory };
    }),
  );
}

function encode({ row, wide, memory }: Subject): number[] {
  const [encoding, , operands] = row;
  const parts = encoding.split(' ');
  const prefixed = parts[1] === '0F' && /^(66|F3|F2)$/.test(parts[0]!);
  const head = wide || prefixed || parts[0] === 'NP' ? [] : [0x66];
  const bytes: number[] = [];
  let modrm = (memory ? 0x05 : 0xc0 | random(8)) | (random(8) << 3);
  let hasModrm = /(^|,)[EMQWNURGPVSCD][bwdvqxzps1t]?(,|$)/.test(operands);
  for (const part of parts) {
    if (part === 'NP') continue;
    if (part.startsWith('/')) {
      modrm = (modrm & ~0x38) | (Number(part[1]) << 3);
      hasModrm = true;
    } else if (part.startsWith('=')) {
      modrm = Number.parseInt(part.slice(1), 16) + (part.endsWith('+') ? random(8) : 0);
      hasModrm = true;
    } else bytes.push(Number.parseInt(part, 16) + (part.endsWith('+') ? random(8) : 0));
  }
  if (hasModrm) bytes.push(modrm);
  if (hasModrm && modrm < 0xc0) bytes.push(byte(), WORK[0] >> 8, 0, 0);
  bytes.push(...immediate(operands, wide));
  if (STRING.test(row[1]) && random(2)) head.push(0xf2 + random(2));
  return [...head, ...bytes];
}

function immediate(operands: string, wide: boolean): number[] {
  const sizes = { Ib: 1, Ibs: 1, Iw: 2, Iz: wide ? 4 : 2 };
  return operands.split(',').flatMap((o) => Array.from({ length: sizes[o as keyof typeof sizes] ?? 0 }, byte));
}

/** Numbers of the general registers that the instruction's operands name. */
function operandRegisters({ row, wide, memory }: Subject, code: number[]): number[] {
  const [encoding, , operands] = row;
  const list: number[] = [];
  const small = (letter: string): boolean => new RegExp(`(^|,)${letter}b`).test(operands);
  const number = (n: number, low: boolean): number => (low ? n & 3 : n);
  const at = code.length - 1 - immediate(operands, wide).length - (memory ? 4 : 0);
  if (/(^|,)[ER]/.test(operands) && !memory) list.push(number(code[at]! & 7, small('E')));
  if (/(^|,)G/.test(operands)) list.push(number((code[at]! >> 3) & 7, small('G')));
  if (/(^|,)Z/.test(operands)) list.push(code[at]! & 7);
  if (/AL|eAX/.test(operands)) list.push(0);
  expect(at, encoding).toBeGreaterThanOrEqual(0);
  return list;
}

const subjects = ROWS.flatMap(subjectsOf).filter(({ name }) => effectsOf(name) !== undefined);
const names = [...new Set(subjects.map(({ name }) => name))];
const machine = new CoreMachine(0x10000, false);
const floating = Buffer.from(machine.ram.buffer, abi.FPR, abi.MXCSR - abi.FPR);

describe('handlers with known effects', () => {
  it.each(names)('%s touches what it is said to touch', (name) => {
    for (const subject of subjects.filter((s) => s.name === name)) {
      const word = effectsWord(name, [subject.row])!;
      for (let n = 0; n < RUNS; n++) {
        const code = encode(subject);
        const operands = operandRegisters(subject, code);
        let touched = (word >>> 8) & 0xff;
        for (const r of operands) touched |= 1 << r;
        let written = (word >>> 16) & 0xff;
        if (word & (3 << 26)) for (const r of operands) written |= 1 << r;
        const registers = Array.from({ length: 8 }, value);
        // a longer string would reach the code
        if (STRING.test(name)) registers[1]! &= 63;
        const flags = random(0x1000) & (ARITHMETIC | 0x400);
        // a trap flag that is popped would outlive the run
        const work = Buffer.from(Array.from({ length: 0x200 }, () => byte() & (name.startsWith('popf') ? 0xfe : 0xff)));
        const fpu = Buffer.from(Array.from({ length: floating.length }, byte));
        const outcomes = [false, true].map((other) => {
          const before = registers.map((v, r) => (other && !((touched >> r) & 1) ? value() : v));
          const arithmetic = other && !(word & (1 << 24)) ? random(0x1000) & ARITHMETIC : flags & ARITHMETIC;
          machine.core.reset();
          machine.enterFlat();
          machine.set(abi.TSC_LAST, 0);
          machine.set(abi.TSC_LAST + 4, 0);
          machine.ram.fill(0x5a);
          work.copy(machine.ram, WORK[0] + 0x1000);
          work.copy(machine.ram, WORK[0]);
          fpu.copy(floating);
          machine.setRegisters(before);
          machine.eflags = 2 | arithmetic | (flags & 0x400);
          machine.core.updateMode();
          machine.poke(CODE, Buffer.from([...code, 0xf4]));
          machine.eip = CODE;
          const exit = machine.run(1000);
          const after = machine.registers();
          const text = `${Buffer.from(code).toString('hex')} from ${before.map((v) => v.toString(16))}`;
          for (let r = 0; r < 8; r++) {
            if (!((written >> r) & 1)) expect(after[r], `${text}: register ${r}`).toBe(before[r]);
          }
          if (!(word & (1 << 25))) expect(machine.eflags & ARITHMETIC, `${text}: flags`).toBe(arithmetic);
          const faulted = exit === abi.EXIT_TRIPLE_FAULT || exit === abi.EXIT_MMIO_READ;
          return {
            text: exit,
            registers: after.map((v, r) => ((touched >> r) & 1 ? v : 0)),
            flags: (word & (1 << 25)) !== 0 && !faulted ? machine.eflags & ARITHMETIC : 0,
            system: machine.get(abi.FLAGS_SYSTEM),
            eip: machine.eip,
            work: machine.ram.subarray(...WORK).toString('base64'),
            floating: floating.toString('base64'),
          };
        });
        expect(outcomes[1], Buffer.from(code).toString('hex')).toEqual(outcomes[0]);
      }
    }
  });
});
