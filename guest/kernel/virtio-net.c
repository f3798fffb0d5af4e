// A virtio network card: frames in buffers of our own, many to a notification.
// virtio 1.2, 5.1 (network device).
#include "memory.h"
#include "net.h"
#include "virtio.h"

#define FEATURE_MAC (1u << 5)
#define HEADER 12u // no offloads: all zeros on the way out
#define BUFFERS 32u
enum { RECEIVE, SEND };

static struct virtio virtio;
static struct virtqueue receiving, sending;
static struct {
  uint8_t header[HEADER], frame[NET_FRAME];
} in[BUFFERS], out[BUFFERS];
static uint32_t sent;

static void on_interrupt(void) { virtio_acknowledge(&virtio); }

static bool send(const void *frame, uint32_t length) {
  uint32_t slot = sent % BUFFERS, descriptor, written;
  if (length > NET_FRAME) return false;
  // A buffer comes back before it is used again.
  if (sent >= BUFFERS) {
    if (!virtqueue_take(&sending, &descriptor, &written)) {
      virtqueue_tell(&sending);
      if (!virtqueue_wait(&sending) || !virtqueue_take(&sending, &descriptor, &written)) return false;
    }
    slot = descriptor % BUFFERS;
  } else {
    sent++;
  }
  memcpy(out[slot].frame, frame, length);
  virtqueue_describe(&sending, slot, &out[slot], HEADER + length, 0);
  virtqueue_offer(&sending, slot);
  return true;
}

static void flush(void) { virtqueue_tell(&sending); }

static void offer(uint32_t slot) {
  virtqueue_describe(&receiving, slot, &in[slot], sizeof in[slot], DESCRIPTOR_WRITE);
  virtqueue_offer(&receiving, slot);
}

static uint32_t receive(void *frame) {
  uint32_t descriptor, length;
  if (!virtqueue_wait(&receiving) || !virtqueue_take(&receiving, &descriptor, &length)) return 0;
  if (descriptor >= BUFFERS || length < HEADER || length > sizeof in[0]) return 0;
  memcpy(frame, in[descriptor].frame, length - HEADER);
  offer(descriptor);
  // Half of the buffers are given back with one word to the device.
  if ((uint16_t)(receiving.offered - receiving.told) >= BUFFERS / 2) virtqueue_tell(&receiving);
  return length - HEADER;
}

bool virtio_net_init(struct net_card *card) {
  if (!virtio_open(&virtio, VIRTIO_NET, FEATURE_MAC)) return false;
  if (!virtio_queue(&virtio, RECEIVE, &receiving) || !virtio_queue(&virtio, SEND, &sending)) return false;
  if (!virtio_start(&virtio, on_interrupt)) return false;
  for (uint32_t i = 0; i < BUFFERS; i++) offer(i);
  virtqueue_tell(&receiving);
  uint32_t low = virtio.config[0], high = virtio.config[1];
  card->name = "virtio";
  memcpy(card->address, &low, 4);
  memcpy(card->address + 4, &high, 2);
  card->send = send;
  card->flush = flush;
  card->receive = receive;
  return true;
}
