// Whether a workload may use the disk, virtio or IDE, and write to its last MiB.
// guest/README.md (scratch disks).
#include "disk-batch.h"
#include "disk.h"

bool disk_batch_usable(struct report *report) {
  const struct block_request first = {0, 1, arena};
  if (!block_kind()) report->skipped = "no-disk";
  else if (block_sectors() < DISK_LEAST_SECTORS) report->skipped = "small-disk";
  else if (!block_transfer(IDE_READ, &first, 1)) report->failed = "io-error";
  else if (!disk_marked(arena)) report->skipped = "no-scratch-mark";
  return !report->skipped && !report->failed;
}
