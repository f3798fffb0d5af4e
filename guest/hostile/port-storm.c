// Reads and writes every port in random order, at every width and alignment, then says that it is still there.
// xorshift32 from Marsaglia 2003. A fixed seed: the order is the same each time.
#include <stdbool.h>
#include "../kernel/cpu.h"
#include "../kernel/mix.h"
#include "hostile.h"

#define ROUNDS 400000u

const char hostile_about[] = "HOSTILE port-storm\r\n";

// Where devices live: half of the accesses go here.
static const struct {
  uint16_t first, last;
} devices[] = {
    {0x00, 0x0F},   {0x20, 0x21},   {0x40, 0x43},   {0x61, 0x61},   {0x70, 0x71},   {0x80, 0x8F},
    {0xA0, 0xA1},   {0xC0, 0xDF},   {0xE9, 0xE9},   {0x170, 0x177}, {0x1F0, 0x1F7}, {0x2F8, 0x2FF},
    {0x300, 0x31F}, {0x376, 0x376}, {0x3B0, 0x3DF}, {0x3F6, 0x3F6}, {0x3F8, 0x3FF}, {0x4D0, 0x4D1},
    {0xCF8, 0xCFF}, {0xC000, 0xC0FF},
};
#define DEVICES (sizeof devices / sizeof *devices)

// These would end the storm early: resets, power, a panic that is told of, and ways to write over memory, this code with it.
static const struct {
  uint16_t first, last;
} spared[] = {{0x60, 0x64}, {0x92, 0x92}, {0xB2, 0xB3}, {0xF4, 0xF7}, {0x505, 0x505}, {0x510, 0x51B}, {0x600, 0x63F}, {0xCF9, 0xCF9}};

static bool is_spared(uint32_t port, uint32_t width) {
  // As a doubleword this is the PCI address register, not the reset register in its middle.
  if (port == 0xCF8 && width == 4) return false;
  for (uint32_t i = 0; i < sizeof spared / sizeof *spared; i++)
    if (port + width > spared[i].first && port <= spared[i].last) return true;
  return port + width > 0x10000;
}

static void access(uint16_t port, uint32_t width, bool write, uint32_t value) {
  if (width == 1) {
    if (write) outb(port, (uint8_t)value);
    else inb(port);
  } else if (width == 2) {
    uint16_t in;
    if (write) outw(port, (uint16_t)value);
    else __asm__ volatile("inw %1, %0" : "=a"(in) : "Nd"(port));
  } else {
    if (write) outl(port, value);
    else inl(port);
  }
}

// The storm has been over the UART too.
static void restore_uart(void) {
  outb(0x3FB, 0x80);
  outb(0x3F8, 1);
  outb(0x3F9, 0);
  outb(0x3FB, 0x03);
  outb(0x3F9, 0);
  outb(0x3FC, 0x03);
}

void hostile(const void *information) {
  (void)information;
  uint32_t state = 0x7AB715;
  for (uint32_t i = 0; i < ROUNDS; i++) {
    uint32_t choice = xorshift(&state), value = xorshift(&state), port = value >> 16;
    if (choice & 1) {
      uint32_t device = (choice >> 8 & 0xFFFF) % DEVICES;
      port = devices[device].first + port % (devices[device].last - devices[device].first + 1u);
    }
    uint32_t width = 1u << (choice >> 1 & 3) % 3;
    if (!is_spared(port, width)) access((uint16_t)port, width, choice >> 3 & 1, value);
  }
  restore_uart();
  say("\r\nHOSTILE port-storm done\r\n");
}
