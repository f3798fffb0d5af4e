// Physical memory by the page: see frames.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define PAGE_SIZE 4096u
// Only this much of the machine's memory is used; all of it is mapped where it lies.
#define MEMORY_LIMIT (64u << 20)

// False when the region that holds the kernel is not in the map or is too small.
bool frames_init(void);
// A zeroed page. Stops the machine when there is none.
uint32_t frame_allocate(void);
void frame_free(uint32_t frame);
uint32_t frames_free_count(void);
// The end of usable memory, at most MEMORY_LIMIT.
uint32_t frames_end(void);
