// The 8254's channel 0: 100 interrupts a second, and its count for the time between two.
// Intel 8254 data sheet (231164): mode 2, counter latch command.
#include "clock.h"
#include "cpu.h"
#include "pic.h"
#include "trap.h"

#define CHANNEL0 0x40
#define COMMAND 0x43
#define CHANNEL0_LOW_HIGH_MODE2 0x34
#define LATCH_CHANNEL0 0x00
#define INPUT_HZ 1193182
#define RELOAD (INPUT_HZ / CLOCK_HZ)
#define IRQ_TIMER 0

static volatile uint32_t interrupts;
static uint32_t latest;

static void on_timer(void) { interrupts++; }

void clock_init(void) {
  outb(COMMAND, CHANNEL0_LOW_HIGH_MODE2);
  outb(CHANNEL0, RELOAD & 0xFF);
  outb(CHANNEL0, RELOAD >> 8);
  irq_handle(IRQ_TIMER, on_timer);
}

uint32_t clock_interrupts(void) { return interrupts; }

uint32_t clock_milliseconds(void) {
  uint32_t flags = save_flags_cli();
  outb(COMMAND, LATCH_CHANNEL0);
  uint32_t count = inb(CHANNEL0);
  count |= inb(CHANNEL0) << 8;
  uint32_t periods = interrupts;
  // The count was reloaded, but its interrupt is still to come.
  if (pic_requested(IRQ_TIMER) && count > RELOAD / 2) periods++;
  uint32_t elapsed = count < RELOAD ? RELOAD - count : 0;
  uint32_t now = periods * (1000 / CLOCK_HZ) + elapsed * (1000 / CLOCK_HZ) / RELOAD;
  // A busy host raises the interrupt later than it reloads the count: time stands still for so long, and does not go back.
  if ((int32_t)(now - latest) > 0) latest = now;
  now = latest;
  restore_flags(flags);
  return now;
}
