// Echoes from the gateway: small ones, each sent when the last has come back; and large ones, eight on their way at once.
// RFC 792 (echo).
#include "../memory.h"
#include "../mix.h"
#include "../net.h"
#include "../ping.h"
#include "workload.h"

#define ECHOES 256u
#define SMALL 56u
#define IN_FLIGHT 8u

static uint8_t *const out = arena;
static uint8_t *const in = arena + 4096;

static void fill(uint32_t sequence, uint32_t length) {
  uint32_t seed = sequence + 1;
  for (uint32_t i = 0; i < length / 4; i++) ((uint32_t *)out)[i] = xorshift(&seed);
}

// Everything comes back, in order and as it was sent.
static bool receive(uint16_t sequence, uint32_t length, struct report *report) {
  uint16_t got = 0;
  uint32_t received = ping_receive(&got, in);
  if (!received) report->failed = "no-answer";
  else if (got != sequence) report->failed = "out-of-order";
  fill(sequence, length);
  if (!report->failed && (received != length || memcmp(in, out, length))) report->failed = "echo-differs";
  for (uint32_t i = 0; i < length / 4; i++) report->checksum = mix(report->checksum, ((uint32_t *)in)[i]);
  return !report->failed;
}

static void echo(uint32_t count, uint32_t length, uint32_t in_flight, struct report *report) {
  if (!net_card()) {
    report->skipped = "no-network";
    return;
  }
  if (!ping_find_gateway()) {
    report->failed = "no-gateway";
    return;
  }
  for (uint32_t done = 0; done < count; done += in_flight) {
    for (uint32_t i = 0; i < in_flight; i++) {
      fill((uint16_t)(done + i), length);
      if (!ping_send((uint16_t)(done + i), out, length)) report->failed = "not-sent";
    }
    net_card()->flush();
    for (uint32_t i = 0; i < in_flight && !report->failed; i++) receive((uint16_t)(done + i), length, report);
    if (report->failed) return;
  }
  report_count(report, "ops", count);
  report_count(report, "bytes", 2 * count * length);
}

void net_echo(uint32_t scale, struct report *report) { echo(scale * ECHOES, SMALL, 1, report); }

void net_bulk(uint32_t scale, struct report *report) { echo(scale * ECHOES, PING_PAYLOAD_MOST, IN_FLIGHT, report); }
