// O_APPEND: open(2), write(2), pwrite(2), fcntl(2), lseek(2).
#include "show.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char content[200];
static const char *all(void) {
  int fd = open("appended", O_RDONLY);
  content[read(fd, content, sizeof content - 1)] = 0;
  close(fd);
  return content;
}

int main(void) {
  family("O_APPEND");
  int fd = open("appended", O_CREAT | O_TRUNC | O_RDWR | O_APPEND, 0600);
  show("open(2): the position begins at 0", lseek(fd, 0, SEEK_CUR));
  write(fd, "abc", 3);
  show("write(2): the position is behind what was written", lseek(fd, 0, SEEK_CUR));
  lseek(fd, 1, SEEK_SET);
  write(fd, "de", 2);
  text("write(2): at the end, wherever the position was", all());
  show("  the position is the end", lseek(fd, 0, SEEK_CUR));
  char two[3] = "";
  lseek(fd, 1, SEEK_SET);
  read(fd, two, 2);
  text("read(2): at the position", two);
  show("  which goes on from there", lseek(fd, 0, SEEK_CUR));
  show("pwrite(2): BUGS: appends whatever the offset", pwrite(fd, "P", 1, 0));
  text("  so", all());
  show("  the position stays", lseek(fd, 0, SEEK_CUR));
  struct iovec vector[2] = {{"f", 1}, {"gh", 2}};
  show("writev(2)", writev(fd, vector, 2));
  text("  all at the end", all());
  show("pwritev2(2): RWF_APPEND", pwritev2(fd, vector, 1, 0, RWF_APPEND));
  int other = open("appended", O_WRONLY);
  show("pwritev2(2): RWF_APPEND without O_APPEND", pwritev2(other, vector, 1, 0, RWF_APPEND));
  text("  at the end", all());
  lseek(other, 0, SEEK_END);
  write(other, "+", 1);
  write(fd, "-", 1);
  text("another descriptor's data are not written over", all());
  show("fcntl(2): F_GETFL", fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE));
  show("fcntl(2): F_SETFL takes it away", fcntl(fd, F_SETFL, 0));
  lseek(fd, 0, SEEK_SET);
  write(fd, "A", 1);
  text("  a write at the position", all());
  show("fcntl(2): F_SETFL gives it", fcntl(other, F_SETFL, O_APPEND));
  lseek(other, 0, SEEK_SET);
  write(other, "!", 1);
  text("  a write at the end", all());
  int same = dup(other);
  show("dup(2): the same flag", fcntl(same, F_GETFL) & O_APPEND);
  fcntl(same, F_SETFL, 0);
  show("  shared", fcntl(other, F_GETFL) & O_APPEND);
  fcntl(same, F_SETFL, O_APPEND);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    write(other, "c", 1);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  show("fork(2): a child's write moves the position", lseek(other, 0, SEEK_CUR) == strlen(all()));
  show("ftruncate(2)", ftruncate(fd, 2));
  write(other, "t", 1);
  text("  the end is the new one", all());
  show("ftruncate(2): longer", ftruncate(fd, 6));
  write(other, "z", 1);
  struct stat st;
  fstat(fd, &st);
  show("  behind the zeros", st.st_size);
  int from = open("appended", O_RDONLY);
  show("copy_file_range(2) to it: EBADF", copy_file_range(from, NULL, other, NULL, 2, 0));
  show("sendfile(2) to it: EINVAL", sendfile(other, from, NULL, 2));
  show("write(2) of nothing", write(other, "", 0));
  show("open(2): O_APPEND alone can't write: EBADF", write(open("appended", O_RDONLY | O_APPEND), "x", 1));
  unlink("appended");
  return 0;
}
