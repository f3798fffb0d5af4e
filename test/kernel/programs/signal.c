// signal(7), sigaction(2), sigprocmask(2), sigsuspend(2), sigaltstack(2), kill(2), sigqueue(3), setitimer(2), timer_create(2).
#include "show.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

static volatile int count, last, code, value, order[16], ordered;
static void *volatile address;
static void handler(int signal) {
  count++;
  last = signal;
}
static void noting(int signal) { order[ordered++ & 15] = signal; }
static void detailed(int signal, siginfo_t *info, void *context) {
  last = signal;
  code = info->si_code;
  value = info->si_value.sival_int;
  address = info->si_addr;
}
static sigjmp_buf back;
static void jumping(int signal, siginfo_t *info, void *context) {
  code = info->si_code;
  address = info->si_addr;
  last = signal;
  siglongjmp(back, 1);
}
static char stack[32768];
static volatile int on_stack;
static void stacked(int signal) {
  char here;
  on_stack = &here >= stack && &here < stack + sizeof stack;
  stack_t now;
  sigaltstack(NULL, &now);
  value = now.ss_flags;
}
static void act(int signal, void (*function)(int), int flags) {
  struct sigaction action = {.sa_handler = function, .sa_flags = flags};
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, NULL);
}
static void act_info(int signal, void (*function)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_sigaction = function, .sa_flags = flags | SA_SIGINFO};
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, NULL);
}
static int ended(void (*body)(void)) {
  pid_t child = fork();
  if (child == 0) {
    body();
    _exit(7);
  }
  int status;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}
static void by_null(void) { *(volatile int *)0 = 1; }
static void by_code(void) { __asm__ volatile("ud2"); }
static void by_division(void) { __asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; cdq; idiv %%ecx" ::: "eax", "ecx", "edx"); }
static void by_privilege(void) { __asm__ volatile("hlt"); }
static void by_trap(void) { __asm__ volatile("int3"); }
static void by_abort(void) { abort(); }
static void by_term(void) { raise(SIGTERM); }
static void by_pipe(void) {
  int pipes[2];
  pipe(pipes);
  close(pipes[0]);
  write(pipes[1], "x", 1);
}
static void ignored(void) {
  signal(SIGSEGV, SIG_IGN);
  *(volatile int *)0 = 1;
}
static void blocked(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  *(volatile int *)0 = 1;
}
static void by_alarm(void) {
  alarm(1);
  pause();
}

int main(void) {
  sigset_t set, old;
  struct sigaction action;

  family("actions");
  act(SIGUSR1, handler, 0);
  show("raise", raise(SIGUSR1));
  show("  the handler ran", count);
  show("kill of oneself is delivered before it returns", kill(getpid(), SIGUSR1));
  show("  it ran", count);
  act(SIGUSR1, handler, SA_RESETHAND);
  raise(SIGUSR1);
  sigaction(SIGUSR1, NULL, &action);
  show("SA_RESETHAND: the default is back", action.sa_handler == SIG_DFL);
  show("SIGKILL can't be caught: EINVAL", sigaction(SIGKILL, &action, NULL));
  show("SIGSTOP neither", sigaction(SIGSTOP, &action, NULL));
  show("signal 0 is EINVAL", sigaction(0, NULL, &action));
  show("signal 65 is EINVAL", sigaction(65, NULL, &action));
  show("kill with signal 0 tests", kill(getpid(), 0));
  show("kill of nobody is ESRCH", kill(999999, 0));
  show("kill with a bad signal is EINVAL", kill(getpid(), 99));
  act_info(SIGUSR1, detailed, 0);
  kill(getpid(), SIGUSR1);
  show("SA_SIGINFO: SI_USER of kill", code);
  raise(SIGUSR1);
  show("SI_TKILL of raise", code);
  union sigval with = {.sival_int = 42};
  sigqueue(getpid(), SIGUSR1, with);
  show("SI_QUEUE of sigqueue", code);
  show("  with its value", value);

  family("masks and queues");
  act(SIGUSR1, noting, 0);
  act(SIGUSR2, noting, 0);
  act(SIGRTMIN, noting, 0);
  act(SIGRTMIN + 1, noting, 0);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, SIGRTMIN);
  sigaddset(&set, SIGRTMIN + 1);
  show("sigprocmask", sigprocmask(SIG_BLOCK, &set, &old));
  show("a bad how is EINVAL", sigprocmask(77, &set, NULL));
  raise(SIGUSR1);
  raise(SIGUSR1);
  sigqueue(getpid(), SIGRTMIN + 1, with);
  sigqueue(getpid(), SIGRTMIN, with);
  sigqueue(getpid(), SIGRTMIN, with);
  sigpending(&old);
  show("blocked: pending", sigismember(&old, SIGUSR1));
  show("  and not run", ordered);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  show("standard signals are one, real-time ones queue", ordered);
  int lowest = 1;
  for (int i = 0; i < ordered; i++) printf("  signal %d\n", order[i]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_IGN);
  sigpending(&old);
  show("ignoring drops what is pending", sigismember(&old, SIGUSR1));
  act(SIGUSR1, noting, 0);
  struct timespec none = {0, 0}, some = {0, 10000000};
  siginfo_t info;
  show("sigtimedwait without one is EAGAIN", sigtimedwait(&set, &info, &some));
  sigqueue(getpid(), SIGUSR2, with);
  show("sigtimedwait takes it", sigtimedwait(&set, &info, &none));
  show("  with its value", info.si_value.sival_int);
  ordered = 0;
  raise(SIGUSR2);
  sigfillset(&old);
  sigdelset(&old, SIGUSR2);
  show("sigsuspend ends with EINTR", sigsuspend(&old));
  show("  after the handler", ordered);
  sigprocmask(SIG_SETMASK, NULL, &old);
  show("  and the mask is as before", sigismember(&old, SIGUSR2));
  sigemptyset(&old);
  sigprocmask(SIG_SETMASK, &old, NULL);

  family("interrupted calls");
  act(SIGALRM, handler, 0);
  struct itimerval timer = {.it_value = {0, 20000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  char byte;
  int pipes[2];
  pipe(pipes);
  show("read without SA_RESTART is EINTR", read(pipes[0], &byte, 1));
  act(SIGALRM, handler, SA_RESTART);
  setitimer(ITIMER_REAL, &timer, NULL);
  pid_t child = fork();
  if (child == 0) {
    usleep(60000);
    write(pipes[1], "x", 1);
    _exit(0);
  }
  show("read with SA_RESTART goes on", read(pipes[0], &byte, 1));
  waitpid(child, NULL, 0);
  setitimer(ITIMER_REAL, &timer, NULL);
  struct timespec rest, long_ = {5, 0};
  show("nanosleep is EINTR even so", nanosleep(&long_, &rest));
  show("  and says what is left", rest.tv_sec == 4);
  setitimer(ITIMER_REAL, &timer, NULL);
  show("pause is EINTR", pause());
  setitimer(ITIMER_REAL, &timer, NULL);
  child = fork();
  if (child == 0) {
    usleep(60000);
    _exit(3);
  }
  int status;
  show("waitpid with SA_RESTART goes on", waitpid(child, &status, 0) == child);
  timer.it_interval.tv_usec = 5000;
  count = 0;
  setitimer(ITIMER_REAL, &timer, NULL);
  while (count < 3) pause();
  show("an interval comes again", count >= 3);
  memset(&timer, 0, sizeof timer);
  struct itimerval before;
  setitimer(ITIMER_REAL, &timer, &before);
  show("setitimer tells the old interval", before.it_interval.tv_usec);
  show("alarm gives what was left", alarm(10));
  show("  in seconds", alarm(0));
  timer_t posix;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 77};
  act_info(SIGUSR1, detailed, 0);
  show("timer_create", timer_create(CLOCK_MONOTONIC, &event, &posix));
  struct itimerspec spec = {.it_value = {0, 10000000}};
  last = 0;
  timer_settime(posix, 0, &spec, NULL);
  while (last == 0) pause();
  show("SI_TIMER", code);
  show("  with the value", value);
  show("timer_delete", timer_delete(posix));
  show("  again is EINVAL", timer_delete(posix));

  family("faults");
  act_info(SIGSEGV, jumping, SA_NODEFER);
  act_info(SIGBUS, jumping, SA_NODEFER);
  act_info(SIGFPE, jumping, SA_NODEFER);
  act_info(SIGILL, jumping, SA_NODEFER);
  act_info(SIGTRAP, jumping, SA_NODEFER);
  if (!sigsetjmp(back, 1)) *(volatile int *)0x1234 = 1;
  show("nothing mapped: SEGV_MAPERR", code);
  show("  at the address", (long)address);
  char *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!sigsetjmp(back, 1)) page[5] = 1;
  show("read-only: SEGV_ACCERR", code);
  show("  at the address", (char *)address - page);
  if (!sigsetjmp(back, 1)) ((void (*)(void))page)();
  show("not executable: SEGV_ACCERR", code);
  mprotect(page, 8192, PROT_NONE);
  if (!sigsetjmp(back, 1)) code = page[0];
  show("PROT_NONE: SEGV_ACCERR", code);
  int file = open("short", O_RDWR | O_CREAT | O_TRUNC, 0600);
  char *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
  if (!sigsetjmp(back, 1)) code = mapped[0];
  show("behind the end of a file: SIGBUS", last);
  show("  BUS_ADRERR", code);
  unlink("short");
  if (!sigsetjmp(back, 1)) by_division();
  show("division by zero: SIGFPE", last);
  show("  FPE_INTDIV", code);
  if (!sigsetjmp(back, 1)) by_code();
  show("an undefined opcode: SIGILL", last);
  show("  ILL_ILLOPN", code);
  if (!sigsetjmp(back, 1)) by_privilege();
  show("a privileged instruction: SIGSEGV", last);
  show("  SI_KERNEL", code);
  if (!sigsetjmp(back, 1)) by_trap();
  show("int3: SIGTRAP", last);
  show("  SI_KERNEL", code);
  signal(SIGSEGV, SIG_DFL);
  signal(SIGILL, SIG_DFL);
  signal(SIGFPE, SIG_DFL);
  signal(SIGTRAP, SIG_DFL);

  family("alternate stacks");
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack}, was;
  show("sigaltstack", sigaltstack(&alternate, NULL));
  act(SIGUSR2, stacked, SA_ONSTACK);
  raise(SIGUSR2);
  show("SA_ONSTACK: the handler runs there", on_stack);
  show("  which SS_ONSTACK says", value);
  act(SIGUSR2, stacked, 0);
  raise(SIGUSR2);
  show("without it: not", on_stack);
  alternate.ss_size = 100;
  show("too small is ENOMEM", sigaltstack(&alternate, NULL));
  alternate.ss_flags = 77;
  show("bad flags are EINVAL", sigaltstack(&alternate, NULL));
  alternate.ss_flags = SS_DISABLE;
  show("SS_DISABLE", sigaltstack(&alternate, &was));
  show("  tells the old size", was.ss_size);

  family("ends");
  show("null pointer", ended(by_null));
  show("undefined opcode", ended(by_code));
  show("division", ended(by_division));
  show("abort", ended(by_abort));
  show("SIGTERM", ended(by_term));
  show("SIGPIPE", ended(by_pipe));
  show("an ignored SIGSEGV of its own kills all the same", ended(ignored));
  show("a blocked one too", ended(blocked));
  signal(SIGALRM, SIG_DFL);
  show("SIGALRM", ended(by_alarm));
  return 0;
}
