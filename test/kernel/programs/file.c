// open(2), rename(2), link(2), unlink(2), lseek(2), truncate(2), O_APPEND, sparse files, getdents(2), chmod(2), utimensat(2), symlink(7).
#include "show.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/wait.h>

static void put(const char *name, const char *content) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  write(fd, content, strlen(content));
  close(fd);
}
static char *got(const char *name) {
  static char buffer[256];
  int fd = open(name, O_RDONLY);
  if (fd < 0) return "(none)";
  int length = read(fd, buffer, 255);
  close(fd);
  buffer[length < 0 ? 0 : length] = 0;
  return buffer;
}
static long size(const char *name) {
  struct stat st;
  return stat(name, &st) < 0 ? -1 : st.st_size;
}

int main(void) {
  char buffer[4096];
  struct stat st, other;
  umask(022);

  family("open");
  show("nothing there: ENOENT", open("none", O_RDONLY));
  show("O_CREAT makes it", open("a", O_CREAT | O_RDWR, 0666) >= 0);
  stat("a", &st);
  show("  less the umask", st.st_mode);
  show("O_CREAT | O_EXCL of what is there: EEXIST", open("a", O_CREAT | O_EXCL | O_RDWR, 0666));
  show("a path through a file: ENOTDIR", open("a/b", O_RDONLY));
  show("a directory for writing: EISDIR", open(".", O_WRONLY));
  show("O_DIRECTORY of a file: ENOTDIR", open("a", O_RDONLY | O_DIRECTORY));
  show("O_CREAT with a slash at the end: EISDIR", open("new/", O_CREAT | O_RDWR, 0666));
  memset(buffer, 'x', 300);
  buffer[256] = 0;
  show("a name of 256 bytes: ENAMETOOLONG", open(buffer, O_CREAT | O_RDWR, 0666));
  show("an empty name: ENOENT", open("", O_RDONLY));
  show("a bad pointer: EFAULT", open((char *)1, O_RDONLY));
  put("a", "hello");
  int fd = open("a", O_RDONLY);
  show("write to what is open for reading: EBADF", write(fd, "x", 1));
  close(fd);
  fd = open("a", O_WRONLY);
  show("read of what is open for writing: EBADF", read(fd, buffer, 1));
  close(fd);
  fd = open("a", O_WRONLY | O_TRUNC);
  show("O_TRUNC", size("a"));
  close(fd);
  show("close twice: EBADF", close(fd));
  fd = open(".", O_RDWR | O_TMPFILE, 0600);
  show("O_TMPFILE has no name", fd >= 0 && fstat(fd, &st) == 0 ? st.st_nlink : -2);
  write(fd, "temporary", 9);
  snprintf(buffer, 64, "/proc/self/fd/%d", fd);
  close(fd);
  int first = dup(1), second = dup(1);
  close(first);
  show("the lowest free descriptor", dup(1) == first);
  close(first);
  close(second);
  fd = open("a", O_PATH);
  show("O_PATH: read is EBADF", read(fd, buffer, 1));
  show("  fstat works", fstat(fd, &st));
  show("  fchmod is EBADF", fchmod(fd, 0600));
  close(fd);

  family("positions");
  put("p", "0123456789");
  fd = open("p", O_RDWR);
  show("SEEK_END", lseek(fd, -3, SEEK_END));
  show("read to the end", read(fd, buffer, 10));
  show("SEEK_CUR", lseek(fd, 0, SEEK_CUR));
  show("before the begin: EINVAL", lseek(fd, -1, SEEK_SET));
  show("a bad whence: EINVAL", lseek(fd, 0, 99));
  show("behind the end is allowed", lseek(fd, 100, SEEK_SET));
  show("  read gives 0", read(fd, buffer, 1));
  show("  write makes a hole", write(fd, "x", 1));
  show("  the size", size("p"));
  show("pread does not move", pread(fd, buffer, 4, 2));
  show("  the position", lseek(fd, 0, SEEK_CUR));
  show("  the hole is zeros", pread(fd, buffer, 1, 50) == 1 && buffer[0] == 0);
  show("pread of a negative offset: EINVAL", pread(fd, buffer, 1, -5));
  show("pwrite", pwrite(fd, "AB", 2, 1));
  int copy = dup(fd);
  lseek(fd, 5, SEEK_SET);
  show("a dup shares the position", lseek(copy, 0, SEEK_CUR));
  int again = open("p", O_RDONLY);
  show("another open does not", lseek(again, 0, SEEK_CUR));
  close(copy);
  close(again);
  show("ftruncate shorter", ftruncate(fd, 3));
  text("  what is left", got("p"));
  ftruncate(fd, 6);
  show("ftruncate longer: zeros", pread(fd, buffer, 6, 0) == 6 && buffer[5] == 0);
  show("a negative size: EINVAL", ftruncate(fd, -1));
  show("truncate of a directory: EISDIR", truncate(".", 0));
  close(fd);
  put("log", "one\n");
  fd = open("log", O_RDWR | O_APPEND);
  int two = open("log", O_WRONLY | O_APPEND);
  write(fd, "two\n", 4);
  write(two, "three\n", 6);
  lseek(fd, 0, SEEK_SET);
  write(fd, "four\n", 5);
  text("O_APPEND always at the end", got("log"));
  show("  pwrite too, on Linux", pwrite(fd, "five\n", 5, 0));
  text("  so", got("log"));
  close(fd);
  close(two);
  struct iovec iov[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};
  fd = open("v", O_RDWR | O_CREAT, 0644);
  show("writev", writev(fd, iov, 3));
  char x[2], y[8];
  struct iovec in[2] = {{x, 2}, {y, 8}};
  lseek(fd, 0, SEEK_SET);
  show("readv", readv(fd, in, 2));
  show("  parts in order", y[0] == 'c' && y[2] == 'e');
  show("readv of a negative count: EINVAL", readv(fd, in, -1));
  close(fd);

  family("sparse files");
  fd = open("sparse", O_RDWR | O_CREAT | O_TRUNC, 0644);
  pwrite(fd, "data", 4, 1 << 20);
  fstat(fd, &st);
  show("the size", st.st_size);
  show("  few blocks", st.st_blocks <= 16);
  show("SEEK_DATA finds the data", lseek(fd, 0, SEEK_DATA));
  show("SEEK_HOLE from 0", lseek(fd, 0, SEEK_HOLE));
  show("SEEK_HOLE from the data: the end", lseek(fd, 1 << 20, SEEK_HOLE));
  show("SEEK_DATA behind it: ENXIO", lseek(fd, (1 << 20) + 4096, SEEK_DATA));
  show("fallocate FALLOC_FL_PUNCH_HOLE", fallocate(fd, 3, 1 << 20, 4096));
  show("  the data are zeros", pread(fd, buffer, 4, 1 << 20) == 4 && buffer[0] == 0);
  show("  the size stays", size("sparse"));
  show("fallocate makes it longer", fallocate(fd, 0, 0, 2 << 20));
  show("  the size", size("sparse"));
  show("fallocate of nothing: EINVAL", fallocate(fd, 0, 0, 0));
  show("a write from 2 GiB on without O_LARGEFILE: EFBIG", pwrite64(fd, "x", 1, 5LL << 30));
  close(fd);
  fd = open("sparse", O_RDWR | O_LARGEFILE);
  show("lseek to 2 GiB and more", lseek64(fd, 5LL << 30, SEEK_SET) == 5LL << 30);
  show("  write there", write(fd, "z", 1));
  struct stat64 st64;
  fstat64(fd, &st64);
  show("  the size", st64.st_size == (5LL << 30) + 1);
  show("open without it: EOVERFLOW", open("sparse", O_RDONLY));
  close(fd);
  unlink("sparse");

  family("links and names");
  put("f", "content");
  show("link", link("f", "g"));
  stat("f", &st);
  stat("g", &other);
  show("  one file", st.st_ino == other.st_ino);
  show("  two names", st.st_nlink);
  show("link to a name that is there: EEXIST", link("f", "g"));
  show("link of a directory: EPERM", link(".", "dirlink"));
  show("unlink one", unlink("f"));
  text("  the other stays", got("g"));
  show("unlink again: ENOENT", unlink("f"));
  show("symlink", symlink("g", "s"));
  text("  leads there", got("s"));
  show("  readlink", readlink("s", buffer, 64));
  show("  cut to the buffer", readlink("s", buffer, 0));
  lstat("s", &st);
  show("  lstat: a link", S_ISLNK(st.st_mode));
  show("  its size", st.st_size);
  show("readlink of a file: EINVAL", readlink("g", buffer, 64));
  symlink("loop2", "loop1");
  symlink("loop1", "loop2");
  show("a loop: ELOOP", open("loop1", O_RDONLY));
  show("O_NOFOLLOW: ELOOP", open("s", O_RDONLY | O_NOFOLLOW));
  symlink("nowhere", "dangling");
  show("dangling: ENOENT", open("dangling", O_RDONLY));
  show("  O_CREAT makes the target", open("dangling", O_RDWR | O_CREAT, 0644) >= 0);
  show("  it is there", size("nowhere"));
  show("  O_EXCL does not follow: EEXIST", open("dangling", O_RDWR | O_CREAT | O_EXCL, 0644));
  show("an empty target: ENOENT", symlink("", "empty"));
  fd = open("g", O_RDONLY);
  unlink("g");
  show("an open file without a name can be read", read(fd, buffer, 64));
  fstat(fd, &st);
  show("  no names", st.st_nlink);
  close(fd);

  family("rename");
  put("x", "X");
  put("y", "Y");
  show("over a file", rename("x", "y"));
  text("  replaces it", got("y"));
  show("  the old name is gone", size("x"));
  show("of nothing: ENOENT", rename("x", "z"));
  mkdir("d", 0755);
  mkdir("e", 0755);
  mkdir("e/full", 0755);
  show("a file over a directory: EISDIR", rename("y", "d"));
  show("a directory over a file: ENOTDIR", rename("d", "y"));
  show("over an empty directory", rename("e", "d"));
  show("  with what was in it", size("d/full") >= 0);
  mkdir("e", 0755);
  show("over a full directory: ENOTEMPTY", rename("e", "d"));
  show("into itself: EINVAL", rename("d", "d/full/inside"));
  show("a directory over its parent: ENOTEMPTY", rename("d/full", "d"));
  show("of '.': EBUSY", rename(".", "there"));
  show("to itself", rename("y", "y"));
  link("y", "y2");
  show("to another name of the file does nothing", rename("y", "y2"));
  show("  both are there", size("y") >= 0 && size("y2") >= 0);
  show("RENAME_NOREPLACE: EEXIST", renameat2(AT_FDCWD, "y", AT_FDCWD, "d", RENAME_NOREPLACE));
  put("m", "M");
  put("n", "N");
  show("RENAME_EXCHANGE", renameat2(AT_FDCWD, "m", AT_FDCWD, "n", RENAME_EXCHANGE));
  text("  changed places", got("m"));
  show("RENAME_EXCHANGE with nothing: ENOENT", renameat2(AT_FDCWD, "m", AT_FDCWD, "none", RENAME_EXCHANGE));
  show("bad flags: EINVAL", renameat2(AT_FDCWD, "m", AT_FDCWD, "n", 64));

  family("directories");
  show("mkdir of what is there: EEXIST", mkdir("d", 0755));
  show("mkdir below nothing: ENOENT", mkdir("none/new", 0755));
  show("rmdir of a full one: ENOTEMPTY", rmdir("d"));
  show("rmdir of a file: ENOTDIR", rmdir("y"));
  show("unlink of a directory: EISDIR", unlink("d"));
  show("rmdir of '.': EINVAL", rmdir("d/."));
  show("rmdir of '..': ENOTEMPTY", rmdir("d/full/.."));
  stat("d", &st);
  show("names of a directory: 2 and one for each below", st.st_nlink);
  DIR *dir = opendir("d");
  int names = 0;
  struct dirent *entry;
  while ((entry = readdir(dir))) {
    names++;
    if (!strcmp(entry->d_name, "full")) show("d_type", entry->d_type);
  }
  show("entries with '.' and '..'", names);
  rewinddir(dir);
  show("rewinddir", readdir(dir) != NULL);
  closedir(dir);
  mkdir("many", 0755);
  chdir("many");
  for (int i = 0; i < 500; i++) {
    snprintf(buffer, 64, "file-%03d", i);
    close(open(buffer, O_CREAT | O_WRONLY, 0644));
  }
  dir = opendir(".");
  names = 0;
  while ((entry = readdir(dir)))
    if (entry->d_name[0] == 'f') {
      names++;
      unlink(entry->d_name);
    }
  closedir(dir);
  show("names that are removed while they are read: all", names);
  getcwd(buffer, sizeof buffer);
  show("getcwd ends in the directory", strcmp(buffer + strlen(buffer) - 5, "/many"));
  show("getcwd of too few bytes: ERANGE", getcwd(buffer, 3) ? 0 : -1);
  rmdir("../many");
  show("the working directory is gone: getcwd is ENOENT", getcwd(buffer, 256) ? 0 : -1);
  show("  nothing can be made in it: ENOENT", open("x", O_CREAT | O_RDWR, 0644));
  show("  but '..' works", chdir(".."));
  show("chdir to a file: ENOTDIR", chdir("y"));
  fd = open("d", O_RDONLY);
  show("read of a directory: EISDIR", read(fd, buffer, 1));
  show("openat", openat(fd, "full", O_RDONLY) >= 0);
  show("fchdir", fchdir(fd));
  show("  there", size("full") >= 0);
  chdir("..");
  close(fd);
  show("openat of a file's descriptor: ENOTDIR", openat(open("y", O_RDONLY), "x", O_RDONLY));

  family("rights and times");
  chmod("y", 0);
  stat("y", &st);
  show("chmod", st.st_mode);
  pid_t child = fork();
  if (child == 0) {
    setresgid(1000, 1000, 1000);
    setresuid(1000, 1000, 1000);
    show("without the right: EACCES", open("y", O_RDONLY));
    show("access says so: EACCES", access("y", R_OK));
    show("F_OK asks for no right", access("y", F_OK));
    show("chmod of another's: EPERM", chmod("y", 0777));
    show("chown: EPERM", chown("y", 1000, 1000));
    show("to make in another's directory: EACCES", open("new", O_CREAT | O_RDWR, 0644));
    show("unlink there: EACCES", unlink("y"));
    show("utimes of another's: EPERM", utimensat(AT_FDCWD, "y", (struct timespec[]){{1, 0}, {1, 0}}, 0));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  show("root may read it", open("y", O_RDONLY) >= 0);
  show("  but not run it: EACCES", access("y", X_OK));
  chmod("y", 06755);
  show("chown", chown("y", 1000, 1001));
  stat("y", &st);
  show("  takes set-id away", st.st_mode);
  show("  uid", st.st_uid);
  show("  gid", st.st_gid);
  show("chown -1 leaves it", chown("y", -1, -1));
  mkdir("sticky", 01777);
  chmod("sticky", 01777);
  put("sticky/roots", "r");
  child = fork();
  if (child == 0) {
    setresuid(1000, 1000, 1000);
    show("a sticky directory: another's file is EPERM", unlink("sticky/roots"));
    show("  rename too", rename("sticky/roots", "sticky/mine"));
    show("  one's own can be made", open("sticky/own", O_CREAT | O_RDWR, 0644) >= 0);
    show("  and removed", unlink("sticky/own"));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  mkdir("setgid", 0755);
  chown("setgid", -1, 77);
  chmod("setgid", 02755);
  put("setgid/file", "");
  mkdir("setgid/sub", 0755);
  stat("setgid/file", &st);
  show("a set-group-ID directory gives its group", st.st_gid);
  stat("setgid/sub", &st);
  show("  and to directories the bit", (st.st_mode & S_ISGID) != 0);
  struct timespec times[2] = {{1000, 123456789}, {2000, 987654321}};
  show("utimensat", utimensat(AT_FDCWD, "y", times, 0));
  stat("y", &st);
  show("  atime", st.st_atim.tv_sec);
  show("  nanoseconds", st.st_atim.tv_nsec);
  show("  mtime", st.st_mtim.tv_nsec);
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = 3000;
  times[1].tv_nsec = 0;
  utimensat(AT_FDCWD, "y", times, 0);
  stat("y", &st);
  show("UTIME_OMIT leaves atime", st.st_atim.tv_sec);
  show("  and sets mtime", st.st_mtim.tv_sec);
  times[1].tv_nsec = 1000000000;
  show("bad nanoseconds: EINVAL", utimensat(AT_FDCWD, "y", times, 0));
  put("y2", "changed");
  stat("y2", &st);
  show("writing sets mtime to now", st.st_mtim.tv_sec > 1000000);
  show("umask gives the old", umask(077));
  close(open("private", O_CREAT | O_RDWR, 0666));
  stat("private", &st);
  show("  and holds", st.st_mode);
  show("mknod of a fifo", mkfifo("pipe", 0666));
  stat("pipe", &st);
  show("  is one", S_ISFIFO(st.st_mode));

  family("between files");
  put("source", "0123456789");
  int in_fd = open("source", O_RDONLY), out = open("target", O_RDWR | O_CREAT | O_TRUNC, 0644);
  off_t offset = 2;
  show("sendfile", sendfile(out, in_fd, &offset, 4));
  show("  moves the offset", offset);
  show("  not the position", lseek(in_fd, 0, SEEK_CUR));
  text("  the bytes", got("target"));
  show("copy_file_range", copy_file_range(in_fd, NULL, out, NULL, 100, 0));
  show("  moves both", lseek(out, 0, SEEK_CUR));
  show("  flags are EINVAL", copy_file_range(in_fd, NULL, out, NULL, 1, 1));
  return 0;
}
