// Wild pointers in every argument of every call: for each a line with the call's number, the argument, and whether the call ever said
// EFAULT, and ever succeeded, with other arguments that might be right.
#include "calls.h"

#define TRIES 24

static char *memory;

static int isPointer(const char *type) {
  static const char *const pointers[] = {"ptr", "path", "buf", "timespec", "sigset", "argv"};
  for (int i = 0; i < 6; i++)
    if (!strcmp(type, pointers[i])) return 1;
  return 0;
}

// What an argument might well be.
static uint32_t likely(const char *type, int try) {
  if (isPointer(type)) return !strcmp(type, "path") ? (uint32_t)names[below(6)] : one(2) ? 0 : (uint32_t)memory;
  if (!strcmp(type, "fd")) return try % 26;
  if (!strcmp(type, "dirfd")) return AT_FDCWD;
  if (!strcmp(type, "pid")) return one(2) ? 0 : getpid();
  if (!strcmp(type, "signal")) return SIGURG;
  if (!strcmp(type, "size")) return one(2) ? 8 : 1 << below(8);
  if (!strcmp(type, "uid")) return 0;
  if (!strcmp(type, "open") || !strcmp(type, "flags") || !strcmp(type, "prot")) return one(2) ? 0 : below(4);
  return one(2) ? below(24) : 4096;
}

static void tryArgument(int at, int argument) {
  char *page = mmap(0, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(page, 'x', 4096);
  munmap(page + 4096, 4096);
  mprotect(page + 8192, 4096, PROT_NONE);
  uint32_t wild[] = {1, (uint32_t)page + 4095, (uint32_t)page + 4096, (uint32_t)page + 8192, 0xc0000000, 0xfffff000, 0xffffffff};
  int faults = 0, successes = 0;
  // its own numbers for each call, whatever others there are
  state = (calls[at].number * 8 + argument + 1) * 0x9e3779b97f4a7c15;
  prepare();
  for (int i = 0; i < TRIES; i++) {
    uint32_t a[6];
    for (int other = 0; other < 6; other++) a[other] = other < calls[at].count ? likely(calls[at].types[other], i) : 0;
    a[argument] = wild[i % 7];
    wind();
    long self = syscall(SYS_gettid), result = call(calls[at].number, a);
    if (syscall(SYS_gettid) != self) _exit(0);
    faults += result == -EFAULT;
    successes += result >= 0;
  }
  dprintf(9, "%d %d %d %d\n", calls[at].number, argument, faults > 0, successes > 0);
  _exit(0);
}

int main(void) {
  readCalls();
  dup2(1, 9);
  memory = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int at = 0; at < callCount; at++)
    for (int argument = 0; argument < calls[at].count; argument++) {
      if (!isPointer(calls[at].types[argument])) continue;
      if (fork() == 0) tryArgument(at, argument);
      settle();
    }
  return 0;
}
