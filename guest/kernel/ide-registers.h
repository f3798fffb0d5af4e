// The primary channel's registers and commands, shared by ide.c and ide-dma.c.
// ATA/ATAPI-6 (T13 1410D) 7 (registers), 8 (commands).
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define IDE_DATA 0x1F0
#define IDE_COUNT 0x1F2
#define IDE_LBA_LOW 0x1F3
#define IDE_LBA_MID 0x1F4
#define IDE_LBA_HIGH 0x1F5
#define IDE_DEVICE 0x1F6
#define IDE_COMMAND 0x1F7
#define IDE_CONTROL 0x3F6

#define IDE_DEVICE_LBA 0xE0
#define IDE_CONTROL_NIEN 0x02

#define IDE_BSY 0x80
#define IDE_DF 0x20
#define IDE_DRQ 0x08
#define IDE_ERR 0x01

#define IDE_READ_SECTORS 0x20
#define IDE_WRITE_SECTORS 0x30
#define IDE_READ_DMA 0xC8
#define IDE_WRITE_DMA 0xCA
#define IDE_FLUSH_CACHE 0xE7
#define IDE_IDENTIFY 0xEC

// Waits until the device is ready for a command and writes one.
bool ide_command(uint8_t command, uint32_t lba, uint32_t sectors);
// Waits, halted, for the interrupt; gives the status that ended it.
bool ide_wait_interrupt(uint8_t *status);
// True if the controller's bus master could be set up.
bool ide_dma_init(void);
