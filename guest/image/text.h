// Text: strings, numbers, formatted output through one buffer, memory that is given back by marks.
#pragma once
#include <stdarg.h>
#include "system.h"

typedef _Bool bool;
enum { false, true }; // no macros: two tools have these names

size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t length);
char *strchr(const char *text, int wanted);
char *strstr(const char *text, const char *wanted);
void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);

static inline bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }
static inline bool is_digit(int c) { return c >= '0' && c <= '9'; }
static inline bool is_name(int c) { return (c | 32) >= 'a' && (c | 32) <= 'z' ? true : c == '_' || is_digit(c); }
static inline bool is_space(int c) { return c == ' ' || c == '\t' || c == '\n'; }

/** Reads a number in `base` (8 or 10) that is all of `text`: false if it is none. */
bool number(const char *text, int base, long *value);

/** What goes to standard output waits here: %s %c %d %u %x %o, 'l' before them for 64 bits, widths, '-' and '0'. */
void print(const char *format, ...);
void put(const char *bytes, size_t length);
/** Writes what waits; false if that failed. */
bool flush(void);
/** To standard error at once. */
void complain(const char *format, ...);
/** "TOOL: WHAT: the errno in words"; answers 1, the status of a tool that failed. */
int failed(const char *what, long error);
const char *error_text(long error);
/** Into `into`, cut to `size` with its NUL. */
void format(char *into, size_t size, const char *how, ...);

/** Memory to the next release of an earlier mark; there is an end of the program when there is none left. */
void *allocate(size_t size);
char *copy(const char *text, size_t length);
void *mark(void);
void release(void *mark);

/** The name that the tool was called by. */
extern const char *tool;
extern char **environment;
const char *variable(const char *name);
