// The CPU's registers by name, for boot protocols, crash reports and debuggers; and the dump of them.
// assembly/abi.ts; the dump has the shape of QEMU's `-d cpu`.
import {
  CPL,
  CR0,
  CR2,
  CR3,
  CR4,
  DR6,
  DR7,
  EFER,
  EIP,
  FLAG_AUX,
  FLAG_CARRY,
  FLAG_RESULT,
  FLAGS_SYSTEM,
  GDTR_BASE,
  GDTR_LIMIT,
  IDTR_BASE,
  IDTR_LIMIT,
  PDPTE,
  REGS,
  SEG,
  SEG_ATTRIBUTES,
  SEG_BASE,
  SEG_LIMIT,
  SEG_SELECTOR,
  SEG_SIZE,
} from '../../assembly/abi.js';
import { hex } from '../base/bytes.js';

export const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
export type General = (typeof GENERAL)[number];
export const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldtr', 'tr'] as const;
export type Segment = (typeof SEGMENTS)[number];

/** Attributes are bits 40-55 of the descriptor; the limit is in bytes, granularity applied. */
export interface SegmentState {
  selector: number;
  base: number;
  limit: number;
  attributes: number;
}

/** CF PF AF ZF SF OF. */
const ARITHMETIC = 0x8d5;

const FLAG_LETTERS: readonly [number, string][] = [
  [0x400, 'D'],
  [0x800, 'O'],
  [0x80, 'S'],
  [0x40, 'Z'],
  [0x10, 'A'],
  [0x4, 'P'],
  [0x1, 'C'],
];

export class Registers {
  constructor(private readonly view: DataView) {}

  general(name: General): number {
    return this.u32(REGS + GENERAL.indexOf(name) * 8);
  }

  setGeneral(name: General, value: number): void {
    this.set(REGS + GENERAL.indexOf(name) * 8, value);
  }

  /** By its number in an instruction. */
  generalNumber(index: number): number {
    return this.u32(REGS + index * 8);
  }

  setGeneralNumber(index: number, value: number): void {
    this.set(REGS + index * 8, value);
  }

  get eip(): number {
    return this.u32(EIP);
  }

  set eip(value: number) {
    this.set(EIP, value);
  }

  get cr0(): number {
    return this.u32(CR0);
  }

  set cr0(value: number) {
    this.set(CR0, value);
  }

  set cr2(value: number) {
    this.set(CR2, value);
  }

  get cr4(): number {
    return this.u32(CR4);
  }

  get efer(): number {
    return this.u32(EFER);
  }

  /** PAE page-directory-pointer entries: low and high half of each. */
  setDirectoryPointers(words: Uint32Array): void {
    for (let i = 0; i < 8; i++) this.set(PDPTE + i * 4, words[i]);
  }

  readDirectoryPointers(words: Uint32Array): void {
    for (let i = 0; i < 8; i++) words[i] = this.u32(PDPTE + i * 4);
  }

  get cpl(): number {
    return this.u32(CPL);
  }

  segment(name: Segment): SegmentState {
    const at = SEG + SEGMENTS.indexOf(name) * SEG_SIZE;
    return {
      selector: this.view.getUint16(at + SEG_SELECTOR, true),
      base: this.u32(at + SEG_BASE),
      limit: this.u32(at + SEG_LIMIT),
      attributes: this.u32(at + SEG_ATTRIBUTES),
    };
  }

  setSegment(name: Segment, state: SegmentState): void {
    const at = SEG + SEGMENTS.indexOf(name) * SEG_SIZE;
    this.view.setUint16(at + SEG_SELECTOR, state.selector, true);
    this.set(at + SEG_BASE, state.base);
    this.set(at + SEG_LIMIT, state.limit);
    this.set(at + SEG_ATTRIBUTES, state.attributes);
  }

  setGdtr(base: number, limit: number): void {
    this.set(GDTR_BASE, base);
    this.set(GDTR_LIMIT, limit);
  }

  /** The whole EFLAGS image; how the arithmetic flags are kept: assembly/cpu/flags.ts. */
  get eflags(): number {
    const result = this.u32(FLAG_RESULT);
    const carry = this.u32(FLAG_CARRY);
    const aux = this.u32(FLAG_AUX);
    let parity = (result ^ (aux >>> 16)) & 0xff;
    parity ^= parity >> 4;
    parity ^= parity >> 2;
    parity ^= parity >> 1;
    return (
      (this.u32(FLAGS_SYSTEM) |
        (carry >>> 31) |
        (parity & 1 ? 0 : 0x4) |
        (aux & 0x10) |
        (result === 0 ? 0x40 : 0) |
        (((result ^ (aux << 23)) >>> 31) << 7) |
        (((carry ^ (carry << 1)) >>> 31) << 11)) >>>
      0
    );
  }

  /** Whoever changes TF, AC or VM so has the vCPU's updateMode() follow. */
  set eflags(value: number) {
    const carry = value & 1;
    const zero = (value >>> 6) & 1;
    this.set(FLAGS_SYSTEM, (value & ~ARITHMETIC) | 2);
    this.set(FLAG_RESULT, zero ^ 1);
    this.set(FLAG_CARRY, (carry << 31) | ((carry ^ ((value >>> 11) & 1)) << 30));
    this.set(FLAG_AUX, (value & 0x10) | ((value & 0x80) << 1) | ((((value >>> 2) & 1) ^ zero) << 16));
  }

  /** Clears the arithmetic flags and sets the others to `value`. */
  setSystemFlags(value: number): void {
    this.set(FLAGS_SYSTEM, value | 2);
    this.set(FLAG_RESULT, 1);
    this.set(FLAG_CARRY, 0);
    this.set(FLAG_AUX, 0);
  }

  /** The state as lines of text. */
  dump(): string {
    const g = (name: General) => `${name.toUpperCase()}=${hex(this.general(name))}`;
    const flags = this.eflags;
    const letters = FLAG_LETTERS.map(([bit, letter]) => (flags & bit ? letter : '-')).join('');
    const segments = SEGMENTS.map((name) => {
      const s = this.segment(name);
      const label = name === 'ldtr' ? 'LDT' : name.toUpperCase().padEnd(3);
      return `${label}=${hex(s.selector, 4)} ${hex(s.base)} ${hex(s.limit)} ${hex(s.attributes, 5)}`;
    });
    return [
      `${g('eax')} ${g('ebx')} ${g('ecx')} ${g('edx')}`,
      `${g('esi')} ${g('edi')} ${g('ebp')} ${g('esp')}`,
      `EIP=${hex(this.eip)} EFL=${hex(flags)} [${letters}] CPL=${this.cpl}`,
      ...segments,
      `GDT=     ${hex(this.u32(GDTR_BASE))} ${hex(this.u32(GDTR_LIMIT))}`,
      `IDT=     ${hex(this.u32(IDTR_BASE))} ${hex(this.u32(IDTR_LIMIT))}`,
      `CR0=${hex(this.cr0)} CR2=${hex(this.u32(CR2))} CR3=${hex(this.u32(CR3))} CR4=${hex(this.u32(CR4))}`,
      `DR6=${hex(this.u32(DR6))} DR7=${hex(this.u32(DR7))} EFER=${hex(this.u32(EFER))}`,
    ].join('\n');
  }

  private u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  private set(address: number, value: number): void {
    this.view.setUint32(address, value >>> 0, true);
  }
}
