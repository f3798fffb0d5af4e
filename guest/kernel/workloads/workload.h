// What a workload is, and how it reports: see workload.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define WORKLOAD_COUNTS 4
// Memory that a running workload has for itself: at a 64 KiB line, placed by link.ld.
#define ARENA_SIZE (4u << 20)
extern uint8_t arena[ARENA_SIZE];

struct report {
  uint32_t checksum;
  const char *skipped; // why it did not run
  const char *failed;  // what went wrong
  struct {
    const char *key;
    uint32_t value;
  } counts[WORKLOAD_COUNTS];
  uint32_t count;
};

struct workload {
  const char *name, *about;
  void (*run)(uint32_t scale, struct report *report);
};

extern const struct workload workloads[];
extern const uint32_t workload_count;

void report_count(struct report *report, const char *key, uint32_t value);
// Runs one by name, or "all", and prints its line. scale is 1 to 1000.
void workload_run(const char *name, uint32_t scale);
#define WORKLOAD_MAX_SCALE 1000u

void integer(uint32_t scale, struct report *report);
void memory(uint32_t scale, struct report *report);
void system_calls(uint32_t scale, struct report *report);
void context_switch(uint32_t scale, struct report *report);
void page_fault(uint32_t scale, struct report *report);
void port_io(uint32_t scale, struct report *report);
void disk_read(uint32_t scale, struct report *report);
void disk_write(uint32_t scale, struct report *report);
void disk_sequential(uint32_t scale, struct report *report);
void disk_random(uint32_t scale, struct report *report);
void net_echo(uint32_t scale, struct report *report);
void net_bulk(uint32_t scale, struct report *report);
void clock_read(uint32_t scale, struct report *report);
void hypercall(uint32_t scale, struct report *report);
