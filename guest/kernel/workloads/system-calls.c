// System calls that do nothing, from ring 3: by int 0x80, and by SYSENTER where CPUID has it.
// guest/kernel/syscall.h.
#include "../syscall.h"
#include "../task.h"
#include "../user/programs.h"
#include "workload.h"

#define CALLS 100000u

void system_calls(uint32_t scale, struct report *report) {
  uint32_t count = scale * CALLS, by_sysenter = 0;
  tasks_run((user_program[]){user_call_int80}, &count, 1, &report->checksum);
  if (syscall_has_sysenter()) {
    tasks_run((user_program[]){user_call_sysenter}, &count, 1, &by_sysenter);
    if (by_sysenter != report->checksum) report->failed = "sysenter-differs";
  }
  report_count(report, "ops", count);
  report_count(report, "sysenter", syscall_has_sysenter() ? count : 0);
}
