// The vDSO of i386 programs: clocks without a system call, the way into the kernel, the returns from signal handlers.
// man 7 vdso; names and versions as Linux's. The time stamp counter counts nanoseconds of CLOCK_MONOTONIC.
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

// The page before this image, which the kernel writes, one for each time namespace: how far each clock is ahead of the counter.
struct offset {
  s64 seconds;
  u32 nanoseconds, unused;
};
struct data {
  struct offset realtime, monotonic, boottime;
};
extern const volatile struct data vvar __attribute__((visibility("hidden")));

enum { REALTIME, MONOTONIC, MONOTONIC_RAW = 4, REALTIME_COARSE, MONOTONIC_COARSE, BOOTTIME };
enum { GETTIMEOFDAY = 78, CLOCK_GETTIME = 265, CLOCK_GETRES = 266, CLOCK_GETTIME64 = 403 };
#define BILLION 1000000000u

static inline int syscall2(int number, int a, void *b) {
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b) : "memory");
  return result;
}

// Seconds and nanoseconds of a clock; 0: it is not one of those that we know.
static inline int read_clock(int clock, s64 *seconds, u32 *nanoseconds) {
  u32 low, high, whole, rest;
  if (clock < 0 || clock > BOOTTIME || clock == 2 || clock == 3) return 0;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  __asm__("divl %4" : "=a"(whole), "=d"(rest) : "0"(low), "1"(high), "r"(BILLION));
  const volatile struct offset *ahead = &vvar.monotonic;
  if (clock == REALTIME || clock == REALTIME_COARSE) ahead = &vvar.realtime;
  if (clock == BOOTTIME) ahead = &vvar.boottime;
  rest += ahead->nanoseconds;
  if (rest >= BILLION) {
    rest -= BILLION;
    whole++;
  }
  *seconds = ahead->seconds + whole;
  *nanoseconds = rest;
  return 1;
}

struct timespec {
  u32 sec, nsec;
};
struct timespec64 {
  s64 sec, nsec;
};
struct timeval {
  u32 sec, usec;
};

int __vdso_clock_gettime(int clock, struct timespec *at) {
  s64 seconds;
  u32 nanoseconds;
  if (!read_clock(clock, &seconds, &nanoseconds)) return syscall2(CLOCK_GETTIME, clock, at);
  at->sec = seconds;
  at->nsec = nanoseconds;
  return 0;
}

int __vdso_clock_gettime64(int clock, struct timespec64 *at) {
  s64 seconds;
  u32 nanoseconds;
  if (!read_clock(clock, &seconds, &nanoseconds)) return syscall2(CLOCK_GETTIME64, clock, at);
  at->sec = seconds;
  at->nsec = nanoseconds;
  return 0;
}

int __vdso_clock_getres(int clock, struct timespec *at) { return syscall2(CLOCK_GETRES, clock, at); }

int __vdso_gettimeofday(struct timeval *at, void *zone) {
  s64 seconds;
  u32 nanoseconds;
  if (zone) return syscall2(GETTIMEOFDAY, (int)at, zone);
  read_clock(REALTIME, &seconds, &nanoseconds);
  if (at) {
    at->sec = seconds;
    at->usec = nanoseconds / 1000;
  }
  return 0;
}

u32 __vdso_time(u32 *at) {
  s64 seconds;
  u32 nanoseconds;
  read_clock(REALTIME, &seconds, &nanoseconds);
  if (at) *at = seconds;
  return seconds;
}

// How a debugger comes from here to what the signal interrupted: all registers lie in the frame's sigcontext, `context` bytes above %esp.
// DWARF 5, 6.4.2: DW_CFA_expression and DW_CFA_def_cfa_expression of DW_OP_breg4 (%esp).
__asm__(
    ".macro in_frame register offset\n"
    "  .cfi_escape 0x10, \\register, 3, 0x74, ((\\offset) & 0x7f) | 0x80, (\\offset) >> 7\n"
    ".endm\n"
    ".macro signal_frame context\n"
    "  .cfi_escape 0x0f, 4, 0x74, ((\\context + 28) & 0x7f) | 0x80, (\\context + 28) >> 7, 0x06\n"
    "  in_frame 0, \\context + 44\n"
    "  in_frame 1, \\context + 40\n"
    "  in_frame 2, \\context + 36\n"
    "  in_frame 3, \\context + 32\n"
    "  in_frame 5, \\context + 24\n"
    "  in_frame 6, \\context + 20\n"
    "  in_frame 7, \\context + 16\n"
    "  in_frame 8, \\context + 56\n"
    ".endm\n"
    ".globl __kernel_vsyscall, __kernel_sigreturn, __kernel_rt_sigreturn\n"
    ".type __kernel_vsyscall, @function\n"
    ".type __kernel_sigreturn, @function\n"
    ".type __kernel_rt_sigreturn, @function\n"
    ".balign 32\n"
    "__kernel_vsyscall:\n"
    "  .cfi_startproc\n"
    "  int $0x80\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size __kernel_vsyscall, .-__kernel_vsyscall\n"
    // debuggers look a return address up by the byte before it
    ".balign 32\n"
    "  .cfi_startproc\n"
    "  .cfi_signal_frame\n"
    "  signal_frame 4\n"
    "  nop\n"
    "__kernel_sigreturn:\n"
    "  popl %eax\n"
    "  signal_frame 0\n"
    "  movl $119, %eax\n"
    "  int $0x80\n"
    "  .cfi_endproc\n"
    ".size __kernel_sigreturn, .-__kernel_sigreturn\n"
    ".balign 32\n"
    "  .cfi_startproc\n"
    "  .cfi_signal_frame\n"
    "  signal_frame 160\n"
    "  nop\n"
    "__kernel_rt_sigreturn:\n"
    "  movl $173, %eax\n"
    "  int $0x80\n"
    "  .cfi_endproc\n"
    ".size __kernel_rt_sigreturn, .-__kernel_rt_sigreturn\n");
