// cgroup-v2.rst, memory.max: the clean pages of files make room before anybody is killed. A file four times the limit, by its own digits:
// byte i of page p is (i + p) modulo 251.
#include "../programs/show.h"
#include "../programs/cgroup.h"

#define PAGES 4096
static int right(const unsigned char *at, int page) {
  for (int i = 0; i < 4096; i += 7) if (at[i] != (i + page) % 251) return 0;
  return 1;
}

int main(int count, char **args) {
  begin();
  put("../cgroup.subtree_control", "+memory");
  mkdir("../self", 0755), put("../self/cgroup.procs", "0");
  put("memory.max", "4M");
  int child = fork();
  if (child == 0) {
    put("cgroup.procs", "0");
    int fd = open(args[1], O_RDONLY), good = 0;
    for (int i = 0; i < PAGES; i += 64) {
      unsigned char *into = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      read(fd, into, 64 * 4096);
      for (int k = 0; k < 64; k++) good += right(into + k * 4096, i + k);
      munmap(into, 64 * 4096);
    }
    show("pages that read gives", good);
    unsigned char *file = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    good = 0;
    for (int i = 0; i < PAGES; i++) {
      int write = i % 2;
      if (write) file[i * 4096 + 1]++, file[i * 4096 + 1]--;
      good += right(file + i * 4096, i);
      madvise(file + i * 4096, 4096, MADV_DONTNEED);
    }
    show("pages that are mapped, every other one written", good);
    show("  anonymous memory stays below the limit", ({ mmap(NULL, 3 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) != MAP_FAILED; }));
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  show("its end", status);
  show("the limit was met", value("memory.events", "max") > 0);
  show("  and nobody was killed", value("memory.events", "oom_kill"));
  child = fork();
  if (child == 0) {
    put("cgroup.procs", "0");
    int fd = open("memory.current", O_RDONLY), good = 0;
    char used[32] = "";
    while (pread(fd, used, sizeof used - 1, 0), atol(used) < (4 << 20) - 24 * 4096)
      *(char *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
    unsigned char *file = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, open(args[1], O_RDONLY), 0);
    for (int i = 0; i < 256; i++) {
      int before = file[i * 4096];
      file[i * 4096]++;
      good += file[i * 4096] == (unsigned char)(before + 1) && before == i % 251;
      madvise(file + i * 4096, 4096, MADV_DONTNEED);
    }
    show("pages that are read and then written where there is hardly any room", good);
    _exit(0);
  }
  waitpid(child, &status, 0);
  show("  its end", status);
  // each step compares two pages of the file at once, and keeps a page of its own
  child = fork();
  if (child == 0) {
    put("cgroup.procs", "0");
    unsigned char *file = mmap(NULL, 2 * 4096, PROT_READ, MAP_PRIVATE, open(args[1], O_RDONLY), 0);
    for (;;) {
      *(char *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
      const unsigned char *one = file, *other = file + 4096;
      asm volatile("cmpsb" : "+S"(one), "+D"(other) : : "memory", "cc");
    }
  }
  waitpid(child, &status, 0);
  show("who has not the two pages that an instruction needs", status);
  show("  is killed", value("memory.events", "oom_kill"));
  char peak[32];
  show("  nor went above it", atol(strcpy(peak, get("memory.peak"))) <= 4 << 20);
  put("../cgroup.procs", "0");
  chdir("..");
  show("the groups go", rmdir("self") + rmdir(base + 1));
  return 0;
}
