// pipe(7), fifo(7), splice-free: readiness, atomicity, ends that close, sizes.
#include "show.h"
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

int main(void) {
  static char buffer[200000];
  int pipes[2], other[2], status, bytes;
  signal(SIGPIPE, SIG_IGN);

  family("pipes");
  show("pipe", pipe(pipes));
  show("pipe2 with bad flags: EINVAL", pipe2(other, 0x40000000));
  show("pipe to a bad address: EFAULT", pipe((int *)1));
  show("O_CLOEXEC", pipe2(other, O_CLOEXEC | O_NONBLOCK) == 0 ? fcntl(other[0], F_GETFD) : -2);
  show("O_NONBLOCK", (fcntl(other[0], F_GETFL) & O_NONBLOCK) != 0);
  show("reading an empty one: EAGAIN", read(other[0], buffer, 1));
  show("the reading end can't be written: EBADF", write(pipes[0], "x", 1));
  show("the writing end can't be read: EBADF", read(pipes[1], buffer, 1));
  show("lseek: ESPIPE", lseek(pipes[0], 0, SEEK_SET));
  show("pread: ESPIPE", pread(pipes[0], buffer, 1, 0));
  show("write", write(pipes[1], "hello", 5));
  ioctl(pipes[0], FIONREAD, &bytes);
  show("FIONREAD", bytes);
  show("read less", read(pipes[0], buffer, 3));
  show("read the rest", read(pipes[0], buffer, 100));
  show("F_GETPIPE_SZ", fcntl(pipes[0], F_GETPIPE_SZ));
  show("F_SETPIPE_SZ", fcntl(pipes[0], F_SETPIPE_SZ, 5000));
  show("  too large: EPERM or EINVAL", fcntl(pipes[0], F_SETPIPE_SZ, 1 << 30) < 0);
  int filled = 0, result;
  while ((result = write(other[1], buffer, 1000)) > 0) filled += result;
  show("a full one: EAGAIN", result);
  show("  holds 64 KiB, but for what is less than a write", filled > 60000 && filled <= 65536);
  struct pollfd fd = {.fd = other[1], .events = POLLOUT};
  show("poll: no room", poll(&fd, 1, 0));
  read(other[0], buffer, 4096);
  show("PIPE_BUF bytes read: room", poll(&fd, 1, 0));
  while (read(other[0], buffer, sizeof buffer) > 0);
  show("a large write takes what there is room for", write(other[1], buffer, 100000));
  close(pipes[1]);
  show("no writer: read gives 0", read(pipes[0], buffer, 1));
  close(other[0]);
  show("no reader: EPIPE", write(other[1], "x", 1));
  fd.fd = other[1];
  poll(&fd, 1, 0);
  show("  poll says POLLERR", fd.revents & POLLERR);
  close(pipes[0]);
  close(other[1]);
  pipe(pipes);
  if (fork() == 0) {
    close(pipes[0]);
    signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < 10; i++) write(pipes[1], buffer, 100000);
    _exit(0);
  }
  close(pipes[1]);
  long total = 0;
  while ((result = read(pipes[0], buffer, 7777)) > 0) total += result;
  show("a million bytes from a child", total);
  wait(&status);
  pipe(pipes);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGPIPE, SIG_DFL);
    close(pipes[0]);
    for (;;) write(pipes[1], buffer, 4096);
  }
  close(pipes[1]);
  read(pipes[0], buffer, 10);
  close(pipes[0]);
  waitpid(child, &status, 0);
  show("the reader goes: SIGPIPE ends the writer", WTERMSIG(status));
  pipe(pipes);
  for (int i = 0; i < 4; i++)
    if (fork() == 0) {
      memset(buffer, 'a' + i, 1000);
      for (int k = 0; k < 50; k++) write(pipes[1], buffer, 1000);
      _exit(0);
    }
  close(pipes[1]);
  int broken = 0;
  total = 0;
  for (;;) {
    int have = 0;
    while (have < 1000 && (result = read(pipes[0], buffer + have, 1000 - have)) > 0) have += result;
    if (have == 0) break;
    total += have;
    for (int i = 1; i < have; i++) broken += buffer[i] != buffer[0];
  }
  while (wait(&status) > 0);
  show("four writers: all bytes", total);
  show("  no write of PIPE_BUF or less is torn", broken);

  family("fifos");
  show("mkfifo", mkfifo("fifo", 0644));
  show("  again: EEXIST", mkfifo("fifo", 0644));
  show("O_WRONLY | O_NONBLOCK without a reader: ENXIO", open("fifo", O_WRONLY | O_NONBLOCK));
  int reader = open("fifo", O_RDONLY | O_NONBLOCK);
  show("O_RDONLY | O_NONBLOCK opens", reader >= 0);
  show("  read without a writer gives 0", read(reader, buffer, 1));
  int writer = open("fifo", O_WRONLY | O_NONBLOCK);
  show("  now a writer can open", writer >= 0);
  show("  read: EAGAIN", read(reader, buffer, 1));
  write(writer, "fifo", 4);
  show("  write and read", read(reader, buffer, 10));
  close(reader);
  close(writer);
  if (fork() == 0) {
    int fd = open("fifo", O_WRONLY);
    write(fd, "through", 7);
    _exit(0);
  }
  reader = open("fifo", O_RDONLY);
  show("open waits for the other end", read(reader, buffer, 10));
  wait(&status);
  show("  then the end", read(reader, buffer, 10));
  int both = open("fifo", O_RDWR);
  show("O_RDWR opens at once", both >= 0);
  unlink("fifo");
  return 0;
}
