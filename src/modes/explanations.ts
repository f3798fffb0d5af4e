// Why a mode is fast or slow at a workload: one claim a comparison, with what to say when the figures say otherwise.
// docs/MODES.md; guest/README.md (workloads). explain.ts chooses by the figures of the run.

import type { Column } from './rows.js';

export type Verdict = 'because' | 'alike' | 'otherwise';

/** That `fast` is faster than `slow`: what to say where that was measured, where both took the same time, where it was the other way round. */
export interface Claim extends Record<Verdict, string> {
  fast: Column;
  slow: Column;
}

export interface Explanation {
  /** What one operation asks of the machine. */
  about: string;
  claims: readonly Claim[];
}

/** By workload. */
export const EXPLANATIONS: Record<string, Explanation> = {
  integer: {
    about: 'Arithmetic, branches and calls: nothing that concerns a monitor in any mode.',
    claims: [
      {
        fast: 'hw',
        slow: 'full',
        because:
          'in full each instruction is fetched from its decoded form and dispatched; in hw hot code has become machine code',
        alike: 'the run is too short for its code to have been translated',
        otherwise: 'the run is so short that translating its code cost more than it saved',
      },
      {
        fast: 'para',
        slow: 'hw',
        because: 'there is no reason in the guest for this: the same code runs in both, so take it for noise',
        alike: 'the same code runs in both, and a guest that asks for nothing has nothing to be helped with',
        otherwise: 'there is no reason in the guest for this: the same code runs in both, so take it for noise',
      },
    ],
  },
  memory: {
    about:
      'Fill, copy, sum and a pointer chase over 4 MiB: every access is translated from linear to physical addresses.',
    claims: [
      {
        fast: 'hw',
        slow: 'full',
        because:
          'the loops are machine code and look the translation up in line, where full goes through the dispatch of each load',
        alike: 'looking up translations costs more than the dispatch does',
        otherwise: 'translating the code cost more than it saved',
      },
      {
        fast: 'hw',
        slow: 'shadow',
        because:
          'without EPT the first touch of each page after each flush is a page fault that exits, and the monitor fills its shadow',
        alike: 'the shadow of these pages is filled once and then kept',
        otherwise: 'the shadow is one table to walk where EPT is two',
      },
    ],
  },
  syscall: {
    about: 'Ring 3 to ring 0 and back, by INT 80h and by SYSENTER. Neither leaves the guest in any mode: 0 exits.',
    claims: [
      {
        fast: 'hw',
        slow: 'full',
        because: 'handler and caller are translated; the change of ring itself is the same work in both',
        alike: 'most of a call is the change of ring: gate, segments, stack, the same code in both modes',
        otherwise:
          'each change of ring leaves translated code, and the way back in costs more than interpreting the few instructions',
      },
    ],
  },
  'context-switch': {
    about: 'Two tasks with address spaces of their own yield to each other: a CR3 load and some forty instructions.',
    claims: [
      {
        fast: 'hw',
        slow: 'full',
        because: 'the CR3 load is done inside the guest, and what surrounds it is translated',
        alike: 'a CR3 load empties the TLB in both, and refilling it is most of the work',
        otherwise:
          'a CR3 load ends translated code, and its pages must be looked up again before it goes on; with so few instructions between two loads the interpreter has the shorter way',
      },
      {
        fast: 'hw',
        slow: 'shadow',
        because:
          'without EPT the CR3 load itself exits, and so does the first touch of each page afterwards, since the shadow was emptied',
        alike: 'the shadow was kept over CR3 loads',
        otherwise: 'this is not expected: a CR3 load without EPT is an exit more',
      },
    ],
  },
  'page-fault': {
    about: 'First reads, first writes and unmappings by a task in ring 3; the guest mends its own page tables.',
    claims: [
      {
        fast: 'hw',
        slow: 'full',
        because: 'the fault goes to the guest without an exit, and its handler is translated',
        alike: 'the fault goes to the guest without an exit; delivering it is the same work in both',
        otherwise:
          'a fault leaves translated code in its middle, which costs more than the interpreter, which is between two instructions anyway',
      },
      {
        fast: 'hw',
        slow: 'shadow',
        because:
          'without EPT each fault exits twice (is it the guest’s own? then once more to fill the shadow), and each INVLPG once: the monitor must see every change of the tables',
        alike: 'the exits that shadow paging adds are few next to the work of the fault',
        otherwise: 'this is not expected: each fault without EPT is two exits more',
      },
    ],
  },
  'port-io': {
    about: 'Single accesses to the POST port, the UART, CMOS and the timer.',
    claims: [
      {
        fast: 'full',
        slow: 'hw',
        because:
          'an emulator calls the device where it stands; under VMX the access exits, the monitor decodes the qualification, calls the same device, moves RIP and enters again. This is what an exit costs, and why the other modes avoid them',
        alike: 'an exit costs here about what the way out of the interpreter costs',
        otherwise:
          'an exit is the cheaper way out: what the interpreter must put back before it can call a device is more',
      },
      {
        fast: 'para',
        slow: 'hw',
        because: 'this is not expected: a port is a port, and para helps only guests that stop using them',
        alike: 'a port is a port in both: para helps only where the guest stops using it',
        otherwise: 'this is not expected: a port is a port in both',
      },
    ],
  },
  'clock-read': {
    about: 'What time is it? The 8254 needs five port accesses; kvmclock is a page in the guest’s memory and RDTSC.',
    claims: [
      {
        fast: 'para',
        slow: 'hw',
        because:
          'the monitor keeps the page up to date at entries it makes anyway, so a read of the time is no exit at all',
        alike: 'this is not expected: five exits should cost more than none',
        otherwise: 'this is not expected: five exits should cost more than none',
      },
      {
        fast: 'full',
        slow: 'hw',
        because: 'five accesses are five exits in hw, five calls in full',
        alike: 'five exits cost about what five calls out of the interpreter do',
        otherwise: 'an exit is the cheaper way to the device',
      },
    ],
  },
  'disk-sequential': {
    about: 'Reads and writes of 64 KiB in order, and the guest sums up what it has read.',
    claims: [
      {
        fast: 'hw',
        slow: 'full',
        because:
          'the exits are the same, one for each register of the IDE controller; what is faster is the guest’s own work on the data',
        alike: 'the exits are the same, one for each register of the IDE controller',
        otherwise: 'each register of the IDE controller is an exit, dearer than a call',
      },
      {
        fast: 'para',
        slow: 'hw',
        because:
          'sixteen requests go into the ring with one notification, where IDE has some seventeen register accesses for each one',
        alike: 'requests are so large that moving and summing up the data hides what the ring saves',
        otherwise: 'this is not expected: the ring saves nearly all exits',
      },
    ],
  },
  'disk-random': {
    about: 'Reads and writes of 4 KiB here and there, one at a time: as little data as possible for each request.',
    claims: [
      {
        fast: 'para',
        slow: 'hw',
        because:
          'a request is three descriptors in memory and one notification; the data is there when it returns, and the event index says that nobody wants an interrupt',
        alike: 'the guest’s sum over the data hides what the ring saves',
        otherwise: 'this is not expected: the ring saves sixteen exits of seventeen',
      },
      {
        fast: 'hw',
        slow: 'full',
        because: 'the guest’s sum over each page is translated; the exits are the same',
        alike: 'the exits are the same and most of the time',
        otherwise: 'each register of the IDE controller is an exit, dearer than a call',
      },
    ],
  },
  'net-echo': {
    about: 'A small packet to the gateway and back, one at a time.',
    claims: [
      {
        fast: 'para',
        slow: 'hw',
        because:
          'one notification takes the packet out of memory; an NE2000 is told registers one by one, for the way out, the answer and its interrupt',
        alike: 'the gateway’s own work hides what the ring saves',
        otherwise: 'this is not expected: the ring saves nearly all exits',
      },
      {
        fast: 'full',
        slow: 'hw',
        because:
          'some thirty register accesses are that many exits in hw, that many calls in full, and the guest does little else',
        alike: 'the checksums that are translated make up for dearer exits',
        otherwise: 'the guest’s own work (checksums, copies) is translated, which saves more than exits cost',
      },
    ],
  },
  'net-bulk': {
    about:
      'Packets of 1,472 bytes to the gateway and back, eight on their way at once; the guest sums each up three times.',
    claims: [
      {
        fast: 'para',
        slow: 'hw',
        because:
          'eight packets leave with one notification and their answers are taken out of memory, without a copy through a port',
        alike: 'checksums and the gateway’s own work hide what the ring saves',
        otherwise: 'this is not expected: the ring saves nearly all exits',
      },
      {
        fast: 'hw',
        slow: 'full',
        because: 'checksums and comparisons are translated; the exits are the same',
        alike: 'what translated checksums save, exits cost',
        otherwise: 'exits cost more than translated checksums save',
      },
    ],
  },
  hypercall: {
    about:
      'VMCALL, with which a guest speaks to its monitor: the bare price of an exit and an entry. A guest that sees no KVM makes none.',
    claims: [],
  },
};

/** What is said before a claim's words. {times} is how many times as fast. */
export const VERDICTS: Record<Verdict, string> = {
  because: 'Mode {fast} is {times} times as fast as {slow}: ',
  alike: 'Modes {fast} and {slow} take the same time: ',
  otherwise: 'Here mode {fast} is slower than {slow} (x {times}): ',
};
