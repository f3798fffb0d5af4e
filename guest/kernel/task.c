// User tasks: address space, kernel stack, and a round robin that moves only when a task yields or exits.
// Intel SDM vol. 3A 8.2.1 (esp0), 4.10.4.1 (a write of CR3 invalidates the TLB).
#include "task.h"
#include <stdbool.h>
#include "cpu.h"
#include "frames.h"
#include "gdt.h"
#include "paging.h"

struct task {
  uint32_t esp, directory, kernel_stack, entry;
  uint32_t result;
  bool alive;
};

void switch_stack(uint32_t *saved_esp, uint32_t new_esp);
_Noreturn void enter_user(uint32_t eip, uint32_t esp);

static struct task tasks[TASKS];
static struct task *current;
static uint32_t task_count, switches, waiting_esp;

static void task_start(void) { enter_user(current->entry, USER_STACK + PAGE_SIZE - 2 * sizeof(uint32_t)); }

static void task_create(struct task *task, user_program program, uint32_t argument) {
  *task = (struct task){.directory = paging_create(), .kernel_stack = frame_allocate(), .entry = (uint32_t)program};
  task->alive = true;
  uint32_t stack = frame_allocate();
  paging_map(task->directory, USER_STACK, stack, PAGE_USER | PAGE_WRITABLE);
  paging_map(task->directory, USER_DATA, frame_allocate(), PAGE_USER | PAGE_WRITABLE);
  // The program is a C function: a return address of 0, then its argument.
  ((uint32_t *)(stack + PAGE_SIZE))[-1] = argument;
  // What switch_stack pops: four registers, then where to go.
  uint32_t *top = (uint32_t *)(task->kernel_stack + PAGE_SIZE);
  *--top = 0;
  *--top = (uint32_t)task_start;
  task->esp = (uint32_t)(top - 4);
}

static void switch_to(struct task *task, uint32_t *saved_esp) {
  current = task;
  switches++;
  gdt_set_kernel_stack(task->kernel_stack + PAGE_SIZE);
  write_cr3(task->directory);
  switch_stack(saved_esp, task->esp);
}

static struct task *next_alive(void) {
  uint32_t at = (uint32_t)(current - tasks);
  for (uint32_t i = 1; i < task_count; i++) {
    struct task *task = &tasks[(at + i) % task_count];
    if (task->alive) return task;
  }
  return 0;
}

void task_yield(void) {
  struct task *from = current, *next = next_alive();
  if (next) switch_to(next, &from->esp);
}

_Noreturn void task_exit(uint32_t result) {
  struct task *from = current, *next = next_alive();
  from->result = result;
  from->alive = false;
  if (next) switch_to(next, &from->esp);
  write_cr3(paging_kernel_directory());
  switches++;
  switch_stack(&from->esp, waiting_esp);
  __builtin_unreachable();
}

uint32_t tasks_run(const user_program *programs, const uint32_t *arguments, uint32_t count, uint32_t *results) {
  task_count = count;
  switches = 0;
  for (uint32_t i = 0; i < count; i++) task_create(&tasks[i], programs[i], arguments[i]);
  cli(); // the tasks themselves run with interrupts on
  switch_to(&tasks[0], &waiting_esp);
  sti();
  for (uint32_t i = 0; i < count; i++) {
    results[i] = tasks[i].result;
    paging_destroy(tasks[i].directory);
    frame_free(tasks[i].kernel_stack);
  }
  return switches;
}
