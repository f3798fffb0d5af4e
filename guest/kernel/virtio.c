// The modern PCI transport: structures found by capabilities, features, queues; interrupts by INTx.
// virtio 1.2, 3.1.1 (initialization), 4.1.4 (capabilities), 4.1.4.3 (common configuration), 4.1.4.5 (ISR status).
#include "virtio.h"
#include "cpu.h"
#include "frames.h"
#include "paging.h"
#include "pci.h"
#include "trap.h"

#define VENDOR 0x1AF4u
#define FIRST_DEVICE 0x1040u
#define FIRST_TRANSITIONAL 0xFFFu // net 1000h, block 1001h
#define BAR0 0x10
#define BAR_64 0x4u
#define CAPABILITIES 0x34
#define CAPABILITY_VENDOR 0x09
#define CAPABILITIES_MOST 48

enum { COMMON = 1, NOTIFY, ISR, DEVICE };

#define ACKNOWLEDGE 1u
#define DRIVER 2u
#define DRIVER_OK 4u
#define FEATURES_OK 8u

#define EVENT_INDEX (1u << 29)
#define VERSION_1 1u // bit 32
#define RESET_PATIENCE 100000

struct virtio_common {
  uint32_t device_feature_select, device_feature, driver_feature_select, driver_feature;
  uint16_t config_vector, queues;
  uint8_t status, generation;
  uint16_t queue_select, queue_size, queue_vector, queue_enable, queue_notify;
  uint32_t descriptors[2], driver[2], device[2];
};

static volatile void *map_structure(uint32_t function, uint32_t capability) {
  uint32_t bar = BAR0 + 4 * (pci_read(function, capability + 4) & 0xFF);
  uint32_t base = pci_read(function, bar), size = pci_read(function, capability + 12);
  if (bar > BAR0 + 4 * 5 || base & 1) return 0;
  if (base & BAR_64 && pci_read(function, bar + 4)) return 0;
  if (!(base &= -16u)) return 0;
  return paging_map_device(base + pci_read(function, capability + 8), size < PAGE_SIZE ? size : PAGE_SIZE);
}

static bool find_structures(struct virtio *virtio) {
  uint32_t at = pci_read(virtio->function, CAPABILITIES) & 0xFC;
  for (int i = 0; at && i < CAPABILITIES_MOST; i++) {
    uint32_t head = pci_read(virtio->function, at), kind = head >> 24;
    if ((head & 0xFF) == CAPABILITY_VENDOR && kind >= COMMON && kind <= DEVICE) {
      volatile void *structure = map_structure(virtio->function, at);
      if (kind == COMMON) virtio->common = structure;
      if (kind == NOTIFY) {
        virtio->notify = structure;
        virtio->notify_multiplier = pci_read(virtio->function, at + 16);
      }
      if (kind == ISR) virtio->isr = structure;
      if (kind == DEVICE) virtio->config = structure;
    }
    at = head >> 8 & 0xFC;
  }
  return virtio->common && virtio->notify && virtio->isr && virtio->config;
}

static uint32_t agree(struct virtio *virtio, uint32_t half, uint32_t wanted) {
  virtio->common->device_feature_select = half;
  uint32_t agreed = virtio->common->device_feature & wanted;
  virtio->common->driver_feature_select = half;
  virtio->common->driver_feature = agreed;
  return agreed;
}

bool virtio_open(struct virtio *virtio, uint32_t type, uint32_t features) {
  if (!pci_find_id((FIRST_DEVICE + type) << 16 | VENDOR, &virtio->function) &&
      !pci_find_id((FIRST_TRANSITIONAL + type) << 16 | VENDOR, &virtio->function))
    return false;
  pci_enable(virtio->function);
  if (!find_structures(virtio)) return false;
  virtio->common->status = 0;
  for (int i = 0; virtio->common->status; i++)
    if (i == RESET_PATIENCE) return false;
  virtio->common->status = ACKNOWLEDGE;
  virtio->common->status = ACKNOWLEDGE | DRIVER;
  if (!(agree(virtio, 0, features | EVENT_INDEX) & EVENT_INDEX) || !agree(virtio, 1, VERSION_1)) return false;
  virtio->common->status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
  return virtio->common->status & FEATURES_OK;
}

bool virtio_queue(struct virtio *virtio, uint16_t number, struct virtqueue *queue) {
  volatile struct virtio_common *common = virtio->common;
  common->queue_select = number;
  if (common->queue_size < VIRTQUEUE_SIZE) return false;
  uint32_t notify = common->queue_notify * virtio->notify_multiplier;
  if (notify > PAGE_SIZE - sizeof(uint16_t)) return false;
  queue->number = number;
  queue->notify = (volatile uint16_t *)(virtio->notify + notify);
  common->queue_size = VIRTQUEUE_SIZE;
  common->descriptors[0] = (uint32_t)queue->descriptors;
  common->driver[0] = (uint32_t)&queue->available;
  common->device[0] = (uint32_t)&queue->used;
  common->descriptors[1] = common->driver[1] = common->device[1] = 0;
  common->queue_enable = 1;
  return true;
}

bool virtio_start(struct virtio *virtio, void (*handler)(void)) {
  uint8_t line = pci_interrupt(virtio->function);
  if (line >= 16) return false;
  irq_handle(line, handler);
  virtio->common->status = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
  return true;
}

// The read takes the request back.
void virtio_acknowledge(struct virtio *virtio) { (void)*virtio->isr; }
