// The order in which the kernel comes up, and what its command line asks of it.
// Multiboot specification 0.6.96, section 3.2; guest/README.md (command line).
#include <stdbool.h>
#include "block.h"
#include "clock.h"
#include "cpu.h"
#include "exception.h"
#include "frames.h"
#include "gdt.h"
#include "identity.h"
#include "kvm.h"
#include "memory.h"
#include "monitor.h"
#include "multiboot.h"
#include "net.h"
#include "paging.h"
#include "pic.h"
#include "power.h"
#include "print.h"
#include "syscall.h"
#include "text.h"
#include "trap.h"
#include "uart.h"
#include "workloads/workload.h"

#define WORD 256

struct wishes {
  char run[WORD];
  uint32_t scale;
  bool power_off, quiet;
};

// Words that mean nothing here are left to others: a loader may put the image's name first.
static void read_command_line(struct wishes *wishes) {
  const char *line = multiboot_command_line(), *value;
  char word[WORD];
  while (text_next_word(&line, ' ', word, sizeof word)) {
    if ((value = text_after(word, "run="))) {
      memcpy(wishes->run, value, sizeof word - (uint32_t)(value - word));
    } else if ((value = text_after(word, "scale="))) {
      if (!text_number(value, &wishes->scale) || wishes->scale < 1 || wishes->scale > WORKLOAD_MAX_SCALE) {
        print("scale is a number from 1 to %u, not '%s'; taking 1\n", WORKLOAD_MAX_SCALE, value);
        wishes->scale = 1;
      }
    } else if (text_equals(word, "exit=poweroff")) {
      wishes->power_off = true;
    } else if (text_equals(word, "quiet")) {
      wishes->quiet = true;
    }
  }
}

void kernel_main(uint32_t magic, const void *information) {
  static struct wishes wishes = {.scale = 1};
  uart_init();
  if (!multiboot_read(magic, information)) panic("not started by a multiboot loader");
  gdt_init();
  pic_init();
  idt_init();
  if (!frames_init()) panic("the memory map has no room for the kernel");
  paging_init();
  syscall_init();
  clock_init();
  uart_listen();
  sti();
  block_init();
  net_init();
  kvm_init();

  read_command_line(&wishes);
  if (!wishes.quiet) print_banner();
  const char *names = wishes.run;
  char name[WORD];
  while (text_next_word(&names, ',', name, sizeof name)) workload_run(name, wishes.scale);
  if (wishes.power_off) power_off();
  monitor();
}
