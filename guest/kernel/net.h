// Whichever network card there is: see net.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define NET_FRAME 1514u

struct net_card {
  const char *name;
  uint8_t address[6];
  // Queues a frame, of at most NET_FRAME bytes; `flush` sees that it leaves.
  bool (*send)(const void *frame, uint32_t length);
  void (*flush)(void);
  // Copies the next frame; 0 when there is none after five seconds.
  uint32_t (*receive)(void *frame);
};

// Looks for a virtio card, then for an NE2000.
void net_init(void);
// Null when there is none.
const struct net_card *net_card(void);

bool virtio_net_init(struct net_card *card);
bool ne2000_init(struct net_card *card);
