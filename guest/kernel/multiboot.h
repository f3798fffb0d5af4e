// What the boot loader says: see multiboot.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define MEMORY_REGIONS 16

struct memory_region {
  uint64_t base, length;
  uint32_t type; // 1 is usable
};

// False when the magic number is not a multiboot loader's. Reads physical memory: call it before paging.
bool multiboot_read(uint32_t magic, const void *information);
const char *multiboot_command_line(void);
uint32_t multiboot_regions(const struct memory_region **regions);
