// The two 8259A interrupt controllers.
// Intel 8259A data sheet (231468): ICW1-4, OCW1-3.
#include "pic.h"
#include "cpu.h"
#include "trap.h"

#define MASTER 0x20
#define SLAVE 0xA0
#define ICW1_INIT_ICW4 0x11
#define ICW4_8086 0x01
#define OCW2_EOI 0x20
#define OCW3_READ_IRR 0x0A
#define OCW3_READ_ISR 0x0B
#define CASCADE 2

static uint16_t mask = 0xFFFF;

static void write_mask(void) {
  outb(MASTER + 1, (uint8_t)mask);
  outb(SLAVE + 1, (uint8_t)(mask >> 8));
}

static bool read_line(uint8_t irq, uint8_t which) {
  uint16_t port = irq < 8 ? MASTER : SLAVE;
  outb(port, which);
  return inb(port) >> (irq & 7) & 1;
}

void pic_init(void) {
  outb(MASTER, ICW1_INIT_ICW4);
  outb(SLAVE, ICW1_INIT_ICW4);
  outb(MASTER + 1, VECTOR_IRQ);
  outb(SLAVE + 1, VECTOR_IRQ + 8);
  outb(MASTER + 1, 1 << CASCADE);
  outb(SLAVE + 1, CASCADE);
  outb(MASTER + 1, ICW4_8086);
  outb(SLAVE + 1, ICW4_8086);
  mask = 0xFFFF & ~(1 << CASCADE);
  write_mask();
}

void pic_unmask(uint8_t irq) {
  mask &= ~(1 << irq);
  write_mask();
}

bool pic_requested(uint8_t irq) { return read_line(irq, OCW3_READ_IRR); }

// A line that drops before it is acknowledged shows up as the last input of its chip, not in service.
bool pic_spurious(uint8_t irq) {
  if ((irq & 7) != 7 || read_line(irq, OCW3_READ_ISR)) return false;
  if (irq >= 8) outb(MASTER, OCW2_EOI); // the master did see its cascade line
  return true;
}

void pic_end_of_interrupt(uint8_t irq) {
  if (irq >= 8) outb(SLAVE, OCW2_EOI);
  outb(MASTER, OCW2_EOI);
}
