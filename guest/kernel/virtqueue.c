// A split virtqueue: many chains to a notification, and an interrupt only when the driver is about to sleep.
// virtio 1.2, 2.7 (split virtqueues), 2.7.7.1 and 2.7.10.1 (event indices). Memory is mapped where it lies.
#include "virtqueue.h"
#include "clock.h"
#include "cpu.h"

#define TIMEOUT (5 * CLOCK_HZ)

static uint16_t used_index(const struct virtqueue *queue) {
  return *(const volatile uint16_t *)&queue->used.index;
}

void virtqueue_describe(struct virtqueue *queue, uint16_t descriptor, const volatile void *buffer, uint32_t length,
                        uint16_t flags) {
  queue->descriptors[descriptor].address = (uint32_t)buffer;
  queue->descriptors[descriptor].length = length;
  queue->descriptors[descriptor].flags = flags;
  queue->descriptors[descriptor].next = descriptor + 1;
}

void virtqueue_offer(struct virtqueue *queue, uint16_t descriptor) {
  queue->available.ring[queue->offered++ % VIRTQUEUE_SIZE] = descriptor;
}

void virtqueue_tell(struct virtqueue *queue) {
  uint16_t before = queue->told;
  // An index that was passed already: no interrupt until virtqueue_wait asks for one.
  queue->available.used_event = queue->taken - 1;
  barrier();
  *(volatile uint16_t *)&queue->available.index = queue->told = queue->offered;
  barrier();
  uint16_t event = *(volatile uint16_t *)&queue->used.available_event;
  if ((uint16_t)(queue->told - event - 1) < (uint16_t)(queue->told - before)) *queue->notify = queue->number;
}

bool virtqueue_take(struct virtqueue *queue, uint32_t *descriptor, uint32_t *length) {
  if (queue->taken == used_index(queue)) return false;
  barrier();
  *descriptor = queue->used.ring[queue->taken % VIRTQUEUE_SIZE].id;
  *length = queue->used.ring[queue->taken % VIRTQUEUE_SIZE].length;
  queue->taken++;
  return true;
}

bool virtqueue_wait(struct virtqueue *queue) {
  uint32_t start = clock_interrupts();
  while (queue->taken == used_index(queue)) {
    if (clock_interrupts() - start > TIMEOUT) return false;
    queue->available.used_event = queue->taken;
    barrier();
    cli();
    if (queue->taken == used_index(queue)) sti_hlt();
    sti();
  }
  return true;
}
