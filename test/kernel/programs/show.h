// What every program of test/kernel/programs prints: a line for each rule of a man page, with the value or the errno that it gave.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The value of a call, or the name of its errno.
static inline void show(const char *rule, long value) {
  if (value == -1) printf("%s: %s\n", rule, strerrorname_np(errno));
  else printf("%s: %ld\n", rule, value);
  fflush(stdout);
}
static inline void text(const char *rule, const char *value) {
  printf("%s: '%s'\n", rule, value);
  fflush(stdout);
}
#define family(name) printf("== %s\n", name)
