// How a run ended, as an exit status and in words.
// docs/usage.md, "Exit status": a script tells every end from every other.
import type { Outcome } from '../vmm/vm.js';
import type { VmRunOptions } from './options.js';

export const STATUS = {
  DEAD_HALT: 96,
  RESET: 97,
  PANIC: 98,
  TRIPLE_FAULT: 99,
  TIME_OUT: 124,
  OUR_ERROR: 125,
  STOPPED: 130,
};

export function statusOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'power-off':
      return 0;
    case 'debug-exit':
      return ((outcome.value << 1) | 1) & 0xff;
    case 'dead-halt':
      return STATUS.DEAD_HALT;
    case 'reset':
      return STATUS.RESET;
    case 'panic':
      return STATUS.PANIC;
    case 'triple-fault':
      return STATUS.TRIPLE_FAULT;
    case 'time-out':
    case 'instruction-limit':
      return STATUS.TIME_OUT;
    case 'stopped':
      return STATUS.STOPPED;
    case 'entry-failure':
      return STATUS.OUR_ERROR;
  }
}

/** One line about an end that was not asked for, and the state of the CPU where that says more. */
export function explain(outcome: Outcome, options: VmRunOptions): { line: string; state?: string } | undefined {
  switch (outcome.kind) {
    case 'dead-halt':
      return { line: `the guest has halted with interrupts off at ${outcome.at}, and nothing can wake it` };
    case 'reset':
      return { line: '--no-reboot: the guest has reset the machine' };
    case 'panic':
      return { line: 'the guest has panicked' };
    case 'triple-fault':
      return { line: `the guest crashed: triple fault after exception ${outcome.vector}`, state: outcome.state };
    case 'entry-failure':
      return { line: `this is a bug of tabvisor: ${outcome.why}`, state: outcome.state };
    case 'time-out':
      return { line: `--timeout: ${(options.timeout ?? 0) / 1e9} seconds are over` };
    case 'instruction-limit':
      return { line: `--max-instructions: ${options.maxInstructions} instructions are done` };
    default:
      return undefined;
  }
}
