// Jobs at a terminal: groups of processes, who has the terminal, stopping and going on. POSIX.1-2017, XBD 11.1.
#include "sh.h"

enum { JOBS = 32 };
static struct job { long group, last; char what[64]; bool stopped; int number; } jobs[JOBS];
static int count;
static long own_group;

static void on_signal(int signal) { (void)signal; }
static void handle(int signal, void *handler) {
  struct action action = {handler, SA_SIGINFO | SA_RESTORER, signal_return, 0}; // the frame that signal_return knows
  call(rt_sigaction, signal, &action, NULL, 8);
}

void begin_jobs(void) {
  static const int ignored[] = {SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGTERM};
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) handle(ignored[i], (void *)1);
  handle(SIGINT, on_signal); // a read of the next line is interrupted
  own_group = call(getpid);
  call(setpgid, 0, 0);
  call(ioctl, 0, TIOCSPGRP, &own_group);
}

void join_job(long group, bool background) {
  if (!shell.interactive) {
    if (background) handle(SIGINT, (void *)1), handle(SIGQUIT, (void *)1);
    return;
  }
  long pid = call(getpid);
  if (!group) group = pid;
  call(setpgid, 0, group);
  if (!background) call(ioctl, 0, TIOCSPGRP, &group);
  static const int taken[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGTERM};
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) handle(taken[i], NULL);
}

void add_job(long group, long last, const char *what, bool stopped) {
  int number = 1;
  for (int i = 0; i < count; i++)
    if (jobs[i].number >= number) number = jobs[i].number + 1;
  if (count == JOBS) return; // it runs, but is not listed
  jobs[count] = (struct job){group, last, "", stopped, number};
  format(jobs[count++].what, sizeof jobs->what, "%s", what);
  if (shell.interactive) complain(stopped ? "[%d] stopped %s\n" : "[%d] %d\n", number, stopped ? what : (const char *)last);
}

static void remove(struct job *job) {
  memmove(job, job + 1, (jobs + --count - job) * sizeof *job);
}

int wait_job(long group, const long *pids, int left, const char *what) {
  int status = 0, result = 0;
  long last = pids[left - 1];
  call(setpgid, group, group);
  call(ioctl, 0, TIOCSPGRP, &group);
  while (left > 0) {
    long pid = call(wait4, -group, &status, WUNTRACED, NULL);
    if (pid == -EINTR) continue;
    if (pid < 0) break;
    if ((status & 0xff) == 0x7f) {
      add_job(group, last, what, true);
      result = 128 + (status >> 8);
      break;
    }
    left--;
    if (pid == last) result = status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
    if (pid == last && (status & 0x7f) == SIGINT) complain("\n");
  }
  call(ioctl, 0, TIOCSPGRP, &own_group);
  return result;
}

/** Jobs that have ended are said and forgotten. */
void tell_jobs(void) {
  for (int i = 0; i < count;) {
    int status;
    long pid;
    bool over = false;
    while ((pid = call(wait4, -jobs[i].group, &status, WNOHANG | WUNTRACED, NULL)) > 0)
      if ((status & 0xff) == 0x7f) jobs[i].stopped = true;
    if (pid == -ECHILD) over = true;
    if (!over) {
      i++;
      continue;
    }
    complain("[%d] done %s\n", jobs[i].number, jobs[i].what);
    remove(jobs + i);
  }
}

static struct job *job_of(int words, char **names) {
  long number_wanted;
  if (!words) return count ? jobs + count - 1 : NULL;
  if (!number(names[0] + (*names[0] == '%'), 10, &number_wanted)) return NULL;
  for (int i = 0; i < count; i++)
    if (jobs[i].number == number_wanted) return jobs + i;
  return NULL;
}

int jobs_builtin(int words, char **names) {
  (void)words, (void)names;
  tell_jobs();
  for (int i = 0; i < count; i++) print("[%d] %s %s\n", jobs[i].number, jobs[i].stopped ? "stopped" : "running", jobs[i].what);
  return 0;
}
int fg_builtin(int words, char **names) {
  struct job *job = job_of(words, names), copied;
  if (!job) return complain("fg: there is no such job\n"), 1;
  copied = *job;
  remove(job);
  complain("%s\n", copied.what);
  call(ioctl, 0, TIOCSPGRP, &copied.group);
  call(kill, -copied.group, SIGCONT);
  return wait_job(copied.group, &copied.last, 1, copied.what);
}
int bg_builtin(int words, char **names) {
  struct job *job = job_of(words, names);
  if (!job) return complain("bg: there is no such job\n"), 1;
  job->stopped = false;
  complain("[%d] %s\n", job->number, job->what);
  return call(kill, -job->group, SIGCONT) != 0;
}
int wait_builtin(int words, char **names) {
  long pid;
  int status = 0;
  if (words && number(names[0], 10, &pid)) return wait_for(pid);
  struct job *job = words ? job_of(words, names) : NULL;
  if (words) return job ? wait_for(job->last) : 127;
  while ((pid = call(wait4, -1, &status, 0, NULL)) > 0 || pid == -EINTR) {}
  return 0;
}
