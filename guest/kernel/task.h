// User tasks: see task.c.
#pragma once
#include <stdint.h>

#define TASKS 2

typedef void (*user_program)(uint32_t argument);

// Runs up to TASKS programs in ring 3, each in its own address space, until all have exited.
// results[i] is what program i passed to exit; returns the number of switches of address space.
uint32_t tasks_run(const user_program *programs, const uint32_t *arguments, uint32_t count, uint32_t *results);
// Called by system calls.
void task_yield(void);
_Noreturn void task_exit(uint32_t result);
