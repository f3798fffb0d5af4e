// What the two disk workloads share.
// guest/README.md (scratch disks).
#include "disk.h"
#include "../memory.h"
#include "../mix.h"

#define MARK "TABVISOR-SCRATCH"
#define MARK_LENGTH (sizeof MARK - 1)

bool disk_usable(struct report *report) {
  const struct ide_disk *disk = ide_disk();
  if (!disk->present) report->skipped = "no-disk";
  else if (disk->sectors < DISK_LEAST_SECTORS) report->skipped = "small-disk";
  return !report->skipped;
}

bool disk_request(struct disk_run *run, enum ide_direction direction, bool dma, uint32_t lba, uint32_t sectors,
                  void *buffer) {
  run->requests++;
  if (dma && ide_disk()->dma) {
    run->dma += sectors;
    return ide_dma(direction, lba, sectors, buffer);
  }
  run->pio += sectors;
  return ide_pio(direction, lba, sectors, buffer);
}

void disk_report(const struct disk_run *run, struct report *report) {
  report_count(report, "ops", run->requests);
  report_count(report, "pio", run->pio);
  report_count(report, "dma", run->dma);
}

bool disk_marked(const uint8_t *sector) {
  for (uint32_t i = 0; i + MARK_LENGTH <= SECTOR; i++)
    if (!memcmp(sector + i, MARK, MARK_LENGTH)) return true;
  return false;
}

uint32_t disk_checksum(uint32_t sum, const void *buffer, uint32_t sectors) {
  const uint32_t *words = buffer;
  for (uint32_t i = 0; i < sectors * SECTOR / 4; i++) sum = (sum << 5 | sum >> 27) + (words[i] ^ i);
  return mix(sum, sectors);
}
