// A virtio device on PCI: see virtio.c.
#pragma once
#include "virtqueue.h"

#define VIRTIO_NET 1u
#define VIRTIO_BLOCK 2u

struct virtio {
  uint32_t function;
  volatile struct virtio_common *common;
  volatile uint8_t *isr, *notify;
  volatile uint32_t *config;
  uint32_t notify_multiplier;
};

// Finds a device, resets it, and agrees on `features` (below bit 32) beside those that every queue needs.
bool virtio_open(struct virtio *virtio, uint32_t type, uint32_t features);
bool virtio_queue(struct virtio *virtio, uint16_t number, struct virtqueue *queue);
// The device may use its queues from here on; `handler` calls virtio_acknowledge.
bool virtio_start(struct virtio *virtio, void (*handler)(void));
void virtio_acknowledge(struct virtio *virtio);
