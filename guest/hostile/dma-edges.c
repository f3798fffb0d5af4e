// Bus-master DMA where memory ends, wraps, is read-only or is not, and descriptor tables in such places.
// Programming Interface for Bus Master IDE Controller 1.0. Writes the disk's last sector.
#include <stdbool.h>
#include "../kernel/cpu.h"
#include "../kernel/ide-registers.h"
#include "../kernel/pci.h"
#include "hostile.h"

#define PATIENCE 20000
#define SECTORS 8u
#define LAST 0x80000000u
#define TABLE 0x300000u // in plain memory, away from this image
#define PLAIN 0x310000u
#define TO_MEMORY 0x08

const char hostile_about[] = "HOSTILE dma-edges\r\n";

extern const uint8_t start[];

static uint16_t bus_master;
static uint32_t memory_end;

static bool find_bus_master(void) {
  uint32_t function;
  if (!pci_find_class(0x0101, &function)) return false;
  if (!(pci_read(function, 0x20) & 0xFFF0)) pci_write(function, 0x20, 0xC000);
  bus_master = pci_read(function, 0x20) & 0xFFF0;
  pci_write(function, 0x04, 0x5);
  return bus_master != 0;
}

static bool wait_idle(void) {
  for (int i = 0; i < PATIENCE; i++)
    if (!(inb(IDE_CONTROL) & (IDE_BSY | IDE_DRQ)) && !(inb(bus_master + 2) & 1)) return true;
  return false;
}

static void reset_channel(void) {
  outb(bus_master, 0);
  outb(bus_master + 2, 0x06);
  outb(IDE_CONTROL, IDE_CONTROL_NIEN | 0x04);
  for (int i = 0; i < 1000; i++) inb(IDE_CONTROL);
  outb(IDE_CONTROL, IDE_CONTROL_NIEN);
  wait_idle();
}

// One transfer of SECTORS sectors, or as much of it as the controller will do.
static void transfer(uint32_t table, uint8_t command, uint32_t lba, uint8_t direction) {
  outb(bus_master, direction);
  outl(bus_master + 4, table);
  outb(IDE_DEVICE, IDE_DEVICE_LBA | (lba >> 24 & 0xF));
  outb(IDE_COUNT, SECTORS);
  outb(IDE_LBA_LOW, (uint8_t)lba);
  outb(IDE_LBA_MID, (uint8_t)(lba >> 8));
  outb(IDE_LBA_HIGH, (uint8_t)(lba >> 16));
  outb(IDE_COMMAND, command);
  outb(bus_master, direction | 1);
  wait_idle();
  reset_channel();
}

static void descriptor(uint32_t index, uint32_t address, uint32_t count) {
  ((volatile uint32_t *)TABLE)[2 * index] = address;
  ((volatile uint32_t *)TABLE)[2 * index + 1] = count;
}

static void both_ways(uint32_t table) {
  transfer(table, IDE_READ_DMA, 0, TO_MEMORY);
  transfer(table, IDE_WRITE_DMA, 8184, 0);
}

static void buffers(void) {
  const uint32_t places[] = {
      memory_end - 256,  memory_end - 4095, memory_end,  memory_end + 0x10000, 0xFFFFFF00, 0xFFFFFFFE, 0xFFFF0000,
      0xF0000,           0xA0000,           0xFF000,     0xFEC00000,           0xFEE00000, 0x7FFFFF00, 0x80000000,
      0xF0000000,        PLAIN + 1,         PLAIN + 0xFFFE,
  };
  for (uint32_t i = 0; i < sizeof places / sizeof *places; i++) {
    descriptor(0, places[i], 4096 | LAST);
    both_ways(TABLE);
  }
  say("buffers ");
}

static void counts(void) {
  descriptor(0, PLAIN, LAST); // 0 is 64 KiB
  both_ways(TABLE);
  descriptor(0, PLAIN, 1 | LAST);
  both_ways(TABLE);
  descriptor(0, PLAIN, 0x7FFF0000 | 512 | LAST); // bits that must be ignored
  both_ways(TABLE);
  descriptor(0, PLAIN, 0xFFFE);
  descriptor(1, PLAIN + 2, 0xFFFE); // crosses a 64 KiB line, and the table goes on without an end
  descriptor(2, 0xFFFFFFFF, 0xFFFFFFFF);
  both_ways(TABLE);
  for (uint32_t i = 0; i < 8192; i++) descriptor(i, PLAIN, 2); // longer than its 64 KiB, no end
  both_ways(TABLE);
  say("counts ");
}

static void tables(void) {
  const uint32_t places[] = {memory_end - 8, memory_end - 4, memory_end, 0xFFFFFFFC, 0xFFFFFFF8,
                             0xF0000000,     0xA0000,        0xF0000,    TABLE + 2,  TABLE + 0xFFFC};
  descriptor(0, PLAIN, 4096 | LAST);
  for (uint32_t i = 0; i < sizeof places / sizeof *places; i++) both_ways(places[i]);
  say("tables ");
}

// The bus master without a command, twice, in the wrong direction, and stopped at once.
static void orders(void) {
  descriptor(0, PLAIN, 4096 | LAST);
  outb(bus_master, TO_MEMORY | 1);
  outb(bus_master, 1);
  outb(bus_master, TO_MEMORY | 1);
  reset_channel();
  transfer(TABLE, IDE_READ_DMA, 0, 0);
  transfer(TABLE, IDE_READ_DMA, 0x0FFFFFFF, TO_MEMORY); // beyond the disk
  transfer(TABLE, IDE_READ_SECTORS, 0, TO_MEMORY);      // PIO with the bus master on
  outl(bus_master + 4, TABLE);
  outb(IDE_DEVICE, IDE_DEVICE_LBA);
  outb(IDE_COMMAND, IDE_READ_DMA);
  outb(bus_master, TO_MEMORY | 1);
  outb(bus_master, 0);
  reset_channel();
  say("orders ");
}

static uint32_t checksum(void) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < 2048; i++) sum = (sum << 5 | sum >> 27) + start[i];
  return sum;
}

void hostile(const void *information) {
  const uint32_t *words = information;
  memory_end = 0x100000 + words[2] * 1024; // mem_upper
  if (!find_bus_master()) {
    say("HOSTILE dma-edges skipped: no bus master\r\n");
    return;
  }
  uint32_t before = checksum();
  reset_channel();
  buffers();
  counts();
  tables();
  orders();
  say(checksum() == before ? "\r\nHOSTILE dma-edges done\r\n" : "\r\nHOSTILE dma-edges: the code has changed\r\n");
}
