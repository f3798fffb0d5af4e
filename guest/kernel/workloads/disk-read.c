// Reads: 512 KiB in order by PIO, 2 MiB in order and 64 pages here and there by DMA.
// ATA/ATAPI-6 (T13 1410D) 9.5, 9.7.
#include "../mix.h"
#include "disk.h"

#define PIO_SECTORS 1024u
#define DMA_SECTORS 4096u
#define RANDOM_READS 64u
#define RANDOM_SECTORS 8u

void disk_read(uint32_t scale, struct report *report) {
  struct disk_run run = {0};
  if (!disk_usable(report)) return;
  uint32_t readable = ide_disk()->sectors - DISK_SCRATCH_SECTORS, sum = 0, seed = 1, at = 0;
  bool good = true;
  for (uint32_t round = 0; round < scale && good; round++) {
    for (uint32_t i = 0; i < PIO_SECTORS + DMA_SECTORS && good; i += IDE_MAX_SECTORS) {
      if (at + IDE_MAX_SECTORS > readable) at = 0;
      good = disk_request(&run, IDE_READ, i >= PIO_SECTORS, at, IDE_MAX_SECTORS, arena);
      sum = disk_checksum(sum, arena, IDE_MAX_SECTORS);
      at += IDE_MAX_SECTORS;
    }
    for (uint32_t i = 0; i < RANDOM_READS && good; i++) {
      uint32_t lba = xorshift(&seed) % (readable - RANDOM_SECTORS + 1);
      good = disk_request(&run, IDE_READ, true, lba, RANDOM_SECTORS, arena);
      sum = disk_checksum(sum, arena, RANDOM_SECTORS);
    }
  }
  if (!good) report->failed = "io-error";
  report->checksum = sum;
  disk_report(&run, report);
}
