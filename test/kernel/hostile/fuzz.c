// Random system calls, by a seed: any number, arguments that look right by the table's types, and arguments that do not.
// fuzz SEED CALLS: tables of calls in /calls, a line each: number and types. A child makes the calls, so that its end ends nothing else.
#include "calls.h"

#define CHILD_CALLS 400

static char *memory, *readable, *edge;
static uint32_t odd(void) {
  static const uint32_t values[] = {
    0, 1, 2, 3, 7, 8, 16, 63, 64, 65, 255, 256, 4095, 4096, 4097, 65535, 65536, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0xfffffffe,
    0xffffff9c, 0xc0000000, 0xbfffffff, 0xbffff000, 0xfffff000, 0x1000, 0xfff, 0x100000, 0x10000000, 0x40000000,
  };
  switch (below(4)) {
    case 0: return 1u << below(32);
    case 1: return random32();
    default: return values[below(sizeof values / sizeof *values)];
  }
}

// An address: of memory full of numbers and addresses mostly, else of a page that may not be written, of the end of one, or of nothing.
static uint32_t address(void) {
  switch (below(12)) {
    case 0: return 0;
    case 1: return (uint32_t)readable + below(4096);
    case 2: return (uint32_t)edge + 4096 - below(64);
    case 3: return odd();
    case 4: return (uint32_t)names[below(NAMES)];
    default: return (uint32_t)memory + 4 * below(15000);
  }
}
static uint32_t small(void) { return one(8) ? odd() : below(24); }

static uint32_t argument(const char *type) {
  if (one(24)) return odd();
  if (!strcmp(type, "fd")) return one(10) ? small() - 2 : below(28);
  if (!strcmp(type, "dirfd")) return one(2) ? AT_FDCWD : below(28);
  // who started it goes on, or the run would be short
  if (!strcmp(type, "pid")) {
    uint32_t pid = one(3) ? 0 : one(3) ? (uint32_t)getpid() : small() - 2;
    return pid == (uint32_t)getppid() ? 0 : pid;
  }
  if (!strcmp(type, "signal")) return below(66);
  if (!strcmp(type, "path")) return one(10) ? address() : (uint32_t)names[below(NAMES)];
  if (!strcmp(type, "size")) return one(3) ? below(70000) : one(2) ? below(64) : odd();
  if (!strcmp(type, "ptr") || !strcmp(type, "buf") || !strcmp(type, "timespec") || !strcmp(type, "sigset") || !strcmp(type, "argv"))
    return address();
  if (!strcmp(type, "prot")) return below(16);
  if (!strcmp(type, "map")) return one(2) ? 0x22 : odd() | 1u << below(2);
  if (!strcmp(type, "mode")) return below(010000);
  if (!strcmp(type, "open") || !strcmp(type, "flags")) return one(3) ? 0 : one(2) ? below(64) : odd() | odd();
  if (!strcmp(type, "uid")) return one(2) ? 0 : small();
  return small();
}

static void fill(void) {
  uint32_t *words = (uint32_t *)memory;
  for (int i = 0; i < 16000; i++) {
    uint32_t kind = below(6);
    words[i] = kind == 0 ? address() : kind == 1 ? odd() : kind == 2 ? (uint32_t)(memory + 64 * below(900)) : small();
  }
}

// Calls that end the program that makes them, or nearly: they are made, but seldom.
static int deadly(uint32_t number) {
  return number == SYS_exit || number == SYS_exit_group || number == SYS_sigreturn || number == SYS_rt_sigreturn || number == SYS_execve ||
         number == SYS_execveat || number == SYS_munmap || number == SYS_brk || number == SYS_mremap || number == SYS_mprotect || number == SYS_kill;
}

static void child(uint64_t seed) {
  state = seed * 0x9e3779b97f4a7c15 + 1;
  random32();
  prepare();
  fill();
  for (int sig = 1; sig < 32; sig++)
    if (one(2)) signal(sig, SIG_IGN);
  volatile pid_t self = syscall(SYS_gettid);
  for (volatile int left = CHILD_CALLS; left > 0; left--) {
    uint32_t a[6], number;
    if (one(20)) {
      number = one(4) ? odd() : below(470);
      for (int i = 0; i < 6; i++) a[i] = one(2) ? address() : small();
    } else {
      int at = below(callCount);
      number = calls[at].number;
      for (int i = 0; i < 6; i++) a[i] = i < calls[at].count ? argument(calls[at].types[i]) : odd();
    }
    if (deadly(number) && !one(20)) continue;
    if (left % 8 == 0) wind();
    call(number, a);
    // what has been forked does not go on for long
    if (syscall(SYS_gettid) != self) {
      self = syscall(SYS_gettid);
      if (left > 10) left = 10;
    }
    if (one(40)) fill();
  }
  _exit(0);
}

int main(int argc, char **argv) {
  uint64_t seed = strtoull(argv[1], 0, 0);
  int rounds = atoi(argv[2]) / CHILD_CALLS;
  readCalls();
  memory = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  readable = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  edge = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(edge + 4096, 4096);
  for (int i = 0; i < rounds; i++) {
    if (fork() == 0) child(seed * 1000003 + i);
    settle();
  }
  return 0;
}
