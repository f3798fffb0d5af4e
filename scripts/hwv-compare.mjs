// What differs between the state that a case expects and the one a CPU reached.
// Ours; test/vectors/FORMAT.md, "Running a case".
import { SEGMENTS } from './hwv.mjs';

const NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const PAGE_FAULT = 14;
const PAGE_FAULT_USER = 4;
/** Units in the last place that x87 transcendental results may be off. */
const ULPS = 4;
/** RCPPS and RSQRTPS: both sides within 1.5 * 2^-12 of the truth. */
const RECIPROCAL_ERROR = 2 ** -10.4;

const APPROXIMATE_X87 = 1;
const APPROXIMATE_RECIPROCAL = 2;

const hex = (value) => (value >>> 0).toString(16);
const hexBytes = (bytes) => Buffer.from(bytes).toString('hex');

/**
 * `got`: {exception: null | {vector, error, cr2}, ip, eflags, registers[8], segments?, fx?}. `rules`: `errorCodes: false` (real
 * mode has none), `cpl0` (the user bit of #PF codes is not compared). Memory is compared by the machine. The value: lines of text.
 */
export function compareStates(expected, got, rules = {}) {
  const vector = (state) => state.exception?.vector ?? 'none';
  const [want, have] = [vector(expected), vector(got)];
  if (want !== have) return [`exception: want ${want}, got ${have} at ${hex(got.ip)}`];
  const lines = [];
  const differ = (name, value, found) => {
    if (value !== found) lines.push(`${name}: want ${hex(value)}, got ${hex(found)}`);
  };
  if (expected.exception && rules.errorCodes !== false) {
    const { error, cr2 } = expected.exception;
    const mask = rules.cpl0 && expected.exception.vector === PAGE_FAULT ? ~PAGE_FAULT_USER : ~0;
    differ('error code', error & mask, got.exception.error & mask);
    if (expected.exception.vector === PAGE_FAULT) differ('cr2', cr2, got.exception.cr2);
  }
  differ('ip', expected.ip, got.ip);
  const flags = (expected.eflags ^ got.eflags) & expected.eflagsMask;
  if (flags) lines.push(`eflags: want ${hex(expected.eflags)}, got ${hex(got.eflags)}, wrong ${hex(flags)}`);
  NAMES.forEach((name, i) => {
    differ(name, expected.registers[i], got.registers[i]);
  });
  if (got.segments) for (const name of SEGMENTS) differ(name, expected.segments[name], got.segments[name]);
  if (expected.fx && got.fx) compareFx(expected, got.fx, lines, differ);
  return lines;
}

function compareFx({ fx, approximate }, got, lines, differ) {
  differ('fcw', fx.fcw, got.fcw);
  differ(`fsw & ${hex(fx.fswMask)}`, fx.fsw & fx.fswMask, got.fsw & fx.fswMask);
  differ('ftw', fx.ftw, got.ftw);
  differ('mxcsr', fx.mxcsr, got.mxcsr);
  for (let i = 0; i < 8; i++) {
    if (!((fx.ftw >> i) & 1) || same(fx.r[i], got.r[i])) continue;
    if (approximate === APPROXIMATE_X87 && near80(fx.r[i], got.r[i])) continue;
    lines.push(`R${i}: want ${hexBytes(fx.r[i])}, got ${hexBytes(got.r[i])}`);
  }
  fx.xmm.forEach((want, i) => {
    if (same(want, got.xmm[i])) return;
    if (approximate === APPROXIMATE_RECIPROCAL && [0, 4, 8, 12].every((at) => near32(want, got.xmm[i], at))) return;
    lines.push(`xmm${i}: want ${hexBytes(want)}, got ${hexBytes(got.xmm[i])}`);
  });
}

function same(a, b) {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const exponentOf = (bytes) => (bytes[8] | (bytes[9] << 8)) & 0x7fff;

/** Exponent and fraction as one number: neighbours differ by one. */
function ordinalOf(bytes) {
  let fraction = 0n;
  for (let i = 7; i >= 0; i--) fraction = (fraction << 8n) | BigInt(bytes[i]);
  return (BigInt(exponentOf(bytes)) << 63n) | (fraction & ((1n << 63n) - 1n));
}

export function near80(a, b, ulps = ULPS) {
  // of different sign: both next to zero
  if ((a[9] ^ b[9]) & 0x80) return exponentOf(a) < 0x3fff - 63 && exponentOf(b) < 0x3fff - 63;
  if (exponentOf(a) === 0x7fff || exponentOf(b) === 0x7fff) return false;
  const distance = ordinalOf(a) - ordinalOf(b);
  return (distance < 0n ? -distance : distance) <= BigInt(ulps);
}

function near32(a, b, at) {
  const single = (bytes) => new DataView(bytes.buffer, bytes.byteOffset + at, 4).getFloat32(0, true);
  if (same(a.subarray(at, at + 4), b.subarray(at, at + 4))) return true;
  const [x, y] = [single(a), single(b)];
  if (!Number.isFinite(x) || !Number.isFinite(y) || x === 0 || y === 0) return false;
  return Math.abs(x - y) <= Math.abs(y) * RECIPROCAL_ERROR;
}
