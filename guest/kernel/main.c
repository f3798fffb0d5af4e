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

static uint32_t read_scale(const char *text) {
  uint32_t scale;
  if (text_number(text, &scale) && scale >= 1 && scale <= WORKLOAD_MAX_SCALE) return scale;
  print("scale is a number from 1 to %u, not '%s'; taking 1\n", WORKLOAD_MAX_SCALE, text);
  return 1;
}

// Words that mean nothing here are left to others: a loader may put the image's name first.
static void read_command_line(struct wishes *wishes) {
  const char *line = multiboot_command_line(), *value;
  char word[WORD];
  while (text_next_word(&line, ' ', word, sizeof word)) {
    if ((value = text_after(word, "run="))) {
      memcpy(wishes->run, value, sizeof word - (uint32_t)(value - word));
    } else if ((value = text_after(word, "scale="))) {
      wishes->scale = read_scale(value);
    } else if (text_equals(word, "exit=poweroff")) {
      wishes->power_off = true;
    } else if (text_equals(word, "quiet")) {
      wishes->quiet = true;
    }
  }
}

// NAME or NAME:SCALE, with commas in between.
static void run_all(const struct wishes *wishes) {
  const char *list = wishes->run, *rest;
  char item[WORD], name[WORD], scale[WORD];
  while (text_next_word(&list, ',', item, sizeof item)) {
    rest = item;
    text_next_word(&rest, ':', name, sizeof name);
    bool own = text_next_word(&rest, ':', scale, sizeof scale);
    workload_run(name, own ? read_scale(scale) : wishes->scale);
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
  run_all(&wishes);
  if (wishes.power_off) power_off();
  monitor();
}
