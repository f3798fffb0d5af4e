// Model-specific registers that are plain storage: where each lives and which values it takes.
// SDM vol. 4 chapter 2; MTRRs vol. 3A 11.11, PAT 11.12.
import {
  EFER, MSR_APIC_BASE, MSR_MISC_ENABLE, MSR_MTRR, MSR_MTRR_DEF_TYPE, MSR_PAT, MSR_SYSENTER_CS, MSR_SYSENTER_EIP, MSR_SYSENTER_ESP,
} from '../abi';

export const IA32_TSC: u32 = 0x10;
export const IA32_PLATFORM_ID: u32 = 0x17;
export const IA32_APIC_BASE: u32 = 0x1b;
export const IA32_BIOS_UPDT_TRIG: u32 = 0x79;
export const IA32_BIOS_SIGN_ID: u32 = 0x8b;
export const IA32_MTRRCAP: u32 = 0xfe;
const IA32_SYSENTER_CS: u32 = 0x174;
const IA32_SYSENTER_ESP: u32 = 0x175;
const IA32_SYSENTER_EIP: u32 = 0x176;
export const IA32_MCG_CAP: u32 = 0x179;
export const IA32_MCG_STATUS: u32 = 0x17a;
const IA32_MISC_ENABLE: u32 = 0x1a0;
const IA32_MTRR_PHYSBASE0: u32 = 0x200;
const IA32_MTRR_PHYSMASK7: u32 = 0x20f;
const IA32_MTRR_FIX64K: u32 = 0x250;
const IA32_MTRR_FIX16K: u32 = 0x258;
const IA32_MTRR_FIX4K: u32 = 0x268;
export const IA32_PAT: u32 = 0x277;
const IA32_MTRR_DEF_TYPE: u32 = 0x2ff;
export const IA32_EFER: u32 = 0xc0000080;

/** Eight variable ranges, fixed ranges, write-combining. */
export const MTRRCAP_VALUE: u64 = 0x508;
const ADDRESS_BITS: u64 = 0xffffff000; // 36-bit physical addresses
const FIXED: usize = MSR_MTRR + 16 * 8;

/** Address of the storage of an MSR, 0 when it has none. */
export function msrStorage(index: u32): usize {
  if (index == IA32_SYSENTER_CS) return MSR_SYSENTER_CS;
  if (index == IA32_SYSENTER_ESP) return MSR_SYSENTER_ESP;
  if (index == IA32_SYSENTER_EIP) return MSR_SYSENTER_EIP;
  if (index == IA32_APIC_BASE) return MSR_APIC_BASE;
  if (index == IA32_MISC_ENABLE) return MSR_MISC_ENABLE;
  if (index == IA32_PAT) return MSR_PAT;
  if (index == IA32_MTRR_DEF_TYPE) return MSR_MTRR_DEF_TYPE;
  if (index == IA32_EFER) return EFER;
  if (index >= IA32_MTRR_PHYSBASE0 && index <= IA32_MTRR_PHYSMASK7) return MSR_MTRR + ((index - IA32_MTRR_PHYSBASE0) << 3);
  if (index == IA32_MTRR_FIX64K) return FIXED;
  if (index == IA32_MTRR_FIX16K || index == IA32_MTRR_FIX16K + 1) return FIXED + 8 + ((index - IA32_MTRR_FIX16K) << 3);
  if (index >= IA32_MTRR_FIX4K && index < IA32_MTRR_FIX4K + 8) return FIXED + 24 + ((index - IA32_MTRR_FIX4K) << 3);
  return 0;
}

/** UC WC WT WP WB; the PAT also knows UC-. */
function memoryType(type: u64, pat: bool): bool {
  return type == 0 || type == 1 || (type >= 4 && type <= 6) || (pat && type == 7);
}
function memoryTypes(value: u64, pat: bool): bool {
  for (let i: u64 = 0; i < 64; i += 8) if (!memoryType((value >> i) & 0xff, pat)) return false;
  return true;
}

/** Does the MSR take `value`? Otherwise WRMSR is #GP(0). */
export function msrAccepts(index: u32, value: u64): bool {
  if (index == IA32_PAT) return memoryTypes(value, true);
  if (index == IA32_MTRR_DEF_TYPE) return (value & ~(0xcff as u64)) == 0 && memoryType(value & 0xff, false);
  if (index == IA32_EFER) return (value & ~(0x800 as u64)) == 0;
  if (index == IA32_APIC_BASE) return (value & ~(ADDRESS_BITS | 0x900)) == 0;
  if (index >= IA32_MTRR_PHYSBASE0 && index <= IA32_MTRR_PHYSMASK7) {
    if (index & 1) return (value & ~(ADDRESS_BITS | 0x800)) == 0;
    return (value & ~(ADDRESS_BITS | 0xff)) == 0 && memoryType(value & 0xff, false);
  }
  if (index >= IA32_MTRR_FIX64K && index < IA32_PAT) return memoryTypes(value, false);
  return true;
}
