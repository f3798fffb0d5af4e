// The page allocator: never-used pages from a rising mark, returned ones from a list kept in themselves.
// Multiboot specification 0.6.96, section 3.3 (memory map).
#include "frames.h"
#include "exception.h"
#include "memory.h"
#include "multiboot.h"

extern uint8_t image_end[];

static uint32_t mark, end, free_list, free_count;

bool frames_init(void) {
  const struct memory_region *regions;
  uint32_t count = multiboot_regions(&regions);
  mark = (uint32_t)image_end;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t region_end = regions[i].base + regions[i].length;
    if (regions[i].type != 1 || regions[i].base > mark || region_end <= mark) continue;
    end = region_end > MEMORY_LIMIT ? MEMORY_LIMIT : (uint32_t)region_end & -PAGE_SIZE;
    free_count = (end - mark) / PAGE_SIZE;
  }
  return end > mark;
}

uint32_t frame_allocate(void) {
  uint32_t frame;
  if (free_list) {
    frame = free_list;
    free_list = *(uint32_t *)frame;
  } else if (mark < end) {
    frame = mark;
    mark += PAGE_SIZE;
  } else {
    panic("out of memory");
  }
  free_count--;
  memset((void *)frame, 0, PAGE_SIZE);
  return frame;
}

void frame_free(uint32_t frame) {
  *(uint32_t *)frame = free_list;
  free_list = frame;
  free_count++;
}

uint32_t frames_free_count(void) { return free_count; }

uint32_t frames_end(void) { return end; }
