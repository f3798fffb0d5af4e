// A virtio disk: each request is a header, its data and a status byte; a batch has one notification.
// virtio 1.2, 5.2 (block device).
#include "virtio-block.h"
#include "virtio.h"

#define FEATURE_FLUSH (1u << 9)
#define REQUEST_IN 0u
#define REQUEST_OUT 1u
#define REQUEST_FLUSH 4u
#define STATUS_OK 0
#define STATUS_UNSET 0xFF
#define CHAIN 3u // descriptors of one request

static struct virtio virtio;
static struct virtqueue queue;
static uint32_t sectors;
static struct {
  uint32_t type, reserved;
  uint64_t lba;
} headers[BLOCK_BATCH];
static volatile uint8_t statuses[BLOCK_BATCH];

static void on_interrupt(void) { virtio_acknowledge(&virtio); }

bool virtio_block_init(void) {
  if (!virtio_open(&virtio, VIRTIO_BLOCK, FEATURE_FLUSH) || !virtio_queue(&virtio, 0, &queue)) return false;
  if (!virtio_start(&virtio, on_interrupt)) return false;
  // What 32 bits of sector numbers reach of the capacity.
  sectors = virtio.config[1] ? 0xFFFFFFFF : virtio.config[0];
  return sectors != 0;
}

uint32_t virtio_block_sectors(void) { return sectors; }

static void offer(uint32_t slot, uint32_t type, const struct block_request *request) {
  uint16_t first = slot * CHAIN;
  headers[slot].type = type;
  headers[slot].lba = request ? request->lba : 0;
  statuses[slot] = STATUS_UNSET;
  virtqueue_describe(&queue, first, &headers[slot], sizeof headers[slot], DESCRIPTOR_NEXT);
  if (request) {
    uint16_t flags = DESCRIPTOR_NEXT | (type == REQUEST_IN ? DESCRIPTOR_WRITE : 0);
    virtqueue_describe(&queue, first + 1, request->buffer, request->sectors * SECTOR, flags);
  } else {
    queue.descriptors[first].next = first + 2;
  }
  virtqueue_describe(&queue, first + 2, &statuses[slot], 1, DESCRIPTOR_WRITE);
  virtqueue_offer(&queue, first);
}

static bool finish(uint32_t count) {
  uint32_t descriptor, length;
  bool good = true;
  virtqueue_tell(&queue);
  for (uint32_t done = 0; done < count; done++) {
    if (!virtqueue_wait(&queue) || !virtqueue_take(&queue, &descriptor, &length)) return false;
    uint32_t slot = descriptor / CHAIN;
    good = good && slot < BLOCK_BATCH && statuses[slot] == STATUS_OK;
  }
  return good;
}

bool virtio_block_transfer(enum ide_direction direction, const struct block_request *requests, uint32_t count) {
  if (count > BLOCK_BATCH) return false;
  for (uint32_t i = 0; i < count; i++) offer(i, direction == IDE_READ ? REQUEST_IN : REQUEST_OUT, &requests[i]);
  return finish(count);
}

bool virtio_block_flush(void) {
  offer(0, REQUEST_FLUSH, 0);
  return finish(1);
}
