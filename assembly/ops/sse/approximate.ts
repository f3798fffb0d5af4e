// Approximate reciprocals. They raise nothing and take no notice of MXCSR: denormal operands are zeros, tiny results become
// zeros. SDM vol. 2: RCPPS, RCPSS, RSQRTPS, RSQRTSS (relative error at most 1.5 * 2^-12; ours is the rounded quotient).
import { fault } from '../../cpu/fault';
import { UOP_SIZE } from '../../uop';
import { source128, source32, target } from './operand';

const SIGN: u32 = 0x80000000;
const INFINITY: u32 = 0x7f800000;
const QUIET: u32 = 0x00400000;
const DEFAULT_NAN: u32 = 0xffc00000;
const LEAST: u32 = 0x00800000;

function reciprocal(bits: u32): u32 {
  const magnitude = bits & ~SIGN;
  if (magnitude > INFINITY) return bits | QUIET;
  const sign = bits & SIGN;
  if (magnitude == INFINITY) return sign;
  if (magnitude < LEAST) return sign | INFINITY;
  const r = reinterpret<u32>(<f32>1.0 / reinterpret<f32>(bits));
  return (r & ~SIGN) < LEAST ? sign : r;
}

function reciprocalRoot(bits: u32): u32 {
  const magnitude = bits & ~SIGN;
  if (magnitude > INFINITY) return bits | QUIET;
  if (magnitude < LEAST) return (bits & SIGN) | INFINITY;
  if (bits & SIGN) return DEFAULT_NAN;
  return magnitude == INFINITY ? 0 : reinterpret<u32>(<f32>(1.0 / sqrt<f64>(reinterpret<f32>(bits))));
}

export function rcpss(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  store<u32>(target(u), reciprocal(load<u32>(s)));
  return u + UOP_SIZE;
}

export function rsqrtss(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  store<u32>(target(u), reciprocalRoot(load<u32>(s)));
  return u + UOP_SIZE;
}

export function rcpps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  for (let i: usize = 0; i < 16; i += 4) store<u32>(target(u) + i, reciprocal(load<u32>(s + i)));
  return u + UOP_SIZE;
}

export function rsqrtps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  for (let i: usize = 0; i < 16; i += 4) store<u32>(target(u) + i, reciprocalRoot(load<u32>(s + i)));
  return u + UOP_SIZE;
}
