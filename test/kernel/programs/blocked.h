// Waiting until a process waits: proc_pid_stat(5), state S.
#pragma once
#include "show.h"

static void wait_until_blocked(pid_t pid) {
  char name[40], text[300];
  sprintf(name, "/proc/%d/stat", pid);
  for (;;) {
    FILE *file = fopen(name, "r");
    int length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    if (strrchr(text, ')')[2] == 'S') return;
    usleep(1000);
  }
}
