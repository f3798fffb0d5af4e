// One interface to the disk: virtio gets a batch with one notification, IDE one request after the other.
// guest/README.md (workloads).
#include "block.h"
#include "virtio-block.h"

void block_init(void) {
  if (!virtio_block_init()) ide_init();
}

const char *block_kind(void) {
  if (virtio_block_sectors()) return "virtio";
  if (!ide_disk()->present) return 0;
  return ide_disk()->dma ? "ide-dma" : "ide-pio";
}

uint32_t block_sectors(void) { return virtio_block_sectors() ? virtio_block_sectors() : ide_disk()->sectors; }

bool block_transfer(enum ide_direction direction, const struct block_request *requests, uint32_t count) {
  if (virtio_block_sectors()) return virtio_block_transfer(direction, requests, count);
  for (uint32_t i = 0; i < count; i++) {
    const struct block_request *one = &requests[i];
    bool (*transfer)(enum ide_direction, uint32_t, uint32_t, void *) = ide_disk()->dma ? ide_dma : ide_pio;
    if (!transfer(direction, one->lba, one->sectors, one->buffer)) return false;
  }
  return true;
}

bool block_flush(void) { return virtio_block_sectors() ? virtio_block_flush() : ide_flush(); }
