// A split virtqueue with event indices: see virtqueue.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define VIRTQUEUE_SIZE 64u

#define DESCRIPTOR_NEXT 1u
#define DESCRIPTOR_WRITE 2u // by the device

struct virtqueue {
  struct {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
  } descriptors[VIRTQUEUE_SIZE] __attribute__((aligned(16)));
  struct {
    uint16_t flags, index, ring[VIRTQUEUE_SIZE], used_event;
  } available;
  struct {
    uint16_t flags, index;
    struct {
      uint32_t id, length;
    } ring[VIRTQUEUE_SIZE];
    uint16_t available_event;
  } used __attribute__((aligned(4)));
  // Offered so far, of these told to the device, and of its answers taken.
  uint16_t offered, told, taken;
  uint16_t number;
  volatile uint16_t *notify;
};

void virtqueue_describe(struct virtqueue *queue, uint16_t descriptor, const volatile void *buffer, uint32_t length,
                        uint16_t flags);
// Puts the chain that begins with a descriptor into the ring; the device learns of it by virtqueue_tell.
void virtqueue_offer(struct virtqueue *queue, uint16_t descriptor);
void virtqueue_tell(struct virtqueue *queue);
// The first descriptor of a chain that the device has done with, and the bytes it wrote; false when there is none.
bool virtqueue_take(struct virtqueue *queue, uint32_t *descriptor, uint32_t *length);
// Sleeps until there is something to take; false after five seconds.
bool virtqueue_wait(struct virtqueue *queue);
