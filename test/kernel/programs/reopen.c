// proc_pid_fd(5): what a descriptor's link leads to can be opened again, by whoever may; open(2), memfd_create(2), pipe(7).
#include "show.h"
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char name[60], buffer[200];
static const char *fd_name(int fd) {
  sprintf(name, "/proc/self/fd/%d", fd);
  return name;
}
static int again(int fd, int flags) { return open(fd_name(fd), flags, 0600); }
static void leads(const char *rule, int fd) {
  int length = readlink(fd_name(fd), buffer, sizeof buffer - 1);
  buffer[length < 0 ? 0 : length] = 0;
  char *last = strrchr(buffer, '/');
  text(rule, last ? last + 1 : buffer);
}
// An open file, or what its failure is.
static void opens(const char *rule, int fd) {
  show(rule, fd < 0 ? -1 : 0);
  if (fd >= 0) close(fd);
}
#define CHILD(...) ({ fflush(stdout); if (fork() == 0) { __VA_ARGS__; _exit(0); } wait(NULL); })
#define STRANGER(...) CHILD(setgid(2345); setuid(2345); __VA_ARGS__)

int main(int argc, char **argv) {
  if (argc > 1) {
    text("  its argument", argv[1]);
    return 0;
  }
  struct stat state;
  int other, ends[2];

  family("files");
  int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
  write(fd, "content", 7);
  other = again(fd, O_RDONLY);
  show("it has a position of its own", read(other, buffer, 3));
  show("  the first stays", lseek(fd, 0, SEEK_CUR));
  show("  and flags of its own: EBADF", write(other, "x", 1));
  close(other);
  int reader = open("file", O_RDONLY);
  other = again(reader, O_WRONLY);
  show("a reader's, to write", write(other, "C", 1));
  close(other);
  opens("O_CREAT", again(fd, O_RDWR | O_CREAT));
  opens("O_CREAT | O_EXCL: EEXIST", again(fd, O_RDWR | O_CREAT | O_EXCL));
  opens("O_DIRECTORY: ENOTDIR", again(fd, O_RDONLY | O_DIRECTORY));
  opens("O_NOFOLLOW: ELOOP", again(fd, O_RDONLY | O_NOFOLLOW));
  other = again(fd, O_PATH | O_NOFOLLOW);
  fstat(other, &state);
  show("O_PATH | O_NOFOLLOW is the link itself", S_ISLNK(state.st_mode));
  close(other);
  opens("a descriptor that is none: ENOENT", open("/proc/self/fd/99", O_RDONLY));
  show("truncate", truncate(fd_name(fd), 4));
  show("  is done", (fstat(fd, &state), state.st_size));
  rename("file", "moved");
  leads("a file that was moved", fd);
  opens("  opens", again(fd, O_RDONLY));
  unlink("moved");
  leads("a file without a name", fd);
  other = again(fd, O_RDWR);
  show("  opens, with what is in it", read(other, buffer, 10));
  close(other);
  show("  linkat can't give it a name: ENOENT", linkat(AT_FDCWD, fd_name(fd), AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
  int unnamed = open(".", O_TMPFILE | O_RDWR, 0600);
  write(unnamed, "tmp", 3);
  opens("an O_TMPFILE", again(unnamed, O_RDONLY));
  show("  linkat gives it a name", linkat(AT_FDCWD, fd_name(unnamed), AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
  readlink(fd_name(unnamed), buffer, sizeof buffer);
  show("  the link is as it was", strstr(buffer, "(deleted)") != NULL);
  int place = open("named", O_PATH);
  show("O_PATH can't be read: EBADF", read(place, buffer, 1));
  other = again(place, O_RDONLY);
  show("  opened again it can", read(other, buffer, 10));
  close(other);
  int directory = open(".", O_RDONLY | O_DIRECTORY);
  sprintf(buffer, "%s/named", fd_name(directory));
  opens("a name below a directory's", open(buffer, O_RDONLY));
  show("chdir", chdir(fd_name(directory)));
  int memory = memfd_create("some", 0);
  write(memory, "memory", 6);
  leads("memfd_create", memory);
  other = again(memory, O_RDONLY);
  show("  opens", read(other, buffer, 10));
  close(other);
  opens("a device", again(open("/dev/null", O_RDONLY), O_WRONLY));

  family("pipes and others");
  pipe(ends);
  opens("a pipe's reading end", again(ends[0], O_RDONLY));
  other = again(ends[0], O_WRONLY);
  show("  to write", write(other, "pipe", 4));
  close(other);
  other = again(ends[1], O_RDONLY | O_NONBLOCK);
  show("  the writing end, to read", read(other, buffer, 10));
  show("  with O_NONBLOCK of its own: EAGAIN", read(other, buffer, 10));
  show("  which the first has not", fcntl(ends[0], F_GETFL) & O_NONBLOCK);
  close(other);
  other = again(ends[0], O_WRONLY);
  close(ends[1]);
  show("it counts as a writer", (write(other, "x", 1), read(ends[0], buffer, 10)));
  close(other);
  show("  until it is closed", read(ends[0], buffer, 10));
  opens("O_NONBLOCK to write, with a reader", again(ends[0], O_WRONLY | O_NONBLOCK));
  int sockets[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
  opens("a socket: ENXIO", again(sockets[0], O_RDWR));
  opens("an eventfd: ENXIO", again(eventfd(0, 0), O_RDWR));
  opens("an epoll: ENXIO", again(epoll_create1(0), O_RDWR));

  family("other users");
  int secret = open("secret", O_RDWR | O_CREAT | O_TRUNC, 0600), open_to_all = open("all", O_RDWR | O_CREAT | O_TRUNC, 0644);
  pipe(ends);
  STRANGER({
    opens("a file that one may read", again(open_to_all, O_RDONLY));
    opens("  not write: EACCES", again(open_to_all, O_WRONLY));
    opens("  a file that is not for one: EACCES", again(secret, O_RDONLY));
    show("  though the descriptor can be used", write(secret, "x", 1));
    opens("another's pipe: EACCES", again(ends[0], O_RDONLY));
    int own[2];
    pipe(own);
    opens("  one's own", again(own[1], O_WRONLY));
    opens("another's memory", again(memory, O_RDWR));
    opens("  /dev/fd", open("/dev/fd/1", O_PATH));
  });
  fchmod(ends[0], 0666);
  STRANGER(opens("a pipe that is for all", again(ends[0], O_RDONLY)));
  fchown(secret, 2345, 2345);
  STRANGER(opens("a file that was given", again(secret, O_RDWR)));
  fchmod(secret, 0);
  STRANGER(opens("  and that nobody may read: EACCES", again(secret, O_RDWR)));
  pid_t root = getpid();
  STRANGER({
    sprintf(buffer, "/proc/%d/fd/%d", root, open_to_all);
    opens("another process's: EACCES", open(buffer, O_RDONLY));
    show("  nor where it leads: EACCES", readlink(buffer, name, 10));
  });
  CHILD({
    sprintf(buffer, "/proc/%d/fd/%d", root, open_to_all);
    opens("root may", open(buffer, O_RDONLY));
  });

  family("programs");
  int program = open("/proc/self/exe", O_PATH);
  CHILD(execl(fd_name(program), "reopen", "by its link", NULL));
  int copy = memfd_create("program", 0), source = open("/proc/self/exe", O_RDONLY);
  static char bytes[65536];
  for (int length; (length = read(source, bytes, sizeof bytes)) > 0;) write(copy, bytes, length);
  CHILD(execl(fd_name(copy), "reopen", "of memory", NULL); show("not started", -1));
  int writer = again(copy, O_WRONLY);
  CHILD(execl(fd_name(copy), "reopen", "of memory", NULL); show("opened for writing: ETXTBSY", -1));
  close(writer);
  other = again(copy, O_RDONLY);
  close(copy);
  CHILD(execl(fd_name(other), "reopen", "of memory", NULL));
  unlink("named"), unlink("secret"), unlink("all");
  return 0;
}
