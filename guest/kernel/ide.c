// An ATA disk by programmed I/O, one interrupt a sector.
// ATA/ATAPI-6 (T13 1410D) 8.15 (IDENTIFY), 9.5 and 9.6 (PIO data-in and data-out protocols).
#include "ide.h"
#include "clock.h"
#include "cpu.h"
#include "ide-registers.h"
#include "trap.h"

#define IRQ_PRIMARY 14
#define PATIENCE 100000
#define TIMEOUT (5 * CLOCK_HZ)
#define IDENTIFY_MODEL 27
#define IDENTIFY_CAPABILITIES 49
#define CAPABILITY_DMA 0x100
#define IDENTIFY_LBA28_SECTORS 60

static struct ide_disk disk;
static volatile bool interrupted;
static volatile uint8_t last_status;

static void on_interrupt(void) {
  last_status = inb(IDE_COMMAND); // the read takes the request back
  interrupted = true;
}

bool ide_wait_interrupt(uint8_t *status) {
  uint32_t start = clock_interrupts();
  cli();
  while (!interrupted && clock_interrupts() - start < TIMEOUT) {
    sti_hlt();
    cli();
  }
  bool seen = interrupted;
  interrupted = false;
  *status = last_status;
  sti();
  return seen;
}

static bool wait_status(uint8_t set, uint8_t clear) {
  for (int i = 0; i < PATIENCE; i++) {
    uint8_t status = inb(IDE_CONTROL); // the alternate status leaves the interrupt alone
    if ((status & (set | clear)) == set) return true;
    if (!(status & IDE_BSY) && status & (IDE_ERR | IDE_DF)) return false;
  }
  return false;
}

bool ide_command(uint8_t command, uint32_t lba, uint32_t sectors) {
  outb(IDE_DEVICE, IDE_DEVICE_LBA | (lba >> 24 & 0xF));
  for (int i = 0; inb(IDE_CONTROL) & (IDE_BSY | IDE_DRQ); i++)
    if (i == PATIENCE) return false;
  outb(IDE_COUNT, (uint8_t)sectors);
  outb(IDE_LBA_LOW, (uint8_t)lba);
  outb(IDE_LBA_MID, (uint8_t)(lba >> 8));
  outb(IDE_LBA_HIGH, (uint8_t)(lba >> 16));
  interrupted = false;
  outb(IDE_COMMAND, command);
  return true;
}

static void copy_model(const uint16_t *identity) {
  uint32_t length = 0;
  for (uint32_t i = 0; i < 20; i++) {
    disk.model[2 * i] = (char)(identity[IDENTIFY_MODEL + i] >> 8);
    disk.model[2 * i + 1] = (char)identity[IDENTIFY_MODEL + i];
  }
  for (uint32_t i = 0; i < 40; i++) {
    if (disk.model[i] < ' ' || disk.model[i] > '~') disk.model[i] = ' ';
    if (disk.model[i] != ' ') length = i + 1;
  }
  disk.model[length] = 0;
}

void ide_init(void) {
  uint16_t identity[SECTOR / 2];
  outb(IDE_CONTROL, IDE_CONTROL_NIEN);
  outb(IDE_DEVICE, IDE_DEVICE_LBA);
  for (int i = 0; i < 4; i++) inb(IDE_CONTROL);
  uint8_t status = inb(IDE_CONTROL);
  if (status == 0 || status == 0xFF) return; // nothing on the cable
  if (!ide_command(IDE_IDENTIFY, 0, 0)) return;
  // An ATAPI device refuses, or shows its signature here.
  if (!wait_status(IDE_DRQ, IDE_BSY) || inb(IDE_LBA_MID) || inb(IDE_LBA_HIGH)) return;
  insw(IDE_DATA, identity, SECTOR / 2);
  disk.sectors = identity[IDENTIFY_LBA28_SECTORS] | (uint32_t)identity[IDENTIFY_LBA28_SECTORS + 1] << 16;
  if (!disk.sectors) return;
  copy_model(identity);
  disk.present = true;
  disk.dma = identity[IDENTIFY_CAPABILITIES] & CAPABILITY_DMA && ide_dma_init();
  irq_handle(IRQ_PRIMARY, on_interrupt);
  outb(IDE_CONTROL, 0);
}

const struct ide_disk *ide_disk(void) { return &disk; }

bool ide_pio(enum ide_direction direction, uint32_t lba, uint32_t sectors, void *buffer) {
  uint8_t status;
  bool write = direction == IDE_WRITE;
  if (!ide_command(write ? IDE_WRITE_SECTORS : IDE_READ_SECTORS, lba, sectors)) return false;
  for (uint32_t i = 0; i < sectors; i++, buffer = (uint8_t *)buffer + SECTOR) {
    // A write's first sector is asked for without an interrupt; its last is followed by one.
    if (write) {
      if (!wait_status(IDE_DRQ, IDE_BSY)) return false;
      outsw(IDE_DATA, buffer, SECTOR / 2);
    }
    if (!ide_wait_interrupt(&status) || status & (IDE_ERR | IDE_DF)) return false;
    if (!write) {
      if (!(status & IDE_DRQ)) return false;
      insw(IDE_DATA, buffer, SECTOR / 2);
    }
  }
  return true;
}

bool ide_flush(void) {
  uint8_t status;
  return ide_command(IDE_FLUSH_CACHE, 0, 0) && ide_wait_interrupt(&status) && !(status & (IDE_ERR | IDE_DF));
}
