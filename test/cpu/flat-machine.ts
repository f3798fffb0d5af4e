// A bare core in flat protected mode at CPL 0 with a vector table: what a piece of code does, or which exception it raises.
// SDM vol. 3A 6.10-6.13 (gates, error codes), 4.3 and 4.4 (32-bit and PAE paging).
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

export const CODE = 0x1000;
export const DATA = 0x5000;
export const STACK = 0x9000;
const STUBS = 0x600;
const IDT = 0x3000;
const GDT = 0x4000;
const HLT = 0xf4;
const CODE_SELECTOR = 8;
const WITH_ERROR = [8, 10, 11, 12, 13, 14, 17];
const BUDGET = 10_000;

const TABLE = 0x21000;
const DIRECTORY = 0x20000;
const POINTERS = 0x22000;
const PE_NE = 0x21;
const PG = 0x80000000;
const WP = 0x10000;
const PAE = 0x20;
const OSFXSR_OSXMMEXCPT = 0x600;

export const UD = 6;
export const GP = 13;
export const PF = 14;
export const PRESENT_WRITABLE = 3;
export const READ_ONLY = 1;

export const ENGINES = [
  ['interpreted', false],
  ['translated', true],
] as const;

/** Null: the code ran to its end. */
export type Raised = { vector: number; error?: number } | null;

export class FlatMachine {
  readonly core: CoreMachine;
  private cr4 = OSFXSR_OSXMMEXCPT;

  /** `translate`: the code is a region. */
  constructor(translate: boolean) {
    this.core = new CoreMachine(2 << 20, translate);
    const { ramView, ram } = this.core;
    for (let vector = 0; vector < 32; vector++) {
      ramView.setUint32(IDT + 8 * vector, (CODE_SELECTOR << 16) | (STUBS + vector), true);
      ramView.setUint32(IDT + 8 * vector + 4, 0x8e00, true);
      ram[STUBS + vector] = HLT;
    }
    ramView.setBigUint64(GDT + 8, 0x00cf9b000000ffffn, true);
    ramView.setBigUint64(GDT + 16, 0x00cf93000000ffffn, true);
    this.core.set(abi.IDTR_BASE, IDT);
    this.core.set(abi.IDTR_LIMIT, 32 * 8 - 1);
    this.core.set(abi.GDTR_BASE, GDT);
    this.core.set(abi.GDTR_LIMIT, 23);
    this.core.enterFlat();
    this.control(0);
  }

  /** 32-bit paging, the first 2 MiB one to one, writes of the supervisor checked; `entries`: other PTEs, by linear page address. */
  page(entries: Record<number, number> = {}): void {
    const { ramView } = this.core;
    for (let n = 0; n < 512; n++) ramView.setUint32(TABLE + 4 * n, (n << 12) | PRESENT_WRITABLE, true);
    for (const [linear, entry] of Object.entries(entries))
      ramView.setUint32(TABLE + (Number(linear) >>> 10), entry, true);
    ramView.setUint32(DIRECTORY, TABLE | PRESENT_WRITABLE, true);
    this.control(PG | WP, DIRECTORY);
  }

  /** PAE paging, the first 2 MiB one to one; `entries`: other entries of any table, by their physical address. */
  pagePae(entries: Record<number, bigint> = {}): void {
    const { ramView } = this.core;
    for (let n = 0; n < 512; n++) ramView.setBigUint64(TABLE + 8 * n, BigInt((n << 12) | PRESENT_WRITABLE), true);
    ramView.setBigUint64(DIRECTORY, BigInt(TABLE | PRESENT_WRITABLE), true);
    ramView.setBigUint64(POINTERS, BigInt(DIRECTORY | 1), true);
    for (const [at, entry] of Object.entries(entries)) ramView.setBigUint64(Number(at), entry, true);
    for (let i = 0; i < 4; i++) {
      this.core.view.setBigUint64(abi.PDPTE + 8 * i, ramView.getBigUint64(POINTERS + 8 * i, true), true);
    }
    this.cr4 |= PAE;
    this.control(PG | WP, POINTERS);
  }

  private control(cr0: number, cr3 = 0): void {
    this.core.setControl((PE_NE | cr0) >>> 0, cr3, this.cr4);
  }

  /** Runs code in hex, and the HLT behind it, with flags 2 and ESP at STACK. */
  run(code: string): Raised {
    const { core } = this;
    core.poke(CODE, Buffer.from(`${code.replaceAll(' ', '')}f4`, 'hex'));
    core.set(abi.ESP, STACK);
    core.eflags = 2;
    core.eip = CODE;
    core.core.updateMode();
    const exit = core.run(BUDGET);
    if (exit !== abi.EXIT_HLT) throw new Error(`exit ${exit} at ${core.eip.toString(16)}`);
    const vector = core.eip - 1 - STUBS;
    if (vector < 0 || vector >= 32) return null;
    return WITH_ERROR.includes(vector)
      ? { vector, error: core.ramView.getUint32(core.get(abi.ESP), true) }
      : { vector };
  }
}

/** Physical address of the PAE entry that maps linear `address`, below 2 MiB, at a level. */
export const pageEntry = (address: number): number => TABLE + 8 * (address >>> 12);
export const directoryEntry = (address: number): number => DIRECTORY + 8 * (address >>> 21);
export const pointerEntry = (address: number): number => POINTERS + 8 * (address >>> 30);
