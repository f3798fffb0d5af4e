// The disk: see ide.c (PIO) and ide-dma.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define SECTOR 512u
#define IDE_MAX_SECTORS 128u // of one request

enum ide_direction { IDE_READ, IDE_WRITE };

struct ide_disk {
  bool present, dma;
  uint32_t sectors;
  char model[41];
};

// Looks for an ATA disk as the primary master, and for bus-master DMA.
void ide_init(void);
const struct ide_disk *ide_disk(void);
// One request of 1 to IDE_MAX_SECTORS sectors; false on an error or after five seconds.
bool ide_pio(enum ide_direction direction, uint32_t lba, uint32_t sectors, void *buffer);
// The same by DMA; the buffer is even and does not cross a 64 KiB line.
bool ide_dma(enum ide_direction direction, uint32_t lba, uint32_t sectors, void *buffer);
bool ide_flush(void);
