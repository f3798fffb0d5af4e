// What is to last, and files with holes that do: fsync(2), sync(2), syncfs, sync_file_range(2), open(2) O_SYNC, lseek(2), fallocate(2), linkat(2).
#include "show.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static char page[4096], seen[4096];

static long sum(int fd, off_t at, int length) {
  long total = 0;
  if (pread(fd, seen, length, at) != length) return -2;
  for (int i = 0; i < length; i++) total += (unsigned char)seen[i];
  return total;
}

int main(void) {
  struct stat st;
  int pipes[2];

  family("fsync");
  memset(page, 7, sizeof page);
  int fd = open("file", O_RDWR | O_CREAT, 0644);
  write(fd, page, 4096);
  show("of a file that was written", fsync(fd));
  show("again, with nothing to do", fsync(fd));
  int reader = open("file", O_RDONLY);
  show("by who can only read", fsync(reader));
  show("fdatasync too", fdatasync(reader));
  int directory = open(".", O_RDONLY | O_DIRECTORY);
  show("of a directory", fsync(directory));
  pipe(pipes);
  show("of a pipe: EINVAL", fsync(pipes[0]));
  show("fdatasync of it: EINVAL", fdatasync(pipes[1]));
  show("of no file: EBADF", fsync(99));
  int path = open("file", O_PATH);
  show("of an O_PATH: EBADF", fsync(path));
  show("syncfs", syncfs(fd));
  show("syncfs of no file: EBADF", syncfs(99));
  show("sync_file_range", sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE));
  show("with flags that are none: EINVAL", sync_file_range(fd, 0, 4096, 8));
  show("of a pipe: ESPIPE", sync_file_range(pipes[0], 0, 0, SYNC_FILE_RANGE_WRITE));
  int synced = open("synced", O_WRONLY | O_CREAT | O_SYNC, 0644);
  show("O_SYNC writes", write(synced, page, 100));
  show("and is among the flags", (fcntl(synced, F_GETFL) & O_SYNC) == O_SYNC);

  family("holes");
  fd = open("holes", O_RDWR | O_CREAT, 0644);
  ftruncate(fd, 1 << 20);
  fstat(fd, &st);
  show("a hole takes no blocks", st.st_blocks);
  pwrite(fd, page, 4096, 256 << 10);
  pwrite(fd, page, 4096, 512 << 10);
  fsync(fd);
  fstat(fd, &st);
  show("two pages do", st.st_blocks);
  show("SEEK_DATA", lseek(fd, 0, SEEK_DATA));
  show("SEEK_HOLE behind it", lseek(fd, 256 << 10, SEEK_HOLE));
  show("SEEK_DATA to the next", lseek(fd, 300 << 10, SEEK_DATA));
  show("behind the last: ENXIO", lseek(fd, 600 << 10, SEEK_DATA));
  show("a hole is zeros", sum(fd, 100 << 10, 4096));
  show("punching", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 256 << 10, 4096));
  fsync(fd);
  show("what was punched is zeros", sum(fd, 256 << 10, 4096));
  fstat(fd, &st);
  show("and takes no blocks", st.st_blocks);
  show("the size stays", st.st_size);
  show("half a page is cleared", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 512 << 10, 2048));
  show("the other half stays", sum(fd, 512 << 10, 4096));
  ftruncate(fd, (512 << 10) + 3000);
  ftruncate(fd, 1 << 20);
  fsync(fd);
  show("what lay behind an end is zeros", sum(fd, 512 << 10, 4096));

  family("maps");
  char *map = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 512 << 10);
  memset(map, 1, 100);
  show("msync", msync(map, 8192, MS_SYNC));
  show("a read sees it", sum(fd, 512 << 10, 100));
  memset(map, 2, 100);
  fsync(fd);
  memset(map + 50, 3, 50);
  show("what was written between and behind syncs", sum(fd, 512 << 10, 100));
  munmap(map, 8192);

  family("names");
  fd = open(".", O_RDWR | O_TMPFILE, 0640);
  write(fd, page, 4096);
  fsync(fd);
  char link[64];
  sprintf(link, "/proc/self/fd/%d", fd);
  show("a file without a name gets one", linkat(AT_FDCWD, link, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
  fsync(fd);
  show("with what it has", sum(fd, 0, 4096));
  fstat(fd, &st);
  show("and one link", st.st_nlink);
  unlink("named");
  sync();
  show("what is open stays without its name", sum(fd, 0, 4096));
  rename("synced", "file");
  sync();
  stat("file", &st);
  show("a name that was taken over", st.st_size);
  show("who has the old one open reads on", sum(reader, 0, 4096));
  symlink("nowhere", "link");
  mkfifo("fifo", 0600);
  mkdir("d", 01770);
  sync();
  show("a link", readlink("link", seen, sizeof seen));
  lstat("fifo", &st);
  show("a fifo", S_ISFIFO(st.st_mode));
  stat("d", &st);
  show("a directory's mode", st.st_mode & 07777);
  return 0;
}
