// The command line and the memory map, copied out of the loader's memory.
// Multiboot specification 0.6.96, section 3.3 (boot information format).
#include "multiboot.h"

#define LOADER_MAGIC 0x2BADB002
#define HAS_MEMORY 0x1
#define HAS_COMMAND_LINE 0x4
#define HAS_MEMORY_MAP 0x40
#define COMMAND_LINE_SIZE 512

struct information {
  uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
};

struct __attribute__((packed)) map_entry {
  uint32_t size;
  uint64_t base, length;
  uint32_t type;
};

static char command_line[COMMAND_LINE_SIZE];
static struct memory_region regions[MEMORY_REGIONS];
static uint32_t region_count;

static void add_region(uint64_t base, uint64_t length, uint32_t type) {
  if (region_count < MEMORY_REGIONS) regions[region_count++] = (struct memory_region){base, length, type};
}

bool multiboot_read(uint32_t magic, const void *address) {
  const struct information *information = address;
  if (magic != LOADER_MAGIC) return false;
  if (information->flags & HAS_COMMAND_LINE) {
    const char *from = (const char *)information->cmdline;
    for (int i = 0; i < COMMAND_LINE_SIZE - 1 && from[i]; i++) command_line[i] = from[i];
  }
  if (information->flags & HAS_MEMORY_MAP) {
    uint32_t end = information->mmap_addr + information->mmap_length;
    for (uint32_t at = information->mmap_addr; at < end && region_count < MEMORY_REGIONS;) {
      const struct map_entry *entry = (const struct map_entry *)at;
      add_region(entry->base, entry->length, entry->type);
      at += entry->size + sizeof entry->size;
    }
  } else if (information->flags & HAS_MEMORY) {
    add_region(0, (uint64_t)information->mem_lower * 1024, 1);
    add_region(0x100000, (uint64_t)information->mem_upper * 1024, 1);
  }
  return true;
}

const char *multiboot_command_line(void) { return command_line; }

uint32_t multiboot_regions(const struct memory_region **out) {
  *out = regions;
  return region_count;
}
