// The 8250 at 0x3F8: output by polling, input by interrupt into a ring.
// National Semiconductor PC16550D data sheet, section 8 (registers).
#include "uart.h"
#include "cpu.h"
#include "trap.h"

#define BASE 0x3F8
#define DATA (BASE + 0)
#define IER (BASE + 1)
#define IIR (BASE + 2)
#define LCR (BASE + 3)
#define MCR (BASE + 4)
#define LSR (BASE + 5)

#define IER_RECEIVED 0x01
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define MCR_DTR_RTS_OUT2 0x0B
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY 0x20

#define IRQ_COM1 4
#define RING 256
#define PATIENCE 100000

static uint8_t ring[RING];
static volatile uint32_t received, taken;

// When the ring is full the chip keeps the rest, without an interrupt until somebody has read.
static void on_interrupt(void) {
  inb(IIR);
  while (received - taken < RING && (inb(LSR) & LSR_DATA_READY)) ring[received++ % RING] = inb(DATA);
  if (received - taken == RING) outb(IER, 0);
}

// The FIFO of later chips stays as it is: turning it on would throw away what was typed before we came up.
void uart_init(void) {
  outb(IER, 0);
  outb(LCR, LCR_DLAB);
  outb(DATA, 1); // 115200 baud
  outb(IER, 0);
  outb(LCR, LCR_8N1);
  outb(MCR, MCR_DTR_RTS_OUT2);
}

void uart_listen(void) {
  irq_handle(IRQ_COM1, on_interrupt);
  outb(IER, IER_RECEIVED);
}

void uart_write(uint8_t byte) {
  for (int i = 0; i < PATIENCE && !(inb(LSR) & LSR_THR_EMPTY); i++) continue;
  outb(DATA, byte);
}

uint8_t uart_read(void) {
  cli();
  while (received == taken) {
    sti_hlt();
    cli();
  }
  uint8_t byte = ring[taken % RING];
  if (received - taken++ == RING) outb(IER, IER_RECEIVED);
  sti();
  return byte;
}
