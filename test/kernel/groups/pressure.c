// A node whose memory is full of a file's pages: whoever wants memory gets it, and nobody is killed. Page p of the file begins with p.
#include "../programs/show.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

int main(int count, char **args) {
  int fd = open(args[1], O_RDONLY), good = 0, status;
  struct stat state;
  fstat(fd, &state);
  int pages = state.st_size / 4096;
  static char buffer[1 << 20];
  for (int i = 0; i < pages; i += 256) {
    read(fd, buffer, sizeof buffer);
    for (int k = 0; k < 256; k++) good += *(int *)(buffer + k * 4096) == i + k;
  }
  show("a file larger than memory is read", good == pages);
  // what was read last is here: only the program's own pages want frames
  enum { PART = 32 << 20 };
  char *memory = mmap(NULL, 3 * PART, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  long got = 0;
  for (int i = 0; i < 3; i++) got += pread(fd, memory + i * PART, PART, state.st_size - PART);
  show("a call's own faults find room", got == 3 * PART);
  for (int i = good = 0; i < 3 * PART / 4096; i++)
    good += *(int *)(memory + i * 4096) == pages - PART / 4096 + i % (PART / 4096);
  show("  and nothing is lost", good == 3 * PART / 4096);
  munmap(memory, 2 * PART);
  char *file = mmap(NULL, state.st_size, PROT_READ, MAP_SHARED, fd, 0);
  for (int i = good = 0; i < pages; i++) good += *(int *)(file + i * 4096) == i;
  show("all of it is mapped", good == pages);
  pid_t child = fork();
  if (child == 0) {
    char *own = mmap(NULL, 24 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(own, 1, 24 << 20);
    _exit(7);
  }
  waitpid(child, &status, 0);
  show("a child's memory", WIFEXITED(status) ? WEXITSTATUS(status) : -2);
  return 0;
}
