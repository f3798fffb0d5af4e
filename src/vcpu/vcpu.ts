// One virtual CPU: a core instance on a machine's memory; running it, answering its exits, its counters.
// assembly/abi.ts and the exports of assembly/index.ts.
import {
  APIC_PAGE,
  APIC_PHYSICAL,
  APIC_THRESHOLD,
  CAREFUL,
  A20_MASK,
  COUNT_CODE_EVICTIONS,
  COUNT_CODE_FLUSHES,
  COUNT_CODE_INVALIDATIONS,
  COUNT_DECODED,
  COUNT_EXCEPTIONS,
  COUNT_INSTRUCTIONS,
  COUNT_INTERRUPTS,
  COUNT_PAGE_FAULTS,
  COUNT_TLB_FLUSHES,
  COUNT_TLB_MISSES,
  CR2,
  EXIT_BUDGET,
  EXIT_VECTOR,
  FAULT_ERROR,
  FAULT_KIND,
  FAULT_VECTOR,
  FLAGS_SYSTEM,
  FPU_STATUS,
  HAS_APIC,
  IGNNE,
  INTERRUPT_WINDOW,
  MMIO_QUEUE,
  MMIO_QUEUE_COUNT,
  MMIO_QUEUE_MAX,
  MSR_APIC_BASE,
  NO_APIC,
  NO_ERROR_CODE,
  PAGE_FAULT_ADDRESS,
  PIO_DATA,
  PIO_DATA_SIZE,
  REGION_COUNT,
  REGIONS,
  REGS,
  REPLAY,
  REPLAY_COUNT,
  REPLAY_MAX,
  TSC_BASE,
  TSC_OFFSET,
  TSC_PER_INSTRUCTION,
  USER_EXITS,
  VMX_OFF,
  VMX_STATE,
} from '../../assembly/abi.js';
import { assert } from '../base/assert.js';
import { instantiate, type WasmMemory, type WasmModule } from './engine.js';
import { type Exit, ExitDecoder } from './exit.js';
import { readNotes, type NotedModule } from './translation-notes.js';
import { type FirstCall, Linker, type Translation, type TranslatorCore } from './linker.js';
import { Vmcs } from './vmcs.js';

/** What assembly/index.ts exports. */
interface Core {
  init(): void;
  run(budget: number): number;
  reset(): void;
  injectInterrupt(vector: number): void;
  injectNmi(): void;
  canInject(): number;
  canInjectNmi(): number;
  flushTlb(code: number): void;
  invalidateCode(physical: number, length: number): void;
  updateMode(): void;
  setVmx(on: number): void;
  vmEnter(): number;
  vmTimerExit(): void;
  emulateBegin(cr3: number): void;
  emulateEnd(): number;
  runAlone(): void;
  identify(leaf: number, subleaf: number): void;
  setCodeArea(from: number, end: number): void;
  setStashes(at: number, count: number): void;
  setSpace(cr3: number): number;
  forgetSpace(cr3: number): void;
  invalidatePages(linear: number, pages: number): void;
  dropUserWrites(): void;
  saveTask(address: number): void;
  loadTask(address: number): void;
}

export interface VcpuOptions {
  /** Code that runs often is translated to WebAssembly. Absent: all is interpreted. */
  translate?: Translation;
}

const ENTRY_SIZE = 16;
/** A bit of CAREFUL beside those of assembly/ops/system/mode.ts, which clears it again at the next change of mode. */
const CAREFUL_HOST = 0x80;
/** FAULT_KIND of an exception; IF in EFLAGS. */
const KIND_EXCEPTION = 1;
const INTERRUPT_FLAG = 0x200;
/** Exception summary of the x87 status word. */
const X87_ERROR = 0x80;
const TWO_32 = 2 ** 32;

/** All counters of the core, in one reading. */
export interface Counters {
  instructions: number;
  tlbMisses: number;
  tlbFlushes: number;
  pageFaults: number;
  exceptions: number;
  interrupts: number;
  decoded: number;
  codeInvalidations: number;
  codeFlushes: number;
  /** Pages whose decoded code has made room for others. */
  codeEvictions: number;
}

export class Vcpu {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** Items of the string I/O exit at hand. */
  readonly pioData: Uint8Array;
  readonly vmcs: Vmcs;
  protected readonly core: Core;
  private readonly decoder: ExitDecoder;

  protected readonly linker?: Linker;

  constructor(module: WasmModule, memory: WasmMemory, options: VcpuOptions = {}) {
    this.view = new DataView(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    this.pioData = this.bytes.subarray(PIO_DATA, PIO_DATA + PIO_DATA_SIZE);
    this.decoder = new ExitDecoder(this.view);
    this.vmcs = new Vmcs(this.view);
    const { exports } = instantiate(module, { env: { memory, abort: () => assert(false, 'the core aborted') } });
    this.core = exports as unknown as Core;
    this.core.init();
    if (options.translate) {
      this.linker = new Linker(exports as unknown as TranslatorCore, memory, options.translate);
      this.linker.start();
    }
  }

  /** Runs about `budget` instructions at most. The exit is valid until the next call. */
  run(budget: number): Exit {
    return this.decoder.decode(this.linker ? this.runTranslating(this.linker, budget) : this.core.run(budget));
  }

  /** Runs, and translates in between what has become hot: for that the core comes back early. */
  protected runTranslating(linker: Linker, budget: number): number {
    linker.land();
    linker.translateLinked();
    const start = this.instructions;
    const tsc = this.u32(TSC_BASE + 4) * TWO_32 + this.u32(TSC_BASE);
    const ticks = this.u32(TSC_PER_INSTRUCTION) / 65536;
    for (let done = 0; ; ) {
      const reason = this.core.run(budget - done);
      if (reason !== EXIT_BUDGET) return reason;
      done = this.instructions - start;
      if (done >= budget) return reason;
      linker.translateHot();
      this.setTsc(tsc + Math.floor(done * ticks), ticks);
    }
  }

  /** Has `firstCall` make the first call of each region. */
  callFirst(firstCall: FirstCall): void {
    if (this.linker) this.linker.firstCall = firstCall;
  }

  /** Calls `see` with each module of translated code and what lies where in it. */
  watchTranslations(see: (module: NotedModule) => void): void {
    this.linker?.watch((bytes) => see(readNotes(this.view, bytes)));
  }

  /** Runs one instruction, as if a debugger stepped it. */
  step(before?: () => void): Exit {
    before?.();
    this.view.setUint32(CAREFUL, this.u32(CAREFUL) | CAREFUL_HOST, true);
    return this.run(1);
  }

  /** Runs the guest's next instruction as a monitor's emulator: of a string instruction all that fits into one exit. */
  emulateStep(): Exit {
    this.core.runAlone();
    return this.decoder.decode(this.core.run(1));
  }

  /** Makes an exception pending: the next run begins with its delivery. No error code: none is pushed. */
  raise(vector: number, error?: number): void {
    this.view.setUint32(FAULT_KIND, KIND_EXCEPTION, true);
    this.view.setUint32(FAULT_VECTOR, vector, true);
    this.view.setInt32(FAULT_ERROR, error ?? NO_ERROR_CODE, true);
    this.view.setUint32(PAGE_FAULT_ADDRESS, this.u32(CR2), true);
  }

  /** An exception waits for its delivery. */
  get faultPending(): boolean {
    return this.u32(FAULT_KIND) !== 0;
  }

  /** An instruction has left for an answer and will start again. */
  get midInstruction(): boolean {
    return this.u32(REPLAY_COUNT) !== 0;
  }

  /** The state of the CPU as the guest sees it, between instructions: registers, MSRs, counters. */
  saveState(): Uint8Array {
    return this.bytes.slice(REGS, PIO_DATA);
  }

  /** Takes back what saveState() gave; after a reset, and with VMX off. */
  restoreState(state: Uint8Array): void {
    const regions = this.bytes.slice(REGIONS, REGION_COUNT + 4);
    const userExits = this.u32(USER_EXITS);
    this.bytes.set(state.subarray(0, PIO_DATA - REGS), REGS);
    // where memory lies in this machine is not the guest's, nor who its kernel is
    this.bytes.set(regions, REGIONS);
    this.view.setUint32(USER_EXITS, userExits, true);
    this.view.setUint32(FAULT_KIND, 0, true);
    this.view.setUint32(VMX_STATE, VMX_OFF, true);
    this.view.setUint32(INTERRUPT_WINDOW, 0, true);
    this.core.updateMode();
    this.core.flushTlb(1);
  }

  /** IA32_APIC_BASE. */
  get apicBase(): number {
    return this.u32(MSR_APIC_BASE);
  }

  /** CPUID: leaf and subleaf to EAX, EBX, ECX, EDX. */
  identify(leaf: number, subleaf: number): void {
    this.core.identify(leaf, subleaf);
  }

  /** Vector of the first fault of a triple fault. */
  get crashVector(): number {
    return this.u32(EXIT_VECTOR);
  }

  get interruptsEnabled(): boolean {
    return (this.u32(FLAGS_SYSTEM) & INTERRUPT_FLAG) !== 0;
  }

  /** Power-on state, SDM vol. 3A table 10-1. */
  reset(): void {
    this.core.reset();
  }

  /** Whether an external interrupt would be taken now: IF, no shadow, no instruction half done. */
  get canInject(): boolean {
    return this.core.canInject() !== 0;
  }

  /** The same for an NMI: none is in its handler. */
  get canInjectNmi(): boolean {
    return this.core.canInjectNmi() !== 0;
  }

  inject(vector: number): void {
    this.core.injectInterrupt(vector);
  }

  injectNmi(): void {
    this.core.injectNmi();
  }

  /** Registers of the local APIC that the core answers: a page of words, the physical page where they are (none: undefined), the threshold. */
  get apicWords(): Uint32Array {
    return new Uint32Array(this.view.buffer, APIC_PAGE, PIO_DATA_SIZE / 4);
  }

  set apicPhysical(page: number | undefined) {
    this.view.setUint32(APIC_PHYSICAL, page ?? NO_APIC, true);
  }

  set apicThreshold(priorityClass: number) {
    this.view.setUint32(APIC_THRESHOLD, priorityClass, true);
  }

  /** IGNNE#: instructions go on in spite of the x87 error that is pending, as long as it is. */
  ignoreNumericError(): void {
    if (this.view.getUint16(FPU_STATUS, true) & X87_ERROR) this.view.setUint32(IGNNE, 1, true);
  }

  /** Asks for an exit as soon as `canInject`, or `canInjectNmi`, becomes true. */
  setWindows(interrupt: boolean, nmi: boolean): void {
    this.view.setUint32(INTERRUPT_WINDOW, (interrupt ? 1 : 0) | (nmi ? 2 : 0), true);
  }

  /** Whether CPUID announces a local APIC. Before the first run. */
  set hasApic(present: boolean) {
    this.view.setUint32(HAS_APIC, present ? 1 : 0, true);
  }

  /** The A20 gate: closed, bit 20 of every physical address is 0. */
  set a20(open: boolean) {
    this.view.setUint32(A20_MASK, open ? 0xffffffff : 0xffefffff, true);
    this.flushTlb();
  }

  /** After the physical memory map has changed. */
  flushTlb(): void {
    this.core.flushTlb(0);
  }

  /** After much of memory has changed: forgets translations and all decoded code. */
  flushAll(): void {
    this.core.flushTlb(1);
  }

  /** After bytes of guest memory have changed behind the CPU's back. */
  invalidateCode(physical: number, length: number): void {
    this.core.invalidateCode(physical, length);
  }

  /** After control registers, segments or EFLAGS were written from outside. */
  updateMode(): void {
    this.core.updateMode();
  }

  /** VMXON: the monitor runs. The guest's state is that of the VMCS from now on. */
  vmxOn(): void {
    this.core.setVmx(1);
  }

  vmxOff(): void {
    this.core.setVmx(0);
  }

  /**
   * VMLAUNCH and VMRESUME: 0 when the guest is to run now, 7 or 8 for a VMfail with that VM-instruction error, EXIT_VM when a VM exit has
   * happened already (a late failure, or the injected event could not be delivered).
   */
  enterVm(): number {
    return this.core.vmEnter();
  }

  /** The preemption timer has reached 0 in the guest: a VM exit. */
  timerExit(): void {
    this.core.vmTimerExit();
  }

  /** The guest's next instructions run outside of it, as a monitor's emulator would do them. `cr3` is the guest's own. */
  emulateBegin(cr3: number): void {
    this.core.emulateBegin(cr3);
  }

  /** Back to the monitor; the value is the guest's own CR3. */
  emulateEnd(): number {
    return this.core.emulateEnd() >>> 0;
  }

  /** The answer to the port or MMIO read that made the exit; the instruction starts again and finds it. */
  answer(address: number, width: number, low: number, high = 0): void {
    const count = this.u32(REPLAY_COUNT);
    assert(count < REPLAY_MAX, 'the replay list is full');
    const entry = REPLAY + count * ENTRY_SIZE;
    this.view.setUint32(entry, address, true);
    this.view.setUint32(entry + 4, width, true);
    this.view.setUint32(entry + 8, low, true);
    this.view.setUint32(entry + 12, high, true);
    this.view.setUint32(REPLAY_COUNT, count + 1, true);
  }

  /** Hands out the posted MMIO writes in program order and empties the queue. */
  drainMmio(write: (address: number, width: number, low: number, high: number) => void): void {
    const count = Math.min(this.u32(MMIO_QUEUE_COUNT), MMIO_QUEUE_MAX);
    if (count === 0) return;
    this.view.setUint32(MMIO_QUEUE_COUNT, 0, true);
    for (let i = 0; i < count; i++) {
      const entry = MMIO_QUEUE + i * ENTRY_SIZE;
      write(this.u32(entry), this.u32(entry + 4), this.u32(entry + 8), this.u32(entry + 12));
    }
  }

  /** Sets the time stamp counter's value at entry and its ticks per instruction until the next exit. */
  setTsc(base: number, ticksPerInstruction: number): void {
    this.view.setUint32(TSC_BASE, base % TWO_32, true);
    this.view.setUint32(TSC_BASE + 4, base / TWO_32, true);
    this.view.setUint32(TSC_PER_INSTRUCTION, Math.min(0xffffffff, ticksPerInstruction * 65536), true);
  }

  /** What the guest's time stamp counter shows more than `setTsc` has said. */
  get tscOffset(): bigint {
    return this.view.getBigInt64(TSC_OFFSET, true);
  }

  get ticksPerInstruction(): number {
    return this.u32(TSC_PER_INSTRUCTION) / 65536;
  }

  get instructions(): number {
    return this.counter(COUNT_INSTRUCTIONS);
  }

  get counters(): Counters {
    return {
      instructions: this.counter(COUNT_INSTRUCTIONS),
      tlbMisses: this.counter(COUNT_TLB_MISSES),
      tlbFlushes: this.counter(COUNT_TLB_FLUSHES),
      pageFaults: this.counter(COUNT_PAGE_FAULTS),
      exceptions: this.counter(COUNT_EXCEPTIONS),
      interrupts: this.counter(COUNT_INTERRUPTS),
      decoded: this.counter(COUNT_DECODED),
      codeInvalidations: this.counter(COUNT_CODE_INVALIDATIONS),
      codeFlushes: this.counter(COUNT_CODE_FLUSHES),
      codeEvictions: this.counter(COUNT_CODE_EVICTIONS),
    };
  }

  private counter(address: number): number {
    return this.u32(address + 4) * TWO_32 + this.u32(address);
  }

  protected u32(address: number): number {
    return this.view.getUint32(address, true);
  }
}
