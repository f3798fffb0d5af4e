// Address spaces: see paging.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Where a user task's memory lies; everything below MEMORY_LIMIT is the kernel's.
#define USER_STACK 0x40000000u
#define USER_DATA 0x40001000u
#define USER_DEMAND 0x50000000u
#define USER_DEMAND_PAGES 1024u

#define PAGE_PRESENT 0x1u
#define PAGE_WRITABLE 0x2u
#define PAGE_USER 0x4u
#define PAGE_UNCACHED 0x18u

void paging_init(void);
uint32_t paging_kernel_directory(void);
// A page directory with the kernel's half in it.
uint32_t paging_create(void);
// Gives back the directory and every page that was mapped for the user.
void paging_destroy(uint32_t directory);
// Makes up to 4 KiB of a device's memory readable in every address space; null when the window is full.
volatile void *paging_map_device(uint32_t physical, uint32_t size);
void paging_map(uint32_t directory, uint32_t address, uint32_t frame, uint32_t flags);
// The page-table entry of an address in the current address space, 0 if it has none.
uint32_t paging_entry(uint32_t address);
// Unmaps pages of the demand region in the current address space.
void paging_unmap_demand(uint32_t address, uint32_t pages);
// Mends a fault of the demand region; false if the fault is an error.
bool paging_fault(uint32_t address, uint32_t error);
// Faults mended since boot.
uint32_t paging_fault_count(void);
