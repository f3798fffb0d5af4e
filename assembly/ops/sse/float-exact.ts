// SSE floating point the exact way, lane by lane, and how the flags of all lanes reach MXCSR or raise #XM.
// SDM vol. 1 11.5.2 (exceptions), 11.5.3 (several at once), 11.5.4 (masked or not); vol. 3A 6.15 #XM.
import { CR4, MXCSR, NO_ERROR_CODE } from '../../abi';
import { fault, raise, UD, XM } from '../../cpu/fault';
import { UOP_SIZE } from '../../uop';
import { target } from './operand';
import { ADD, ADDSUB, calculate, clearRaised, DE, IE, raised, SUB, ZE } from './soft-float';

const CR4_OSXMMEXCPT: u32 = 0x400;
const EXCEPTIONS: u32 = 0x3f;
/** Seen before anything is computed: an unmasked one of these in any lane hides what the results would have raised. */
const OF_OPERANDS: u32 = IE | DE | ZE;

/** Results wait here until no lane has raised an unmasked exception. */
const RESULT: usize = memory.data(16, 16);
/** Operands that were put together from both sources. */
export const FIRST: usize = memory.data(16, 16);
export const SECOND: usize = memory.data(16, 16);

/** Makes the raised flags sticky; false = one is unmasked, the exception is raised and the result must be dropped. */
export function settle(): bool {
  const mxcsr = load<u32>(MXCSR);
  const unmasked = raised & ~(mxcsr >>> 7) & EXCEPTIONS;
  store<u32>(MXCSR, mxcsr | (unmasked & OF_OPERANDS ? raised & OF_OPERANDS : raised));
  if (unmasked == 0) return true;
  raise(load<u32>(CR4) & CR4_OSXMMEXCPT ? XM : UD, NO_ERROR_CODE);
  return false;
}

/** All lanes at `a` and `b` to RESULT. */
function calculateLanes(op: u32, a: usize, b: usize, wide: bool): void {
  clearRaised();
  const size: usize = wide ? 8 : 4;
  for (let i: usize = 0; i < 16; i += size) {
    const lane = op != ADDSUB ? op : (i / size) & 1 ? ADD : SUB;
    if (wide) store<u64>(RESULT + i, calculate(lane, load<u64>(a + i), load<u64>(b + i), true));
    else store<u32>(RESULT + i, <u32>calculate(lane, load<u32>(a + i), load<u32>(b + i), false));
  }
}

function finish(u: usize): usize {
  if (!settle()) return fault(u);
  v128.store(target(u), v128.load(RESULT));
  return u + UOP_SIZE;
}

/** target = target op source, four or two lanes. */
export function exactPacked(u: usize, op: u32, source: usize, wide: bool): usize {
  calculateLanes(op, target(u), source, wide);
  return finish(u);
}

/** target = a op b. */
// @ts-ignore: decorator
@inline export function exactPair(u: usize, op: u32, a: v128, b: v128, wide: bool): usize {
  v128.store(FIRST, a);
  v128.store(SECOND, b);
  return exactGathered(u, op, wide);
}

export function exactGathered(u: usize, op: u32, wide: bool): usize {
  calculateLanes(op, FIRST, SECOND, wide);
  return finish(u);
}

/** The lowest lane alone. */
export function exactScalar(u: usize, op: u32, source: usize, wide: bool): usize {
  clearRaised();
  const t = target(u);
  const a: u64 = wide ? load<u64>(t) : load<u32>(t);
  const b: u64 = wide ? load<u64>(source) : load<u32>(source);
  const r = calculate(op, a, b, wide);
  if (!settle()) return fault(u);
  if (wide) store<u64>(t, r);
  else store<u32>(t, <u32>r);
  return u + UOP_SIZE;
}
