// proc(5): self, stat, status, cmdline, environ, comm, links, fd, fdinfo, maps, smaps, limits, oom, mem, task, ns, sys; whom they are for.
#include "show.h"
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

static char buffer[65536];

// The contents of a file; how long they are, or -1.
static int get(const char *name) {
  int fd = open(name, O_RDONLY);
  if (fd < 0) return -1;
  int length = 0, piece;
  while ((piece = read(fd, buffer + length, sizeof buffer - 1 - length)) > 0) length += piece;
  int kept = errno;
  close(fd);
  errno = kept;
  if (piece < 0) return -1;
  buffer[length] = 0;
  return length;
}
static int put(const char *name, const char *value) {
  int fd = open(name, O_WRONLY | O_TRUNC);
  if (fd < 0) return -1;
  int done = write(fd, value, strlen(value));
  int kept = errno;
  close(fd);
  errno = kept;
  return done;
}
// The line of a file that begins so.
static const char *line(const char *name, const char *start) {
  static char found[4096];
  if (get(name) < 0) return strerrorname_np(errno);
  for (char *at = buffer; *at; at = strchr(at, '\n') + 1) {
    char *end = strchr(at, '\n');
    if (!strncmp(at, start, strlen(start))) {
      snprintf(found, sizeof found, "%.*s", (int)(end - at), at);
      return found;
    }
    if (!end) break;
  }
  return "none";
}
// Field n of /proc/PID/stat, counted from 1; the name has any number of words.
static long long stat_field(const char *name, int n) {
  if (get(name) < 0) return -1;
  char *at = strrchr(buffer, ')') + 2;
  for (int i = 3; i < n; i++) at = strchr(at, ' ') + 1;
  return strtoll(at, NULL, 10);
}
static const char *target(const char *name) {
  static char found[4096];
  int length = readlink(name, found, sizeof found - 1);
  if (length < 0) return strerrorname_np(errno);
  found[length] = 0;
  return found;
}
static char *path(const char *format, ...) {
  static char made[8][256];
  static int next;
  char *into = made[next++ % 8];
  __builtin_va_list arguments;
  __builtin_va_start(arguments, format);
  vsnprintf(into, 256, format, arguments);
  return into;
}
static const char *kind(const char *text) {
  static char found[64];
  snprintf(found, sizeof found, "%.*s", (int)strcspn(text, "0123456789"), text);
  return found;
}
static int entries(const char *name) {
  DIR *directory = opendir(name);
  if (!directory) return -1;
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory));) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}
static void handler(int signal) {}
static void *thread(void *argument) {
  char *self = strdup(target("/proc/thread-self"));
  show("thread-self has the thread's number", strcmp(self, path("%d/task/%d", getpid(), gettid())));
  show("  task lists both", entries("/proc/self/task"));
  show("  Threads", atoi(line("/proc/self/status", "Threads:") + 8));
  show("  stat's num_threads", stat_field("/proc/self/stat", 20));
  prctl(PR_SET_NAME, "second");
  text("  a thread has a name of its own", line("/proc/thread-self/comm", ""));
  text("  the process keeps its own", line("/proc/self/comm", ""));
  show("  a thread's number is found", access(path("/proc/%d/stat", gettid()), F_OK));
  show("  but it has no task directory", access(path("/proc/%d/task/%d/task", getpid(), gettid()), F_OK));
  show("  and is not listed", get("/proc/self/task") < 0);
  return NULL;
}
static volatile int touched;

static void as_other(pid_t parent) {
  family("another user");
  setgid(12345);
  setuid(12345);
  show("stat can be read", get(path("/proc/%d/stat", parent)) > 0);
  show("  without addresses: startcode is 1", stat_field(path("/proc/%d/stat", parent), 26));
  show("  startstack is 0", stat_field(path("/proc/%d/stat", parent), 28));
  show("  start_brk is 0", stat_field(path("/proc/%d/stat", parent), 47));
  show("status can be read", get(path("/proc/%d/status", parent)) > 0);
  show("cmdline can be read", get(path("/proc/%d/cmdline", parent)) > 0);
  show("limits can be read", get(path("/proc/%d/limits", parent)) > 0);
  show("mountinfo can be read", get(path("/proc/%d/mountinfo", parent)) > 0);
  const char *names[] = {"environ", "auxv", "maps", "smaps", "smaps_rollup", "mem", "io", "stack", "mountstats"};
  for (int i = 0; i < 9; i++) show(path("%s can't be opened", names[i]), open(path("/proc/%d/%s", parent, names[i]), O_RDONLY));
  const char *links[] = {"exe", "cwd", "root", "ns/uts"};
  for (int i = 0; i < 4; i++) text(path("%s can't be read", links[i]), target(path("/proc/%d/%s", parent, links[i])));
  show("nor followed", open(path("/proc/%d/cwd/x", parent), O_RDONLY));
  show("  stat(2) neither", stat(path("/proc/%d/root", parent), &(struct stat){}));
  const char *directories[] = {"fd", "fdinfo", "ns", "task"};
  for (int i = 0; i < 4; i++) show(path("%s opened", directories[i]), open(path("/proc/%d/%s", parent, directories[i]), O_RDONLY) < 0 ? -1 : 0);
  show("comm can't be written", put(path("/proc/%d/comm", parent), "x"));
  show("oom_score_adj can't be written", put(path("/proc/%d/oom_score_adj", parent), "5"));
  struct stat info;
  stat(path("/proc/%d", getpid()), &info);
  show("its own directory is its own", info.st_uid);
  stat(path("/proc/%d/status", getpid()), &info);
  show("  what is in it is root's, as it is not dumpable", info.st_uid);
  show("  its own fd opens all the same", entries("/proc/self/fd") > 0);
  show("  environ does not", open("/proc/self/environ", O_RDONLY));
  show("  a descriptor's link is followed", close(open("/proc/self/fd/1", O_PATH)));
  prctl(PR_SET_DUMPABLE, 1);
  stat(path("/proc/%d/status", getpid()), &info);
  show("  dumpable: it is its own", info.st_uid);
  show("  and environ opens", close(open("/proc/self/environ", O_RDONLY)));
  show("oom_score_adj can be raised", put("/proc/self/oom_score_adj", "100"));
  show("  lowered again to what it was", put("/proc/self/oom_score_adj", "0"));
  show("  not below", put("/proc/self/oom_score_adj", "-1"));
  show("a setting can't be written", put("/proc/sys/kernel/hostname", "x"));
}

int main(int count, char **args) {
  char name[512];
  if (count > 1) {
    text("  exec: comm is the last part of the path", line("/proc/self/comm", ""));
    get("/proc/self/cmdline");
    text("  exec: argv[0] is as it was given", buffer);
    text("  exec: argv[1]", buffer + strlen(buffer) + 1);
    get("/proc/self/environ");
    text("  exec: environ", buffer);
    return 0;
  }
  umask(027);
  family("numbers and links");
  show("self has the process's number", atoi(target("/proc/self")) == getpid());
  show("  lstat of self is a link", (lstat("/proc/self", &(struct stat){}), 0));
  text("mounts leads to self/mounts", target("/proc/mounts"));
  show("a number that nobody has", access("/proc/99999999", F_OK));
  show("number 0", access("/proc/0", F_OK));
  show("a number with a zero in front", access(path("/proc/0%d", getpid()), F_OK));
  strcpy(name, target("/proc/self/exe"));
  show("exe is absolute", name[0] == '/');
  text("  and ends with the program's name", strrchr(name, '/'));
  struct stat one, two;
  stat("/proc/self/exe", &one);
  stat(name, &two);
  show("  followed it is that file", one.st_ino == two.st_ino && one.st_dev == two.st_dev);
  char *cwd = getcwd(NULL, 0);
  show("cwd is getcwd's", strcmp(cwd, target("/proc/self/cwd")));
  mkdir("gone", 0755);
  chdir("gone");
  rmdir("../gone");
  const char *deleted = target("/proc/self/cwd");
  text("  one that was removed", strstr(deleted, "/gone"));
  show("  can still be entered by it", chdir("/proc/self/cwd"));
  chdir(cwd);
  text("root", target("/proc/self/root"));
  show("  leads to the root", (stat("/proc/self/root/", &one), stat("/", &two), one.st_ino == two.st_ino));
  show("a link can't be written through as a directory", open("/proc/self/exe/x", O_RDONLY));
  show("O_NOFOLLOW on a link", open("/proc/self/exe", O_RDONLY | O_NOFOLLOW));
  show("nothing can be made", mkdir("/proc/new", 0755));
  show("  nor removed", unlink("/proc/self/stat"));
  show("  nor renamed", rename("/proc/self/stat", "/proc/self/other"));
  show("  nor have another mode", chmod("/proc/self/stat", 0600));
  show("  a link of a file can't be made", link("/proc/self/stat", "/proc/self/more"));
  show("statfs", (long)({ struct { long type, rest[40]; } s; syscall(99, "/proc", &s); s.type; }));

  family("stat and status");
  show("stat begins with the number", (get("/proc/self/stat"), atoi(buffer) == getpid()));
  prctl(PR_SET_NAME, "a) R 1 (b");
  get("/proc/self/stat");
  text("  the name may hold anything", strndup(strchr(buffer, '('), strrchr(buffer, ')') - strchr(buffer, '(') + 1));
  text("  in status too", line("/proc/self/status", "Name:"));
  prctl(PR_SET_NAME, "back\\slash\nline");
  get("/proc/self/stat");
  text("  backslash and newline are escaped", strndup(strchr(buffer, '('), strrchr(buffer, ')') - strchr(buffer, '(') + 1));
  show("write to comm", put("/proc/self/comm", "a name that is too long"));
  text("  is cut to 15", line("/proc/self/comm", ""));
  show("  without the newline", put("/proc/self/comm", "short\n"));
  prctl(PR_GET_NAME, name);
  text("  as prctl sees it", name);
  show("state is R", (get("/proc/self/stat"), strrchr(buffer, ')')[2]));
  show("ppid", stat_field("/proc/self/stat", 4) == getppid());
  show("pgrp", stat_field("/proc/self/stat", 5) == getpgrp());
  show("session", stat_field("/proc/self/stat", 6) == getsid(0));
  show("priority", stat_field("/proc/self/stat", 18));
  setpriority(PRIO_PROCESS, 0, 5);
  show("  with nice 5", stat_field("/proc/self/stat", 18));
  show("nice", stat_field("/proc/self/stat", 19));
  show("exit_signal", stat_field("/proc/self/stat", 38));
  show("stat has 52 fields", ({ int n = 2; get("/proc/self/stat"); for (char *at = strrchr(buffer, ')') + 1; *at; at++) n += *at == ' '; n; }));
  show("the stack's start lies in the stack", (unsigned long)stat_field("/proc/self/stat", 28) > (unsigned long)&name - 65536);
  show("end of code is behind main", (unsigned long)stat_field("/proc/self/stat", 27) > (unsigned long)main);
  text("Umask", line("/proc/self/status", "Umask:"));
  text("Uid", line("/proc/self/status", "Uid:"));
  text("Groups", kind(line("/proc/self/status", "Groups:")));
  text("TracerPid", line("/proc/self/status", "TracerPid:"));
  text("SigBlk", line("/proc/self/status", "SigBlk:"));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, 40);
  sigprocmask(SIG_BLOCK, &set, NULL);
  text("  with two blocked", line("/proc/self/status", "SigBlk:"));
  raise(SIGUSR1);
  text("  pending to the thread", line("/proc/self/status", "SigPnd:"));
  kill(getpid(), 40);
  text("  pending to the process", line("/proc/self/status", "ShdPnd:"));
  show("  stat's blocked", stat_field("/proc/self/stat", 32));
  show("  stat's pending", stat_field("/proc/self/stat", 31));
  signal(SIGHUP, SIG_IGN);
  signal(SIGTERM, handler);
  text("SigIgn", line("/proc/self/status", "SigIgn:"));
  show("  SigCgt has SIGTERM", (strtoull(line("/proc/self/status", "SigCgt:") + 8, NULL, 16) >> (SIGTERM - 1)) & 1);
  show("  stat's sigignore", stat_field("/proc/self/stat", 33));
  text("NoNewPrivs", line("/proc/self/status", "NoNewPrivs:"));
  text("VmSwap", line("/proc/self/status", "VmSwap:"));
  show("VmSize is vsize", atol(line("/proc/self/status", "VmSize:") + 7) * 1024 == stat_field("/proc/self/stat", 23));
  get("/proc/self/statm");
  show("statm has 7 numbers", ({ long a, b, c, d, e, f, g; sscanf(buffer, "%ld %ld %ld %ld %ld %ld %ld", &a, &b, &c, &d, &e, &f, &g); }));
  show("  the first is the size", atol(buffer) * 4096 == stat_field("/proc/self/stat", 23));

  family("command line and environment");
  get("/proc/self/cmdline");
  show("cmdline ends with a NUL", strcmp(buffer, args[0]));
  pid_t child = fork();
  if (child == 0) {
    char *arguments[] = {"zero", "one", NULL}, *environment[] = {"MARK=set", NULL};
    execve("/proc/self/exe", arguments, environment);
    _exit(1);
  }
  waitpid(child, NULL, 0);
  child = fork();
  if (child == 0) {
    strcpy(args[0], "t");
    get("/proc/self/cmdline");
    text("  what a program writes there is shown", buffer);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  get("/proc/self/auxv");
  Elf32_auxv_t *auxv = (Elf32_auxv_t *)buffer;
  while (auxv->a_type != AT_PAGESZ) auxv++;
  show("auxv has AT_PAGESZ", auxv->a_un.a_val);

  family("descriptors");
  int file = open("file", O_RDWR | O_CREAT | O_APPEND, 0644);
  write(file, "contents", 8);
  lseek(file, 3, SEEK_SET);
  show("fd leads to the file", strcmp(target(path("/proc/self/fd/%d", file)), path("%s/file", cwd)));
  lstat(path("/proc/self/fd/%d", file), &one);
  show("  its mode says how it is open", one.st_mode & 0777);
  show("  it has the size of 64", one.st_size);
  int reading = open("file", O_RDONLY | O_CLOEXEC);
  lstat(path("/proc/self/fd/%d", reading), &one);
  show("  read only", one.st_mode & 0777);
  int again = open(path("/proc/self/fd/%d", reading), O_RDWR);
  show("opened again with other rights", again >= 0);
  show("  it has a position of its own", read(again, name, 100));
  show("  the other did not move", lseek(reading, 0, SEEK_CUR));
  text("fdinfo: pos", line(path("/proc/self/fdinfo/%d", file), "pos:"));
  text("  flags", line(path("/proc/self/fdinfo/%d", file), "flags:"));
  text("  flags with close-on-exec", line(path("/proc/self/fdinfo/%d", reading), "flags:"));
  unlink("file");
  const char *gone = target(path("/proc/self/fd/%d", file));
  text("removed", gone + strlen(cwd));
  int once_more = open(path("/proc/self/fd/%d", file), O_RDONLY);
  show("  it can be opened again", read(once_more, name, 100));
  show("  stat sees no name", (stat(path("/proc/self/fd/%d", file), &one), one.st_nlink));
  show("  O_CREAT opens it too", close(open(path("/proc/self/fd/%d", file), O_RDWR | O_CREAT, 0600)));
  show("  O_TRUNC empties it", (close(open(path("/proc/self/fd/%d", file), O_RDWR | O_CREAT | O_TRUNC, 0600)), fstat(file, &one), one.st_size));
  show("  O_EXCL does not", open(path("/proc/self/fd/%d", file), O_RDWR | O_CREAT | O_EXCL, 0600));
  show("  a mode of nobody's is asked", (fchmod(file, 0), getuid() == 0 ? 0 : open(path("/proc/self/fd/%d", file), O_RDONLY)));
  int ends[2];
  pipe(ends);
  text("a pipe", kind(target(path("/proc/self/fd/%d", ends[0]))));
  fstat(ends[0], &one);
  show("  its number is its inode", atoi(target(path("/proc/self/fd/%d", ends[0])) + 6) == one.st_ino);
  int writer = open(path("/proc/self/fd/%d", ends[0]), O_WRONLY);
  show("  the reading end opened for writing", write(writer, "abc", 3));
  show("  is the same pipe", read(ends[0], name, 100));
  int reader = open(path("/proc/self/fd/%d", ends[1]), O_RDONLY | O_NONBLOCK);
  show("  nothing in it: EAGAIN", read(reader, name, 1));
  close(writer);
  close(ends[1]);
  show("  no writer: the end", read(reader, name, 1));
  int sockets[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
  text("a socket", kind(target(path("/proc/self/fd/%d", sockets[0]))));
  show("  can't be opened", open(path("/proc/self/fd/%d", sockets[0]), O_RDWR));
  int memory = memfd_create("named", 0);
  text("memory", target(path("/proc/self/fd/%d", memory)));
  write(memory, "12345", 5);
  show("  opens again", read(open(path("/proc/self/fd/%d", memory), O_RDONLY), name, 100));
  int place = open(".", O_PATH);
  close(open("there", O_CREAT, 0600));
  show("a place's files are found by it", close(open(path("/proc/self/fd/%d/there", place), O_RDONLY)));
  lstat(path("/proc/self/fd/%d", place), &one);
  show("  its link may do nothing", one.st_mode & 0777);
  show("a descriptor that is not open", open("/proc/self/fd/999", O_RDONLY));
  show("  a name that is none", access("/proc/self/fd/x", F_OK));
  show("  /dev/fd is the same", close(open(path("/dev/fd/%d", memory), O_RDONLY)));
  show("fd's size is how many there are", (stat("/proc/self/fd", &one), one.st_size == entries("/proc/self/fd") - 1));
  show("fd is listed with types", ({ DIR *d = opendir("/proc/self/fd"); struct dirent *e; do e = readdir(d); while (e->d_name[0] == '.'); int t = e->d_type; closedir(d); t; }));

  family("memory");
  char *area = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(area + 4096, 4096, PROT_NONE);
  munmap(area + 4 * 4096, 4096);
  text("maps: rights", line("/proc/self/maps", path("%08lx-%08lx", area, area + 4096)) + 17);
  text("  none", line("/proc/self/maps", path("%08lx-", area + 4096)) + 17);
  char *shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memory, 0);
  text("  shared, with the name", strstr(line("/proc/self/maps", path("%08lx-", shared)), "/memfd"));
  strncpy(name, line("/proc/self/maps", path("%08lx-", shared)) + 17, 13);
  text("  rights and offset", strndup(name, 13));
  fchmod(file, 0644);
  ftruncate(file, 3 * 4096);
  char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, file, 2 * 4096);
  strcpy(name, line("/proc/self/maps", path("%08lx-", mapped)));
  text("  a file's offset", strndup(name + 17, 13));
  text("  a removed file's name", strstr(name, "/file"));
  fstat(file, &one);
  show("  with its inode", ({ unsigned long ino; sscanf(name, "%*x-%*x %*s %*x %*x:%*x %lu", &ino); ino == one.st_ino; }));
  get("/proc/self/maps");
  show("  there is a heap", strstr(buffer, "[heap]") != NULL);
  show("  a stack", strstr(buffer, "[stack]\n") != NULL);
  show("  a vdso", strstr(buffer, "[vdso]\n") != NULL);
  area[0] = area[2 * 4096] = 1;
  get("/proc/self/smaps");
  char *found = strstr(buffer, path("%08lx-%08lx", area, area + 4096));
  text("smaps: Size", strndup(strchr(found, '\n') + 1, 24));
  text("  Rss", strndup(strstr(found, "Rss:"), 24));
  text("  Pss", strndup(strstr(found, "Pss:"), 24));
  text("  Private_Dirty", strndup(strstr(found, "Private_Dirty:"), 24));
  text("  Anonymous", strndup(strstr(found, "Anonymous:"), 24));
  show("  every area has its flags", ({ int n = 0; for (char *at = buffer; (at = strstr(at, "VmFlags:")); at++) n++; int areas = n; get("/proc/self/maps"); for (char *at = buffer; (at = strchr(at, '\n')); at++) n--; n >= -2 && n <= 2 && areas > 5; }));
  int self = open("/proc/self/mem", O_RDWR);
  touched = 77;
  int value = 0;
  show("mem: reads its own memory", pread(self, &value, 4, (unsigned long)&touched));
  show("  the value", value);
  value = 88;
  show("  writes it", pwrite(self, &value, 4, (unsigned long)&touched));
  show("  the value", touched);
  show("  nothing is there", pread(self, &value, 4, (unsigned long)area + 4 * 4096) == -1 ? errno : 0);
  show("  none may touch it", (long)pread(self, &value, 4, 0));

  family("limits and memory pressure");
  text("limits has a head", line("/proc/self/limits", "Limit"));
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){12345678, 23456789});
  text("  a limit that was set", line("/proc/self/limits", "Max file size"));
  text("  one without end", line("/proc/self/limits", "Max cpu time"));
  text("  nice", line("/proc/self/limits", "Max nice"));
  text("oom_score_adj", line("/proc/self/oom_score_adj", ""));
  show("  set", put("/proc/self/oom_score_adj", "500\n"));
  text("  it is", line("/proc/self/oom_score_adj", ""));
  show("  too high", put("/proc/self/oom_score_adj", "1001"));
  show("  too low", put("/proc/self/oom_score_adj", "-1001"));
  show("  no number", put("/proc/self/oom_score_adj", "x"));
  put("/proc/self/oom_score_adj", "1000");
  show("  oom_score follows", atoi(line("/proc/self/oom_score", "")) > 1000);
  put("/proc/self/oom_score_adj", "0");
  show("stat can't be written", put("/proc/self/stat", "x"));
  show("a file that is not there", open("/proc/self/nothing", O_RDONLY));

  family("reading");
  int status = open("/proc/self/status", O_RDONLY);
  show("one byte at a time", ({ char piece; int n = 0; while (n < 6 && read(status, name + n, 1) == 1) n++; strncmp(name, "Name:\t", 6); }));
  show("from any place", ({ get("/proc/self/limits"); int fd = open("/proc/self/limits", O_RDONLY); pread(fd, name, 10, 100); close(fd); strncmp(name, buffer + 100, 10); }));
  show("seek", lseek(status, 0, SEEK_SET));
  prctl(PR_SET_NAME, "fresh");
  read(status, name, 12);
  text("  read again it is new", strndup(name, 11));
  show("  from the end", lseek(status, 0, SEEK_END));
  show("  before the start", lseek(status, -1, SEEK_SET));
  show("  behind the end", pread(status, name, 10, 1 << 20));
  show("size of a text is 0", (fstat(status, &one), one.st_size));
  show("mmap of one", mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, status, 0) == MAP_FAILED ? -1 : 0);
  show("a directory can't be read", read(open("/proc/self", O_RDONLY), name, 1));

  family("sizes");
  int login = open("/proc/self/loginuid", O_RDWR);
  show("ftruncate changes nothing", ftruncate(login, 0));
  show("  whatever is asked", ftruncate(login, 10));
  show("  the size stays", ({ struct stat info; fstat(login, &info); info.st_size; }));
  close(login);
  show("truncate", truncate("/proc/self/oom_score_adj", 0));
  show("what is for reading only", ({ int fd = open("/proc/self/status", O_RDONLY); int failed = ftruncate(fd, 0); int kept = errno; close(fd); errno = kept; failed; }));

  family("threads");
  pthread_t other;
  pthread_create(&other, NULL, thread, NULL);
  pthread_join(other, NULL);
  show("task lists what is left", entries("/proc/self/task"));

  family("namespaces");
  child = fork();
  if (child == 0) for (;;) pause();
  const char *kinds[] = {"mnt", "pid", "user", "uts", "pid_for_children"};
  for (int i = 0; i < 5; i++) {
    text(kinds[i], kind(target(path("/proc/self/ns/%s", kinds[i]))));
    char *mine = strdup(target(path("/proc/self/ns/%s", kinds[i])));
    show("  a child's is the same", strcmp(mine, target(path("/proc/%d/ns/%s", child, kinds[i]))));
    stat(path("/proc/self/ns/%s", kinds[i]), &one);
    show("  its number is its inode's", strtoul(strchr(mine, '[') + 1, NULL, 10) == one.st_ino);
  }
  int ns = open("/proc/self/ns/uts", O_RDONLY);
  show("one can be opened", ns >= 0);
  text("  and has its name as a descriptor", kind(target(path("/proc/self/fd/%d", ns))));

  family("other processes");
  usleep(20000);
  show("state of one that waits is S", (get(path("/proc/%d/stat", child)), strrchr(buffer, ')')[2]));
  kill(child, SIGSTOP);
  waitpid(child, NULL, WUNTRACED);
  show("  stopped it is T", (get(path("/proc/%d/stat", child)), strrchr(buffer, ')')[2]));
  show("its comm can't be written", put(path("/proc/%d/comm", child), "x"));
  int directory = open(path("/proc/%d", child), O_RDONLY | O_DIRECTORY);
  int held = open(path("/proc/%d/status", child), O_RDONLY);
  kill(child, SIGKILL);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  show("a zombie's state is Z", (get(path("/proc/%d/stat", child)), strrchr(buffer, ')')[2]));
  show("  its vsize is 0", stat_field(path("/proc/%d/stat", child), 23));
  show("  its cmdline is empty", get(path("/proc/%d/cmdline", child)));
  text("  it has no exe", target(path("/proc/%d/exe", child)));
  text("  nor cwd", target(path("/proc/%d/cwd", child)));
  show("  its fd is empty", entries(path("/proc/%d/fd", child)));
  text("  status has no Vm lines", line(path("/proc/%d/status", child), "VmSize"));
  waitpid(child, NULL, 0);
  show("one that is gone", access(path("/proc/%d", child), F_OK));
  show("  its directory, still open", openat(directory, "stat", O_RDONLY));
  show("  its status, still open", read(held, name, 10));
  show("  and listed", ({ struct { char bytes[512]; } entry; syscall(220, directory, &entry, sizeof entry); }));

  family("the system");
  struct utsname uts;
  uname(&uts);
  show("sys/kernel/hostname is uname's", strcmp(line("/proc/sys/kernel/hostname", ""), uts.nodename));
  text("ostype", line("/proc/sys/kernel/ostype", ""));
  show("  can't be written", put("/proc/sys/kernel/ostype", "x"));
  show("  its mode", (stat("/proc/sys/kernel/ostype", &one), one.st_mode));
  show("osrelease is uname's", strcmp(line("/proc/sys/kernel/osrelease", ""), uts.release));
  char *boot = strdup(line("/proc/sys/kernel/random/boot_id", ""));
  show("boot_id stays", strcmp(boot, line("/proc/sys/kernel/random/boot_id", "")));
  show("  and is a UUID", strlen(boot));
  show("uuid does not", strcmp(boot, line("/proc/sys/kernel/random/uuid", "")) != 0);
  text("cap_last_cap", line("/proc/sys/kernel/cap_last_cap", ""));
  text("ngroups_max", line("/proc/sys/kernel/ngroups_max", ""));
  text("max_map_count", line("/proc/sys/vm/max_map_count", ""));
  text("nr_open", line("/proc/sys/fs/nr_open", ""));
  text("pipe-max-size", line("/proc/sys/fs/pipe-max-size", ""));
  show("a setting that is not there", open("/proc/sys/vm/nothing", O_RDONLY));
  show("uptime goes on", atof(line("/proc/uptime", "")) > 0);
  show("loadavg has five fields", ({ float a, b, c; int d, e, f; sscanf(line("/proc/loadavg", ""), "%f %f %f %d/%d %d", &a, &b, &c, &d, &e, &f); }));
  show("  the last pid", strtol(strrchr(line("/proc/loadavg", ""), ' '), NULL, 10) >= getpid());
  text("meminfo has MemTotal", strtok(line("/proc/meminfo", "MemTotal:"), " "));
  show("  MemAvailable is no more", atol(line("/proc/meminfo", "MemAvailable:") + 14) <= atol(line("/proc/meminfo", "MemTotal:") + 10));
  text("stat has cpu0", kind(line("/proc/stat", "cpu0")));
  show("  processes", atol(line("/proc/stat", "processes ") + 10) > 0);
  show("  btime", atol(line("/proc/stat", "btime ") + 6) > 1500000000);
  text("filesystems has proc", line("/proc/filesystems", "nodev\tproc"));
  text("cpuinfo", kind(line("/proc/cpuinfo", "cpu family")));
  show("version begins with Linux", strncmp(line("/proc/version", ""), "Linux version ", 14));
  text("swaps has a head", line("/proc/swaps", "Filename"));

  fflush(stdout);
  child = fork();
  if (child == 0) {
    as_other(getppid());
    _exit(0);
  }
  waitpid(child, NULL, 0);
  return 0;
}
