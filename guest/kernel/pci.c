// PCI configuration mechanism 1, and a search over bus 0.
// PCI Local Bus specification 2.2, 3.2.2.3.2 (mechanism 1), 6.1 (header).
#include "pci.h"
#include "cpu.h"

#define CONFIG_ADDRESS 0xCF8
#define CONFIG_DATA 0xCFC
#define ENABLE 0x80000000u
#define ID 0x00
#define CLASS 0x08
#define HEADER_TYPE 0x0C
#define MULTIFUNCTION (0x80u << 16)
#define COMMAND 0x04
#define COMMAND_ENABLE 0x7u
#define INTERRUPT_LINE 0x3C
#define NO_LINE 16

uint32_t pci_read(uint32_t function, uint32_t offset) {
  outl(CONFIG_ADDRESS, ENABLE | function | offset);
  return inl(CONFIG_DATA);
}

void pci_write(uint32_t function, uint32_t offset, uint32_t value) {
  outl(CONFIG_ADDRESS, ENABLE | function | offset);
  outl(CONFIG_DATA, value);
}

static bool find(uint32_t offset, uint32_t shift, uint32_t wanted, uint32_t *found) {
  for (uint32_t device = 0; device < 32; device++) {
    uint32_t functions = 1;
    for (uint32_t i = 0; i < functions; i++) {
      uint32_t function = device << 11 | i << 8;
      if (pci_read(function, ID) == 0xFFFFFFFF) continue;
      if (i == 0 && pci_read(function, HEADER_TYPE) & MULTIFUNCTION) functions = 8;
      if (pci_read(function, offset) >> shift != wanted) continue;
      *found = function;
      return true;
    }
  }
  return false;
}

bool pci_find_id(uint32_t id, uint32_t *function) { return find(ID, 0, id, function); }

bool pci_find_class(uint32_t class, uint32_t *function) { return find(CLASS, 16, class, function); }

// The upper half is the status register, where a written one clears.
void pci_enable(uint32_t function) {
  pci_write(function, COMMAND, (pci_read(function, COMMAND) & 0xFFFF) | COMMAND_ENABLE);
}

uint8_t pci_interrupt(uint32_t function) {
  uint8_t line = (uint8_t)pci_read(function, INTERRUPT_LINE);
  return line < NO_LINE ? line : NO_LINE;
}
