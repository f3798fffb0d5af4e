// Single port accesses: the POST port, the UART's scratch register, CMOS and the timer's count.
// PC16550D data sheet 8.5.7 (scratch register); MC146818 data sheet (index and data ports); 8254 (counter latch).
#include "../clock.h"
#include "../cpu.h"
#include "../mix.h"
#include "workload.h"

#define POST 0x80
#define UART_SCRATCH 0x3FF
#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define CMOS_STATUS_D 0x0D
#define PIT_CHANNEL0 0x40
#define PIT_COMMAND 0x43
#define LATCH_CHANNEL0 0x00
#define ROUNDS 16000u
#define WRITES_A_ROUND 4u
#define READS_A_ROUND 4u

void port_io(uint32_t scale, struct report *report) {
  uint32_t sum = 0, rounds = scale * ROUNDS;
  for (uint32_t i = 0; i < rounds; i++) {
    outb(POST, (uint8_t)i);
    outb(UART_SCRATCH, (uint8_t)(i ^ i >> 8));
    outb(CMOS_INDEX, CMOS_STATUS_D);
    sum = mix(sum, inb(UART_SCRATCH));
    sum = mix(sum, inb(CMOS_DATA) & 0x80); // battery good
    cli(); // a timer interrupt must not come between the two halves
    outb(PIT_COMMAND, LATCH_CHANNEL0);
    uint32_t count = inb(PIT_CHANNEL0);
    count |= inb(PIT_CHANNEL0) << 8;
    sti();
    sum = mix(sum, count <= 1193182 / CLOCK_HZ);
  }
  report->checksum = sum;
  report_count(report, "ops", rounds * (WRITES_A_ROUND + READS_A_ROUND));
  report_count(report, "writes", rounds * WRITES_A_ROUND);
  report_count(report, "reads", rounds * READS_A_ROUND);
}
