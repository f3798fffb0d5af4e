// An NE2000 on PCI: the DP8390's ring of pages, filled and emptied by remote DMA through one port.
// National Semiconductor DP8390D data sheet; Realtek RTL8029AS data sheet.
#include "clock.h"
#include "cpu.h"
#include "memory.h"
#include "net.h"
#include "pci.h"
#include "trap.h"

#define ID 0x802910ECu
#define BAR0 0x10
#define PATIENCE 100000
#define TIMEOUT (5 * CLOCK_HZ)

// Registers of page 0, those of page 1, and the ports behind them.
#define CR 0x00
#define PSTART 0x01
#define PSTOP 0x02
#define BNRY 0x03
#define TPSR 0x04
#define TBCR 0x05
#define ISR 0x07
#define RSAR 0x08
#define RBCR 0x0A
#define RCR 0x0C
#define TCR 0x0D
#define DCR 0x0E
#define IMR 0x0F
#define PAR 0x01
#define CURR 0x07
#define DATA 0x10
#define RESET 0x1F

#define CR_STOP 0x21
#define CR_START 0x22
#define CR_TRANSMIT 0x26
#define CR_READ 0x0A
#define CR_WRITE 0x12
#define CR_PAGE1 0x40
#define TRANSMITTING 0x04
#define ISR_RECEIVED 0x11 // a frame, or no room for one
#define ISR_DMA_DONE 0x40
#define DCR_WORDS 0x49
#define RCR_MONITOR 0x20
#define RCR_BROADCAST 0x04
#define TCR_LOOPBACK 0x02

// Packet memory in pages of 256 bytes: one frame to send, then the ring.
#define SEND_PAGE 0x40
#define RING 0x46
#define RING_END 0xC0
#define LEAST_FRAME 60u
#define HEADER 4u

static uint16_t base;
static uint8_t next, current; // pages: of the next frame to take, and behind the last that has come
static volatile bool received;

static void on_interrupt(void) {
  if (!(inb(base + ISR) & ISR_RECEIVED)) return; // another device's line
  outb(base + ISR, ISR_RECEIVED);
  received = true;
}

static void remote(uint32_t address, uint32_t length, uint8_t command) {
  outb(base + RBCR, (uint8_t)length);
  outb(base + RBCR + 1, (uint8_t)(length >> 8));
  outb(base + RSAR, (uint8_t)address);
  outb(base + RSAR + 1, (uint8_t)(address >> 8));
  outb(base + CR, command);
}

// The port moves words; an odd last byte takes a whole one.
static void read_memory(uint32_t address, void *to, uint32_t length) {
  remote(address, (length + 1) & -2u, CR_READ);
  insw(base + DATA, to, (length + 1) / 2);
}

static bool send(const void *frame, uint32_t length) {
  static uint8_t padded[NET_FRAME + 1];
  if (length > NET_FRAME) return false;
  for (int i = 0; inb(base + CR) & TRANSMITTING; i++)
    if (i == PATIENCE) return false;
  memcpy(padded, frame, length);
  if (length < LEAST_FRAME) {
    memset(padded + length, 0, LEAST_FRAME - length);
    length = LEAST_FRAME;
  }
  outb(base + ISR, ISR_DMA_DONE);
  remote(SEND_PAGE << 8, (length + 1) & -2u, CR_WRITE);
  outsw(base + DATA, padded, (length + 1) / 2);
  for (int i = 0; !(inb(base + ISR) & ISR_DMA_DONE); i++)
    if (i == PATIENCE) return false;
  outb(base + TPSR, SEND_PAGE);
  outb(base + TBCR, (uint8_t)length);
  outb(base + TBCR + 1, (uint8_t)(length >> 8));
  outb(base + CR, CR_TRANSMIT);
  return true;
}

static void flush(void) {}

// With interrupts off: in page 1 the handler would take the current page for the status, and acknowledge it.
static void look(void) {
  received = false;
  outb(base + CR, CR_START | CR_PAGE1);
  current = inb(base + CURR);
  outb(base + CR, CR_START);
}

static bool wait(void) {
  uint32_t start = clock_interrupts();
  while (next == current) {
    cli();
    while (!received && clock_interrupts() - start <= TIMEOUT) {
      sti_hlt();
      cli();
    }
    bool came = received;
    if (came) look();
    sti();
    if (!came) return false;
  }
  return true;
}

static uint32_t receive(void *frame) {
  static uint8_t copy[NET_FRAME + 1];
  uint8_t header[HEADER];
  if (!wait()) return 0;
  read_memory(next << 8, header, HEADER);
  uint32_t length = header[2] | header[3] << 8;
  if (header[1] < RING || header[1] >= RING_END || length <= HEADER) return 0;
  length -= HEADER;
  if (length > NET_FRAME) length = NET_FRAME; // the checksum may count
  read_memory((next << 8) + HEADER, copy, length);
  memcpy(frame, copy, length);
  next = header[1];
  // One page stays between what was read and what may be written.
  outb(base + BNRY, next == RING ? RING_END - 1 : next - 1);
  return length;
}

bool ne2000_init(struct net_card *card) {
  uint32_t function;
  uint8_t prom[32];
  if (!pci_find_id(ID, &function) || pci_interrupt(function) >= 16) return false;
  pci_enable(function);
  base = pci_read(function, BAR0) & 0xFFFC;
  if (!base) return false;
  outb(base + RESET, inb(base + RESET));
  outb(base + CR, CR_STOP);
  outb(base + DCR, DCR_WORDS);
  outb(base + IMR, 0);
  outb(base + RCR, RCR_MONITOR);
  outb(base + TCR, TCR_LOOPBACK);
  outb(base + PSTART, RING);
  outb(base + PSTOP, RING_END);
  outb(base + BNRY, RING_END - 1);
  outb(base + ISR, 0xFF);
  read_memory(0, prom, sizeof prom);
  // Each byte of the address stands there twice, for a word.
  for (uint32_t i = 0; i < 6; i++) card->address[i] = prom[2 * i];
  outb(base + CR, CR_STOP | CR_PAGE1);
  for (uint32_t i = 0; i < 6; i++) outb(base + PAR + i, card->address[i]);
  outb(base + CURR, next = current = RING);
  outb(base + CR, CR_START);
  outb(base + TCR, 0);
  outb(base + RCR, RCR_BROADCAST);
  irq_handle(pci_interrupt(function), on_interrupt);
  outb(base + IMR, ISR_RECEIVED);
  card->name = "ne2000";
  card->send = send;
  card->flush = flush;
  card->receive = receive;
  return true;
}
