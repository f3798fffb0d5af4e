// Rules of overlayfs(5): Linux Documentation/filesystems/overlayfs.rst, man 8 mount. In a folder whose files all come from a lower layer.
#include "../programs/show.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

static char content[100];
static const char *got(const char *name) {
  int fd = open(name, O_RDONLY);
  if (fd < 0) return strerrorname_np(errno);
  content[read(fd, content, sizeof content - 1)] = 0;
  close(fd);
  return content;
}
static int put(const char *name, const char *what, int flags) {
  int fd = open(name, flags, 0644);
  if (fd < 0) return -1;
  write(fd, what, strlen(what));
  return close(fd);
}
static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }
static const char *names(const char *directory) {
  static char all[500];
  char *list[50];
  int count = 0;
  DIR *stream = opendir(directory);
  if (!stream) return strerrorname_np(errno);
  for (struct dirent *entry; (entry = readdir(stream)) && count < 50;)
    if (entry->d_name[0] != '.') list[count++] = strdup(entry->d_name);
  closedir(stream);
  qsort(list, count, sizeof *list, compare);
  all[0] = 0;
  for (int i = 0; i < count; i++) sprintf(all + strlen(all), "%s ", list[i]);
  return all;
}
static struct stat of(const char *name) {
  struct stat st = {0};
  lstat(name, &st);
  return st;
}

int main(void) {
  struct statfs fs;
  family("overlay");
  statfs(".", &fs);
  show("OVERLAYFS_SUPER_MAGIC", fs.f_type == 0x794c7630);
  text("a lower file", got("file"));
  text("a lower link", got("symbolic"));
  text("a lower directory", names("directory"));

  int before = open("file", O_RDONLY);
  show("a write copies up", put("file", "up", O_WRONLY));
  text("  what was not written is as it was", got("file"));
  char old[6] = "";
  pread(before, old, 5, 0);
  text("a descriptor from before the copy up sees the copy", old);
  show("  O_APPEND too", put("appended", "more", O_WRONLY | O_APPEND));
  text("  at the end", got("appended"));
  show("O_TRUNC copies no data", put("emptied", "n", O_WRONLY | O_TRUNC));
  text("  so", got("emptied"));
  show("truncate(2)", truncate("truncated", 3));
  text("  so", got("truncated"));

  show("chmod(2) copies up", chmod("moded", 0600));
  show("  the mode", of("moded").st_mode & 07777);
  text("  the data", got("moded"));
  show("chown(2) copies up", chown("owned", 12, 13));
  show("  the owner", of("owned").st_uid);
  show("utimensat(2) copies up", utimensat(AT_FDCWD, "timed", (struct timespec[2]){{5, 0}, {6, 0}}, 0));
  show("  the time", of("timed").st_mtime);
  show("setxattr(2) copies up", setxattr("attributed", "trusted.mine", "v", 1, 0));
  char list[200] = "";
  show("listxattr(2) hides what is overlayfs's own", listxattr("attributed", list, sizeof list));

  show("unlink(2) of a lower file", unlink("removed"));
  text("  is gone", got("removed"));
  show("  unlink again: ENOENT", unlink("removed"));
  show("  O_EXCL makes a new one", put("removed", "new", O_WRONLY | O_CREAT | O_EXCL));
  text("  with its own data", got("removed"));

  show("rename(2) of a lower directory: EXDEV", rename("directory", "elsewhere"));
  show("rename(2) of a lower file", rename("renamed", "other"));
  text("  its data", got("other"));
  text("  the old name is gone", got("renamed"));
  show("rename(2) over a lower file", rename("other", "replaced"));
  text("  its data", got("replaced"));
  mkdir("made", 0755);
  put("made/inner", "i", O_WRONLY | O_CREAT);
  show("rename(2) of a directory of the upper layer", rename("made", "moved"));
  text("  what is in it", names("moved"));
  show("rename(2) of a lower file into it", rename("directory/a", "moved/a"));
  text("  the lower directory has it no more", names("directory"));

  show("rmdir(2) of a lower directory: ENOTEMPTY", rmdir("full"));
  unlink("full/one");
  unlink("full/two");
  text("  its files can be removed", names("full"));
  show("  then it can", rmdir("full"));
  show("mkdir(2) in its place", mkdir("full", 0755));
  text("  is opaque", names("full"));
  show("mkdir(2) over a lower file: EEXIST", mkdir("file", 0755));
  show("rmdir(2) of an empty lower directory", rmdir("empty"));

  show("hard links of a lower file", of("hard1").st_nlink);
  put("hard1", "changed", O_WRONLY | O_TRUNC);
  text("  index=on: a copy up keeps them", got("hard2"));
  show("link(2) copies up", link("linked", "link"));
  put("link", "both", O_WRONLY | O_TRUNC);
  text("  both names are one file", got("linked"));
  show("  st_nlink", of("linked").st_nlink);
  show("unlink(2) of a lower symbolic link", unlink("symbolic"));
  show("symlink(2) in its place", symlink("removed", "symbolic"));
  text("  leads elsewhere", got("symbolic"));

  int fd = open("mapped", O_RDWR);
  char *map = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  map[0] = 'M';
  msync(map, 4096, MS_SYNC);
  text("mmap(2) MAP_SHARED writes the copy", got("mapped"));
  text("all names", names("."));
  return 0;
}
