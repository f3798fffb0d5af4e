// sched(7), sched_setscheduler(2), sched_setattr(2), sched_setparam(2), setpriority(2), nice(2), sched_rr_get_interval(2), proc_pid_stat(5).
#include "show.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

struct attributes {
  unsigned size, policy;
  unsigned long long flags;
  int nice;
  unsigned priority;
  unsigned long long runtime, deadline, period;
  unsigned min, max;
  char more[16];
};
static int set_attributes(pid_t pid, struct attributes *attributes, unsigned flags) {
  return syscall(351, pid, attributes, flags);
}
static int get_attributes(pid_t pid, struct attributes *attributes, unsigned size, unsigned flags) {
  return syscall(352, pid, attributes, size, flags);
}
static int set(pid_t pid, int policy, int priority) {
  return sched_setscheduler(pid, policy, &(struct sched_param){.sched_priority = priority});
}
#define CHILD(...) ({ fflush(stdout); pid_t made = fork(); if (made == 0) { __VA_ARGS__; _exit(0); } waitpid(made, NULL, 0); })
// What the calls give to a user without rights.
#define STRANGER(...) CHILD(setgid(2345); setuid(2345); __VA_ARGS__)
static void fields(const char *rule) {
  char text[400];
  FILE *file = fopen("/proc/self/stat", "r");
  fread(text, 1, sizeof text, file);
  fclose(file);
  char *word = strtok(strrchr(text, ')') + 2, " ");
  printf("%s:", rule);
  for (int i = 3; word; i++, word = strtok(NULL, " "))
    if (i == 18 || i == 19 || i == 40 || i == 41) printf(" %s", word);
  printf("\n");
}

static volatile char order[64];
static volatile int at;
static volatile int *shared;
static void *spin(void *letter) {
  for (int i = 0; i < 3; i++) {
    order[at++] = *(char *)letter;
    sched_yield();
  }
  return NULL;
}
static void *once(void *letter) {
  order[at++] = *(char *)letter;
  for (volatile int i = 0; i < 2000000; i++);
  order[at++] = *(char *)letter;
  return NULL;
}
static void run_two(const char *rule, void *(*body)(void *), int policy, int first, int second) {
  pthread_t threads[2];
  pthread_attr_t attributes;
  memset((char *)order, 0, sizeof order), at = 0;
  // made while the maker is more urgent than both
  set(0, SCHED_FIFO, 90);
  for (int i = 0; i < 2; i++) {
    pthread_attr_init(&attributes);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, policy);
    pthread_attr_setschedparam(&attributes, &(struct sched_param){.sched_priority = i ? second : first});
    pthread_create(&threads[i], &attributes, body, i ? "b" : "a");
  }
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  set(0, SCHED_OTHER, 0);
  text(rule, (char *)order);
}

int main(void) {
  struct attributes attributes = {.size = 56};
  struct timespec interval;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  sched_setaffinity(0, sizeof one, &one);

  family("policies");
  show("sched_getscheduler", sched_getscheduler(0));
  show("  of nobody: ESRCH", sched_getscheduler(999999));
  show("  below 0: EINVAL", sched_getscheduler(-1));
  show("SCHED_FIFO with priority 0: EINVAL", set(0, SCHED_FIFO, 0));
  show("  100: EINVAL", set(0, SCHED_FIFO, 100));
  show("SCHED_OTHER with a priority: EINVAL", set(0, SCHED_OTHER, 1));
  show("a policy that is none: EINVAL", set(0, 77, 0));
  show("  below 0: EINVAL", set(0, -3, 0));
  show("no parameters: EINVAL", sched_setscheduler(0, SCHED_OTHER, NULL));
  show("a bad address: EFAULT", sched_setscheduler(0, SCHED_OTHER, (void *)1));
  show("nobody: ESRCH", set(999999, SCHED_OTHER, 0));
  for (int policy = 0; policy < 6; policy++)
    printf("policy %d: priorities %d to %d\n", policy, policy == 4 ? 0 : sched_get_priority_min(policy), policy == 4 ? 0 : sched_get_priority_max(policy));
  show("of one that is none: EINVAL", sched_get_priority_max(77));
  show("SCHED_FIFO", set(0, SCHED_FIFO, 10));
  fields("  /proc/self/stat: priority, nice, rt_priority, policy");
  sched_rr_get_interval(0, &interval);
  show("  its turn has no end", interval.tv_sec * 1000 + interval.tv_nsec / 1000000);
  show("SCHED_RR", set(0, SCHED_RR, 20));
  sched_rr_get_interval(0, &interval);
  show("  its turn in milliseconds", interval.tv_sec * 1000 + interval.tv_nsec / 1000000);
  struct sched_param param;
  sched_getparam(0, &param);
  show("sched_getparam", param.sched_priority);
  param.sched_priority = 30;
  show("sched_setparam", sched_setparam(0, &param));
  CHILD(show("a child has it", sched_getscheduler(0)));
  show("SCHED_RESET_ON_FORK", set(0, SCHED_FIFO | SCHED_RESET_ON_FORK, 10));
  show("  sched_getscheduler tells", sched_getscheduler(0));
  CHILD(show("  a child has it not", sched_getscheduler(0)));
  show("SCHED_BATCH", set(0, SCHED_BATCH, 0));
  show("SCHED_IDLE", set(0, SCHED_IDLE, 0));
  fields("  /proc/self/stat");
  show("SCHED_OTHER", set(0, SCHED_OTHER, 0));

  const char *settings[] = {"sched_rr_timeslice_ms", "sched_rt_period_us", "sched_rt_runtime_us"};
  for (int i = 0; i < 3; i++) {
    char name[60], line[60] = "";
    sprintf(name, "/proc/sys/kernel/%s", settings[i]);
    FILE *file = fopen(name, "r");
    if (file) {
      fgets(line, sizeof line, file);
      fclose(file);
    }
    show(settings[i], atol(line));
  }

  family("attributes");
  show("sched_getattr", get_attributes(0, &attributes, 56, 0));
  printf("  %u %u %llu %d %u\n", attributes.size, attributes.policy, attributes.flags, attributes.nice, attributes.priority);
  show("  too small: EINVAL", get_attributes(0, &attributes, 40, 0));
  show("  flags: EINVAL", get_attributes(0, &attributes, 56, 1));
  show("  nobody: ESRCH", get_attributes(999999, &attributes, 56, 0));
  attributes = (struct attributes){.size = 48, .policy = SCHED_RR, .priority = 5};
  show("sched_setattr", set_attributes(0, &attributes, 0));
  show("  is done", sched_getscheduler(0));
  attributes = (struct attributes){.size = 48, .policy = SCHED_OTHER, .nice = 7, .flags = 1};
  show("  nice, SCHED_FLAG_RESET_ON_FORK", set_attributes(0, &attributes, 0));
  show("  is done", getpriority(PRIO_PROCESS, 0) * 100000000 + sched_getscheduler(0) / 0x40000000);
  attributes = (struct attributes){.size = 48, .policy = SCHED_OTHER, .nice = 0};
  show("  back", set_attributes(0, &attributes, 0));
  attributes.size = 20;
  show("  a size that is too small: E2BIG", set_attributes(0, &attributes, 0));
  attributes = (struct attributes){.size = 72, .policy = SCHED_OTHER};
  show("  a larger one of zeros", set_attributes(0, &attributes, 0));
  attributes.more[3] = 1;
  show("  with what nobody knows: E2BIG", set_attributes(0, &attributes, 0));
  show("  which tells the size", attributes.size);
  attributes = (struct attributes){.size = 48, .policy = SCHED_OTHER, .flags = 1 << 20};
  show("  flags that are none: EINVAL", set_attributes(0, &attributes, 0));
  show("  no struct: EINVAL", set_attributes(0, NULL, 0));

  family("nice");
  show("nice", nice(5));
  show("  more", nice(30));
  show("  less", nice(-100));
  show("setpriority", setpriority(PRIO_PROCESS, 0, 3));
  show("  getpriority", getpriority(PRIO_PROCESS, 0));
  show("  of the group", (setpriority(PRIO_PGRP, 0, 4), getpriority(PRIO_PGRP, 0)));
  show("  a kind that is none: EINVAL", setpriority(77, 0, 0));
  show("  nobody: ESRCH", setpriority(PRIO_PROCESS, 999999, 0));
  CHILD(show("a child has it", getpriority(PRIO_PROCESS, 0)));
  setpriority(PRIO_PROCESS, 0, 0);

  family("without rights");
  pid_t root = getpid();
  STRANGER(show("SCHED_FIFO: EPERM", set(0, SCHED_FIFO, 1)));
  STRANGER(show("nicer", setpriority(PRIO_PROCESS, 0, 5)); show("  less nice: EACCES", setpriority(PRIO_PROCESS, 0, 4));
           show("  by nice(): EPERM", nice(-1)));
  STRANGER(show("another's: EPERM", setpriority(PRIO_PROCESS, root, 5)); show("  its policy: EPERM", set(root, SCHED_BATCH, 0));
           show("  looking may be", sched_getscheduler(root)));
  STRANGER(show("SCHED_BATCH", set(0, SCHED_BATCH, 0)); show("  SCHED_IDLE", set(0, SCHED_IDLE, 0));
           show("  and out of it", set(0, SCHED_OTHER, 0)));
  CHILD(set(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0); setgid(2345); setuid(2345);
        show("SCHED_RESET_ON_FORK stays: EPERM", set(0, SCHED_OTHER, 0)));

  family("ioprio_set");
  enum { NONE, RT = 1 << 13, BE = 2 << 13, IDLE = 3 << 13, PROCESS = 1, GROUP, USER };
  show("none was set", syscall(SYS_ioprio_get, PROCESS, 0));
  show("of a group what the nice values give", syscall(SYS_ioprio_get, GROUP, 0));
  show("a class and a level", syscall(SYS_ioprio_set, PROCESS, 0, BE | 6));
  show("  is had", syscall(SYS_ioprio_get, PROCESS, 0));
  show("  and inherited", ({ CHILD(show("    by a child", syscall(SYS_ioprio_get, PROCESS, 0))); 0; }));
  show("real time, as root", syscall(SYS_ioprio_set, PROCESS, getpid(), RT | 1));
  show("  is the best of the group", syscall(SYS_ioprio_get, GROUP, 0));
  show("idle", syscall(SYS_ioprio_set, PROCESS, 0, IDLE));
  show("back to none", syscall(SYS_ioprio_set, PROCESS, 0, NONE));
  show("none with a level: EINVAL", syscall(SYS_ioprio_set, PROCESS, 0, NONE | 4));
  show("no class: EINVAL", syscall(SYS_ioprio_set, PROCESS, 0, 4 << 13));
  show("neither process, group nor user: EINVAL", syscall(SYS_ioprio_get, 7, 0));
  show("  set: EINVAL", syscall(SYS_ioprio_set, 0, 0, BE));
  show("nobody there: ESRCH", syscall(SYS_ioprio_get, PROCESS, 999999));
  show("  no such user: ESRCH", syscall(SYS_ioprio_get, USER, 987654));
  STRANGER(show("another's: EPERM", syscall(SYS_ioprio_set, PROCESS, root, BE)); show("real time: EPERM", syscall(SYS_ioprio_set, PROCESS, 0, RT));
           show("idle may be", syscall(SYS_ioprio_set, PROCESS, 0, IDLE)));

  family("who runs, on one processor");
  run_two("SCHED_FIFO: the higher priority, though it came later", once, SCHED_FIFO, 10, 20);
  run_two("  of equals whoever was lowered last, to its end", once, SCHED_FIFO, 10, 10);
  run_two("  sched_yield goes behind equals", spin, SCHED_FIFO, 10, 10);
  run_two("  but not behind lower ones", spin, SCHED_FIFO, 20, 10);
  run_two("SCHED_RR: so too, a turn is longer than that", once, SCHED_RR, 10, 10);
  return 0;
}
