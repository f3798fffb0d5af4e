// A vCPU that runs programs at CPL 3 alone: their kernel is the host, which their system calls and exceptions come to as exits.
// assembly/abi.ts, USER_EXITS; ops/control-flow/user-exit.ts, ops/system/space.ts and task-state.ts.
import {
  CODE_PAGE_OF,
  CR0,
  CR2,
  CR4,
  EFER,
  EXIT_DATA,
  EXIT_VECTOR,
  FLAGS_SYSTEM,
  FPU_CONTROL,
  FPU_TAG,
  GDTR_LIMIT,
  IDTR_LIMIT,
  USER_EXITS,
} from '../../assembly/abi.js';
import type { WasmMemory, WasmModule } from './engine.js';
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

export class UserVcpu extends Vcpu {
  readonly registers: Registers;
  private readonly words: Int32Array;

  constructor(module: WasmModule, memory: WasmMemory, options: VcpuOptions = {}) {
    super(module, memory, options);
    this.registers = new Registers(this.view);
    this.words = new Int32Array(memory.buffer);
    this.reset();
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
    return this.linker ? this.runTranslating(this.linker, budget) : this.core.run(budget);
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

  /** The tables of a space that is not in force have lost or changed entries, or the space is gone. Before its next setSpace(). */
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
