#include "text.h"

const char *tool;
char **environment;

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

int strncmp(const char *a, const char *b, size_t length) {
  for (; length; a++, b++, length--)
    if (*a != *b || !*a) return (unsigned char)*a - (unsigned char)*b;
  return 0;
}

int strcmp(const char *a, const char *b) { return strncmp(a, b, -1); }

char *strchr(const char *text, int wanted) {
  for (;; text++) {
    if (*text == (char)wanted) return (char *)text;
    if (!*text) return NULL;
  }
}

char *strstr(const char *text, const char *wanted) {
  size_t length = strlen(wanted);
  for (; *text || !length; text++)
    if (strncmp(text, wanted, length) == 0) return (char *)text;
  return NULL;
}

void *memcpy(void *to, const void *from, size_t length) {
  void *at = to;
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(length) : : "memory");
  return to;
}

void *memmove(void *to, const void *from, size_t length) {
  if ((size_t)to - (size_t)from >= length) return memcpy(to, from, length);
  while (length--) ((char *)to)[length] = ((const char *)from)[length];
  return to;
}

void *memset(void *to, int byte, size_t length) {
  void *at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(byte) : "memory");
  return to;
}

bool number(const char *text, int base, long *value) {
  bool minus = *text == '-';
  if (minus) text++;
  if (!*text) return false;
  long result = 0;
  for (; *text; text++) {
    if (*text < '0' || *text >= '0' + base || result > (0x7fffffff - 9) / base) return false;
    result = result * base + *text - '0';
  }
  *value = minus ? -result : result;
  return true;
}

// ---- output --------------------------------------------------------------------------------------------------------------------

static char waiting[4096];
static size_t waits;
static bool lost;

static bool write_all(int fd, const char *bytes, size_t length) {
  while (length) {
    long written = call(write, fd, bytes, length);
    if (written == -EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    length -= written;
  }
  return true;
}

bool flush(void) {
  if (waits && !write_all(1, waiting, waits)) lost = true;
  waits = 0;
  return !lost;
}

void put(const char *bytes, size_t length) {
  while (length) {
    if (waits == sizeof waiting) flush();
    size_t part = sizeof waiting - waits;
    if (part > length) part = length;
    memcpy(waiting + waits, bytes, part);
    waits += part;
    bytes += part;
    length -= part;
  }
}

typedef void sink(void *where, const char *bytes, size_t length);

/** Digits of `value` before `end`: where they begin. By hand: a division of 64 bits would ask for the compiler's library. */
static char *digits(char *end, uint64_t value, unsigned base) {
  do {
    uint32_t high = value >> 32, low = value, rest = high % base;
    high /= base;
    __asm__("divl %2" : "+a"(low), "+d"(rest) : "r"(base));
    *--end = "0123456789abcdef"[rest];
    value = (uint64_t)high << 32 | low;
  } while (value);
  return end;
}

static void format_to(sink *to, void *where, const char *how, va_list values) {
  static const char blanks[] = "                                ", zeros[] = "00000000000000000000000000000000";
  char text[32];
  for (; *how; how++) {
    const char *plain = how;
    while (*how && *how != '%') how++;
    to(where, plain, how - plain);
    if (!*how++) return;
    bool left = *how == '-', zero = *how == '0', wide = false;
    size_t width = 0, length = 1;
    if (left) how++;
    for (; is_digit(*how); how++) width = width * 10 + *how - '0';
    if (*how == 'l') wide = true, how++;
    const char *piece = text;
    if (*how == 's') {
      piece = va_arg(values, const char *);
      length = strlen(piece);
    } else if (*how == 'c' || *how == '%') {
      text[0] = *how == 'c' ? va_arg(values, int) : '%';
    } else {
      uint64_t value = wide ? va_arg(values, uint64_t) : *how == 'd' ? (uint64_t)va_arg(values, int) : va_arg(values, unsigned);
      bool minus = *how == 'd' && (int64_t)value < 0;
      char *from = digits(text + sizeof text, minus ? -value : value, *how == 'x' ? 16 : *how == 'o' ? 8 : 10);
      if (minus) *--from = '-';
      piece = from;
      length = text + sizeof text - from;
    }
    size_t fill = width > length ? width - length : 0;
    if (fill > sizeof blanks - 1) fill = sizeof blanks - 1;
    if (!left) to(where, zero ? zeros : blanks, fill);
    to(where, piece, length);
    if (left) to(where, blanks, fill);
  }
}

static void to_output(void *where, const char *bytes, size_t length) { (void)where, put(bytes, length); }
static void to_error(void *where, const char *bytes, size_t length) { (void)where, write_all(2, bytes, length); }
struct place { char *at, *end; };
static void to_place(void *where, const char *bytes, size_t length) {
  struct place *place = where;
  for (; length && place->at < place->end; length--) *place->at++ = *bytes++;
}

void print(const char *how, ...) {
  va_list values;
  va_start(values, how);
  format_to(to_output, NULL, how, values);
  va_end(values);
}

void complain(const char *how, ...) {
  flush();
  va_list values;
  va_start(values, how);
  format_to(to_error, NULL, how, values);
  va_end(values);
}

void format(char *into, size_t size, const char *how, ...) {
  struct place place = {into, into + size - 1};
  va_list values;
  va_start(values, how);
  format_to(to_place, &place, how, values);
  va_end(values);
  *place.at = 0;
}

const char *error_text(long error) {
  static const struct { int number; const char *text; } known[] = {
    {1, "Operation not permitted"}, {2, "No such file or directory"}, {3, "No such process"}, {5, "Input/output error"}, {7, "Argument list too long"},
    {8, "Exec format error"}, {9, "Bad file descriptor"}, {10, "No child processes"}, {11, "Resource temporarily unavailable"},
    {12, "Cannot allocate memory"}, {13, "Permission denied"}, {16, "Device or resource busy"}, {17, "File exists"}, {18, "Invalid cross-device link"},
    {19, "No such device"}, {20, "Not a directory"}, {21, "Is a directory"}, {22, "Invalid argument"}, {26, "Text file busy"},
    {28, "No space left on device"}, {30, "Read-only file system"}, {32, "Broken pipe"}, {39, "Directory not empty"}, {40, "Too many levels of symbolic links"},
    {95, "Operation not supported"}, {98, "Address already in use"}, {101, "Network is unreachable"}, {110, "Connection timed out"},
    {111, "Connection refused"}, {113, "No route to host"},
  };
  static char other[16];
  if (error < 0) error = -error;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].number == error) return known[i].text;
  format(other, sizeof other, "error %d", (int)error);
  return other;
}

int failed(const char *what, long error) {
  complain("%s: %s: %s\n", tool, what, error_text(error));
  return 1;
}

// ---- memory --------------------------------------------------------------------------------------------------------------------

static char *heap, *heap_end;

void *allocate(size_t size) {
  size = (size + 7) & ~7;
  if (!heap) heap = heap_end = (char *)((call(brk, 0) + 7) & ~7);
  if (size > (size_t)(heap_end - heap)) {
    char *end = (char *)(((size_t)heap + size + 0xffff) & ~0xffff);
    if (size > 1 << 28 || (char *)call(brk, end) != end) {
      complain("%s: out of memory\n", tool);
      call(exit_group, 2);
    }
    heap_end = end;
  }
  void *at = heap;
  heap += size;
  return at;
}

char *copy(const char *text, size_t length) {
  char *to = allocate(length + 1);
  memcpy(to, text, length);
  to[length] = 0;
  return to;
}

void *mark(void) { return allocate(0); }
void release(void *mark) { heap = mark; }

const char *variable(const char *name) {
  size_t length = strlen(name);
  for (char **at = environment; *at; at++)
    if (strncmp(*at, name, length) == 0 && (*at)[length] == '=') return *at + length + 1;
  return NULL;
}
