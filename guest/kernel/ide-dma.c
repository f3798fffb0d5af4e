// Bus-master DMA for the primary channel, one descriptor a request.
// Programming Interface for Bus Master IDE Controller 1.0; Intel 82371AB (PIIX4) data sheet 290562, 5.2.
#include "cpu.h"
#include "ide-registers.h"
#include "ide.h"
#include "pci.h"

#define CLASS_IDE 0x0101
#define PCI_COMMAND 0x04
#define PCI_COMMAND_IO_MASTER 0x5
#define PCI_BAR4 0x20
#define PCI_CLASS 0x08
#define INTERFACE_BUS_MASTER (0x80u << 8)
#define DEFAULT_BASE 0xC000

#define BM_COMMAND 0
#define BM_STATUS 2
#define BM_TABLE 4
#define BM_START 0x01
#define BM_TO_MEMORY 0x08
#define BM_STATUS_ACTIVE 0x01
#define BM_STATUS_ERROR 0x02
#define BM_STATUS_INTERRUPT 0x04
#define LAST_DESCRIPTOR 0x80000000u

static uint16_t base;
static struct {
  uint32_t address, count;
} descriptor __attribute__((aligned(8)));

bool ide_dma_init(void) {
  uint32_t function;
  if (!pci_find_class(CLASS_IDE, &function) || !(pci_read(function, PCI_CLASS) & INTERFACE_BUS_MASTER)) return false;
  // Without firmware nobody has chosen an address yet.
  if (!(pci_read(function, PCI_BAR4) & 0xFFF0)) pci_write(function, PCI_BAR4, DEFAULT_BASE);
  base = pci_read(function, PCI_BAR4) & 0xFFF0;
  if (!base) return false;
  pci_write(function, PCI_COMMAND, (pci_read(function, PCI_COMMAND) & 0xFFFF) | PCI_COMMAND_IO_MASTER);
  return true;
}

bool ide_dma(enum ide_direction direction, uint32_t lba, uint32_t sectors, void *buffer) {
  uint8_t status, to_memory = direction == IDE_READ ? BM_TO_MEMORY : 0;
  descriptor.address = (uint32_t)buffer; // memory is mapped where it lies
  descriptor.count = (sectors * SECTOR & 0xFFFF) | LAST_DESCRIPTOR;
  outb(base + BM_COMMAND, to_memory);
  outb(base + BM_STATUS, BM_STATUS_ERROR | BM_STATUS_INTERRUPT);
  outl(base + BM_TABLE, (uint32_t)&descriptor);
  if (!ide_command(direction == IDE_READ ? IDE_READ_DMA : IDE_WRITE_DMA, lba, sectors)) return false;
  outb(base + BM_COMMAND, to_memory | BM_START);
  bool seen = ide_wait_interrupt(&status);
  uint8_t master = inb(base + BM_STATUS);
  outb(base + BM_COMMAND, 0);
  outb(base + BM_STATUS, BM_STATUS_ERROR | BM_STATUS_INTERRUPT);
  if (master & (BM_STATUS_ERROR | BM_STATUS_ACTIVE)) return false;
  return seen && !(status & (IDE_ERR | IDE_DF | IDE_BSY | IDE_DRQ));
}
