// Which network card the machine has.
// guest/README.md (workloads).
#include "net.h"

static struct net_card card;
static bool present;

void net_init(void) { present = virtio_net_init(&card) || ne2000_init(&card); }

const struct net_card *net_card(void) { return present ? &card : 0; }
