// 32 MiB of a disk front to back, through an empty page cache or past it (DIRECT), or 4,000 blocks of 4 KiB read at random places (RANDOM).
// man 2 open (O_DIRECT), man 2 fsync; BLKFLSBUF of linux/fs.h.
#include "program.h"

enum { SYS_OPEN = 5, SYS_LSEEK = 19, SYS_IOCTL = 54, SYS_FSYNC = 118 };
enum { O_RDWR = 2, O_DIRECT = 040000, BLKFLSBUF = 0x1261 };
enum { SIZE = 32 << 20, PIECE = 1 << 20, BLOCK = 4096 };

static void at(long disk, u32 offset) {
  if (sys(SYS_LSEEK, disk, offset, 0) != (long)offset) failed("lseek");
}

void program(int count, char **arguments) {
  if (count < 3) failed("no device named");
  long disk = sys(SYS_OPEN, (long)arguments[2], O_RDWR | (DIRECT ? O_DIRECT : 0), 0);
  if (disk < 0) failed("open");
  u8 *buffer = pages(PIECE, PROT_READ | PROT_WRITE);
  u32 sum = 0, random = 1;
  for (u32 i = 0; i < PIECE; i += BLOCK) *(u32 *)(buffer + i) = i;
  begin();
  if (RANDOM) {
    for (u32 round = scaled(4000); round; round--) {
      at(disk, next_random(&random) % (SIZE / BLOCK) * BLOCK);
      if (sys(SYS_READ, disk, (long)buffer, BLOCK) != BLOCK) failed("read");
      sum = mix(sum, *(u32 *)buffer);
    }
  } else {
    for (u32 pass = scaled(8); pass; pass--) {
      if (sys(SYS_IOCTL, disk, BLKFLSBUF, 0) < 0) failed("BLKFLSBUF");
      at(disk, 0);
      for (u32 done = 0; done < SIZE; done += PIECE) {
        if (WRITE) *(u32 *)buffer = done;
        if (sys(WRITE ? SYS_WRITE : SYS_READ, disk, (long)buffer, PIECE) != PIECE) failed("transfer");
        for (u32 i = 0; i < PIECE; i += BLOCK) sum = mix(sum, *(u32 *)(buffer + i));
      }
      if (WRITE && sys(SYS_FSYNC, disk, 0, 0) < 0) failed("fsync");
    }
  }
  result(sum);
}
