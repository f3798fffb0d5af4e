// What programs about controllers have in common: children that work in a group, numbers of files, time.
#pragma once
#include <sys/resource.h>
#include <time.h>

#define MIB (1 << 20)

// A child that does `work` in the group; it is let go once it is there.
#define child_in(group, ...) ({ \
  int child_ = fork(); \
  if (child_ == 0) { \
    put(group "/cgroup.procs", "0"); \
    __VA_ARGS__; \
    _exit(0); \
  } \
  child_; })
static int ended(int child) {
  int status;
  waitpid(child, &status, 0);
  return status;
}
#define done_in(group, ...) ended(child_in(group, __VA_ARGS__))
static char *touch(int bytes) {
  char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < bytes; i += 4096) at[i] = 1;
  return at;
}
static void until(volatile int *flag) {
  while (!*flag) usleep(1000);
}
static long number(const char *name) {
  const char *line = get(name);
  return strcmp(line, "max|") ? atol(line) : -2;
}
// The words that lines of a file begin with.
static const char *keys(const char *name, const char *known) {
  static char all[512];
  char word[64];
  FILE *stream = fopen(name, "r");
  all[0] = 0;
  while (stream && fscanf(stream, "%63s %*s", word) == 1)
    if (!known || strstr(known, word)) strcat(all, word), strcat(all, " ");
  if (stream) fclose(stream);
  return all;
}
static void fill(const char *name, int bytes) {
  static char block[65536];
  int fd = open(name, O_WRONLY | O_CREAT, 0644);
  memset(block, 1, sizeof block);
  for (int done = 0; done < bytes; done += sizeof block) write(fd, block, sizeof block);
  close(fd);
}
static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}
static int within(double value, double least, double most) {
  if (value >= least && value <= most) return 1;
  fprintf(stderr, "%g is not from %g to %g\n", value, least, most);
  return 0;
}

// Microseconds that groups get while all of them want the processor for half a second and more.
static void race(const char *const groups[], int count, long used[]) {
  int children[8];
  long before[8];
  volatile int *counts = shared();
  char name[64];
  for (int i = 0; i < count; i++) {
    children[i] = count_up(&counts[i]);
    sprintf(name, "%s/cgroup.procs", groups[i]);
    put(name, pid(children[i]));
  }
  for (int i = 0; i < count; i++) sprintf(name, "%s/cpu.stat", groups[i]), before[i] = value(name, "usage_usec");
  usleep(1500000);
  for (int i = 0; i < count; i++) sprintf(name, "%s/cpu.stat", groups[i]), used[i] = value(name, "usage_usec") - before[i];
  for (int i = 0; i < count; i++) end(children[i]);
}
