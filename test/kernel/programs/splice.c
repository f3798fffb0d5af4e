// splice(2), tee(2), vmsplice(2), sendfile(2), copy_file_range(2), fallocate(2), lseek(2) with holes, posix_fadvise(2), readahead(2),
// sync_file_range(2).
#include "show.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char buffer[1 << 20];
static int fresh(const char *name, const char *content) {
  int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
  write(fd, content, strlen(content));
  lseek(fd, 0, SEEK_SET);
  return fd;
}
static void contents(const char *rule, int fd) {
  int length = pread(fd, buffer, 100, 0);
  buffer[length < 0 ? 0 : length] = 0;
  text(rule, buffer);
}
static int held(int fd) {
  int bytes;
  ioctl(fd, 0x541b, &bytes);
  return bytes;
}

int main(void) {
  int pipes[2], other[2], pair[2], status;
  signal(SIGPIPE, SIG_IGN);
  pipe(pipes), pipe(other);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  int in = fresh("in", "0123456789abcdef"), out = fresh("out", "");
  off64_t offset;

  family("splice");
  show("neither is a pipe: EINVAL", splice(in, NULL, out, NULL, 4, 0));
  show("a bad descriptor: EBADF", splice(99, NULL, pipes[1], NULL, 4, 0));
  show("from the writing end: EBADF", splice(pipes[1], NULL, out, NULL, 4, 0));
  show("to the reading end: EBADF", splice(in, NULL, pipes[0], NULL, 4, 0));
  show("flags that are none: EINVAL", splice(in, NULL, pipes[1], NULL, 4, 0x100));
  show("nothing", splice(in, NULL, pipes[1], NULL, 0, 0));
  offset = 0;
  show("an offset of a pipe: ESPIPE", splice(pipes[0], &offset, out, NULL, 4, 0));
  show("  on the other side: ESPIPE", splice(in, NULL, pipes[1], &offset, 4, 0));
  show("the pipe is empty, SPLICE_F_NONBLOCK: EAGAIN", splice(pipes[0], NULL, out, NULL, 4, SPLICE_F_NONBLOCK));
  show("from a file into a pipe", splice(in, NULL, pipes[1], NULL, 6, 0));
  show("  the position moves", lseek(in, 0, SEEK_CUR));
  show("  the pipe has it", held(pipes[0]));
  offset = 10;
  show("  from an offset", splice(in, &offset, pipes[1], NULL, 100, 0));
  show("  which moves", offset);
  show("  but not the position", lseek(in, 0, SEEK_CUR));
  show("  at the end: 0", splice(in, &offset, pipes[1], NULL, 100, 0));
  show("from a pipe into a file", splice(pipes[0], NULL, out, NULL, 100, 0));
  contents("  is there", out);
  show("  its position moves", lseek(out, 0, SEEK_CUR));
  write(pipes[1], "XYZ", 3);
  offset = 2;
  show("  at an offset", splice(pipes[0], &offset, out, NULL, 3, 0) == -1 ? -2 : 0);
  show("  with the offset on its own side", splice(pipes[0], NULL, out, &offset, 3, 0));
  contents("  is there", out);
  int appends = open("out", O_WRONLY | O_APPEND);
  write(pipes[1], "more", 4);
  show("O_APPEND: EINVAL", splice(pipes[0], NULL, appends, NULL, 4, 0));
  show("from pipe to pipe", splice(pipes[0], NULL, other[1], NULL, 3, 0));
  show("  the rest stays", held(pipes[0]) * 10 + held(other[0]));
  show("  to itself: EINVAL", splice(pipes[0], NULL, pipes[1], NULL, 1, 0));
  show("into a socket", splice(other[0], NULL, pair[0], NULL, 3, 0));
  show("out of one", splice(pair[1], NULL, other[1], NULL, 100, 0));
  show("  is there", held(other[0]));
  show("from a device", splice(open("/dev/zero", O_RDONLY), NULL, other[1], NULL, 10, 0));
  show("into a device", splice(other[0], NULL, open("/dev/null", O_WRONLY), NULL, 100, 0));
  show("from a directory: EINVAL or EISDIR", splice(open(".", O_RDONLY), NULL, other[1], NULL, 10, 0) == -1);
  show("from an epoll: EINVAL", splice(epoll_create1(0), NULL, other[1], NULL, 10, 0) == -1);
  read(pipes[0], buffer, 10);
  memset(buffer, 'f', 65536);
  write(pipes[1], buffer, 65536);
  lseek(in, 0, SEEK_SET);
  show("a full pipe, SPLICE_F_NONBLOCK: EAGAIN", splice(in, NULL, pipes[1], NULL, 10, SPLICE_F_NONBLOCK));
  show("all of a pipe", splice(pipes[0], NULL, out, NULL, 1 << 20, 0));
  fflush(stdout);
  if (fork() == 0) {
    usleep(2000);
    write(pipes[1], "later", 5);
    _exit(0);
  }
  show("an empty pipe waits", splice(pipes[0], NULL, out, NULL, 100, 0));
  wait(&status);
  close(pipes[1]);
  show("no writer: 0", splice(pipes[0], NULL, out, NULL, 100, 0));
  close(pipes[0]);
  pipe(pipes);
  close(pipes[0]);
  show("no reader: EPIPE", splice(in, NULL, pipes[1], NULL, 10, 0));
  close(pipes[1]);
  pipe(pipes);
  pid_t child = fork();
  if (child == 0) {
    close(pair[0]), close(pipes[0]), close(pipes[1]);
    long total = 0, length;
    while ((length = read(pair[1], buffer, sizeof buffer)) > 0) total += length;
    _exit(total == 600000 ? 7 : 1);
  }
  close(pair[1]);
  if (fork() == 0) {
    memset(buffer, 'z', sizeof buffer);
    for (int i = 0; i < 6; i++) write(pipes[1], buffer, 100000);
    _exit(0);
  }
  close(pipes[1]);
  while (splice(pipes[0], NULL, pair[0], NULL, 1 << 20, 0) > 0);
  close(pair[0]);
  close(pipes[0]);
  waitpid(child, &status, 0);
  show("600000 bytes through a pipe and a socket", WEXITSTATUS(status));

  family("tee, vmsplice");
  pipe(pipes);
  write(pipes[1], "teetime", 7);
  show("tee", tee(pipes[0], other[1], 3, 0));
  show("  both have it", held(pipes[0]) * 10 + held(other[0]));
  show("  the same pipe: EINVAL", tee(pipes[0], pipes[1], 3, 0));
  show("  no pipe: EINVAL", tee(in, other[1], 3, 0));
  show("  nothing", tee(pipes[0], other[1], 0, 0));
  read(pipes[0], buffer, 100), read(other[0], buffer + 10, 100);
  show("  empty, SPLICE_F_NONBLOCK: EAGAIN", tee(pipes[0], other[1], 3, SPLICE_F_NONBLOCK));
  text("  the same bytes", (buffer[3] = 0, strncmp(buffer, buffer + 10, 3) == 0 ? "same" : "others"));
  struct iovec parts[] = {{"vm", 2}, {"splice", 6}};
  show("vmsplice", vmsplice(pipes[1], parts, 2, 0));
  show("  no pipe: EBADF", vmsplice(in, parts, 2, 0));
  show("  no buffers", vmsplice(pipes[1], parts, 0, 0));
  struct iovec to = {buffer, 100};
  show("vmsplice out of a pipe", vmsplice(pipes[0], &to, 1, 0));
  text("  its bytes", (buffer[8] = 0, buffer));

  family("sendfile");
  off_t narrow = 3;
  lseek(in, 1, SEEK_SET);
  show("into a pipe", sendfile(pipes[1], in, &narrow, 5));
  show("  the offset moves", narrow);
  show("  not the position", lseek(in, 0, SEEK_CUR));
  show("without an offset", sendfile(pipes[1], in, NULL, 5));
  show("  the position moves", lseek(in, 0, SEEK_CUR));
  show("at the end: 0", (narrow = 100, sendfile(pipes[1], in, &narrow, 5)));
  show("from a pipe: EINVAL or ESPIPE", sendfile(out, pipes[0], NULL, 5) == -1);
  show("O_APPEND: EINVAL", sendfile(appends, in, NULL, 5));
  show("a writer as the input: EBADF", sendfile(pipes[1], appends, NULL, 5));
  show("a negative offset: EINVAL", (narrow = -1, sendfile(pipes[1], in, &narrow, 5)));

  family("copy_file_range");
  ftruncate(out, 0);
  off64_t from = 2, there = 4;
  show("at offsets", copy_file_range(in, &from, out, &there, 5, 0));
  show("  which move", from * 100 + there);
  contents("  leaving a hole", out);
  show("  its size", lseek(out, 0, SEEK_END));
  from = 0, there = 8;
  show("within a file", copy_file_range(in, &from, in, &there, 8, 0));
  contents("  is there", in);
  from = 0, there = 4;
  show("  what overlaps: EINVAL", copy_file_range(in, &from, in, &there, 8, 0));
  from = 16;
  show("from the end: 0", copy_file_range(in, &from, out, NULL, 8, 0));
  from = 12;
  show("as much as there is", copy_file_range(in, &from, out, NULL, 100, 0));
  show("a pipe: EINVAL", copy_file_range(pipes[0], NULL, out, NULL, 8, 0));
  show("a directory: EISDIR", copy_file_range(open(".", O_RDONLY), NULL, out, NULL, 8, 0));
  show("O_APPEND: EBADF", copy_file_range(in, NULL, appends, NULL, 8, 0));
  show("flags: EINVAL", copy_file_range(in, NULL, out, NULL, 8, 1));

  family("fallocate and holes");
  int fd = fresh("holes", "");
  struct stat state;
  show("it grows", fallocate(fd, 0, 0, 20000));
  show("  to", lseek(fd, 0, SEEK_END));
  show("FALLOC_FL_KEEP_SIZE", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100000));
  show("  its size stays", lseek(fd, 0, SEEK_END));
  ftruncate(fd, 0);
  memset(buffer, 'd', 65536);
  pwrite(fd, buffer, 65536, 0);
  show("FALLOC_FL_PUNCH_HOLE alone: EOPNOTSUPP", fallocate(fd, FALLOC_FL_PUNCH_HOLE, 4096, 4096));
  show("  with KEEP_SIZE", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 16384));
  fsync(fd);
  show("SEEK_HOLE", lseek(fd, 0, SEEK_HOLE));
  show("SEEK_DATA in a hole", lseek(fd, 10000, SEEK_DATA));
  show("SEEK_DATA in data", lseek(fd, 100, SEEK_DATA));
  show("SEEK_HOLE in a hole", lseek(fd, 9000, SEEK_HOLE));
  show("SEEK_HOLE behind it: the end", lseek(fd, 30000, SEEK_HOLE));
  show("SEEK_DATA at the end: ENXIO", lseek(fd, 65536, SEEK_DATA));
  show("SEEK_HOLE at the end: ENXIO", lseek(fd, 65536, SEEK_HOLE));
  show("SEEK_DATA before the start: ENXIO", lseek(fd, -1, SEEK_DATA));
  pread(fd, buffer, 10, 8192);
  show("a hole reads as zeros", buffer[0] + buffer[9]);
  show("what is not whole pages", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 50));
  pread(fd, buffer, 200, 0);
  show("  is cleared too", (buffer[99] == 'd') + (buffer[100] == 0) * 10 + (buffer[149] == 0) * 100 + (buffer[150] == 'd') * 1000);
  show("FALLOC_FL_ZERO_RANGE", fallocate(fd, FALLOC_FL_ZERO_RANGE, 30000, 50000));
  show("  may grow it", lseek(fd, 0, SEEK_END));
  pread(fd, buffer, 10, 30000);
  show("  and clears", buffer[0]);
  show("  with KEEP_SIZE it does not grow", (fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 70000, 50000), lseek(fd, 0, SEEK_END)));
  show("no length: EINVAL", fallocate(fd, 0, 0, 0));
  show("before the start: EINVAL", fallocate(fd, 0, -1, 10));
  show("a mode that is none: EOPNOTSUPP", fallocate(fd, 0x1000, 0, 10));
  show("a reader: EBADF", fallocate(open("holes", O_RDONLY), 0, 0, 10));
  show("a pipe: ESPIPE", fallocate(pipes[1], 0, 0, 10));
  show("a device: ENODEV", fallocate(open("/dev/null", O_WRONLY), 0, 0, 10));

  family("advice");
  show("posix_fadvise", posix_fadvise(in, 0, 0, POSIX_FADV_SEQUENTIAL));
  show("  POSIX_FADV_WILLNEED", posix_fadvise(in, 0, 0, POSIX_FADV_WILLNEED));
  show("  POSIX_FADV_DONTNEED", posix_fadvise(in, 0, 0, POSIX_FADV_DONTNEED));
  show("  advice that is none: EINVAL", posix_fadvise(in, 0, 0, 77) == EINVAL);
  show("  a negative length: EINVAL", posix_fadvise(in, 0, -1, 0) == EINVAL);
  show("  a pipe: ESPIPE", posix_fadvise(pipes[0], 0, 0, 0) == ESPIPE);
  show("  a bad descriptor: EBADF", posix_fadvise(99, 0, 0, 0) == EBADF);
  show("readahead", readahead(in, 0, 10));
  show("  a pipe: EINVAL", readahead(pipes[0], 0, 10));
  show("  a writer: EBADF", readahead(appends, 0, 10));
  show("sync_file_range", sync_file_range(out, 0, 0, SYNC_FILE_RANGE_WRITE));
  show("  flags: EINVAL", sync_file_range(out, 0, 0, 99));
  show("  a negative offset: EINVAL", sync_file_range(out, -1, 0, 0));
  show("  a pipe: ESPIPE", sync_file_range(pipes[0], 0, 0, 0));
  return 0;
}
