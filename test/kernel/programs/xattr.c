// xattr(7), setxattr(2), getxattr(2), listxattr(2), removexattr(2).
#include "show.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static char buffer[70000];
static const char *value(const char *file, const char *name) {
  int length = getxattr(file, name, buffer, sizeof buffer);
  if (length < 0) return strerrorname_np(errno);
  buffer[length] = 0;
  return buffer;
}
// All names of a file that are no security module's, sorted.
static const char *names(const char *file) {
  static char list[4096], found[4096], *sorted[64];
  int length = listxattr(file, list, sizeof list), count = 0;
  if (length < 0) return strerrorname_np(errno);
  for (char *at = list; at < list + length; at += strlen(at) + 1)
    if (strcmp(at, "security.selinux")) sorted[count++] = at;
  for (int i = 0; i < count; i++)
    for (int k = i + 1; k < count; k++)
      if (strcmp(sorted[i], sorted[k]) > 0) {
        char *other = sorted[i];
        sorted[i] = sorted[k];
        sorted[k] = other;
      }
  *found = 0;
  for (int i = 0; i < count; i++) strcat(strcat(found, sorted[i]), " ");
  return found;
}

int main(void) {
  int fd = open("file", O_RDWR | O_CREAT, 0644);
  mkdir("directory", 0755);
  symlink("file", "link");
  mkfifo("fifo", 0644);

  family("values");
  show("set", setxattr("file", "user.one", "value", 5, 0));
  text("  get", value("file", "user.one"));
  show("  its length alone", getxattr("file", "user.one", NULL, 0));
  show("  a buffer too small", getxattr("file", "user.one", buffer, 4));
  show("  one that just holds it", getxattr("file", "user.one", buffer, 5));
  show("again", setxattr("file", "user.one", "other value", 11, 0));
  text("  it is replaced", value("file", "user.one"));
  show("XATTR_CREATE of what is there", setxattr("file", "user.one", "x", 1, XATTR_CREATE));
  show("  of what is not", setxattr("file", "user.two", "x", 1, XATTR_CREATE));
  show("XATTR_REPLACE of what is there", setxattr("file", "user.two", "y", 1, XATTR_REPLACE));
  show("  of what is not", setxattr("file", "user.three", "x", 1, XATTR_REPLACE));
  show("flags that are not known", setxattr("file", "user.one", "x", 1, 4));
  show("an empty value", setxattr("file", "user.empty", "", 0, 0));
  show("  is there", getxattr("file", "user.empty", NULL, 0));
  show("with zeros in it", setxattr("file", "user.zeros", "a\0b", 3, 0));
  show("  all of it", getxattr("file", "user.zeros", buffer, 10));
  show("what is not there", getxattr("file", "user.none", buffer, 10));
  show("too long", setxattr("file", "user.long", buffer, 65537, 0));

  family("names");
  text("list", names("file"));
  show("  too small a buffer", listxattr("file", buffer, 3));
  show("remove", removexattr("file", "user.two"));
  show("  again", removexattr("file", "user.two"));
  text("  list", names("file"));
  show("no namespace", setxattr("file", "plain", "x", 1, 0));
  show("  one that is not known", setxattr("file", "nonsense.x", "x", 1, 0));
  show("  get", getxattr("file", "nonsense.x", buffer, 1));
  show("  remove", removexattr("file", "nonsense.x"));
  show("a namespace alone", setxattr("file", "user.", "x", 1, 0));
  show("an empty name", setxattr("file", "", "x", 1, 0));
  char name[300] = "user.";
  memset(name + 5, 'n', 250);
  name[255] = 0;
  show("255 characters", setxattr("file", name, "x", 1, 0));
  show("  found", getxattr("file", name, buffer, 10));
  removexattr("file", name);
  strcat(name, "n");
  show("256 characters", setxattr("file", name, "x", 1, 0));
  show("a wild name", getxattr("file", (char *)8, buffer, 10));
  show("a wild value", setxattr("file", "user.one", (char *)8, 4, 0));
  show("a wild buffer", getxattr("file", "user.one", (char *)8, 100));

  family("files");
  show("by descriptor", fsetxattr(fd, "user.fd", "x", 1, 0));
  text("  is the file's", value("file", "user.fd"));
  show("  get", fgetxattr(fd, "user.fd", buffer, 10));
  show("  list", flistxattr(fd, NULL, 0) > 0);
  show("  remove", fremovexattr(fd, "user.fd"));
  show("  a descriptor that is not open", fgetxattr(77, "user.fd", buffer, 10));
  show("  of a place", fgetxattr(open("file", O_PATH), "user.one", buffer, 20));
  text("through a link", value("link", "user.one"));
  show("of the link", lgetxattr("link", "user.one", buffer, 20));
  show("  set", lsetxattr("link", "user.one", "x", 1, 0));
  show("  a trusted one", lsetxattr("link", "trusted.one", "x", 1, 0));
  show("  get it", lgetxattr("link", "trusted.one", buffer, 20));
  show("  list", llistxattr("link", buffer, 100));
  show("  remove it", lremovexattr("link", "trusted.one"));
  show("of a directory", setxattr("directory", "user.dir", "x", 1, 0));
  text("  list", names("directory"));
  show("of a fifo", setxattr("fifo", "user.one", "x", 1, 0));
  show("  get", getxattr("fifo", "user.one", buffer, 10));
  show("what is not there", getxattr("nothing", "user.one", buffer, 10));
  show("  below a file", setxattr("file/x", "user.one", "x", 1, 0));
  rename("file", "renamed");
  text("a rename keeps them", value("renamed", "user.one"));
  rename("renamed", "file");
  link("file", "hard");
  text("another name has them too", value("hard", "user.one"));

  family("whose they are");
  show("trusted", setxattr("file", "trusted.secret", "x", 1, 0));
  show("security", setxattr("file", "security.thing", "x", 1, 0));
  text("  list", names("file"));
  chmod("file", 0600);
  fflush(stdout);
  if (fork() == 0) {
    setgid(12345);
    setuid(12345);
    show("another user: read", getxattr("file", "user.one", buffer, 20));
    show("  write", setxattr("file", "user.one", "x", 1, 0));
    show("  remove", removexattr("file", "user.one"));
    show("  trusted", getxattr("file", "trusted.secret", buffer, 20));
    show("  trusted write", setxattr("file", "trusted.secret", "x", 1, 0));
    show("  security read", getxattr("file", "security.thing", buffer, 20));
    show("  security write", setxattr("file", "security.thing", "x", 1, 0));
    show("  security remove", removexattr("file", "security.thing"));
    text("  trusted names are not listed", names("file"));
    _exit(0);
  }
  wait(NULL);
  chmod("file", 0644);
  fflush(stdout);
  if (fork() == 0) {
    setgid(12345);
    setuid(12345);
    show("one who may read: read", getxattr("file", "user.one", buffer, 20));
    show("  write", setxattr("file", "user.one", "x", 1, 0));
    _exit(0);
  }
  wait(NULL);
  chmod("directory", 01777);
  fflush(stdout);
  if (fork() == 0) {
    setgid(12345);
    setuid(12345);
    show("a sticky directory of somebody else's", setxattr("directory", "user.one", "x", 1, 0));
    _exit(0);
  }
  wait(NULL);
  return 0;
}
