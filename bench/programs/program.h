// What a benchmark program gets: system calls, memory, and the two lines that say when its work begins and ends.
// Linux i386 system call numbers (arch/x86/entry/syscalls/syscall_32.tbl); freestanding, so that every engine runs the same bytes.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

enum { SYS_EXIT = 1, SYS_FORK, SYS_READ, SYS_WRITE, SYS_WAITPID = 7, SYS_EXECVE = 11, SYS_PIPE = 42, SYS_MUNMAP = 91,
  SYS_MMAP2 = 192, SYS_GETPPID = 64, SYS_CLOCK_GETTIME = 265 };
enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };

// As C libraries do: through the kernel's own entry (SYSENTER or INT 0x80, as it chose from CPUID).
long sys(long number, long a, long b, long c);

// `work` units at 100 percent, as many as the first argument says.
u32 scaled(u32 work);
void begin(void);
// Ends the program.
_Noreturn void result(u32 checksum);
_Noreturn void failed(const char *what);

// Zeroed pages; ends the program when there are none.
void *pages(u32 bytes, int protection);
void unmap(void *at, u32 bytes);

// xorshift32, never 0.
static inline u32 next_random(u32 *state) {
  u32 x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

static inline u32 mix(u32 sum, u32 value) { return (sum ^ value) * 0x01000193; }

// Each program's own; `arguments[0]` is its file. Ends by result().
void program(int count, char **arguments);
