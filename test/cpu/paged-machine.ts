// A bare core with code at physical addresses, and page tables beside it: the first MiB one to one, ALIAS from 4 MiB on as a test says.
// SDM vol. 3A section 4.3 (32-bit paging).
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

export const CODE = 0x1000;
export const OTHER = 0x2000;
export const STACK = 0x9000;
/** Linear address of the pages that `page` is told of. */
export const ALIAS = 0x400000;
const DIRECTORY = 0x20000;
/** Physical address of the table that maps the first MiB. */
export const TABLE = 0x21000;
const ALIASES = 0x22000;
const PROTECTED_PAGING = 0x80000021;
export const USER = 7;
export const SUPERVISOR = 3;

export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

export interface Start {
  /** By physical address. */
  code: Record<number, string>;
  eip?: number;
  cpl?: number;
  /** Last, before anything is translated. */
  prepare?: (machine: CoreMachine) => void;
}

/** A machine in flat protected mode that stands at `eip`; `translate`: each piece of `code` is a region. */
export function start(translate: boolean, { code, eip = CODE, cpl = 0, prepare }: Start): CoreMachine {
  const machine = new CoreMachine(2 << 20, translate);
  machine.enterFlat(cpl);
  machine.set(abi.ESP, STACK);
  for (const [address, text] of Object.entries(code)) machine.poke(Number(address), hex(text));
  prepare?.(machine);
  machine.core.updateMode();
  // a region begins wherever one may be entered
  for (const address of Object.keys(code)) {
    machine.eip = Number(address);
    machine.linker?.translateHere();
  }
  machine.eip = eip;
  return machine;
}

/** Turns paging on: the first MiB one to one with `rights`, ALIAS as `aliases` says: physical pages in order. */
export function page(machine: CoreMachine, aliases: readonly number[], rights = USER): void {
  for (let n = 0; n < 256; n++) machine.ramView.setUint32(TABLE + 4 * n, (n << 12) | rights, true);
  aliases.forEach((physical, n) => {
    machine.ramView.setUint32(ALIASES + 4 * n, physical | USER, true);
  });
  machine.ramView.setUint32(DIRECTORY, TABLE | USER, true);
  machine.ramView.setUint32(DIRECTORY + 4, ALIASES | USER, true);
  machine.setControl(PROTECTED_PAGING, DIRECTORY, 0);
}

/** What an interpreted and a translated run must agree on, after both have ended with `exit`. */
export const stateOf = (machine: CoreMachine, exit: number) => ({
  exit,
  registers: machine.registers(),
  eip: machine.eip,
  eflags: machine.eflags,
  instructions: machine.get(abi.COUNT_INSTRUCTIONS),
});
