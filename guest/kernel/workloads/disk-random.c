// 4 KiB here and there, one request at a time: 256 reads, then 64 writes to the scratch MiB, a flush, and these read back.
// guest/README.md (scratch disks).
#include "../mix.h"
#include "disk-batch.h"
#include "disk.h"

#define SECTORS 8u
#define READS 256u
#define WRITES 64u
#define WORDS (SECTORS * SECTOR / 4)
// Prime to the number of pages, so that no page comes twice.
#define STRIDE 37u

static bool transfer(enum ide_direction direction, uint32_t lba) {
  const struct block_request request = {lba, SECTORS, arena};
  return block_transfer(direction, &request, 1);
}

static uint32_t page(uint32_t start, uint32_t i) {
  return start + i * STRIDE * SECTORS % DISK_SCRATCH_SECTORS;
}

static bool write_and_verify(uint32_t start, uint32_t round, struct report *report) {
  uint32_t *words = (uint32_t *)arena, out = round, in = round;
  for (uint32_t i = 0; i < WRITES; i++) {
    for (uint32_t word = 0; word < WORDS; word++) words[word] = xorshift(&out);
    if (!transfer(IDE_WRITE, page(start, i))) return false;
  }
  if (!block_flush()) return false;
  for (uint32_t i = 0; i < WRITES; i++) {
    if (!transfer(IDE_READ, page(start, i))) return false;
    for (uint32_t word = 0; word < WORDS; word++)
      if (words[word] != xorshift(&in)) report->failed = "read-back-differs";
    report->checksum = disk_checksum(report->checksum, arena, SECTORS);
  }
  return true;
}

void disk_random(uint32_t scale, struct report *report) {
  if (!disk_batch_usable(report)) return;
  uint32_t start = block_sectors() - DISK_SCRATCH_SECTORS, seed = 1;
  bool good = true;
  for (uint32_t round = 1; round <= scale && good; round++) {
    for (uint32_t i = 0; i < READS && good; i++) {
      good = transfer(IDE_READ, xorshift(&seed) % (start - SECTORS + 1));
      report->checksum = disk_checksum(report->checksum, arena, SECTORS);
    }
    good = good && write_and_verify(start, round, report);
  }
  if (!good) report->failed = "io-error";
  report_count(report, "ops", scale * (READS + 2 * WRITES));
  report_count(report, "sectors", scale * (READS + 2 * WRITES) * SECTORS);
}
