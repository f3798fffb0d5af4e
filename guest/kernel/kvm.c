// KVM's leaves, its clock page and its hypercalls.
// Linux Documentation/virt/kvm/x86/cpuid.rst, msr.rst (MSR_KVM_SYSTEM_TIME_NEW), hypercalls.rst.
#include "kvm.h"
#include "cpu.h"
#include "memory.h"

#define ECX_HYPERVISOR (1u << 31)
#define LEAF_SIGNATURE 0x40000000u
#define LEAF_FEATURES 0x40000001u
#define FEATURE_CLOCKSOURCE2 (1u << 3)
#define MSR_SYSTEM_TIME 0x4B564D01u
#define ENABLED 1u

static volatile struct {
  uint32_t version, padding;
  uint64_t tsc, nanoseconds;
  uint32_t multiplier;
  int8_t shift;
  uint8_t flags, reserved[2];
} clock __attribute__((aligned(32)));
static bool present, has_clock;

void kvm_init(void) {
  if (!(cpuid(1).ecx & ECX_HYPERVISOR)) return;
  struct cpuid leaf = cpuid(LEAF_SIGNATURE);
  present = !memcmp(&leaf.ebx, "KVMKVMKVM\0\0\0", 12) && leaf.eax >= LEAF_FEATURES;
  if (!present || !(cpuid(LEAF_FEATURES).eax & FEATURE_CLOCKSOURCE2)) return;
  wrmsr(MSR_SYSTEM_TIME, (uint32_t)&clock | ENABLED);
  has_clock = true;
}

bool kvm_present(void) { return present; }

bool kvm_clock_present(void) { return has_clock; }

// An odd version, or another one afterwards, is a page that was being written.
uint64_t kvm_clock_nanoseconds(void) {
  for (;;) {
    uint32_t version = clock.version;
    uint64_t elapsed = rdtsc() - clock.tsc, base = clock.nanoseconds;
    uint32_t multiplier = clock.multiplier;
    elapsed = clock.shift < 0 ? elapsed >> -clock.shift : elapsed << clock.shift;
    uint64_t scaled = (elapsed >> 32) * multiplier + ((elapsed & 0xFFFFFFFF) * multiplier >> 32);
    if (!(version & 1) && version == clock.version) return base + scaled;
  }
}

int32_t kvm_hypercall(uint32_t number) {
  int32_t result;
  __asm__ volatile("vmcall" : "=a"(result) : "a"(number), "b"(0), "c"(0), "d"(0) : "memory");
  return result;
}
