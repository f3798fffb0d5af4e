// What the two disk workloads share: the lay of the disk, one request by either way, and its count.
// guest/README.md (scratch disks).
#pragma once
#include "../ide.h"
#include "workload.h"

// The last MiB is the scratch area; reads stay out of it, so that a write does not change their checksum.
#define DISK_SCRATCH_SECTORS 2048u
#define DISK_LEAST_SECTORS 4096u

struct disk_run {
  uint32_t requests, pio, dma; // pio and dma are in sectors
};

// Fills in skipped when there is no disk or it is smaller than 2 MiB.
bool disk_usable(struct report *report);
// By DMA where `dma` says so and the machine has it, otherwise by PIO.
bool disk_request(struct disk_run *run, enum ide_direction direction, bool dma, uint32_t lba, uint32_t sectors,
                  void *buffer);
void disk_report(const struct disk_run *run, struct report *report);
// Whether sector 0, as it was read, says that the disk may be written to.
bool disk_marked(const uint8_t *sector);
uint32_t disk_checksum(uint32_t sum, const void *buffer, uint32_t sectors);
