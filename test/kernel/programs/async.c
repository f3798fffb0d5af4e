// man 2 fcntl, "Managing signals": F_SETOWN, F_SETOWN_EX, F_SETSIG, O_ASYNC; man 2 sigaction, si_band and si_fd.
#include "show.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static volatile int count, thread;
static volatile siginfo_t last;
static void hear(int signal, siginfo_t *info, void *context) {
  count++;
  thread = syscall(SYS_gettid);
  last = *info;
}
static void handle(int signal) {
  struct sigaction action = {.sa_sigaction = hear, .sa_flags = SA_SIGINFO};
  sigaction(signal, &action, NULL);
}

static void owners(void) {
  family("owners");
  int pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  int fd = pair[0];
  show("nobody at first", fcntl(fd, F_GETOWN));
  show("F_SETOWN", fcntl(fd, F_SETOWN, getpid()));
  show("  is told", fcntl(fd, F_GETOWN) == getpid());
  struct f_owner_ex owner = {9, 9};
  show("F_GETOWN_EX", fcntl(fd, F_GETOWN_EX, &owner));
  show("  a process", owner.type == F_OWNER_PID && owner.pid == getpid());
  show("a process that is none", fcntl(fd, F_SETOWN, 0x3ffffff));
  show("  the smallest number", fcntl(fd, F_SETOWN, 0x80000000));
  show("  leaves the owner", fcntl(fd, F_GETOWN) == getpid());
  owner = (struct f_owner_ex){F_OWNER_TID, syscall(SYS_gettid)};
  show("F_SETOWN_EX of a thread", fcntl(fd, F_SETOWN_EX, &owner));
  owner = (struct f_owner_ex){9, 9};
  fcntl(fd, F_GETOWN_EX, &owner);
  show("  is told", owner.type == F_OWNER_TID && owner.pid == syscall(SYS_gettid));
  owner = (struct f_owner_ex){F_OWNER_PGRP, getpgrp()};
  show("  of a group", fcntl(fd, F_SETOWN_EX, &owner));
  owner = (struct f_owner_ex){7, 1};
  show("  of another kind", fcntl(fd, F_SETOWN_EX, &owner));
  owner = (struct f_owner_ex){F_OWNER_PID, 0x3ffffff};
  show("  of nobody", fcntl(fd, F_SETOWN_EX, &owner));
  show("  where nothing can be read", fcntl(fd, F_SETOWN_EX, (void *)1));
  show("  nor written", fcntl(fd, F_GETOWN_EX, (void *)1));
  show("0 is nobody", fcntl(fd, F_SETOWN, 0));
  show("  again", fcntl(fd, F_GETOWN));
  close(pair[0]), close(pair[1]);
}

static void signals(void) {
  family("F_SETSIG");
  int pair[2];
  char byte;
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  int fd = pair[0];
  show("none at first", fcntl(fd, F_GETSIG));
  show("above the last", fcntl(fd, F_SETSIG, 65));
  show("below 0", fcntl(fd, F_SETSIG, -1));
  handle(SIGIO);
  handle(SIGRTMIN);
  fcntl(fd, F_SETOWN, getpid());
  write(pair[1], "a", 1);
  show("without O_ASYNC nobody hears", count);
  read(fd, &byte, 1);
  fcntl(fd, F_SETFL, O_ASYNC);
  write(pair[1], "a", 1);
  show("SIGIO", count > 0 && last.si_signo == SIGIO);
  show("  from the kernel", last.si_code == SI_KERNEL);
  read(fd, &byte, 1);
  show("another signal", fcntl(fd, F_SETSIG, SIGRTMIN));
  show("  is told", fcntl(fd, F_GETSIG) == SIGRTMIN);
  count = 0;
  write(pair[1], "a", 1);
  show("  is heard once", count);
  show("  by that number", last.si_signo == SIGRTMIN);
  show("  si_code", last.si_code == POLL_IN);
  show("  si_band", last.si_band & (POLLIN | POLLRDNORM));
  show("  si_fd", last.si_fd == fd);
  count = 0;
  sigset_t set, old;
  sigemptyset(&set), sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, &old);
  write(pair[1], "a", 1);
  write(pair[1], "a", 1);
  sigprocmask(SIG_SETMASK, &old, NULL);
  show("each is queued", count);
  while (recv(fd, &byte, 1, MSG_DONTWAIT) > 0) {}
  struct f_owner_ex owner = {F_OWNER_TID, syscall(SYS_gettid)};
  fcntl(fd, F_SETOWN_EX, &owner);
  count = 0;
  write(pair[1], "a", 1);
  show("to a thread", count == 1 && thread == syscall(SYS_gettid));
  read(fd, &byte, 1);
  count = 0;
  pid_t child = fork();
  if (child == 0) {
    write(pair[1], "a", 1);
    _exit(count);
  }
  int status;
  // the signal that its owner hears interrupts it
  while (waitpid(child, &status, 0) < 0) {}
  show("a child that shares it hears nothing", WEXITSTATUS(status));
  show("  its owner does", count);
  read(fd, &byte, 1);
  fcntl(fd, F_SETSIG, 0);
  count = 0;
  write(pair[1], "a", 1);
  show("0 is SIGIO again", count > 0 && last.si_signo == SIGIO);
  fcntl(fd, F_SETFL, 0);
  count = 0;
  write(pair[1], "a", 1);
  show("without O_ASYNC nobody hears again", count);
}

int main(void) {
  owners();
  signals();
  return 0;
}
