// Bytes through pipes, out of files, over a connection of TCP to oneself, and over one between two namespaces on a bridge.
// man 2 pipe, read; man 7 tcp.
#include "../../test/kernel/programs/route.h"
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

/** From one network namespace to another, over veth pairs to a bridge in a third; segments of at most as many bytes as the argument says. */
static void bridge(int count, char **arguments) {
  int places[3], sockets[2], segments = atoi(arguments[0]);
  for (int i = 0; i < 3; i++)
    if ((places[i] = new_namespace()) < 0) die("unshare");
  long failed = add_kind("br0", "bridge") | set_up("br0", 1);
  for (int i = 0; i < 2; i++) {
    char port[] = {'p', '0' + i, 0}, address[] = {'1', '0', '.', '1', '.', '1', '.', '1' + i, 0};
    failed |= add_veth(port, "eth0", places[i]) | set_int(port, IFLA_MASTER, index_of("br0"));
    failed |= set_int(port, IFLA_GSO_MAX_SIZE, segments) | set_up(port, 1) | go(places[i]);
    failed |= set_int("eth0", IFLA_GSO_MAX_SIZE, segments) | add_address("eth0", address, 24) | set_up("eth0", 1);
    sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
    failed |= go(places[2]);
  }
  if (failed) die("rtnetlink");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(99), .sin_addr = {htonl(0x0a010101)}};
  if (bind(sockets[0], (struct sockaddr *)&address, sizeof address) || listen(sockets[0], 1)) die("listen");
  if (connect(sockets[1], (struct sockaddr *)&address, sizeof address)) die("connect");
  int to = accept(sockets[0], 0, 0);
  if (to < 0) die("accept");
  through(sockets[1], to, BUFFER, count);
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

const struct row rows[] = {{"pipe", pipes}, {"tcp", tcp}, {"bridge", bridge}, {"file", file}, {"first", first}, {0}};
