// Two user tasks that yield to each other: a system call, a stack switch and a CR3 load each time.
// guest/kernel/task.c.
#include "../mix.h"
#include "../task.h"
#include "../user/programs.h"
#include "workload.h"

#define YIELDS 30000u // of each task

void context_switch(uint32_t scale, struct report *report) {
  uint32_t counts[2] = {scale * YIELDS, scale * YIELDS + 1}, results[2];
  uint32_t switches = tasks_run((user_program[]){user_switch, user_switch}, counts, 2, results);
  report->checksum = mix(mix(0, results[0]), results[1]);
  report_count(report, "ops", switches);
}
