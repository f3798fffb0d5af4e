// Calls the hypervisor by VMCALL and asks it for nothing.
// Linux Documentation/virt/kvm/x86/hypercalls.rst (KVM_HC_VAPIC_POLL_IRQ).
#include "../kvm.h"
#include "../mix.h"
#include "workload.h"

#define CALLS 20000u

void hypercall(uint32_t scale, struct report *report) {
  uint32_t calls = scale * CALLS;
  if (!kvm_present()) {
    report->skipped = "no-hypervisor";
    return;
  }
  for (uint32_t i = 0; i < calls; i++) report->checksum = mix(report->checksum, i + kvm_hypercall(KVM_VAPIC_POLL_IRQ));
  report_count(report, "ops", calls);
}
