// What the shell does itself. POSIX.1-2017, XCU 2.14, and cd, read, wait, kin.
#include "sh.h"

/** Tools that are the shell's own too: without a process. */
builtin echo_tool, false_tool, kill_tool, pwd_tool, test_tool, true_tool;

char **parameters;
int parameter_count;
const char *shell_name = "sh";

static int cd(int count, char **words) {
  const char *place = count ? words[0] : get("HOME");
  char path[4096];
  if (place && same(place, "-")) {
    place = get("OLDPWD");
    if (place) print("%s\n", place);
  }
  if (!place) return complain("cd: HOME is not set\n"), 1;
  long error = call(chdir, place);
  if (error) return failed(place, error);
  if (get("PWD")) set("OLDPWD", get("PWD"));
  if (call(getcwd, path, sizeof path) > 0) set("PWD", path);
  return 0;
}
static int exit_builtin(int count, char **words) {
  long status = shell.status;
  if (count && !number(words[0], 10, &status)) return usage(), 2;
  leave(status & 0xff);
}
static int export_builtin(int count, char **words) {
  if (!count || same(*words, "-p")) return show_variables(true), 0;
  for (; count--; words++) {
    char *equals = strchr(*words, '=');
    if (equals) *equals = 0, set(*words, equals + 1);
    export(*words);
  }
  return 0;
}
static int unset_builtin(int count, char **words) {
  while (count--) unset(*words++);
  return 0;
}
static char **kept(int count, char **words) {
  char **list = allocate((count + 1) * sizeof *list);
  for (int i = 0; i < count; i++) list[i] = copy(words[i], strlen(words[i]));
  return list[count] = NULL, list;
}
static int set_builtin(int count, char **words) {
  if (!count) return show_variables(false), 0;
  for (; count && (**words == '-' || **words == '+') && words[0][1]; words++, count--) {
    if (same(*words, "--")) {
      parameters = kept(parameter_count = count - 1, words + 1);
      return 0;
    }
    for (const char *letter = *words + 1; *letter; letter++) {
      if (*letter == 'e') shell.exit_on_error = **words == '-';
      else if (*letter == 'x') shell.trace = **words == '-';
      else if (*letter != 'u' && *letter != 'm') return complain("set: -%c is not known\n", *letter), 2;
    }
  }
  if (count) parameters = kept(parameter_count = count, words);
  return 0;
}
static int shift_builtin(int count, char **words) {
  long by = 1;
  if (count && !number(words[0], 10, &by)) return 2;
  if (by < 0 || by > parameter_count) return 1;
  parameters += by, parameter_count -= by;
  return 0;
}
static int leave_loop(int how, int count, char **words) {
  long levels = 1;
  if (count && (!number(words[0], 10, &levels) || levels < 1)) return 2;
  if (!shell.loops) return 0;
  shell.leaving = how;
  shell.levels = levels > shell.loops ? shell.loops : levels;
  return 0;
}
static int break_builtin(int count, char **words) { return leave_loop('b', count, words); }
static int continue_builtin(int count, char **words) { return leave_loop('c', count, words); }
static int return_builtin(int count, char **words) {
  long status = shell.status;
  if (count && !number(words[0], 10, &status)) return 2;
  shell.leaving = 'r';
  return shell.status = status & 0xff;
}
static int eval_builtin(int count, char **words) {
  size_t size = 1;
  for (int i = 0; i < count; i++) size += strlen(words[i]) + 1;
  char *text = allocate(size), *to = text;
  for (int i = 0; i < count; i++) {
    if (i) *to++ = ' ';
    memcpy(to, words[i], strlen(words[i]));
    to += strlen(words[i]);
  }
  *to = 0;
  return count ? run_text(text) : 0;
}
static int dot_builtin(int count, char **words) {
  if (!count) return usage();
  struct source file = {"", call(open, words[0], O_RDONLY | O_CLOEXEC), false, false, "", NULL};
  if (file.fd < 0) return failed(words[0], file.fd);
  int status = run_source(&file);
  if (shell.leaving == 'r') shell.leaving = 0;
  call(close, file.fd);
  return status;
}
static int exec_builtin(int count, char **words) {
  if (!count) return 0;
  environment = make_environment();
  long error = execute(words);
  failed(words[0], error);
  if (!shell.interactive) leave(error == -ENOENT ? 127 : 126);
  return 126;
}
static int read_builtin(int count, char **words) {
  char line[8192];
  if (count && same(*words, "-r")) words++, count--;
  const char *separators = get("IFS");
  if (!separators) separators = " \t\n";
  bool got = read_line(0, line, sizeof line);
  char *at = line;
  for (int i = 0; i < count; i++) {
    while (*at && is_space(*at) && strchr(separators, *at)) at++;
    char *end = at;
    if (i + 1 < count) while (*end && !strchr(separators, *end)) end++;
    else for (end += strlen(end); end > at && is_space(end[-1]) && strchr(separators, end[-1]);) end--;
    char stopped = *end;
    *end = 0;
    set(words[i], at);
    at = stopped ? end + 1 : end;
  }
  return !got;
}
static int trap_builtin(int count, char **words) {
  if (count < 2 || !(same(words[1], "EXIT") || same(words[1], "0"))) return complain("trap: only EXIT can be waited for\n"), 1;
  exit_trap = same(words[0], "-") ? NULL : copy(words[0], strlen(words[0]));
  return 0;
}
static int umask_builtin(int count, char **words) {
  long mask;
  if (count) return number(words[0], 8, &mask) ? call(umask, mask), 0 : 2;
  mask = call(umask, 022);
  call(umask, mask);
  print("%04o\n", (unsigned)mask);
  return 0;
}
static int type_builtin(int count, char **words) {
  int status = 0;
  for (; count--; words++) {
    if (find_builtin(*words)) print("%s is the shell's own\n", *words);
    else if (find_tool(*words)) print("%s is a tool\n", *words);
    else status = 127, complain("%s: not found\n", *words);
  }
  return status;
}
static int help_builtin(int count, char **words) {
  (void)count, (void)words;
  for (const struct tool *at = tools; at->name; at++) print("%s %s\n", at->name, at->usage);
  print("and in the shell: cd exit export unset set shift break continue return eval exec read wait jobs fg bg trap umask type help . :\n");
  return 0;
}

static const struct { const char *name; builtin *run; } builtins[] = {
  {":", true_tool}, {".", dot_builtin}, {"[", test_tool}, {"bg", bg_builtin}, {"break", break_builtin}, {"cd", cd}, {"continue", continue_builtin}, {"echo", echo_tool},
  {"eval", eval_builtin}, {"exec", exec_builtin}, {"exit", exit_builtin}, {"export", export_builtin}, {"false", false_tool}, {"fg", fg_builtin}, {"help", help_builtin},
  {"jobs", jobs_builtin}, {"kill", kill_tool}, {"pwd", pwd_tool}, {"read", read_builtin}, {"return", return_builtin}, {"set", set_builtin}, {"shift", shift_builtin},
  {"test", test_tool}, {"trap", trap_builtin}, {"true", true_tool}, {"type", type_builtin}, {"umask", umask_builtin}, {"unset", unset_builtin}, {"wait", wait_builtin},
};
builtin *find_builtin(const char *name) {
  for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
    if (same(builtins[i].name, name)) return builtins[i].run;
  return NULL;
}

TOOL(sh) {
  for (char **at = environment; *at; at++) {
    char *equals = strchr(*at, '=');
    if (!equals || is_digit(**at)) continue;
    char *name = copy(*at, equals - *at);
    set(name, equals + 1);
    export(name);
  }
  if (!get("PATH")) set("PATH", "/bin:/sbin:/usr/bin:/usr/sbin");
  shell.shell_pid = call(getpid);
  char modes[64], *commands = NULL;
  bool interactive = false;
  for (; count && **words == '-' && words[0][1]; words++, count--) {
    if (same(*words, "-c") && count > 1) {
      commands = *++words;
      words++, count -= 2;
      break;
    }
    if (same(*words, "-i")) interactive = true;
    else if (same(*words, "-e")) shell.exit_on_error = true;
    else if (same(*words, "-x")) shell.trace = true;
    else if (same(*words, "-ec") && count > 1) {
      shell.exit_on_error = true;
      commands = *++words;
      words++, count -= 2;
      break;
    } else if (!same(*words, "-l")) return usage();
  }
  if (commands) {
    if (count) shell_name = *words++, count--;
    parameters = words, parameter_count = count;
    leave(run_text(commands));
  }
  struct source source = {"", 0, false, false, "", NULL};
  if (count) {
    shell_name = *words;
    source.fd = call(open, *words, O_RDONLY | O_CLOEXEC);
    if (source.fd < 0) return failed(*words, source.fd), 127;
    parameters = words + 1, parameter_count = count - 1;
  } else if (interactive || (call(ioctl, 0, TCGETS, modes) == 0 && call(ioctl, 2, TCGETS, modes) == 0)) {
    source.interactive = shell.interactive = true;
    begin_jobs();
  }
  int status = run_source(&source);
  if (source.interactive) complain("exit\n");
  leave(status);
}
