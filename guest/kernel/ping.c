// ARP, and echo requests to the gateway, from the address that user networking gives its first guest.
// RFC 826 (ARP), RFC 791 (IPv4), RFC 792 (ICMP echo), RFC 1071 (checksum).
#include "ping.h"
#include "memory.h"
#include "net.h"

#define ETHERNET 14u
#define IP_HEADER 20u
#define ICMP_HEADER 8u
#define ARP_SIZE 28u
#define TYPE_IP 0x0800u
#define TYPE_ARP 0x0806u
#define ARP_REQUEST 1u
#define ARP_REPLY 2u
#define ICMP 1u
#define ECHO_REPLY 0u
#define ECHO 8u
#define IDENTIFIER 0x7AB7u
#define STRANGERS_MOST 64

static const uint8_t own[4] = {10, 0, 2, 15}, gateway[4] = {10, 0, 2, 2};
static const uint8_t everybody[6] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
static uint8_t gateway_address[6];
static uint8_t frame[NET_FRAME], answer[NET_FRAME];

static void put16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }

static uint32_t checksum(const uint8_t *bytes, uint32_t length) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i + 1 < length; i += 2) sum += get16(bytes + i);
  if (length & 1) sum += (uint32_t)bytes[length - 1] << 8;
  while (sum >> 16) sum = (sum & 0xFFFF) + (sum >> 16);
  return ~sum & 0xFFFF;
}

static uint8_t *begin(const uint8_t *to, uint32_t type) {
  memcpy(frame, to, 6);
  memcpy(frame + 6, net_card()->address, 6);
  put16(frame + 12, type);
  return frame + ETHERNET;
}

static bool send_arp(uint32_t operation, const uint8_t *to, const uint8_t *about, const uint8_t *target) {
  static const uint8_t ethernet_and_ip[6] = {0, 1, 8, 0, 6, 4};
  uint8_t *arp = begin(to, TYPE_ARP);
  memcpy(arp, ethernet_and_ip, sizeof ethernet_and_ip);
  put16(arp + 6, operation);
  memcpy(arp + 8, net_card()->address, 6);
  memcpy(arp + 14, own, 4);
  memcpy(arp + 18, target, 6);
  memcpy(arp + 24, about, 4);
  bool sent = net_card()->send(frame, ETHERNET + ARP_SIZE);
  net_card()->flush();
  return sent;
}

// The gateway may ask who we are before it answers. True when it has said who it is.
static bool read_arp(const uint8_t *arp) {
  if (get16(arp + 6) == ARP_REQUEST && !memcmp(arp + 24, own, 4)) send_arp(ARP_REPLY, arp + 8, arp + 14, arp + 8);
  if (get16(arp + 6) != ARP_REPLY || memcmp(arp + 14, gateway, 4)) return false;
  memcpy(gateway_address, arp + 8, 6);
  return true;
}

static bool is_arp(uint32_t length) { return length >= ETHERNET + ARP_SIZE && get16(answer + 12) == TYPE_ARP; }

bool ping_find_gateway(void) {
  static const uint8_t unknown[6];
  if (!send_arp(ARP_REQUEST, everybody, gateway, unknown)) return false;
  for (int i = 0; i < STRANGERS_MOST; i++) {
    uint32_t length = net_card()->receive(answer);
    if (!length) return false;
    if (is_arp(length) && read_arp(answer + ETHERNET)) return true;
  }
  return false;
}

bool ping_send(uint16_t sequence, const uint8_t *payload, uint32_t length) {
  uint8_t *ip = begin(gateway_address, TYPE_IP), *icmp = ip + IP_HEADER;
  if (length > PING_PAYLOAD_MOST) return false;
  memset(ip, 0, IP_HEADER + ICMP_HEADER);
  ip[0] = 0x45; // version 4, five words
  put16(ip + 2, IP_HEADER + ICMP_HEADER + length);
  put16(ip + 4, sequence);
  ip[8] = 64;
  ip[9] = ICMP;
  memcpy(ip + 12, own, 4);
  memcpy(ip + 16, gateway, 4);
  put16(ip + 10, checksum(ip, IP_HEADER));
  icmp[0] = ECHO;
  put16(icmp + 4, IDENTIFIER);
  put16(icmp + 6, sequence);
  memcpy(icmp + ICMP_HEADER, payload, length);
  put16(icmp + 2, checksum(icmp, ICMP_HEADER + length));
  return net_card()->send(frame, ETHERNET + IP_HEADER + ICMP_HEADER + length);
}

uint32_t ping_receive(uint16_t *sequence, uint8_t *payload) {
  const uint8_t *ip = answer + ETHERNET, *icmp = ip + IP_HEADER;
  for (int i = 0; i < STRANGERS_MOST; i++) {
    uint32_t length = net_card()->receive(answer);
    if (!length) return 0;
    if (is_arp(length)) read_arp(answer + ETHERNET);
    if (length < ETHERNET + IP_HEADER + ICMP_HEADER || get16(answer + 12) != TYPE_IP) continue;
    uint32_t total = get16(ip + 2);
    if (ip[0] != 0x45 || ip[9] != ICMP || total < IP_HEADER + ICMP_HEADER || total > length - ETHERNET) continue;
    if (icmp[0] != ECHO_REPLY || get16(icmp + 4) != IDENTIFIER || checksum(icmp, total - IP_HEADER)) continue;
    *sequence = (uint16_t)get16(icmp + 6);
    memcpy(payload, icmp + ICMP_HEADER, total - IP_HEADER - ICMP_HEADER);
    return total - IP_HEADER - ICMP_HEADER;
  }
  return 0;
}
