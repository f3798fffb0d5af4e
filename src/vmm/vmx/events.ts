// Events on their way into the guest: injection at the next entry, again after an exit that cut a delivery short, and windows.
// SDM vol. 3C sections 25.8.3 (VM-entry controls for event injection), 28.2.4 (IDT-vectoring information), 33.2; table 6-5.
import * as vmx from '../../vcpu/vmcs.js';
import type { Vmcs } from '../../vcpu/vmcs.js';
import { fieldWord } from '../../vcpu/vmcs.js';
import { CR0_PE } from './guest-walk.js';

const ENTRY_EVENT = fieldWord('VM_ENTRY_INTR_INFO_FIELD');
const ENTRY_ERROR = fieldWord('VM_ENTRY_EXCEPTION_ERROR_CODE');
const ENTRY_LENGTH = fieldWord('VM_ENTRY_INSTRUCTION_LEN');
const VECTORING = fieldWord('IDT_VECTORING_INFO_FIELD');
const VECTORING_ERROR = fieldWord('IDT_VECTORING_ERROR_CODE');
const EXIT_LENGTH = fieldWord('VM_EXIT_INSTRUCTION_LEN');
const RFLAGS = fieldWord('GUEST_RFLAGS');
const BLOCKING = fieldWord('GUEST_INTERRUPTIBILITY_INFO');
const CONTROLS = fieldWord('CPU_BASED_VM_EXEC_CONTROL');
const CR0_SHADOW = fieldWord('CR0_READ_SHADOW');

const IF = 0x200;
const NMI = 2;
const DOUBLE_FAULT = 8;
export const PAGE_FAULT = 14;
export const INVALID_OPCODE = 6;
export const GENERAL_PROTECTION = 13;
export const NUMERIC_ERROR = 16;
const SHADOW = vmx.GUEST_INTR_STATE_STI | vmx.GUEST_INTR_STATE_MOV_SS;
const EVENT = vmx.INTR_INFO_VECTOR_MASK | vmx.INTR_TYPE_MASK | vmx.INTR_INFO_DELIVER_CODE_MASK;

/** An exception without an error code. */
export const NO_ERROR = -1;

function contributory(vector: number): boolean {
  return vector === 0 || (vector >= 10 && vector <= 13);
}

/** Does `second`, raised while `first` was delivered, make a double fault? */
function doubles(first: number, second: number): boolean {
  if (contributory(first)) return contributory(second);
  return first === PAGE_FAULT && (contributory(second) || second === PAGE_FAULT);
}

export class Events {
  private readonly words: Uint32Array;
  /** An acknowledged interrupt whose delivery an exception has taken the place of; -1: none. */
  private heldInterrupt = -1;
  /** An NMI whose delivery an exception has taken the place of. */
  private nmiWaits = false;
  /** An exit is wanted as soon as an interrupt, an NMI can be taken. */
  windowWanted = false;
  nmiWindowWanted = false;
  /** Interrupts and page faults that the guest was given, for statistics. */
  interrupts = 0;
  pageFaults = 0;

  constructor(vmcs: Vmcs) {
    this.words = vmcs.words;
  }

  reset(): void {
    this.heldInterrupt = -1;
    this.nmiWaits = false;
    this.windowWanted = false;
    this.nmiWindowWanted = false;
  }

  /** Nothing is on its way into the guest. */
  get none(): boolean {
    const waits = this.heldInterrupt >= 0 || this.nmiWaits;
    return !waits && (this.words[ENTRY_EVENT] & vmx.INTR_INFO_VALID_MASK) === 0;
  }

  /** Would the guest take an interrupt at the next entry? */
  get canInject(): boolean {
    return this.heldInterrupt < 0 && this.open;
  }

  private get open(): boolean {
    const { words } = this;
    return (
      (words[RFLAGS] & IF) !== 0 &&
      (words[BLOCKING] & SHADOW) === 0 &&
      (words[ENTRY_EVENT] & vmx.INTR_INFO_VALID_MASK) === 0
    );
  }

  injectInterrupt(vector: number): void {
    this.interrupts++;
    this.put(vmx.INTR_TYPE_EXT_INTR | vector);
  }

  /** Would the guest take an NMI at the next entry? */
  get canInjectNmi(): boolean {
    return !this.nmiWaits && this.openForNmi;
  }

  private get openForNmi(): boolean {
    const { words } = this;
    const blocked = (words[BLOCKING] & (SHADOW | vmx.GUEST_INTR_STATE_NMI)) !== 0;
    return !blocked && (words[ENTRY_EVENT] & vmx.INTR_INFO_VALID_MASK) === 0;
  }

  injectNmi(): void {
    this.put(vmx.INTR_TYPE_NMI_INTR | NMI);
  }

  /**
   * Raises an exception in the guest. While another event was being delivered the two make a double fault, or one waits;
   * false: a triple fault.
   */
  raise(vector: number, error: number): boolean {
    const first = this.words[ENTRY_EVENT];
    if (vector === PAGE_FAULT) this.pageFaults++;
    let second = vector;
    let code = error;
    if (first & vmx.INTR_INFO_VALID_MASK) {
      const type = first & vmx.INTR_TYPE_MASK;
      const before = first & vmx.INTR_INFO_VECTOR_MASK;
      if (type === vmx.INTR_TYPE_EXT_INTR) this.heldInterrupt = before;
      else if (type === vmx.INTR_TYPE_NMI_INTR) {
        this.nmiWaits = true;
        this.words[BLOCKING] &= ~vmx.GUEST_INTR_STATE_NMI;
      } else if (type === vmx.INTR_TYPE_HARD_EXCEPTION) {
        if (before === DOUBLE_FAULT) return false;
        if (doubles(before, second)) {
          second = DOUBLE_FAULT;
          code = 0;
        }
      }
      // An INT n, INT3 or INTO starts again when the exception's handler returns to it.
    }
    // Real mode has no error codes.
    const deliver = code !== NO_ERROR && (this.words[CR0_SHADOW] & CR0_PE) !== 0;
    this.words[ENTRY_ERROR] = code;
    this.put(vmx.INTR_TYPE_HARD_EXCEPTION | second | (deliver ? vmx.INTR_INFO_DELIVER_CODE_MASK : 0));
    return true;
  }

  /** After each exit: an event whose delivery the exit has cut short goes in again, unless a handler takes it. */
  afterExit(): void {
    const { words } = this;
    const cut = words[VECTORING];
    if (!(cut & vmx.INTR_INFO_VALID_MASK)) return;
    words[ENTRY_ERROR] = words[VECTORING_ERROR];
    words[ENTRY_LENGTH] = words[EXIT_LENGTH];
    if ((cut & vmx.INTR_TYPE_MASK) === vmx.INTR_TYPE_NMI_INTR) words[BLOCKING] &= ~vmx.GUEST_INTR_STATE_NMI;
    this.put(cut & EVENT);
  }

  /** Takes the event that would go in at the next entry; 0: none. Its error code is in `error`. */
  take(): number {
    const event = this.words[ENTRY_EVENT];
    if (!(event & vmx.INTR_INFO_VALID_MASK)) return 0;
    this.words[ENTRY_EVENT] = 0;
    return event;
  }

  get error(): number {
    return this.words[ENTRY_ERROR];
  }

  /** Before each entry: what has waited goes in if it can, else the guest exits as soon as it can. */
  beforeEntry(): void {
    const { words } = this;
    if (this.heldInterrupt >= 0 && this.open) {
      this.put(vmx.INTR_TYPE_EXT_INTR | this.heldInterrupt);
      this.heldInterrupt = -1;
    }
    if (this.nmiWaits && this.openForNmi) {
      this.nmiWaits = false;
      this.injectNmi();
    }
    let controls = words[CONTROLS] & ~(vmx.CPU_BASED_INTR_WINDOW_EXITING | vmx.CPU_BASED_NMI_WINDOW_EXITING);
    if (this.windowWanted || this.heldInterrupt >= 0) controls |= vmx.CPU_BASED_INTR_WINDOW_EXITING;
    if (this.nmiWindowWanted || this.nmiWaits) controls |= vmx.CPU_BASED_NMI_WINDOW_EXITING;
    words[CONTROLS] = controls;
  }

  /** An IRET that was cut short had ended the blocking of NMIs: it has to start again with them blocked. */
  blockNmi(): void {
    this.words[BLOCKING] |= vmx.GUEST_INTR_STATE_NMI;
  }

  private put(event: number): void {
    this.words[ENTRY_EVENT] = event | vmx.INTR_INFO_VALID_MASK;
  }
}
