// Page tables of 4 KiB pages: the kernel mapped where it lies, user pages on demand.
// Intel SDM vol. 3A 4.3 (32-bit paging), 4.7 (page-fault error code).
#include "paging.h"
#include "cpu.h"
#include "frames.h"
#include "memory.h"

#define ERROR_PRESENT 0x1u
#define ERROR_WRITE 0x2u
#define ERROR_USER 0x4u
#define FRAME(entry) ((entry) & -PAGE_SIZE)
// Devices' memory has one table behind the memory that is mapped where it lies.
#define DEVICE_WINDOW MEMORY_LIMIT
#define DEVICE_PAGES 1024u
#define KERNEL_TABLES ((DEVICE_WINDOW >> 22) + 1)

extern uint8_t user_image_start[], user_image_end[];

static uint32_t kernel_directory, zero_page, faults, device_pages;

// The slot of an address, or null when its table is missing and none is to be made.
static uint32_t *slot(uint32_t directory, uint32_t address, bool make) {
  uint32_t *entry = (uint32_t *)directory + (address >> 22);
  if (!(*entry & PAGE_PRESENT)) {
    if (!make) return 0;
    *entry = frame_allocate() | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER;
  }
  return (uint32_t *)FRAME(*entry) + (address >> 12 & 0x3FF);
}

void paging_map(uint32_t directory, uint32_t address, uint32_t frame, uint32_t flags) {
  *slot(directory, address, true) = frame | flags | PAGE_PRESENT;
}

void paging_init(void) {
  kernel_directory = frame_allocate();
  zero_page = frame_allocate();
  uint32_t user_start = (uint32_t)user_image_start, user_end = (uint32_t)user_image_end;
  // Page 0 stays unmapped, so that a null pointer faults.
  for (uint32_t address = PAGE_SIZE; address < frames_end(); address += PAGE_SIZE) {
    bool user = address >= user_start && address < user_end;
    paging_map(kernel_directory, address, address, user ? PAGE_USER : PAGE_WRITABLE);
  }
  slot(kernel_directory, DEVICE_WINDOW, true);
  write_cr3(kernel_directory);
  write_cr0(read_cr0() | CR0_PG | CR0_WP);
}

volatile void *paging_map_device(uint32_t physical, uint32_t size) {
  uint32_t offset = physical % PAGE_SIZE, pages = (offset + size + PAGE_SIZE - 1) / PAGE_SIZE;
  if (size > PAGE_SIZE || device_pages + pages > DEVICE_PAGES) return 0;
  uint32_t address = DEVICE_WINDOW + device_pages * PAGE_SIZE;
  for (uint32_t i = 0; i < pages; i++)
    paging_map(kernel_directory, address + i * PAGE_SIZE, physical - offset + i * PAGE_SIZE,
               PAGE_WRITABLE | PAGE_UNCACHED);
  device_pages += pages;
  return (volatile void *)(address + offset);
}

uint32_t paging_kernel_directory(void) { return kernel_directory; }

uint32_t paging_create(void) {
  uint32_t directory = frame_allocate();
  memcpy((void *)directory, (void *)kernel_directory, KERNEL_TABLES * sizeof(uint32_t));
  return directory;
}

void paging_destroy(uint32_t directory) {
  uint32_t *tables = (uint32_t *)directory;
  for (uint32_t i = KERNEL_TABLES; i < 1024; i++) {
    if (!(tables[i] & PAGE_PRESENT)) continue;
    uint32_t *entries = (uint32_t *)FRAME(tables[i]);
    for (uint32_t j = 0; j < 1024; j++)
      if (entries[j] & PAGE_PRESENT && FRAME(entries[j]) != zero_page) frame_free(FRAME(entries[j]));
    frame_free((uint32_t)entries);
  }
  frame_free(directory);
}

uint32_t paging_entry(uint32_t address) {
  uint32_t *entry = slot(FRAME(read_cr3()), address, false);
  return entry && *entry & PAGE_PRESENT ? *entry : 0;
}

static bool in_demand_region(uint32_t address) {
  return address >= USER_DEMAND && address - USER_DEMAND < USER_DEMAND_PAGES * PAGE_SIZE;
}

void paging_unmap_demand(uint32_t address, uint32_t pages) {
  for (; pages && in_demand_region(address); pages--, address += PAGE_SIZE) {
    uint32_t *entry = slot(FRAME(read_cr3()), address, false);
    if (!entry || !(*entry & PAGE_PRESENT)) continue;
    if (FRAME(*entry) != zero_page) frame_free(FRAME(*entry));
    *entry = 0;
    invlpg(address);
  }
}

// A first read maps the one page of zeros; a first write, also after that, gives a page of its own.
bool paging_fault(uint32_t address, uint32_t error) {
  if (!(error & ERROR_USER) || !in_demand_region(address)) return false;
  uint32_t *entry = slot(FRAME(read_cr3()), address, true);
  if (error & ERROR_PRESENT && FRAME(*entry) != zero_page) return false;
  if (error & ERROR_WRITE) {
    *entry = frame_allocate() | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER;
    if (error & ERROR_PRESENT) invlpg(address);
  } else {
    *entry = zero_page | PAGE_PRESENT | PAGE_USER;
  }
  faults++;
  return true;
}

uint32_t paging_fault_count(void) { return faults; }
