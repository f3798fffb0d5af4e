// Reads the time: from the page that KVM keeps, or where there is none from the 8254 with five port accesses.
// Linux Documentation/virt/kvm/x86/msr.rst (MSR_KVM_SYSTEM_TIME_NEW); 8254 (counter latch).
#include "../clock.h"
#include "../kvm.h"
#include "../mix.h"
#include "workload.h"

#define READS 4000u

static uint32_t now(void) {
  return kvm_clock_present() ? (uint32_t)(kvm_clock_nanoseconds() >> 10) : clock_milliseconds();
}

void clock_read(uint32_t scale, struct report *report) {
  uint32_t reads = scale * READS, before = now(), backwards = 0;
  for (uint32_t i = 0; i < reads; i++) {
    uint32_t time = now();
    if ((int32_t)(time - before) < 0) backwards++;
    before = time;
  }
  if (backwards) report->failed = "backwards";
  report->checksum = mix(reads, backwards);
  report_count(report, "ops", reads);
}
