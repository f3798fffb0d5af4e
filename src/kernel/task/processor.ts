// The one processor of a node, as tasks see it: whose registers are loaded, whose space is in force, what it remembers of page tables.
// src/vcpu/user-vcpu.ts; docs/ARCHITECTURE.md, "User exits".
import { EAX, EBX, ECX, EDX, STATE, TASK_SIZE } from '../../../assembly/abi.js';
import type { UserVcpu } from '../../vcpu/user-vcpu.js';
import {
  CODE_DESCRIPTOR,
  DATA_DESCRIPTOR,
  GDT_ENTRIES,
  TLS_COUNT,
  TLS_FIRST,
  USER_CS,
  USER_DS,
} from '../abi/i386/segments.js';
import type { AddressSpace, TranslationCache } from '../mm/address-space.js';
import { type Frames, PAGE_SIZE } from '../mm/frames.js';
import { PTE_PRESENT, PTE_WRITE } from '../mm/page-table.js';
import { Registers } from './registers.js';
import type { Task } from './task.js';

/** The kernel's one page of linear addresses: the descriptor table, in the directory that all spaces share. */
const GDT_ADDRESS = 0xfffff000;
const GLOBAL = 0x100;

export class Processor implements TranslationCache {
  /** Frame of the page directory for the last GiB of every space. */
  readonly kernelDirectory: number;
  private readonly gdt: number;
  private space?: AddressSpace;
  private loaded?: Task;
  private readonly freeAreas: number[] = [];

  constructor(
    private readonly vcpu: UserVcpu,
    private readonly frames: Frames,
  ) {
    const { words } = frames;
    this.kernelDirectory = frames.allocate();
    const table = frames.allocate();
    const gdt = frames.allocate();
    words[(frames.hostAddress(this.kernelDirectory) >>> 2) + 2 * 511] = table * PAGE_SIZE + PTE_PRESENT + PTE_WRITE;
    words[(frames.hostAddress(table) >>> 2) + 2 * 511] = gdt * PAGE_SIZE + PTE_PRESENT + PTE_WRITE + GLOBAL;
    this.gdt = frames.hostAddress(gdt) >>> 2;
    for (const [selector, { low, high }] of [
      [USER_CS, CODE_DESCRIPTOR],
      [USER_DS, DATA_DESCRIPTOR],
    ] as const) {
      words[this.gdt + 2 * (selector >>> 3)] = low;
      words[this.gdt + 2 * (selector >>> 3) + 1] = high;
    }
    vcpu.registers.setGdtr(GDT_ADDRESS, GDT_ENTRIES * 8 - 1);
    frames.codeListener = this;
  }

  /** Frames' listener. */
  codeWritten(frame: number): void {
    this.vcpu.invalidateCode(frame * PAGE_SIZE, PAGE_SIZE);
  }

  // ---- whose turn it is -----------------------------------------------------------------------------------------------------

  /** Registers of a new task. Undefined: no memory for them. */
  newRegisters(): Registers | undefined {
    let area = this.freeAreas.pop();
    if (area === undefined) {
      // many tasks' registers are in one frame
      const frame = this.frames.allocateForKernel();
      if (frame === 0) return undefined;
      const at = this.frames.hostAddress(frame);
      const perFrame = Math.floor(PAGE_SIZE / TASK_SIZE);
      for (let i = perFrame - 1; i > 0; i--) this.freeAreas.push(at + i * TASK_SIZE);
      area = at;
    }
    return new Registers(this.frames.words, this.frames.bytes, area);
  }

  freeRegisters(task: Task): void {
    if (this.loaded === task) this.loaded = undefined;
    this.freeArea(task.registers);
  }

  freeArea(registers: Registers): void {
    this.freeAreas.push(registers.saveArea);
  }

  /** A child's registers are as its parent's. */
  copyRegisters(from: Task, to: Registers): void {
    if (this.loaded === from) this.vcpu.saveTask(to.saveArea);
    else this.frames.bytes.copyWithin(to.saveArea, from.registers.saveArea, from.registers.saveArea + TASK_SIZE);
  }

  /** The task's registers and space are the processor's from now on. */
  switchTo(task: Task): void {
    const { loaded } = this;
    if (loaded !== task) {
      if (loaded) {
        this.vcpu.saveTask(loaded.registers.saveArea);
        loaded.registers.base = loaded.registers.saveArea;
      }
      this.vcpu.loadTask(task.registers.saveArea);
      task.registers.base = STATE;
      this.loaded = task;
      this.writeThreadAreas(task);
    }
    if (this.space !== task.space) this.enter(task.space);
  }

  /** Nobody's registers are loaded and no space is in force: all that tasks have is in memory. */
  park(): void {
    const { loaded } = this;
    if (loaded) {
      this.vcpu.saveTask(loaded.registers.saveArea);
      loaded.registers.base = loaded.registers.saveArea;
    }
    this.loaded = undefined;
    this.space = undefined;
  }

  private enter(space: AddressSpace): void {
    this.space = space;
    this.vcpu.setSpace(space.table.root);
  }

  /** The task has another space now (exec). */
  spaceChanged(task: Task): void {
    if (this.loaded === task) this.enter(task.space);
  }

  /** A field of the running task that the core keeps in another form has been written: flags, segments. */
  registersChanged(task: Task): void {
    if (this.loaded === task) this.vcpu.updateMode();
  }

  threadAreasChanged(task: Task): void {
    if (this.loaded === task) this.writeThreadAreas(task);
  }

  private writeThreadAreas(task: Task): void {
    const { words } = this.frames;
    for (let i = 0; i < TLS_COUNT; i++) {
      const area = task.threadAreas[i];
      words[this.gdt + 2 * (TLS_FIRST + i)] = area ? area.low : 0;
      words[this.gdt + 2 * (TLS_FIRST + i) + 1] = area ? area.high : 0;
    }
  }

  /** What CPUID answers for `leaf`. */
  identify(leaf: number): Record<'eax' | 'ebx' | 'ecx' | 'edx', number> {
    // the core answers in the registers, which are a task's
    const registers = [EAX, EBX, ECX, EDX].map((field) => field >>> 2);
    const { words } = this.frames;
    const kept = registers.map((at) => words[at]!);
    this.vcpu.identify(leaf, 0);
    const [eax, ebx, ecx, edx] = registers.map((at) => words[at]!) as [number, number, number, number];
    for (const [i, at] of registers.entries()) words[at] = kept[i]!;
    return { eax, ebx, ecx, edx };
  }

  // ---- running --------------------------------------------------------------------------------------------------------------

  run(budget: number): number {
    return this.vcpu.runUser(budget);
  }
  get trapVector(): number {
    return this.vcpu.trapVector;
  }
  get trapError(): number {
    return this.vcpu.trapError;
  }
  get faultAddress(): number {
    return this.vcpu.faultAddress;
  }
  get instructions(): number {
    return this.vcpu.instructions;
  }
  setTime(nanoseconds: number, perInstruction: number): void {
    this.vcpu.setTsc(nanoseconds, perInstruction);
  }
  get counters() {
    return this.vcpu.counters;
  }

  // ---- TranslationCache -----------------------------------------------------------------------------------------------------

  forget(space: AddressSpace, from: number, to: number): void {
    if (space !== this.space) this.vcpu.forgetSpace(space.table.root);
    else this.vcpu.invalidatePages(from, (to - from) / PAGE_SIZE);
  }

  forgetWrites(space: AddressSpace): void {
    if (space === this.space) this.vcpu.dropWrites();
    else this.vcpu.forgetSpace(space.table.root);
  }

  /** The space's tables are about to go. */
  leave(space: AddressSpace): void {
    this.vcpu.forgetSpace(space.table.root);
    if (this.space === space) this.space = undefined;
  }
}
