// Writes to the last MiB of a disk that is marked as scratch, then reads it back and compares.
// ATA/ATAPI-6 (T13 1410D) 9.6, 9.7.
#include "../mix.h"
#include "disk.h"

#define PIO_SECTORS 512u

static uint8_t *const out = arena;
static uint8_t *const in = arena + 65536;

static bool write_area(struct disk_run *run, uint32_t start, uint32_t seed) {
  for (uint32_t i = 0; i < DISK_SCRATCH_SECTORS; i += IDE_MAX_SECTORS) {
    for (uint32_t word = 0; word < IDE_MAX_SECTORS * SECTOR / 4; word++) ((uint32_t *)out)[word] = xorshift(&seed);
    if (!disk_request(run, IDE_WRITE, i >= PIO_SECTORS, start + i, IDE_MAX_SECTORS, out)) return false;
  }
  return ide_flush();
}

// What was written by one way is read by the other.
static bool verify_area(struct disk_run *run, uint32_t start, uint32_t seed, struct report *report) {
  for (uint32_t i = 0; i < DISK_SCRATCH_SECTORS; i += IDE_MAX_SECTORS) {
    bool dma = i < DISK_SCRATCH_SECTORS - PIO_SECTORS;
    if (!disk_request(run, IDE_READ, dma, start + i, IDE_MAX_SECTORS, in)) return false;
    for (uint32_t word = 0; word < IDE_MAX_SECTORS * SECTOR / 4; word++)
      if (((uint32_t *)in)[word] != xorshift(&seed)) report->failed = "read-back-differs";
    report->checksum = disk_checksum(report->checksum, in, IDE_MAX_SECTORS);
  }
  return true;
}

void disk_write(uint32_t scale, struct report *report) {
  struct disk_run run = {0};
  if (!disk_usable(report)) return;
  if (!ide_pio(IDE_READ, 0, 1, in) || !disk_marked(in)) {
    report->skipped = "no-scratch-mark";
    return;
  }
  uint32_t start = ide_disk()->sectors - DISK_SCRATCH_SECTORS;
  bool good = true;
  for (uint32_t round = 1; round <= scale && good; round++)
    good = write_area(&run, start, round) && verify_area(&run, start, round, report);
  if (!good) report->failed = "io-error";
  disk_report(&run, report);
}
