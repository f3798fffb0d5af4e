// Bytes through pipes, out of files, and over a connection of TCP to oneself.
// man 2 pipe, read; man 7 tcp.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "row.h"

#define MIB (1 << 20)
enum { BUFFER = 64 * 1024 };
static char buffer[BUFFER];

static void drain(int from) {
  ssize_t got;
  while ((got = read(from, buffer, BUFFER)) > 0) {}
  if (got < 0) die("read");
  _exit(0);
}

static void fill(int to, int size, int mebibytes) {
  for (int left = mebibytes * (MIB / size); left > 0; left--)
    for (int done = 0; done < size;) {
      ssize_t put = write(to, buffer, size - done);
      if (put < 0) die("write");
      done += put;
    }
}

static void through(int from, int to, int size, int mebibytes) {
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    close(to);
    drain(from);
  }
  close(from);
  fill(to, size, mebibytes / 10 + 1);
  moment("run");
  fill(to, size, mebibytes);
  close(to);
  reap(pid);
  moment("end");
}

/** `count` MiB to another process in writes of as many bytes as the argument says. */
static void pipes(int count, char **arguments) {
  int ends[2];
  if (pipe(ends)) die("pipe");
  through(ends[0], ends[1], atoi(arguments[0]), count);
}

static void tcp(int count, char **arguments) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), from = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1)) die("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &length)) die("getsockname");
  if (connect(from, (struct sockaddr *)&address, length)) die("connect");
  int to = accept(listener, 0, 0);
  if (to < 0) die("accept");
  through(from, to, BUFFER, count);
}

static void read_whole(const char *path) {
  int file = open(path, O_RDONLY);
  if (file < 0) die(path);
  ssize_t got;
  while ((got = read(file, buffer, BUFFER)) > 0) {}
  if (got < 0) die("read");
  close(file);
}

/** A file of 16 MiB that is cached, as often as makes `count` MiB. */
static void file(int count, char **arguments) {
  const char *path = "/tmp/tabvisor-bench-file";
  int made = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (made < 0) die(path);
  fill(made, BUFFER, 16);
  close(made);
  read_whole(path);
  moment("run");
  for (int i = 0; i < count / 16; i++) read_whole(path);
  moment("end");
  unlink(path);
}

/** Files that nobody has read, of `count` MiB in all; their pages are where others were, as in a node that has run for a while. */
static void first(int count, char **arguments) {
  size_t bytes = (size_t)count * MIB;
  char *before = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (before == MAP_FAILED) die("mmap");
  memset(before, 1, bytes);
  munmap(before, bytes);
  moment("run");
  for (; *arguments; arguments++) read_whole(*arguments);
  moment("end");
}

const struct row rows[] = {{"pipe", pipes}, {"tcp", tcp}, {"file", file}, {"first", first}, {0}};
