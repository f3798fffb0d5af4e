// One program under many names: the first word says which tool it is.
#include "tool.h"

#define TOOLS(X) \
  X(cat, "[FILE...]") X(chmod, "MODE FILE...") X(chown, "UID[:GID] FILE...") X(chroot, "DIRECTORY [PROGRAM...]") X(cp, "[-r] FROM... TO") \
  X(date, "") X(dmesg, "") X(eat, "MIB: takes and touches memory, and keeps it") X(echo, "[-n] [WORD...]") X(env, "[-i] [NAME=VALUE...] [PROGRAM...]") \
  X(false, "") X(forks, "N: starts N children that sleep") X(free, "") X(grep, "[-vinclqE] PATTERN [FILE...]") X(head, "[-n N] [FILE...]") \
  X(hostname, "[NAME]") X(httpd, "[-p PORT] [DIRECTORY]: a web server of what is in it") X(id, "") X(kill, "[-SIGNAL] PID...") X(ln, "[-s] TARGET NAME") X(ls, "[-aldin1] [NAME...]") X(mkdir, "[-p] NAME...") \
  X(mount, "[-t TYPE] [-o OPTIONS] [WHAT WHERE]") X(mv, "FROM... TO") X(nc, "[-l] [ADDRESS] PORT") X(nproc, "") \
  X(nsenter, "-t PID [-muinpCU] [PROGRAM...]") X(ping, "[-c N] ADDRESS") X(printenv, "[NAME]") X(ps, "") X(pwd, "") X(readlink, "[-f] NAME") \
  X(rm, "[-rf] NAME...") X(rmdir, "NAME...") X(sh, "[-c COMMANDS | FILE] [WORD...]") X(sleep, "SECONDS") X(sort, "[-rnu] [FILE...]") \
  X(spin, "[SECONDS]: uses all of the processor that it is given, and says how much") X(tail, "[-n N] [FILE...]") X(test, "EXPRESSION") X(touch, "FILE...") \
  X(true, "") X(umount, "[-l] PLACE...") X(uname, "[-asnrvm]") X(unshare, "[-muinpCUfr] [PROGRAM...]") X(wc, "[-lwc] [FILE...]") X(yes, "[WORD]")

#define DECLARE(name, usage) TOOL(name);
TOOLS(DECLARE)
#define ROW(name, usage) {#name, usage, name##_tool},
const struct tool tools[] = {TOOLS(ROW){"[", "EXPRESSION ]", test_tool}, {NULL, NULL, NULL}};

__attribute__((noreturn)) void begin(long *stack) {
  int count = stack[0];
  char **words = (char **)(stack + 1);
  environment = words + count + 1;
  tool = count ? base_name(words[0]) : "sh";
  if (*tool == '-') tool++;
  const struct tool *which = find_tool(tool);
  if (!which && count > 1 && (which = find_tool(words[1]))) tool = which->name, words++, count--;
  int status = 2;
  if (which) status = which->run(count ? count - 1 : 0, words + (count > 0));
  else
    for (const struct tool *at = tools; at->name; at++) print("%s %s\n", at->name, at->usage);
  if (!flush() && !status) status = 1;
  call(exit_group, status);
  __builtin_unreachable();
}
