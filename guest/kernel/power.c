// Power off by the PIIX4's PM1a control register; reset by the keyboard controller, or else by a triple fault.
// Intel 82371AB (PIIX4) data sheet 290562, 7.1 and 7.2 (PMBASE, PMREGMISC, PMCNTRL); SDM vol. 3A 6.15 (shutdown).
#include "power.h"
#include "cpu.h"
#include "exception.h"
#include "pci.h"

#define PIIX4_PM 0x71138086
#define PMBASE 0x40
#define PMREGMISC 0x80
#define PMIOSE 0x01
#define DEFAULT_PMBASE 0x600
#define PMCNTRL 4
#define SLP_EN 0x2000 // with SLP_TYP 0, which the PIIX4 reads as S5
#define I8042_COMMAND 0x64
#define I8042_STATUS_INPUT_FULL 0x02
#define I8042_PULSE_RESET 0xFE

_Noreturn void power_off(void) {
  uint32_t function;
  cli();
  // Firmware does this; without firmware it is ours to do.
  if (pci_find_id(PIIX4_PM, &function) && !(pci_read(function, PMREGMISC) & PMIOSE)) {
    pci_write(function, PMBASE, DEFAULT_PMBASE | 1);
    pci_write(function, PMREGMISC, pci_read(function, PMREGMISC) | PMIOSE);
  }
  outw(DEFAULT_PMBASE + PMCNTRL, SLP_EN);
  stop();
}

_Noreturn void power_triple_fault(void) {
  struct table_pointer none = {0, 0};
  __asm__ volatile("lidt %0; int3" ::"m"(none));
  stop();
}

_Noreturn void power_reset(void) {
  cli();
  for (int i = 0; i < 100000 && inb(I8042_COMMAND) & I8042_STATUS_INPUT_FULL; i++) continue;
  outb(I8042_COMMAND, I8042_PULSE_RESET);
  for (int i = 0; i < 100000; i++) inb(I8042_COMMAND);
  power_triple_fault();
}
