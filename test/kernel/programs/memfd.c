// memfd_create(2), fcntl(2) file sealing.
#include "show.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static char buffer[10000];
static int made(unsigned flags, unsigned seals) {
  int fd = memfd_create("x", flags);
  ftruncate(fd, 5000);
  if (seals) fcntl(fd, F_ADD_SEALS, seals);
  return fd;
}
static void tries(int fd) {
  show("  write", pwrite(fd, "x", 1, 0));
  show("  across the end", pwrite(fd, buffer, 10000, 0));
  show("  behind it", pwrite(fd, "x", 1, 20000));
  show("  smaller", ftruncate(fd, 100));
  show("  larger", ftruncate(fd, 30000));
  show("  fallocate", fallocate(fd, 0, 0, 40000));
  show("  a hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 10));
  show("  mapped shared to write", mmap(NULL, 100, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
  show("  private", mmap(NULL, 100, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
  show("  reading", pread(fd, buffer, 10, 0));
}

int main(void) {
  struct stat state;
  family("making");
  show("flags that are none: EINVAL", memfd_create("x", 0x4000));
  show("a bad name: EFAULT", memfd_create((char *)1, 0));
  show("a name that is too long: EINVAL", (memset(buffer, 'n', 250), memfd_create(buffer, 0)));
  memset(buffer, 0, sizeof buffer);
  show("MFD_CLOEXEC", fcntl(memfd_create("x", MFD_CLOEXEC), F_GETFD));
  show("MFD_EXEC and MFD_NOEXEC_SEAL: EINVAL", memfd_create("x", 0x18));

  family("seals");
  int fd = made(0, 0);
  show("without MFD_ALLOW_SEALING it is sealed", fcntl(fd, F_GET_SEALS));
  show("  F_ADD_SEALS: EPERM", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  fd = made(MFD_ALLOW_SEALING, 0);
  show("with it not", fcntl(fd, F_GET_SEALS));
  show("a seal that is none: EINVAL", fcntl(fd, F_ADD_SEALS, 0x1000));
  char name[40];
  sprintf(name, "/proc/self/fd/%d", fd);
  show("by a reader: EPERM", fcntl(open(name, O_RDONLY), F_ADD_SEALS, F_SEAL_WRITE));
  show("of a pipe: EINVAL", ({ int ends[2]; pipe(ends); fcntl(ends[0], F_GET_SEALS); }));
  show("F_SEAL_GROW", fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
  show("  one more", fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
  show("  both", fcntl(fd, F_GET_SEALS));
  show("F_SEAL_SEAL", fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
  show("  no more: EPERM", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  family("none"), tries(made(MFD_ALLOW_SEALING, 0));
  family("F_SEAL_SHRINK"), tries(made(MFD_ALLOW_SEALING, F_SEAL_SHRINK));
  family("F_SEAL_GROW"), tries(made(MFD_ALLOW_SEALING, F_SEAL_GROW));
  family("F_SEAL_WRITE"), tries(made(MFD_ALLOW_SEALING, F_SEAL_WRITE));
  family("F_SEAL_FUTURE_WRITE"), tries(made(MFD_ALLOW_SEALING, F_SEAL_FUTURE_WRITE));

  family("maps");
  fd = made(MFD_ALLOW_SEALING, 0);
  char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  show("F_SEAL_WRITE while it is mapped to write: EBUSY", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  show("  F_SEAL_FUTURE_WRITE may be", fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
  map[0] = 'm';
  show("  the map writes on", (pread(fd, buffer, 1, 0), buffer[0]));
  munmap(map, 4096);
  show("  unmapped it may be", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  fd = made(MFD_ALLOW_SEALING, 0);
  map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  show("a private map is in nobody's way", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  fd = memfd_create("x", 8);
  fstat(fd, &state);
  show("MFD_NOEXEC_SEAL: its mode", state.st_mode & 0777);
  show("  its seals", fcntl(fd, F_GET_SEALS));
  return 0;
}
