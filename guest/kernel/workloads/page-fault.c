// Page faults of a user task that the kernel mends.
// guest/kernel/paging.c.
#include "../paging.h"
#include "../task.h"
#include "../user/programs.h"
#include "workload.h"

#define ROUNDS 250u

void page_fault(uint32_t scale, struct report *report) {
  uint32_t rounds = scale * ROUNDS, before = paging_fault_count();
  tasks_run((user_program[]){user_fault}, &rounds, 1, &report->checksum);
  report_count(report, "ops", paging_fault_count() - before);
  report_count(report, "unmaps", rounds * USER_FAULT_PAGES);
}
