// 2 MiB read in order, then the scratch MiB written, flushed and read back: 64 KiB a request, 16 requests in flight.
// guest/README.md (scratch disks).
#include "../mix.h"
#include "disk-batch.h"
#include "disk.h"

#define SECTORS IDE_MAX_SECTORS
#define BATCH_SECTORS (BLOCK_BATCH * SECTORS)
#define READ_BATCHES 2u
#define WORDS (BATCH_SECTORS * SECTOR / 4)

static bool transfer(enum ide_direction direction, uint32_t lba) {
  struct block_request requests[BLOCK_BATCH];
  for (uint32_t i = 0; i < BLOCK_BATCH; i++)
    requests[i] = (struct block_request){lba + i * SECTORS, SECTORS, arena + i * SECTORS * SECTOR};
  return block_transfer(direction, requests, BLOCK_BATCH);
}

static bool write_and_verify(uint32_t start, uint32_t round, struct report *report) {
  uint32_t *words = (uint32_t *)arena, out = round, in = round;
  for (uint32_t i = 0; i < WORDS; i++) words[i] = xorshift(&out);
  if (!transfer(IDE_WRITE, start) || !block_flush()) return false;
  for (uint32_t i = 0; i < WORDS; i++) words[i] = 0;
  if (!transfer(IDE_READ, start)) return false;
  for (uint32_t i = 0; i < WORDS; i++)
    if (words[i] != xorshift(&in)) report->failed = "read-back-differs";
  report->checksum = disk_checksum(report->checksum, arena, BATCH_SECTORS);
  return true;
}

void disk_sequential(uint32_t scale, struct report *report) {
  if (!disk_batch_usable(report)) return;
  uint32_t start = block_sectors() - DISK_SCRATCH_SECTORS, at = 0;
  bool good = true;
  for (uint32_t round = 1; round <= scale && good; round++) {
    for (uint32_t i = 0; i < READ_BATCHES && good; i++) {
      if (at + BATCH_SECTORS > start) at = 0;
      good = transfer(IDE_READ, at);
      report->checksum = disk_checksum(report->checksum, arena, BATCH_SECTORS);
      at += BATCH_SECTORS;
    }
    good = good && write_and_verify(start, round, report);
  }
  if (!good) report->failed = "io-error";
  report_count(report, "ops", scale * (READ_BATCHES + 2) * BLOCK_BATCH);
  report_count(report, "sectors", scale * (READ_BATCHES + 2) * BATCH_SECTORS);
}
