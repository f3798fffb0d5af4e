// The list of workloads, and the one line that each prints.
// guest/README.md has the line's form.
#include "workload.h"
#include "../clock.h"
#include "../print.h"
#include "../text.h"

const struct workload workloads[] = {
    {"integer", "sieve, crc32, sort, division, recursion", integer},
    {"memory", "fill, copy, sum, pointer chase", memory},
    {"syscall", "null system calls from ring 3", system_calls},
    {"context-switch", "two user tasks, two address spaces", context_switch},
    {"page-fault", "demand-zero pages, copy on write, unmap", page_fault},
    {"port-io", "single port reads and writes", port_io},
    {"disk-read", "IDE reads by PIO and DMA", disk_read},
    {"disk-write", "IDE writes to a scratch disk, read back", disk_write},
    {"disk-sequential", "64 KiB requests in order, on the disk there is", disk_sequential},
    {"disk-random", "4 KiB requests here and there, on the disk there is", disk_random},
    {"net-echo", "small echoes from the gateway, one at a time", net_echo},
    {"net-bulk", "large echoes from the gateway, eight at a time", net_bulk},
    {"clock-read", "reads of the time", clock_read},
    {"hypercall", "calls of the hypervisor", hypercall},
};
const uint32_t workload_count = sizeof workloads / sizeof *workloads;

void report_count(struct report *report, const char *key, uint32_t value) {
  if (report->count == WORKLOAD_COUNTS) return;
  report->counts[report->count].key = key;
  report->counts[report->count++].value = value;
}

static void run(const struct workload *workload, uint32_t scale) {
  struct report report = {0};
  uint32_t start = clock_milliseconds();
  workload->run(scale, &report);
  uint32_t ticks = clock_milliseconds() - start;
  print("WORKLOAD name=%s", workload->name);
  if (report.skipped) {
    print(" skipped=%s\n", report.skipped);
    return;
  }
  if (report.failed) {
    print(" failed=%s\n", report.failed);
    return;
  }
  print(" checksum=%08x ticks=%u", report.checksum, ticks);
  for (uint32_t i = 0; i < report.count; i++) print(" %s=%u", report.counts[i].key, report.counts[i].value);
  print("\n");
}

void workload_run(const char *name, uint32_t scale) {
  bool all = text_equals(name, "all"), found = all;
  for (uint32_t i = 0; i < workload_count; i++) {
    if (!all && !text_equals(name, workloads[i].name)) continue;
    run(&workloads[i], scale);
    found = true;
  }
  if (!found) print("WORKLOAD name=%s skipped=unknown\n", name);
}
