// A virtio disk: see virtio-block.c.
#pragma once
#include "block.h"

bool virtio_block_init(void);
// 0 when there is no such disk.
uint32_t virtio_block_sectors(void);
bool virtio_block_transfer(enum ide_direction direction, const struct block_request *requests, uint32_t count);
bool virtio_block_flush(void);
