// What CPUID says: an in-order 32-bit processor. Nothing is announced that is not there.
// SDM vol. 2 CPUID. The signature is that of an in-order core (family 6 model 28), which is also the truth about speculation:
// there is none, and kernels then leave out their mitigations.
import { EAX, EBX, ECX, EDX, HAS_APIC, MSR_APIC_BASE } from '../abi';

export const SIGNATURE: u32 = 0x106ca;
const CACHE_LINE: u32 = 64;

const FEATURES: u32 =
  (1 << 0) | // FPU
  (1 << 2) | // DE
  (1 << 3) | // PSE
  (1 << 4) | // TSC
  (1 << 5) | // MSR
  (1 << 6) | // PAE
  (1 << 8) | // CX8
  (1 << 11) | // SEP
  (1 << 12) | // MTRR
  (1 << 13) | // PGE
  (1 << 15) | // CMOV
  (1 << 16) | // PAT
  (1 << 19) | // CLFSH
  (1 << 23) | // MMX
  (1 << 24) | // FXSR
  (1 << 25) | // SSE
  (1 << 26); // SSE2
const FEATURE_APIC: u32 = 1 << 9;
const FEATURES_MORE: u32 = (1 << 0) | (1 << 9); // SSE3, SSSE3
const EXTENDED_NX: u32 = 1 << 20;

const MAX_BASIC: u32 = 0x15;
/** The host keeps the time stamp counter at one tick a nanosecond of machine time; the local APIC has the same clock. */
const TSC_HZ: u32 = 1000000000;
const INVARIANT_TSC: u32 = 1 << 8;
const MAX_EXTENDED: u32 = 0x80000008;

/** 48 bytes, zero-padded. */
const BRAND: StaticArray<u32> = [
  0x76626174, 0x726f7369, 0x72697620, 0x6c617574, 0x55504320, 0, 0, 0, 0, 0, 0, 0,
]; // "tabvisor virtual CPU"

function answer(a: u32, b: u32, c: u32, d: u32): void {
  store<u32>(EAX, a);
  store<u32>(EBX, b);
  store<u32>(ECX, c);
  store<u32>(EDX, d);
}

/** Leaf 4: L1 data and instruction 32 KiB, L2 512 KiB, all 8-way. */
function cache(index: u32): void {
  if (index > 2) {
    answer(0, 0, 0, 0);
    return;
  }
  const level: u32 = index < 2 ? 1 : 2;
  const type: u32 = index < 2 ? index + 1 : 3;
  const sets: u32 = index < 2 ? 64 : 1024;
  answer(type | (level << 5) | (1 << 8), (CACHE_LINE - 1) | (7 << 22), sets - 1, 0);
}

/** Answers leaf EAX, subleaf ECX in EAX, EBX, ECX, EDX. */
export function identify(leaf: u32, subleaf: u32): void {
  // what lies beyond the last leaf answers as the last basic one
  if (leaf >= 0x80000000 ? leaf > MAX_EXTENDED : leaf > MAX_BASIC) leaf = MAX_BASIC;
  if (leaf == 0) answer(MAX_BASIC, 0x756e6547, 0x6c65746e, 0x49656e69); // "GenuineIntel"
  else if (leaf == 1) {
    const apic = load<u32>(HAS_APIC) != 0 && (load<u32>(MSR_APIC_BASE) & 0x800) != 0;
    answer(SIGNATURE, (CACHE_LINE / 8) << 8, FEATURES_MORE, apic ? FEATURES | FEATURE_APIC : FEATURES);
  } else if (leaf == 2) answer(0x3001, 0, 0, 0x802c); // L1 32 KiB each, L2 512 KiB
  else if (leaf == 4) cache(subleaf);
  else if (leaf == 0x15) answer(1, 1, TSC_HZ, 0); // TSC : crystal, crystal in Hz
  else if (leaf == 0x80000000) answer(MAX_EXTENDED, 0, 0, 0);
  else if (leaf == 0x80000001) answer(0, 0, 0, EXTENDED_NX);
  else if (leaf >= 0x80000002 && leaf <= 0x80000004) {
    const at = (leaf - 0x80000002) << 2;
    answer(BRAND[at], BRAND[at + 1], BRAND[at + 2], BRAND[at + 3]);
  } else if (leaf == 0x80000006) answer(0, 0, CACHE_LINE | (6 << 12) | (512 << 16), 0);
  else if (leaf == 0x80000007) answer(0, 0, 0, INVARIANT_TSC);
  else if (leaf == 0x80000008) answer(36 | (32 << 8), 0, 0, 0);
  else answer(0, 0, 0, 0);
}
