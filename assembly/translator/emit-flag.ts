// CLD, STD and CLI: bits of EFLAGS that are kept in memory. ops/integer/flags-image.ts says what they mean.
// Source: SDM vol. 2.
import { CPL, FLAGS_SYSTEM } from '../abi';
import { DF, IF } from '../cpu/flags';
import { runKnownHandler } from './emit-known';
import { argumentOf } from './emit-operand';
import { AND, constant, ELSE, end, loadN, op, OR, storeN, when } from './wasm';

// arguments of the form, in the order of scripts/gen-forms.mjs
const CLD: u32 = 0;
const STD: u32 = 1;

function change(flag: u32, on: bool): void {
  constant(0);
  constant(0);
  loadN(4, FLAGS_SYSTEM);
  constant(on ? flag : ~flag);
  op(on ? OR : AND);
  storeN(4, FLAGS_SYSTEM);
}

export function systemFlag(u: usize, form: u32): void {
  const which = argumentOf(form);
  if (which == CLD || which == STD) {
    change(DF, which == STD);
    return;
  }
  // the kernel may always mask interrupts
  constant(0);
  loadN(4, CPL);
  when();
  runKnownHandler(u, KNOWN_CLI);
  op(ELSE);
  change(IF, false);
  end();
}
/** No register and no flag that a region keeps elsewhere. */
const KNOWN_CLI: u32 = 0;
