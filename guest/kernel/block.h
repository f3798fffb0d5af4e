// Whichever disk there is, by requests in batches: see block.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "ide.h"

#define BLOCK_BATCH 16u

struct block_request {
  uint32_t lba, sectors; // at most IDE_MAX_SECTORS
  void *buffer;          // even, and not across a 64 KiB line
};

// Looks for a virtio disk, and for an IDE disk where there is none.
void block_init(void);
// "virtio", "ide-dma", "ide-pio", or null when there is no disk.
const char *block_kind(void);
uint32_t block_sectors(void);
// Does up to BLOCK_BATCH requests in any order; false on an error.
bool block_transfer(enum ide_direction direction, const struct block_request *requests, uint32_t count);
bool block_flush(void);
