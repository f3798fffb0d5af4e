// Tools that show and change what a process sees of the system: names, ids, processes, mounts, namespaces.
#include "../tool.h"

void date_of(long seconds, int *year, int *month, int *day);

TOOL(env) {
  static char *empty[] = {NULL};
  if (count && same(*words, "-i")) words++, count--, environment = empty;
  int size = 0;
  while (environment[size]) size++;
  char **more = allocate((size + count + 1) * sizeof *more);
  memcpy(more, environment, size * sizeof *more);
  for (; count && strchr(*words, '='); words++, count--) {
    size_t length = strchr(*words, '=') - *words + 1;
    int at = 0;
    while (at < size && strncmp(more[at], *words, length)) at++;
    more[at] = *words;
    if (at == size) size++;
  }
  more[size] = NULL;
  environment = more;
  if (!count) {
    for (; *more; more++) print("%s\n", *more);
    return 0;
  }
  long error = execute(words);
  return failed(*words, error), error == -ENOENT ? 127 : 126;
}
TOOL(printenv) {
  const char *value = count ? variable(*words) : NULL;
  if (count) return value ? print("%s\n", value), 0 : 1;
  for (char **each = environment; *each; each++) print("%s\n", *each);
  return 0;
}

TOOL(id) {
  uint32_t groups[64];
  (void)count, (void)words;
  unsigned uid = call(geteuid32), gid = call(getegid32);
  long more = call(getgroups32, 64, groups);
  print("uid=%u(%s)", uid, name_of("/etc/passwd", uid));
  print(" gid=%u(%s)", gid, name_of("/etc/group", gid));
  print(" groups=%u(%s)", gid, name_of("/etc/group", gid));
  for (long i = 0; i < more; i++)
    if (groups[i] != gid) print(",%u(%s)", groups[i], name_of("/etc/group", groups[i]));
  print("\n");
  return 0;
}

TOOL(uname) {
  int flags = options(&count, &words, "asnrvm");
  if (flags < 0) return usage();
  struct names names;
  call(uname, &names);
  if (!flags) flags = 2;
  const char *all[] = {names.system, names.node, names.release, names.version, names.machine}, *blank = "";
  for (int i = 0; i < 5; i++)
    if (flags & 1 || flags & 2 << i) print("%s%s", blank, all[i]), blank = " ";
  print("\n");
  return 0;
}
TOOL(hostname) {
  struct names names;
  if (count) {
    long error = call(sethostname, words[0], strlen(words[0]));
    return error ? failed(words[0], error) : 0;
  }
  call(uname, &names);
  print("%s\n", names.node);
  return 0;
}
TOOL(date) {
  struct timespec now;
  int year, month, day;
  (void)count, (void)words;
  call(clock_gettime, 0, &now);
  date_of(now.seconds, &year, &month, &day);
  print("%d-%02d-%02d %02d:%02d:%02d UTC\n", year, month, day, (int)(now.seconds / 3600 % 24), (int)(now.seconds / 60 % 60), (int)(now.seconds % 60));
  return 0;
}
TOOL(nproc) {
  unsigned char set[128];
  (void)count, (void)words;
  int processors = 0;
  for (long i = call(sched_getaffinity, 0, sizeof set, set); i-- > 0;)
    for (int bits = set[i]; bits; bits &= bits - 1) processors++;
  print("%d\n", processors);
  return 0;
}
TOOL(dmesg) {
  (void)count, (void)words;
  long fd = call(open, "/dev/kmsg", O_RDONLY | 04000); // O_NONBLOCK
  if (fd < 0) return failed("/dev/kmsg", fd);
  char record[8192];
  for (long length; (length = call(read, fd, record, sizeof record - 1)) > 0;) {
    record[length] = 0;
    char *text = strchr(record, ';'), *end = text ? strchr(text, '\n') : NULL;
    if (end) end[1] = 0, print("%s", text + 1);
  }
  return 0;
}

// ---- processes -----------------------------------------------------------------------------------------------------------------

/** The value of a line "Name:\tvalue" of a file in /proc, within `text`. */
static const char *field(char *text, const char *name, char *value, size_t size) {
  char *line = strstr(text, name);
  size_t length = 0;
  if (line)
    for (line += strlen(name); is_space(*line) && *line != '\n';) line++;
  while (line && line[length] && line[length] != '\n' && line[length] != '\t' && length < size - 1) value[length] = line[length], length++;
  value[length] = 0;
  return value;
}

TOOL(ps) {
  char **names, path[64], text[4096], command[1024], parent[16], uid[16], state[32], memory[16], name[64];
  (void)count, (void)words;
  long error = list("/proc", &names), pid;
  if (error < 0) return failed("/proc", error);
  print("%5s %5s %-8s %s %8s %s\n", "PID", "PPID", "USER", "S", "RSS", "COMMAND");
  long pids[4096];
  int found = 0;
  for (; *names && found < 4096; names++)
    if (number(*names, 10, &pid)) {
      int at = found++;
      for (; at && pids[at - 1] > pid; at--) pids[at] = pids[at - 1];
      pids[at] = pid;
    }
  for (int i = 0; i < found; i++) {
    format(path, sizeof path, "/proc/%d/status", (int)pids[i]);
    if (read_file(path, text, sizeof text) <= 0) continue; // it has ended meanwhile
    format(path, sizeof path, "/proc/%d/cmdline", (int)pids[i]);
    long length = read_file(path, command, sizeof command);
    for (long k = 0; k + 1 < length; k++)
      if (!command[k]) command[k] = ' ';
    field(text, "Name:", name, sizeof name);
    field(text, "\nUid:", uid, sizeof uid);
    number(uid, 10, &pid);
    field(text, "\nPPid:", parent, sizeof parent);
    field(text, "\nState:", state, 2);
    field(text, "\nVmRSS:", memory, sizeof memory);
    print("%5d %5s %-8s %s ", (int)pids[i], parent, name_of("/etc/passwd", pid), state);
    if (length > 0) print("%8s %s\n", memory, command);
    else print("%8s [%s]\n", memory, name);
  }
  return 0;
}

TOOL(free) {
  char text[4096], value[32];
  (void)count, (void)words;
  long error = read_file("/proc/meminfo", text, sizeof text);
  if (error < 0) return failed("/proc/meminfo", error);
  static const char *const rows[][2] = {{"MemTotal:", "total"}, {"MemFree:", "free"}, {"MemAvailable:", "available"}};
  for (int i = 0; i < 3; i++) print("%-12s%s\n", rows[i][1], field(text, rows[i][0], value, sizeof value));
  static const char *const limits[][2] = {{"/sys/fs/cgroup/memory.max", "limit"}, {"/sys/fs/cgroup/memory.current", "in use"}};
  for (int i = 0; i < 2; i++)
    if (read_file(limits[i][0], value, sizeof value) > 0) print("%-12s%s", limits[i][1], value);
  return 0;
}

static const struct { const char *name; int number; } signals[] = {
  {"HUP", 1}, {"INT", 2}, {"QUIT", 3}, {"ABRT", 6}, {"KILL", 9}, {"USR1", 10}, {"SEGV", 11}, {"USR2", 12}, {"PIPE", 13}, {"ALRM", 14}, {"TERM", 15},
  {"CHLD", 17}, {"CONT", 18}, {"STOP", 19}, {"TSTP", 20}, {"TTIN", 21}, {"TTOU", 22}, {"WINCH", 28},
};
long signal_number(const char *name) {
  long value;
  if (number(name, 10, &value)) return value >= 0 && value <= 64 ? value : -1;
  if (strncmp(name, "SIG", 3) == 0) name += 3;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (same(signals[i].name, name)) return signals[i].number;
  return -1;
}
TOOL(kill) {
  long signal = SIGTERM, pid;
  int status = 0;
  if (count && same(*words, "-l")) {
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) print("%2d %s\n", signals[i].number, signals[i].name);
    return 0;
  }
  if (count > 1 && same(*words, "-s")) words++, count--, signal = signal_number(*words++), count--;
  else if (count && **words == '-' && !same(*words, "--")) signal = signal_number(*words++ + 1), count--;
  if (count && same(*words, "--")) words++, count--;
  if (signal < 0 || !count) return usage();
  for (; count--; words++) {
    if (!number(*words, 10, &pid)) return usage();
    long error = call(kill, pid, signal);
    if (error) status = failed(*words, error);
  }
  return status;
}
TOOL(sleep) {
  struct timespec time = {0};
  if (count != 1) return usage();
  char *point = strchr(words[0], '.');
  if (point) {
    *point = 0;
    for (long unit = 100000000; is_digit(*++point) && unit; unit /= 10) time.nanoseconds += (*point - '0') * unit;
  }
  if ((words[0][0] || !point) && (!number(words[0][0] ? words[0] : "x", 10, &time.seconds) || time.seconds < 0)) return usage();
  while (call(nanosleep, &time, &time) == -EINTR) {}
  return 0;
}
