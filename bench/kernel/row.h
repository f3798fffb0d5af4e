// What a program of `npm run bench -- --kernel` is made of: rows by name, and the moments between which they are measured.
// `PROGRAM ROW COUNT ARGUMENTS...`: at each moment a line goes out, and a byte comes back when the bench has read the clock.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct row {
  const char *name;
  void (*run)(int count, char **arguments);
};
/** Each program's own; the last one has no name. */
extern const struct row rows[];

static inline void die(const char *what) {
  perror(what);
  exit(1);
}

static inline void moment(const char *what) {
  char line[64];
  int length = snprintf(line, sizeof line, "MOMENT %s\n", what);
  if (write(1, line, length) != length || read(0, line, 1) != 1) die("moment");
}

/** Waits for a child that has to end well. */
static inline void reap(pid_t pid) {
  int status;
  if (waitpid(pid, &status, 0) != pid || status != 0) die("child");
}

int main(int count, char **arguments) {
  if (count < 3) return 2;
  for (const struct row *row = rows; row->name; row++)
    if (strcmp(row->name, arguments[1]) == 0) {
      row->run(atoi(arguments[2]), arguments + 3);
      return 0;
    }
  return 2;
}
