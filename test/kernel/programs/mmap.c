// mmap(2), munmap(2), mprotect(2), mremap(2), madvise(2), msync(2), brk(2), mincore(2), memfd_create(2), fork and sharing.
#include "show.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

static sigjmp_buf back;
static void jump(int signal) { siglongjmp(back, signal); }
/** 0: it can be read; else the signal. */
static int reads(volatile char *at) {
  int signal = sigsetjmp(back, 1);
  if (signal) return signal;
  (void)*at;
  return 0;
}
static int writes(volatile char *at) {
  int signal = sigsetjmp(back, 1);
  if (signal) return signal;
  *at = 7;
  return 0;
}
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define FAILED(p) ((p) == MAP_FAILED ? -1 : 0)

int main(void) {
  signal(SIGSEGV, jump);
  signal(SIGBUS, jump);
  char *p, *q;
  int status;

  family("anonymous memory");
  p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);
  show("mmap", FAILED(p));
  show("  zeros", p[5000]);
  p[5000] = 9;
  show("  can be written", p[5000]);
  show("a length of 0: EINVAL", FAILED(mmap(NULL, 0, PROT_READ, ANONYMOUS, -1, 0)));
  show("neither shared nor private: EINVAL", FAILED(mmap(NULL, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0)));
  show("munmap of the middle", munmap(p + 4096, 4096));
  show("  the first page stays", reads(p));
  show("  the middle is gone", reads(p + 4096));
  show("  the last stays", reads(p + 8192));
  show("munmap of what is not mapped is no error", munmap(p + 4096, 4096));
  show("munmap between pages: EINVAL", munmap(p + 1, 4096));
  show("munmap of nothing: EINVAL", munmap(p, 0));
  q = mmap(p + 4096, 4096, PROT_READ | PROT_WRITE, ANONYMOUS | MAP_FIXED, -1, 0);
  show("MAP_FIXED goes where it is told", q == p + 4096);
  p[0] = 1;
  q = mmap(p, 4096, PROT_READ | PROT_WRITE, ANONYMOUS | MAP_FIXED, -1, 0);
  show("  over what was there: zeros", p[0]);
  show("MAP_FIXED_NOREPLACE of what is mapped: EEXIST", FAILED(mmap(p, 4096, PROT_READ, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)));
  show("MAP_FIXED between pages: EINVAL", FAILED(mmap(p + 1, 4096, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0)));
  p = mmap(NULL, 4096, PROT_NONE, ANONYMOUS, -1, 0);
  show("PROT_NONE can't be read", reads(p));
  show("mprotect", mprotect(p, 4096, PROT_READ | PROT_WRITE));
  show("  now it can be written", writes(p));
  mprotect(p, 4096, PROT_READ);
  show("PROT_READ: no writing", writes(p));
  show("  what was written is there", p[0]);
  mprotect(p, 4096, PROT_NONE);
  mprotect(p, 4096, PROT_READ);
  show("PROT_NONE and back keeps the data", p[0]);
  munmap(p, 4096);
  show("mprotect of what is not mapped: ENOMEM", mprotect(p, 4096, PROT_READ));
  show("mprotect between pages: EINVAL", mprotect(p + 1, 4096, PROT_READ));
  show("mprotect with bad bits: EINVAL", mprotect(p, 4096, 0x40));

  family("fork");
  p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);
  q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  p[0] = 1;
  q[0] = 1;
  if (fork() == 0) {
    p[0] = 2;
    q[0] = 2;
    _exit(0);
  }
  wait(&status);
  show("private: the parent's stays", p[0]);
  show("shared: the child's is seen", q[0]);
  char *wiped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);
  char *dropped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);
  wiped[0] = dropped[0] = 5;
  show("MADV_WIPEONFORK", madvise(wiped, 4096, MADV_WIPEONFORK));
  show("MADV_DONTFORK", madvise(dropped, 4096, MADV_DONTFORK));
  if (fork() == 0) _exit(wiped[0] * 100 + reads(dropped));
  wait(&status);
  show("  the child has zeros, and nothing", WEXITSTATUS(status));
  show("  the parent has both", wiped[0] + dropped[0]);

  family("files");
  int fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0644);
  ftruncate(fd, 6000);
  pwrite(fd, "file content", 12, 0);
  p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  q = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  text("the contents", p);
  p[0] = 'F';
  char buffer[32] = {0};
  pread(fd, buffer, 12, 0);
  text("a shared write is the file's", buffer);
  q[1] = 'I';
  pread(fd, buffer, 12, 0);
  text("a private one is not", buffer);
  pwrite(fd, "X", 1, 2);
  show("write is seen in the shared map", p[2]);
  show("  behind the end, in the last page: zeros", p[6500]);
  p[6500] = 1;
  show("  and not of the file", lseek(fd, 0, SEEK_END));
  ftruncate(fd, 100);
  show("truncated: the second page is SIGBUS", reads(p + 4096));
  show("  the first is there", reads(p));
  ftruncate(fd, 8192);
  show("longer again: zeros", p[200]);
  show("  and it can be read", reads(p + 4096));
  show("msync", msync(p, 8192, MS_SYNC));
  show("msync with both ways: EINVAL", msync(p, 8192, MS_SYNC | MS_ASYNC));
  int read_only = open("mapped", O_RDONLY), write_only = open("mapped", O_WRONLY);
  show("a shared writable map of what is open for reading: EACCES", FAILED(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0)));
  show("  a private one is fine", FAILED(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, read_only, 0)));
  show("  of what is open for writing alone: EACCES", FAILED(mmap(NULL, 4096, PROT_READ, MAP_SHARED, write_only, 0)));
  char *shared_read = mmap(NULL, 4096, PROT_READ, MAP_SHARED, read_only, 0);
  show("  mprotect can't make it writable: EACCES", mprotect(shared_read, 4096, PROT_READ | PROT_WRITE));
  show("an offset between pages: EINVAL", FAILED(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 100)));
  show("a bad descriptor: EBADF", FAILED(mmap(NULL, 4096, PROT_READ, MAP_SHARED, 99, 0)));
  int pipes[2];
  pipe(pipes);
  show("a pipe: ENODEV", FAILED(mmap(NULL, 4096, PROT_READ, MAP_SHARED, pipes[0], 0)));
  close(fd);
  unlink("mapped");
  show("the file is closed and gone: the map stays", reads(p));
  char *offset = mmap(NULL, 4096, PROT_READ, MAP_SHARED, read_only, 4096);
  show("an offset of a page", FAILED(offset));

  family("mremap and madvise");
  p = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);
  p[0] = 11;
  p[4096] = 12;
  q = mremap(p, 2 * 4096, 64 * 4096, MREMAP_MAYMOVE);
  show("mremap larger", FAILED(q));
  show("  with the contents", q[0] * 100 + q[4096]);
  show("  and zeros behind", q[5 * 4096]);
  p = mremap(q, 64 * 4096, 4096, 0);
  show("smaller: in its place", p == q);
  show("  the rest is gone", reads(q + 4096));
  char *there = mmap(NULL, 4096, PROT_READ, ANONYMOUS, -1, 0);
  q = mremap(p, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, there);
  show("MREMAP_FIXED", q == there && q[0] == 11);
  show("  the old place is empty", reads(p));
  show("of what is not mapped: EFAULT", FAILED(mremap(p, 4096, 8192, MREMAP_MAYMOVE)));
  show("to nothing: EINVAL", FAILED(mremap(q, 4096, 0, 0)));
  show("bad flags: EINVAL", FAILED(mremap(q, 4096, 8192, 0x100)));
  show("MADV_DONTNEED", madvise(q, 4096, MADV_DONTNEED));
  show("  zeros", q[0]);
  show("bad advice: EINVAL", madvise(q, 4096, 1234));
  show("advice between pages: EINVAL", madvise(q + 1, 4096, MADV_DONTNEED));
  unsigned char resident[4];
  p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);
  p[4096] = 1;
  show("mincore", mincore(p, 4 * 4096, resident));
  show("  the touched page", resident[1] & 1);
  show("  another", resident[2] & 1);
  show("mlock", mlock(p, 4096));
  munmap(p, 4 * 4096);
  show("mlock of nothing: ENOMEM", mlock(p, 4096));

  family("the heap and memfds");
  char *before = sbrk(0);
  show("sbrk", sbrk(8192) == before);
  show("  can be written", writes(before + 8000));
  sbrk(-8192);
  show("  given back", reads(before + 8191));
  fd = memfd_create("name", MFD_CLOEXEC);
  show("memfd_create", fd >= 0);
  show("  ftruncate", ftruncate(fd, 4096));
  p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  strcpy(p, "shared");
  memset(buffer, 0, sizeof buffer);
  read(fd, buffer, 10);
  text("  what was written by the map", buffer);
  struct stat st;
  fstat(fd, &st);
  show("  a regular file without names", S_ISREG(st.st_mode) && st.st_nlink == 0);
  show("  bad flags: EINVAL", memfd_create("x", 0x1000));

  family("the stack");
  char *deep = (char *)&status - 300000;
  show("grows by itself", writes(deep));
  return 0;
}
