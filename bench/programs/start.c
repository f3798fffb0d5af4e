// Entry of every benchmark program, and what program.h promises.
// System V ABI, Intel386 supplement (process entry); man 3 getauxval.
#include "program.h"

enum { AT_NULL, AT_SYSINFO = 32 };

static u32 percent = 100;
static u32 kernel_entry;
static struct { int seconds, nanoseconds; } start;

__asm__(".globl _start\n_start:\n xorl %ebp, %ebp\n movl %esp, %eax\n andl $-16, %esp\n subl $12, %esp\n pushl %eax\n call enter\n"
  "int_0x80: int $0x80\n ret\n");
extern const char int_0x80[];

long sys(long number, long a, long b, long c) {
  long value;
  __asm__ volatile("call *%1" : "=a"(value) : "m"(kernel_entry), "0"(number), "b"(a), "c"(b), "d"(c) : "memory", "cc");
  return value;
}

// The four and more arguments of mmap2 need ESI, EDI and EBP.
static long sys_mmap2(u32 bytes, int protection, int flags) {
  long value;
  __asm__ volatile("pushl %%ebp\n xorl %%ebp, %%ebp\n int $0x80\n popl %%ebp" : "=a"(value)
    : "0"(SYS_MMAP2), "b"(0), "c"(bytes), "d"(protection), "S"(flags), "D"(-1) : "memory", "cc");
  return value;
}

static u32 parse(const char *text) {
  u32 value = 0;
  for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + (*text - '0');
  return value;
}

void __attribute__((used)) enter(long *stack) {
  int count = stack[0];
  char **arguments = (char **)(stack + 1);
  long *words = stack + count + 2;
  while (*words++) {}
  kernel_entry = (u32)int_0x80;
  for (; words[0] != AT_NULL; words += 2) {
    if (words[0] == AT_SYSINFO) kernel_entry = words[1];
  }
  if (count > 1) percent = parse(arguments[1]);
  program(count, arguments);
  failed("ended without a result");
}

u32 scaled(u32 work) {
  u32 units = (u64)work * percent / 100;
  return units ? units : 1;
}

static char line[160];
static u32 length;

static void put(const char *text) {
  while (*text && length < sizeof line) line[length++] = *text++;
}

static void put_number(u32 value, u32 base, int digits) {
  char text[16];
  int at = sizeof text - 1;
  text[at] = 0;
  do {
    text[--at] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value || (int)sizeof text - 1 - at < digits);
  put(text + at);
}

static void flush(void) {
  put("\n");
  sys(SYS_WRITE, 1, (long)line, length);
  length = 0;
}

void begin(void) {
  put("BEGIN name=" NAME);
  flush();
  sys(SYS_CLOCK_GETTIME, 1, (long)&start, 0);
}

void result(u32 checksum) {
  struct { int seconds, nanoseconds; } end;
  sys(SYS_CLOCK_GETTIME, 1, (long)&end, 0);
  int seconds = end.seconds - start.seconds, microseconds = (end.nanoseconds - start.nanoseconds) / 1000;
  if (microseconds < 0) seconds--, microseconds += 1000000;
  put("RESULT name=" NAME " checksum=");
  put_number(checksum, 16, 8);
  put(" seconds=");
  put_number(seconds, 10, 1);
  put(".");
  put_number(microseconds, 10, 6);
  flush();
  for (;;) sys(SYS_EXIT, 0, 0, 0);
}

void failed(const char *what) {
  put("FAILED name=" NAME " ");
  put(what);
  flush();
  for (;;) sys(SYS_EXIT, 1, 0, 0);
}

void *pages(u32 bytes, int protection) {
  long at = sys_mmap2(bytes, protection, 0x22);
  if (at < 0 && at > -4096) failed("no memory");
  return (void *)at;
}

void unmap(void *at, u32 bytes) { sys(SYS_MUNMAP, (long)at, bytes, 0); }

// The compiler may call these.
void *memcpy(void *to, const void *from, size_t size) {
  void *at = to;
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
  return to;
}

void *memset(void *to, int value, size_t size) {
  void *at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
  return to;
}
