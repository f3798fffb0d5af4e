// PCI configuration space: see pci.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// A function is named by its configuration address: bus << 16 | device << 11 | function << 8.
uint32_t pci_read(uint32_t function, uint32_t offset);
void pci_write(uint32_t function, uint32_t offset, uint32_t value);
// By device << 16 | vendor.
bool pci_find_id(uint32_t id, uint32_t *function);
// Switches decoding and bus mastering on.
void pci_enable(uint32_t function);
// The interrupt line that firmware has chosen; 16 when there is none.
uint8_t pci_interrupt(uint32_t function);
// By class << 8 | subclass.
bool pci_find_class(uint32_t class, uint32_t *function);
