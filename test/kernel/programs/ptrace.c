// ptrace(2), process_vm_readv(2).
#include "show.h"
#include <elf.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

static long trace(int request, pid_t pid, long address, long data) { return syscall(SYS_ptrace, request, pid, address, data); }
enum { TRACEME, PEEKTEXT, PEEKDATA, PEEKUSR, POKETEXT, POKEDATA, POKEUSR, CONT, KILL, STEP, GETREGS = 12, SETREGS, ATTACH = 16, DETACH, SYSCALL = 24 };

static int status;
static volatile int word = 1234;

static pid_t start(void (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    trace(TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    body();
    _exit(7);
  }
  waitpid(pid, &status, 0);
  return pid;
}
static void finish(pid_t pid) {
  kill(pid, SIGKILL);
  while (waitpid(pid, &status, __WALL) > 0 && WIFSTOPPED(status)) trace(CONT, pid, 0, 0);
}
static void stop(const char *rule) {
  printf("%s: %s %d event %d\n", rule, WIFSTOPPED(status) ? "stopped" : WIFEXITED(status) ? "exited" : "killed",
         WIFSTOPPED(status) ? WSTOPSIG(status) : WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), status >> 16);
  fflush(stdout);
}
static struct user_regs_struct registers(pid_t pid) {
  struct user_regs_struct r;
  trace(GETREGS, pid, 0, (long)&r);
  return r;
}

static void nothing(void) {}
static void calls(void) {
  syscall(SYS_getppid);
  syscall(SYS_close, -1);
}
static void caught(int sig) { _exit(sig); }
static void signals(void) {
  signal(SIGUSR1, caught);
  raise(SIGUSR1);
}
static void breakpoint(void) { asm volatile("int3"); }
static void steps(void) { asm volatile("nop; nop; nop"); }
static void forks(void) {
  pid_t pid = fork();
  if (pid == 0) _exit(3);
  waitpid(pid, 0, 0);
}
static void vforks(void) {
  if (vfork() == 0) _exit(4);
}
static void executes(void) {
  char *args[] = {"x", "exec", NULL};
  execve("/proc/self/exe", args, environ);
}
static void pauses(void) {
  for (;;) pause();
}
static void writesWord(void) {
  for (int i = 0; i < 3; i++) word = i;
}
static char readonly[4096] __attribute__((aligned(4096))) = "rodata";

int main(int count, char **args) {
  if (count > 1) return 5;
  // the terminal's and the shell's SIGCHLD habits are not ours
  signal(SIGCHLD, SIG_DFL);

  family("stops and requests");
  pid_t pid = start(nothing);
  stop("PTRACE_TRACEME, then SIGSTOP: the parent sees it without WUNTRACED");
  show("ptrace(2): nobody there: ESRCH", trace(CONT, 999999, 0, 0));
  show("ptrace(2): not my tracee: ESRCH", trace(CONT, getpid(), 0, 0));
  show("ptrace(2): PTRACE_ATTACH to oneself: EPERM", trace(ATTACH, getpid(), 0, 0));
  show("ptrace(2): a second tracer: EPERM", trace(ATTACH, pid, 0, 0));
  show("ptrace(2): no such request: EIO", trace(0x1234, pid, 0, 0));
  long value = 0;
  show("PTRACE_PEEKDATA", trace(PEEKDATA, pid, (long)&word, (long)&value));
  show("  the word", value);
  show("PTRACE_PEEKDATA: nothing there: EIO", trace(PEEKDATA, pid, 16, (long)&value));
  show("PTRACE_POKEDATA", trace(POKEDATA, pid, (long)&word, 77));
  trace(PEEKDATA, pid, (long)&word, (long)&value);
  show("  is there", value);
  show("  in the tracee alone", word);
  show("PTRACE_POKETEXT writes what the program may not", trace(POKETEXT, pid, (long)(void *)nothing, 0x1234));
  trace(PEEKTEXT, pid, (long)(void *)nothing, (long)&value);
  show("  is there", value);
  show("PTRACE_PEEKUSER: not aligned: EIO", trace(PEEKUSR, pid, 1, (long)&value));
  show("PTRACE_PEEKUSER: beyond struct user: EIO", trace(PEEKUSR, pid, 4096, (long)&value));
  show("PTRACE_PEEKUSER", trace(PEEKUSR, pid, offsetof(struct user, regs.xcs), (long)&value));
  show("  %cs has CPL 3", value & 3);
  show("PTRACE_CONT with a bad signal: EIO", trace(CONT, pid, 0, 999));
  siginfo_t info;
  show("PTRACE_GETSIGINFO", trace(PTRACE_GETSIGINFO, pid, 0, (long)&info));
  show("  si_signo", info.si_signo);
  show("  si_code of tgkill", info.si_code);
  show("  si_pid", info.si_pid == pid);
  show("PTRACE_SETOPTIONS: unknown: EINVAL", trace(PTRACE_SETOPTIONS, pid, 0, 0x40000000));
  show("PTRACE_INTERRUPT needs PTRACE_SEIZE: EIO", trace(PTRACE_INTERRUPT, pid, 0, 0));
  show("PTRACE_LISTEN needs PTRACE_SEIZE: EIO", trace(PTRACE_LISTEN, pid, 0, 0));
  char path[40], text_[4000];
  sprintf(path, "/proc/%d/status", pid);
  int fd = open(path, O_RDONLY);
  text_[read(fd, text_, 3999)] = 0;
  close(fd);
  show("proc(5): TracerPid", strtol(strstr(text_, "TracerPid:") + 10, 0, 10) == getpid());
  text("proc(5): State", strncmp(strstr(text_, "State:") + 7, "t (tracing stop)", 16) ? "no" : "t (tracing stop)");
  sprintf(path, "/proc/%d/mem", pid);
  fd = open(path, O_RDWR);
  show("proc(5): mem: write to read-only memory of a tracee", pwrite(fd, "RODATA", 6, (long)readonly));
  show("  read", pread(fd, text_, 6, (long)readonly));
  text_[6] = 0;
  text("  is there", text_);
  close(fd);
  trace(POKETEXT, pid, (long)(void *)nothing, 0xc3);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("PTRACE_CONT without the signal: it goes on to its end");
  show("  and is nobody's tracee", trace(CONT, pid, 0, 0));

  family("system calls");
  pid = start(calls);
  trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
  trace(SYSCALL, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("PTRACE_SYSCALL, PTRACE_O_TRACESYSGOOD: entry");
  // whatever the library calls first, up to getppid
  struct user_regs_struct r = registers(pid);
  while (r.orig_eax != SYS_getppid) {
    trace(SYSCALL, pid, 0, 0);
    waitpid(pid, &status, 0);
    r = registers(pid);
  }
  show("orig_eax is the call", r.orig_eax == SYS_getppid);
  show("eax is -ENOSYS", r.eax);
  struct ptrace_syscall_info call;
  show("PTRACE_GET_SYSCALL_INFO: its size", trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof call, (long)&call));
  show("  op", call.op);
  show("  nr", call.entry.nr == SYS_getppid);
  show("  arch", call.arch);
  unsigned long message = 99;
  show("PTRACE_GETEVENTMSG at entry", trace(PTRACE_GETEVENTMSG, pid, 0, (long)&message));
  show("  PTRACE_EVENTMSG_SYSCALL_ENTRY", message);
  trace(SYSCALL, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("exit");
  show("  eax is the result", registers(pid).eax == getpid());
  show("  PTRACE_GET_SYSCALL_INFO: its size", trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof call, (long)&call));
  show("  op", call.op);
  show("  rval", call.exit.rval == getpid());
  show("  is_error", call.exit.is_error);
  trace(SYSCALL, pid, 0, 0);
  waitpid(pid, &status, 0);
  r = registers(pid);
  show("the next call", r.orig_eax == SYS_close);
  r.orig_eax = SYS_getpid;
  show("PTRACE_SETREGS: another call", trace(SETREGS, pid, 0, (long)&r));
  trace(SYSCALL, pid, 0, 0);
  waitpid(pid, &status, 0);
  show("  its result", registers(pid).eax == pid);
  trace(SYSCALL, pid, 0, 0);
  waitpid(pid, &status, 0);
  show("exit_group", registers(pid).orig_eax == SYS_exit_group);
  r = registers(pid);
  r.orig_eax = -1;
  r.eax = 0;
  trace(SETREGS, pid, 0, (long)&r);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("orig_eax -1: the call is not made; a fault follows _exit, or another exit");
  finish(pid);

  family("signals");
  pid = start(signals);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("signal-delivery-stop");
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("a signal that is not passed on");
  pid = start(signals);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  trace(CONT, pid, 0, SIGUSR1);
  waitpid(pid, &status, 0);
  stop("a signal that is");
  pid = start(signals);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  trace(CONT, pid, 0, SIGTERM);
  waitpid(pid, &status, 0);
  stop("another one");
  pid = start(nothing);
  uint64_t set = 0;
  show("PTRACE_SETSIGMASK: size: EINVAL", trace(PTRACE_SETSIGMASK, pid, 4, (long)&set));
  set = 1u << (SIGUSR2 - 1);
  show("PTRACE_SETSIGMASK", trace(PTRACE_SETSIGMASK, pid, 8, (long)&set));
  set = 0;
  trace(PTRACE_GETSIGMASK, pid, 8, (long)&set);
  show("PTRACE_GETSIGMASK", set == 1u << (SIGUSR2 - 1));
  trace(CONT, pid, 0, SIGKILL);
  waitpid(pid, &status, 0);
  stop("PTRACE_CONT with SIGKILL");
  pid = start(pauses);
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  stop("SIGKILL ends who is stopped");

  family("breakpoints and steps");
  pid = start(breakpoint);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("int3");
  trace(PTRACE_GETSIGINFO, pid, 0, (long)&info);
  show("  si_code is SI_KERNEL", info.si_code);
  value = 0;
  trace(PEEKTEXT, pid, registers(pid).eip - 1, (long)&value);
  show("  eip is behind it", value & 0xff);
  finish(pid);
  pid = start(steps);
  long before = registers(pid).eip;
  trace(STEP, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("PTRACE_SINGLESTEP");
  show("  has moved", registers(pid).eip != before);
  show("  TF is not seen", registers(pid).eflags & 0x100);
  int many = 0, nops = 0;
  while (WIFSTOPPED(status) && many++ < 100000 && nops < 3) {
    trace(PEEKTEXT, pid, registers(pid).eip, (long)&value);
    if ((value & 0xff) == 0x90) nops++;
    trace(STEP, pid, 0, 0);
    waitpid(pid, &status, 0);
  }
  show("  each nop is a step", nops);
  trace(PTRACE_GETSIGINFO, pid, 0, (long)&info);
  show("  si_code is TRAP_TRACE", info.si_code);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("  PTRACE_CONT after it");
  pid = start(writesWord);
  long dr = offsetof(struct user, u_debugreg);
  show("debug register 0", trace(POKEUSR, pid, dr, (long)&word));
  show("debug register 7: a write of four bytes", trace(POKEUSR, pid, dr + 28, 1 | 0xd << 16));
  show("debug register 4: EIO", trace(POKEUSR, pid, dr + 16, 1));
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("a watchpoint");
  trace(PTRACE_GETSIGINFO, pid, 0, (long)&info);
  show("  si_code is TRAP_HWBKPT", info.si_code);
  trace(PEEKUSR, pid, dr + 24, (long)&value);
  show("  debug register 6", value & 15);
  trace(PEEKDATA, pid, (long)&word, (long)&value);
  show("  after the write", value);
  trace(POKEUSR, pid, dr + 28, 0);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("  without it");

  family("events");
  pid = start(forks);
  trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXIT);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("PTRACE_O_TRACEFORK");
  trace(PTRACE_GETEVENTMSG, pid, 0, (long)&message);
  pid_t child = message;
  show("  PTRACE_GETEVENTMSG is the child", child > 0 && child != pid);
  show("  the child", waitpid(child, &status, __WALL) == child);
  stop("  begins with SIGSTOP");
  trace(CONT, child, 0, 0);
  waitpid(child, &status, __WALL);
  stop("PTRACE_O_TRACEEXIT");
  trace(PTRACE_GETEVENTMSG, child, 0, (long)&message);
  show("  PTRACE_GETEVENTMSG is the status", message);
  trace(CONT, child, 0, 0);
  show("  the tracer waits for it first", waitpid(child, &status, __WALL) == child);
  stop("  its end");
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("SIGCHLD of it");
  finish(pid);
  pid = start(vforks);
  trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("PTRACE_O_TRACEVFORK");
  trace(PTRACE_GETEVENTMSG, pid, 0, (long)&message);
  child = message;
  trace(CONT, pid, 0, 0);
  waitpid(child, &status, __WALL);
  trace(CONT, child, 0, 0);
  waitpid(child, &status, __WALL);
  stop("  the child's end");
  waitpid(pid, &status, 0);
  stop("PTRACE_O_TRACEVFORKDONE");
  finish(pid);
  pid = start(executes);
  trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("PTRACE_O_TRACEEXEC");
  trace(PTRACE_GETEVENTMSG, pid, 0, (long)&message);
  show("  PTRACE_GETEVENTMSG is the thread that it was", message == pid);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("  the new program's end");
  pid = start(executes);
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("exec without PTRACE_O_TRACEEXEC: SIGTRAP");
  finish(pid);

  family("attach, seize, detach");
  int ready[2];
  pipe(ready);
  pid = fork();
  if (pid == 0) {
    write(ready[1], "x", 1);
    pauses();
  }
  read(ready[0], text_, 1);
  show("PTRACE_ATTACH", trace(ATTACH, pid, 0, 0));
  waitpid(pid, &status, 0);
  stop("  SIGSTOP");
  show("PTRACE_DETACH", trace(DETACH, pid, 0, 0));
  show("  not mine any more", trace(PEEKDATA, pid, (long)&word, (long)&value));
  show("PTRACE_SEIZE with an address: EIO", trace(PTRACE_SEIZE, pid, 1, 0));
  show("PTRACE_SEIZE", trace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD));
  show("  does not stop it", trace(PEEKDATA, pid, (long)&word, (long)&value));
  show("PTRACE_INTERRUPT", trace(PTRACE_INTERRUPT, pid, 0, 0));
  waitpid(pid, &status, 0);
  stop("  PTRACE_EVENT_STOP");
  trace(CONT, pid, 0, 0);
  kill(pid, SIGSTOP);
  waitpid(pid, &status, 0);
  stop("SIGSTOP is delivered");
  trace(CONT, pid, 0, SIGSTOP);
  waitpid(pid, &status, 0);
  stop("  group stop");
  show("PTRACE_LISTEN", trace(PTRACE_LISTEN, pid, 0, 0));
  kill(pid, SIGCONT);
  waitpid(pid, &status, 0);
  stop("  SIGCONT ends it");
  trace(CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  stop("  SIGCONT itself");
  show("PTRACE_DETACH with a signal", trace(DETACH, pid, 0, SIGTERM));
  waitpid(pid, &status, 0);
  stop("  which ends it");

  family("sets of registers");
  pid = start(nothing);
  struct user_regs_struct whole;
  struct iovec vector = {&whole, sizeof whole};
  show("PTRACE_GETREGSET NT_PRSTATUS", trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (long)&vector));
  show("  its length", vector.iov_len);
  r = registers(pid);
  show("  as PTRACE_GETREGS has it", memcmp(&whole, &r, sizeof r));
  vector.iov_len = 8;
  show("  a short one", trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (long)&vector));
  show("  is short", vector.iov_len);
  show("no such set: EINVAL", trace(PTRACE_GETREGSET, pid, 0x7777, (long)&vector));
  unsigned char fpx[512];
  show("PTRACE_GETFPXREGS", trace(18, pid, 0, (long)fpx));
  show("  control word", fpx[0] | fpx[1] << 8);
  struct iovec local = {text_, 4}, remote = {(void *)&word, 4};
  show("process_vm_readv(2)", syscall(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 0));
  show("  the word", *(int *)text_);
  *(int *)text_ = 31;
  show("process_vm_writev(2)", syscall(SYS_process_vm_writev, pid, &local, 1, &remote, 1, 0));
  trace(PEEKDATA, pid, (long)&word, (long)&value);
  show("  is there", value);
  remote.iov_base = (void *)16;
  show("process_vm_readv(2): nothing there: EFAULT", syscall(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 0));
  show("process_vm_readv(2): flags: EINVAL", syscall(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 1));
  show("process_vm_readv(2): nobody: ESRCH", syscall(SYS_process_vm_readv, 999999, &local, 1, &remote, 1, 0));
  finish(pid);

  family("rights");
  pid_t other = fork();
  if (other == 0) pauses();
  pid = fork();
  if (pid == 0) {
    setresgid(1000, 1000, 1000);
    setresuid(1000, 1000, 1000);
    show("PTRACE_ATTACH to another user's process: EPERM", trace(ATTACH, other, 0, 0));
    show("process_vm_readv(2) of it: EPERM", syscall(SYS_process_vm_readv, other, &local, 1, &remote, 1, 0));
    _exit(0);
  }
  waitpid(pid, &status, 0);
  kill(other, SIGKILL);
  waitpid(other, &status, 0);
  return 0;
}
