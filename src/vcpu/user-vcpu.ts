// A vCPU that runs programs at CPL 3 alone: their kernel is the host, which their system calls and exceptions come to as exits.
// assembly/abi.ts, USER_EXITS; ops/control-flow/user-exit.ts, ops/system/space.ts and task-state.ts.
import {
  CODE_PAGE_OF,
  COUNT_CODE_FLUSHES,
  COUNT_INSTRUCTIONS,
  CR0,
  CR2,
  CR4,
  EFER,
  EXIT_BUDGET,
  EXIT_DATA,
  EXIT_VECTOR,
  FLAGS_SYSTEM,
  FPU_CONTROL,
  FPU_TAG,
  GDTR_LIMIT,
  IDTR_LIMIT,
  RAM,
  STASH_SIZE,
  TSC_BASE,
  TSC_PER_INSTRUCTION,
  USER_EXITS,
} from '../../assembly/abi.js';
import { assert } from '../base/assert.js';
import type { WasmMemory, WasmModule } from './engine.js';
import type { Linker } from './linker.js';
import { Registers, SEGMENTS, type Segment } from './registers.js';
import { Vcpu, type VcpuOptions } from './vcpu.js';

/** PE, MP, ET, NE, WP, AM, PG; PAE, PGE, OSFXSR, OSXMMEXCPT; NXE: as Linux has them. */
const CONTROL_0 = 0x80050033;
const CONTROL_4 = 0x6a0;
const EXTENDED = 0x800;
/** Attributes at DPL 3, present: code that may be read, data that may be written, both of 32 bits and with limits in pages. */
const USER_CODE = 0xc0fb;
const USER_DATA = 0xc0f3;
const UNUSABLE = 0x10000;
const TSS_BUSY = 0x8b;
const INTERRUPTS_ON = 0x202;
const FPU_INITIAL = 0x37f;
const FPU_EMPTY = 0xffff;
const NOTHING = { selector: 0, base: 0, limit: 0, attributes: UNUSABLE };

const TWO_32 = 2 ** 32;
const MIB = 2 ** 20;
/** To look whether modules have been compiled costs as much as a fifth of an exit. */
const EXITS_BETWEEN_LANDINGS = 256;
/** Of the time that programs are interpreted, what may be spent on translating them. */
const TRANSLATING = 0.5;
/** Address spaces whose translations are kept while others are in force. */
const STASHES = 256;
/** Room for decoded code, some 30 KiB a page of it: a quarter of what programs have, within bounds. None of it is touched before it is needed. */
const CODE_MIN = 64 * MIB;
const CODE_MAX = 480 * MIB;
const MEMORY_MAX = 4096 * MIB;

export interface UserVcpuOptions extends VcpuOptions {
  /** Bytes of memory from RAM on that are the kernel's, in whole pages; what lies behind is the vCPU's. Absent: all, and less is remembered. */
  ram?: number;
}

/** Bytes of memory for a vCPU whose kernel has `ram` of them. */
export function userMemorySize(ram: number): number {
  const code = Math.min(Math.max(Math.floor(ram / 4 / MIB) * MIB, CODE_MIN), CODE_MAX);
  return Math.min(RAM + ram + STASHES * STASH_SIZE + code, MEMORY_MAX);
}

export class UserVcpu extends Vcpu {
  readonly registers: Registers;
  private readonly words: Int32Array;
  private untilLanding = EXITS_BETWEEN_LANDINGS;

  constructor(module: WasmModule, memory: WasmMemory, options: UserVcpuOptions = {}) {
    super(module, memory, options);
    this.registers = new Registers(this.view);
    this.words = new Int32Array(memory.buffer);
    this.reset();
    if (this.linker) this.linker.share = TRANSLATING;
    if (options.ram !== undefined) this.divide(RAM + options.ram);
  }

  /** The memory from `from` on is for stashes and decoded code. */
  private divide(from: number): void {
    const code = from + STASHES * STASH_SIZE;
    const end = this.bytes.length;
    assert(end - code >= CODE_MIN, 'the memory has no room behind RAM for what the vCPU remembers: userMemorySize()');
    this.core.setStashes(from, STASHES);
    this.core.setCodeArea(code, end);
    // nothing was decoded yet: that was no flush
    this.view.setBigUint64(COUNT_CODE_FLUSHES, 0n, true);
  }

  /** As after power-up, but ready for programs: PAE paging with NX, no descriptor tables, no ports, segments unusable, x87 as after FNINIT. */
  override reset(): void {
    super.reset();
    this.words[USER_EXITS >> 2] = 1;
    this.words[CR0 >> 2] = CONTROL_0;
    this.words[CR4 >> 2] = CONTROL_4;
    this.words[EFER >> 2] = EXTENDED;
    this.words[GDTR_LIMIT >> 2] = 0;
    this.words[IDTR_LIMIT >> 2] = 0;
    for (const name of SEGMENTS) this.registers.setSegment(name, NOTHING);
    // no port is a program's: the TSS has no room for a map of them
    this.registers.setSegment('tr', { ...NOTHING, attributes: TSS_BUSY });
    this.words[FLAGS_SYSTEM >> 2] = INTERRUPTS_ON;
    this.view.setUint16(FPU_CONTROL, FPU_INITIAL, true);
    this.view.setUint16(FPU_TAG, FPU_EMPTY, true);
    this.updateMode();
  }

  /** CS, and SS, DS and ES, cover all linear addresses at CPL 3; FS and GS are null. `code` and `data` are their selectors. */
  setFlatSegments(code: number, data: number): void {
    const set = (name: Segment, selector: number, attributes: number): void =>
      this.registers.setSegment(name, { selector, base: 0, limit: 0xffffffff, attributes });
    set('cs', code, USER_CODE);
    for (const name of ['ss', 'ds', 'es'] as const) set(name, data, USER_DATA);
    for (const name of ['fs', 'gs'] as const) this.registers.setSegment(name, NOTHING);
    this.updateMode();
  }

  /**
   * Runs about `budget` instructions at most. EXIT_SYSCALL: EIP is behind INT 80h. EXIT_TRAP: `trapVector` and what goes with it; EIP is
   * at the instruction for a fault, behind it for a trap (INT3, INTO, INT1, single step, data breakpoints). Else EXIT_BUDGET.
   */
  runUser(budget: number): number {
    const { linker } = this;
    if (!linker) return this.core.run(budget);
    if (--this.untilLanding === 0) {
      this.untilLanding = EXITS_BETWEEN_LANDINGS;
      linker.land();
      linker.translateLinked();
    }
    const start = this.words[COUNT_INSTRUCTIONS >> 2];
    const reason = this.core.run(budget);
    return reason === EXIT_BUDGET ? this.goOn(linker, budget, start) : reason;
  }

  /** The core has come back with EXIT_BUDGET: is it the end of the budget, or is there something to translate? `start`: instructions before, modulo 2^32. */
  private goOn(linker: Linker, budget: number, start: number): number {
    const tsc = this.u32(TSC_BASE + 4) * TWO_32 + this.u32(TSC_BASE);
    const ticks = this.ticksPerInstruction;
    for (;;) {
      const done = (this.words[COUNT_INSTRUCTIONS >> 2] - start) >>> 0;
      if (done >= budget) return EXIT_BUDGET;
      linker.land();
      linker.translateHot();
      this.setTsc(tsc + Math.floor(done * ticks), ticks);
      const reason = this.core.run(budget - done);
      if (reason !== EXIT_BUDGET) return reason;
    }
  }

  override get instructions(): number {
    const { words } = this;
    return (words[(COUNT_INSTRUCTIONS >> 2) + 1] >>> 0) * TWO_32 + (words[COUNT_INSTRUCTIONS >> 2] >>> 0);
  }

  override setTsc(base: number, ticksPerInstruction: number): void {
    const { words } = this;
    // what is stored in 32 bits is taken modulo 2^32
    words[TSC_BASE >> 2] = base;
    words[(TSC_BASE >> 2) + 1] = base / TWO_32;
    words[TSC_PER_INSTRUCTION >> 2] = Math.min(0xffffffff, ticksPerInstruction * 65536);
  }

  /** Of EXIT_TRAP: the exception's number. */
  get trapVector(): number {
    return this.words[EXIT_VECTOR >> 2];
  }

  /** Its error code; 0 when it has none. */
  get trapError(): number {
    return this.words[EXIT_DATA >> 2];
  }

  /** The linear address that the newest page fault was about. */
  get faultAddress(): number {
    return this.words[CR2 >> 2] >>> 0;
  }

  /**
   * Programs run in the space whose page-directory pointers are at physical `cr3` from now on; translations of global pages stay.
   * False, and nothing has changed: a pointer has reserved bits set.
   */
  setSpace(cr3: number): boolean {
    return this.core.setSpace(cr3) !== 0;
  }

  /**
   * The tables of a space that is not in force have lost or changed entries, or the space (in force or not) is gone. Before its next
   * setSpace(), and before another space has its address.
   */
  forgetSpace(cr3: number): void {
    this.core.forgetSpace(cr3);
  }

  /** Entries for `pages` pages from `linear` on, in the space in force, were changed or lost rights. New ones need nothing. */
  invalidatePages(linear: number, pages: number): void {
    this.core.invalidatePages(linear, pages);
  }

  /** All pages of the space in force have become read-only (fork); those marked global have not. */
  dropWrites(): void {
    this.core.dropUserWrites();
  }

  /** `length` bytes at physical `address` were written by the host: code that was decoded from them goes. */
  written(address: number, length: number): void {
    const { words } = this;
    const end = address + length;
    for (let page = address - (address % 4096); page < end; page += 4096) {
      if (words[(CODE_PAGE_OF >> 2) + page / 4096] === 0) continue;
      const from = Math.max(page, address);
      this.invalidateCode(from, Math.min(page + 4096, end) - from);
    }
  }

  /**
   * Puts what belongs to the running program aside, TASK_SIZE bytes at wasm address `area`: registers, EIP, flags, segments, debug
   * registers, x87, MMX, SSE. A field at abi.X lies at `area + X - STATE`.
   */
  saveTask(area: number): void {
    this.core.saveTask(area);
  }

  /** Takes back what saveTask() has put aside; the program's space is for setSpace(). */
  loadTask(area: number): void {
    this.core.loadTask(area);
  }
}
