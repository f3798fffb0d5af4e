// What an exit qualification says, in words: for traces.
// SDM vol. 3C section 28.2.1 (exit qualification for each reason), 25.9.2 (interruption information).
import { hex } from '../../base/bytes.js';
import * as vmx from '../../vcpu/vmcs.js';

const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const TASK_SOURCES = ['call', 'iret', 'jmp', 'task gate'];
const EVENT_TYPES = ['interrupt', '1', 'NMI', 'exception', 'int n', 'int1', 'int3', '7'];
const SHORT = 4;

/** The fields that a description may need; the qualification is the low half, which is all that a 32-bit guest can make. */
export interface ExitDetail {
  reason: number;
  qualification: number;
  interruption: number;
  errorCode: number;
  guestPhysical: number;
  guestLinear: number;
}

/** An event as the interruption-information fields have it: `exception 14 error 2`. */
export function describeEvent(information: number, errorCode: number): string {
  const error = information & 0x800 ? ` error ${errorCode.toString(16)}` : '';
  return `${EVENT_TYPES[(information >>> 8) & 7]} ${information & 0xff}${error}`;
}

/** `out 0x3f8 size 1`, `rep ins 0x1f0 size 2`. */
export function describeIo(qualification: number): string {
  const repeat = qualification & 0x20 ? 'rep ' : '';
  const string = qualification & 0x10 ? 's' : '';
  const direction = qualification & 8 ? 'in' : 'out';
  return `${repeat}${direction}${string} 0x${(qualification >>> 16).toString(16)} size ${(qualification & 7) + 1}`;
}

/** `mov cr3, eax`, `clts`, `lmsw 1`. */
export function describeControlAccess(qualification: number): string {
  const register = GENERAL[(qualification >>> 8) & 7];
  const control = `cr${qualification & 15}`;
  switch ((qualification >>> 4) & 3) {
    case 0:
      return `mov ${control}, ${register}`;
    case 1:
      return `mov ${register}, ${control}`;
    case 2:
      return 'clts';
    default:
      return `lmsw ${(qualification >>> 16).toString(16)}`;
  }
}

/** `write to 000b8000 (linear c00b8000)`. */
export function describeEptViolation({ qualification, guestPhysical, guestLinear }: ExitDetail): string {
  const access = qualification & 4 ? 'fetch from' : qualification & 2 ? 'write to' : 'read of';
  const linear = qualification & 0x80 ? ` (linear ${hex(guestLinear)})` : '';
  const walk = qualification & 0x80 && !(qualification & 0x100) ? ' by a page walk' : '';
  return `${access} ${hex(guestPhysical)}${linear}${walk}`;
}

function describeTaskSwitch(qualification: number): string {
  return `${TASK_SOURCES[(qualification >>> 30) & 3]} to ${hex(qualification & 0xffff, SHORT)}`;
}

const APIC_ACCESSES = ['read of', 'write to', 'fetch from', 'delivery through'];
const APIC_REGISTERS: Record<number, string> = {
  32: 'ID',
  48: 'version',
  128: 'task priority',
  160: 'processor priority',
  176: 'EOI',
  208: 'LDR',
  224: 'DFR',
  240: 'SVR',
  640: 'ESR',
  768: 'ICR',
  784: 'ICR high',
  800: 'LVT timer',
  848: 'LVT LINT0',
  864: 'LVT LINT1',
  880: 'LVT error',
  896: 'initial count',
  912: 'current count',
  992: 'divide configuration',
};

/** `APIC 0b0 (EOI)`. */
function apicRegister(offset: number): string {
  const name = APIC_REGISTERS[offset];
  return `APIC ${hex(offset, 3)}${name ? ` (${name})` : ''}`;
}

/** What happened, or nothing where the reason says it all. */
export function describeExit(exit: ExitDetail): string {
  const { qualification } = exit;
  switch (exit.reason) {
    case vmx.EXIT_REASON_EXCEPTION_NMI: {
      const pageFault = (exit.interruption & 0x7ff) === 0x30e;
      return describeEvent(exit.interruption, exit.errorCode) + (pageFault ? ` at ${hex(qualification)}` : '');
    }
    case vmx.EXIT_REASON_TASK_SWITCH:
      return describeTaskSwitch(qualification);
    case vmx.EXIT_REASON_INVLPG:
      return `invlpg ${hex(qualification)}`;
    case vmx.EXIT_REASON_CR_ACCESS:
      return describeControlAccess(qualification);
    case vmx.EXIT_REASON_DR_ACCESS:
      return `mov dr${qualification & 7}`;
    case vmx.EXIT_REASON_IO_INSTRUCTION:
      return describeIo(qualification);
    case vmx.EXIT_REASON_EPT_VIOLATION:
      return describeEptViolation(exit);
    case vmx.EXIT_REASON_APIC_ACCESS:
      return `${APIC_ACCESSES[qualification >>> 12] ?? 'access to'} ${apicRegister(qualification & 0xfff)}`;
    case vmx.EXIT_REASON_APIC_WRITE:
      return `write to ${apicRegister(qualification & 0xfff)}`;
    case vmx.EXIT_REASON_EPT_MISCONFIG:
      return `at ${hex(exit.guestPhysical)}`;
    default:
      return '';
  }
}
