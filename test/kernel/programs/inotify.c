// inotify(7), inotify_init(2), inotify_add_watch(2), inotify_rm_watch(2): what is told of which call, and how the queue behaves.
#include "show.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <utime.h>

static int watcher;
static unsigned first_cookie;
static const struct {
  unsigned bit;
  const char *name;
} names[] = {{IN_ACCESS, "ACCESS"},           {IN_MODIFY, "MODIFY"},         {IN_ATTRIB, "ATTRIB"},
             {IN_CLOSE_WRITE, "CLOSE_WRITE"}, {IN_CLOSE_NOWRITE, "CLOSE"},   {IN_OPEN, "OPEN"},
             {IN_MOVED_FROM, "MOVED_FROM"},   {IN_MOVED_TO, "MOVED_TO"},     {IN_CREATE, "CREATE"},
             {IN_DELETE, "DELETE"},           {IN_DELETE_SELF, "DELETE_SELF"}, {IN_MOVE_SELF, "MOVE_SELF"},
             {IN_UNMOUNT, "UNMOUNT"},         {IN_Q_OVERFLOW, "Q_OVERFLOW"}, {IN_IGNORED, "IGNORED"},
             {IN_ISDIR, "ISDIR"}};

static void events(const char *rule) {
  static char buffer[1 << 16] __attribute__((aligned(8)));
  printf("%s:", rule);
  int length = read(watcher, buffer, sizeof buffer);
  for (int at = 0; at < length;) {
    struct inotify_event *event = (void *)(buffer + at);
    printf(" %d", event->wd);
    for (int i = 0; i < sizeof names / sizeof *names; i++)
      if (event->mask & names[i].bit) printf("|%s", names[i].name);
    if (event->cookie) {
      if (!first_cookie) first_cookie = event->cookie;
      printf("#%u", event->cookie - first_cookie);
    }
    if (event->len) printf("(%s %d)", event->name, event->len);
    at += sizeof *event + event->len;
  }
  printf(length < 0 ? " none\n" : "\n");
  fflush(stdout);
}
static void make(const char *name, const char *text) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  write(fd, text, strlen(text));
  close(fd);
}

int main(void) {
  char buffer[4096];
  int status, bytes;
  mkdir("dir", 0755);

  family("the calls");
  show("inotify_init1 with bad flags: EINVAL", inotify_init1(1));
  watcher = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  show("inotify_init1", watcher >= 0);
  show("IN_CLOEXEC", fcntl(watcher, F_GETFD));
  show("IN_NONBLOCK: EAGAIN", read(watcher, buffer, sizeof buffer));
  show("it can't be written: EBADF", write(watcher, "x", 1));
  show("lseek does nothing", lseek(watcher, 0, SEEK_SET));
  show("a mask of nothing: EINVAL", inotify_add_watch(watcher, "dir", 0));
  show("a bit that is none: EINVAL", inotify_add_watch(watcher, "dir", 0x00100000));
  show("a name that is not there: ENOENT", inotify_add_watch(watcher, "nothing", IN_OPEN));
  show("a bad address: EFAULT", inotify_add_watch(watcher, (char *)1, IN_OPEN));
  show("a bad descriptor: EBADF", inotify_add_watch(99, "dir", IN_OPEN));
  show("no instance: EINVAL", inotify_add_watch(0, "dir", IN_OPEN));
  make("plain", "x");
  show("IN_ONLYDIR: ENOTDIR", inotify_add_watch(watcher, "plain", IN_OPEN | IN_ONLYDIR));
  show("IN_MASK_ADD | IN_MASK_CREATE: EINVAL", inotify_add_watch(watcher, "dir", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
  show("the first watch is 1", inotify_add_watch(watcher, "dir", IN_ALL_EVENTS));
  show("the same file has the same watch", inotify_add_watch(watcher, "./dir/.", IN_ALL_EVENTS));
  show("IN_MASK_CREATE of what is watched: EEXIST", inotify_add_watch(watcher, "dir", IN_OPEN | IN_MASK_CREATE));
  show("removing what is none: EINVAL", inotify_rm_watch(watcher, 77));
  show("  from what is no instance: EINVAL", inotify_rm_watch(0, 1));
  if (fork() == 0) {
    setuid(1234);
    mkdir("/tmp/secret", 0);
    show("a file that can't be read: EACCES", inotify_add_watch(watcher, "/tmp/secret", IN_OPEN));
    rmdir("/tmp/secret");
    _exit(0);
  }
  wait(&status);

  family("a directory's files");
  make("dir/a", "hello");
  events("making and writing");
  int fd = open("dir/a", O_RDONLY);
  read(fd, buffer, 2);
  read(fd, buffer, 100);
  read(fd, buffer, 100);
  close(fd);
  events("reading: the end of the file is no access");
  close(open("dir/a", O_WRONLY | O_TRUNC));
  events("O_TRUNC of an empty file");
  make("dir/a", "hello");
  events("O_TRUNC of one with data");
  close(open("dir/a", O_PATH));
  events("O_PATH");
  open("dir/nothing", O_RDONLY);
  events("what fails");
  chmod("dir/a", 0600);
  events("chmod");
  chown("dir/a", 0, 0);
  events("chown");
  utime("dir/a", NULL);
  events("utime");
  struct timespec one[2] = {{.tv_sec = 5}, {.tv_nsec = UTIME_OMIT}};
  utimensat(AT_FDCWD, "dir/a", one, 0);
  events("the time of access alone");
  struct timespec other[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 5}};
  utimensat(AT_FDCWD, "dir/a", other, 0);
  events("the time of change alone");
  truncate("dir/a", 3);
  events("truncate");
  fd = open("dir/a", O_RDWR);
  events("open");
  ftruncate(fd, 8);
  events("ftruncate");
  pwrite(fd, "x", 1, 0);
  events("pwrite");
  lseek(fd, 0, SEEK_SET);
  char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  map[0] = 'y';
  munmap(map, 4096);
  events("writing by mmap");
  int to = open("dir/b", O_RDWR | O_CREAT, 0644);
  events("another file");
  off_t offset = 0;
  sendfile(to, fd, &offset, 4);
  events("sendfile");
  close(to);
  close(fd);
  events("close for writing");
  int copy = open("dir/a", O_RDONLY);
  close(dup(copy));
  events("closing a duplicate");
  close(copy);
  events("  and the last one");
  link("dir/a", "dir/linked");
  events("link");
  symlink("a", "dir/symbolic");
  events("symlink");
  mkdir("dir/sub", 0755);
  events("mkdir");
  mkfifo("dir/fifo", 0644);
  events("mkfifo");
  close(open("dir/sub", O_RDONLY));
  events("opening a directory in it");
  make("dir/sub/deep", "x");
  events("what happens below is not told");
  unlink("dir/sub/deep");
  rmdir("dir/sub");
  events("rmdir");
  unlink("dir/linked");
  events("unlink");
  rename("dir/a", "dir/renamed");
  events("rename within: one cookie");
  rename("dir/renamed", "outside");
  events("rename out of it");
  rename("outside", "dir/back");
  events("rename into it");
  rename("dir/back", "dir/b");
  events("rename over another");
  make("dir/c", "c");
  events("one more");
  renameat2(AT_FDCWD, "dir/b", AT_FDCWD, "dir/c", RENAME_EXCHANGE);
  events("RENAME_EXCHANGE");
  setxattr("dir/c", "user.x", "y", 1, 0);
  events("setxattr");
  rename("dir/c", "dir/c");
  events("rename to itself");
  if (fork() == 0) {
    fd = open("dir/c", O_RDONLY);
    _exit(0);
  }
  wait(&status);
  events("exit closes");

  family("the watched file itself");
  show("a file", inotify_add_watch(watcher, "plain", IN_ALL_EVENTS));
  make("plain", "more");
  events("writing: no name");
  chmod("plain", 0600);
  events("chmod");
  link("plain", "second");
  events("link: its count");
  unlink("second");
  events("unlink of another name");
  rename("plain", "moved");
  events("rename");
  fd = open("moved", O_RDONLY);
  unlink("moved");
  events("unlink while it is open");
  read(fd, buffer, 1);
  events("  it still tells");
  close(fd);
  events("the last close: it is gone");
  show("its watch is gone: EINVAL", inotify_rm_watch(watcher, 2));
  mkdir("other", 0755);
  show("a new watch has a new number", inotify_add_watch(watcher, "other", IN_ALL_EVENTS));
  rename("other", "another");
  events("a directory that is moved");
  rmdir("another");
  events("  and removed");
  show("both a directory and its file are watched", inotify_add_watch(watcher, "dir/b", IN_OPEN | IN_CLOSE));
  close(open("dir/b", O_RDONLY));
  events("  each tells, the directory first");
  show("inotify_rm_watch", inotify_rm_watch(watcher, 4));
  events("  tells that it is gone");

  family("masks");
  show("another mask takes the old one's place", inotify_add_watch(watcher, "dir", IN_CREATE));
  make("dir/d", "d");
  events("  only that");
  show("IN_MASK_ADD", inotify_add_watch(watcher, "dir", IN_DELETE | IN_MASK_ADD));
  make("dir/e", "e");
  unlink("dir/e");
  events("  both");
  inotify_add_watch(watcher, "dir", IN_ALL_EVENTS | IN_ONESHOT);
  unlink("dir/d");
  events("IN_ONESHOT: one event, and it ends");
  show("  it is gone: EINVAL", inotify_rm_watch(watcher, 1));
  int watch = inotify_add_watch(watcher, "dir", IN_ALL_EVENTS | IN_EXCL_UNLINK);
  fd = open("dir/c", O_RDWR);
  unlink("dir/c");
  events("IN_EXCL_UNLINK");
  write(fd, "x", 1);
  close(fd);
  events("  a file without a name tells nothing");
  inotify_add_watch(watcher, "dir", IN_ALL_EVENTS);
  make("dir/c", "c");
  fd = open("dir/c", O_RDWR);
  unlink("dir/c");
  write(fd, "x", 1);
  close(fd);
  events("without it: it does, by its old name");
  symlink("dir", "link");
  int own = inotify_add_watch(watcher, "link", IN_ALL_EVENTS | IN_DONT_FOLLOW);
  show("IN_DONT_FOLLOW watches the link", own != watch);
  inotify_rm_watch(watcher, own);
  unlink("link");
  events("  removed");

  family("the queue");
  fd = open("dir/b", O_RDWR);
  events("opened");
  for (int i = 0; i < 5; i++) write(fd, "x", 1);
  events("what is the same again is told once");
  for (int i = 0; i < 2; i++) write(fd, "x", 1), pread(fd, buffer, 1, 0);
  events("  not when something lies between");
  struct pollfd poller = {.fd = watcher, .events = POLLIN | POLLOUT};
  show("poll: nothing", poll(&poller, 1, 0));
  write(fd, "x", 1);
  poll(&poller, 1, 0);
  show("poll: POLLIN", poller.revents);
  ioctl(watcher, FIONREAD, &bytes);
  show("FIONREAD: its size with the name", bytes);
  show("a buffer that is too small: EINVAL", read(watcher, buffer, 16));
  show("  it is still there", read(watcher, buffer, 32));
  read(fd, buffer, 1), write(fd, "x", 1);
  read(watcher, buffer, 100);
  pread(fd, buffer, 1, 0), write(fd, "x", 1);
  show("a read gives whole events", read(watcher, buffer, 60));
  events("  and leaves the rest");
  make("dir/a-name-of-sixteen", "");
  events("names are padded to sixteen bytes");
  fcntl(watcher, F_SETFL, 0);
  pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    write(fd, "x", 1);
    _exit(0);
  }
  events("a read waits for an event");
  wait(&status);
  fcntl(watcher, F_SETFL, O_NONBLOCK);
  events("  the child's end does not close what is open here");
  int most = 0, count = 0, length, last = 0, wd = 0;
  FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
  fscanf(limit, "%d", &most);
  fclose(limit);
  for (int i = 0; i < most / 2 + 100; i++) write(fd, "x", 1), pread(fd, buffer, 1, 0);
  while ((length = read(watcher, buffer, sizeof buffer)) > 0)
    for (int at = 0; at < length; count++) {
      struct inotify_event *event = (void *)(buffer + at);
      last = event->mask, wd = event->wd;
      at += sizeof *event + event->len;
    }
  show("a queue that is full loses what comes", count - most);
  show("  IN_Q_OVERFLOW says so", last == IN_Q_OVERFLOW);
  show("  for no watch", wd == -1);
  return 0;
}
