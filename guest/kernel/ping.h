// As much of IP as an echo needs: see ping.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define PING_PAYLOAD_MOST 1472u

// Asks who the gateway is; false when nobody answers.
bool ping_find_gateway(void);
// Queues an echo request for the gateway with `length` bytes.
bool ping_send(uint16_t sequence, const uint8_t *payload, uint32_t length);
// Sleeps until an echo comes back, and copies at most PING_PAYLOAD_MOST bytes of it; 0 after five seconds without a frame.
uint32_t ping_receive(uint16_t *sequence, uint8_t *payload);
