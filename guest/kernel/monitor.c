// The monitor: reads a line, finds the command, runs it.
// guest/README.md has the commands.
#include "monitor.h"
#include "clock.h"
#include "cpu.h"
#include "exception.h"
#include "frames.h"
#include "identity.h"
#include "ide.h"
#include "line.h"
#include "multiboot.h"
#include "paging.h"
#include "power.h"
#include "print.h"
#include "task.h"
#include "text.h"
#include "user/programs.h"
#include "workloads/workload.h"

#define LINE 128
#define WORD 32

struct command {
  const char *name, *arguments, *about;
  void (*run)(const char *arguments);
};

static void help(const char *arguments);

static void list_workloads(const char *arguments) {
  (void)arguments;
  for (uint32_t i = 0; i < workload_count; i++) print("%s: %s\n", workloads[i].name, workloads[i].about);
}

static void run(const char *arguments) {
  char name[WORD], number[WORD];
  uint32_t scale = 1;
  if (!text_next_word(&arguments, ' ', name, sizeof name)) {
    print("run NAME|all [SCALE]\n");
    return;
  }
  if (text_next_word(&arguments, ' ', number, sizeof number) &&
      (!text_number(number, &scale) || scale < 1 || scale > WORKLOAD_MAX_SCALE)) {
    print("scale is a number from 1 to %u, not '%s'\n", WORKLOAD_MAX_SCALE, number);
    return;
  }
  workload_run(name, scale);
}

static void mem(const char *arguments) {
  (void)arguments;
  const struct memory_region *regions;
  uint32_t count = multiboot_regions(&regions);
  for (uint32_t i = 0; i < count; i++) {
    uint64_t last = regions[i].base + regions[i].length - 1;
    print("%08x%08x-%08x%08x %s\n", (uint32_t)(regions[i].base >> 32), (uint32_t)regions[i].base,
          (uint32_t)(last >> 32), (uint32_t)last, regions[i].type == 1 ? "usable" : "reserved");
  }
  print("%u of %u KiB free\n", frames_free_count() * (PAGE_SIZE / 1024), frames_end() / 1024);
}

static void cpu(const char *arguments) {
  (void)arguments;
  print_cpu();
}

static void regs(const char *arguments) {
  (void)arguments;
  print_registers();
}

static void peek(const char *arguments) {
  char word[WORD];
  uint32_t address;
  if (!text_next_word(&arguments, ' ', word, sizeof word) || !text_number(word, &address)) {
    print("peek ADDR, as 1048576 or 0x100000\n");
    return;
  }
  address &= ~3u;
  for (int row = 0; row < 4; row++, address += 16) {
    print("%08x:", address);
    if (!paging_entry(address)) {
      print(" not mapped\n");
      return;
    }
    for (uint32_t i = 0; i < 16; i += 4) {
      if (paging_entry(address + i)) print(" %08x", *(volatile uint32_t *)(address + i));
    }
    print("\n");
  }
}

static void disk(const char *arguments) {
  (void)arguments;
  print_disk();
}

static void net(const char *arguments) {
  (void)arguments;
  print_network();
}

static void ticks(const char *arguments) {
  (void)arguments;
  print("%u ms, %u timer interrupts at %u Hz\n", clock_milliseconds(), clock_interrupts(), CLOCK_HZ);
}

static void fault(const char *arguments) {
  char kind[WORD];
  text_next_word(&arguments, ' ', kind, sizeof kind);
  if (text_equals(kind, "de")) __asm__ volatile("divl %0" ::"r"(0), "a"(1), "d"(0));
  else if (text_equals(kind, "ud")) __asm__ volatile("ud2");
  else if (text_equals(kind, "gp")) __asm__ volatile("movl %0, %%ds" ::"r"(0x7F8));
  else if (text_equals(kind, "pf")) *(volatile uint32_t *)0xDEAD0000 = 0;
  else if (text_equals(kind, "user")) {
    uint32_t address = 0x100000, result;
    tasks_run((user_program[]){user_fault_kernel}, &address, 1, &result);
  } else print("fault de|ud|gp|pf|user\n");
}

static void reboot(const char *arguments) {
  (void)arguments;
  power_reset();
}

static void off(const char *arguments) {
  (void)arguments;
  power_off();
}

static void crash(const char *arguments) {
  (void)arguments;
  power_triple_fault();
}

static const struct command commands[] = {
    {"help", "", "this list", help},
    {"workloads", "", "list the workloads", list_workloads},
    {"run", "NAME|all [SCALE]", "run a workload and print its line", run},
    {"mem", "", "memory map and free memory", mem},
    {"cpu", "", "processor and hypervisor, by CPUID", cpu},
    {"regs", "", "control and segment registers", regs},
    {"peek", "ADDR", "64 bytes of memory", peek},
    {"disk", "", "the disk", disk},
    {"net", "", "the network card", net},
    {"ticks", "", "time since boot", ticks},
    {"fault", "de|ud|gp|pf|user", "an exception that stops the machine", fault},
    {"crash", "", "a triple fault", crash},
    {"reboot", "", "reset the machine", reboot},
    {"poweroff", "", "power off", off},
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void help(const char *arguments) {
  (void)arguments;
  for (uint32_t i = 0; i < COMMANDS; i++) {
    const struct command *command = &commands[i];
    print("%s%s%s: %s\n", command->name, *command->arguments ? " " : "", command->arguments, command->about);
  }
}

static void execute(const char *line) {
  char name[WORD];
  if (!text_next_word(&line, ' ', name, sizeof name)) return;
  for (uint32_t i = 0; i < COMMANDS; i++) {
    if (!text_equals(name, commands[i].name)) continue;
    commands[i].run(line);
    return;
  }
  print("unknown command '%s'; try help\n", name);
}

_Noreturn void monitor(void) {
  char line[LINE];
  for (;;) {
    print("tabvisor> ");
    line_read(line, sizeof line);
    execute(line);
  }
}
