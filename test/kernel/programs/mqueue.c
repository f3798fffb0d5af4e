// POSIX message queues: mq_overview(7), mq_open(3), mq_send(3), mq_receive(3), mq_notify(3), mq_getattr(3), mq_unlink(3).
#include "blocked.h"
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static char name[40], path[60];
static int signals, code, value, sender;
static void hear(int signal, siginfo_t *info, void *context) {
  signals++;
  code = info->si_code, value = info->si_value.sival_int, sender = info->si_pid;
}
static void nothing(int signal) {}
static int ended(pid_t child) {
  int status;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
#define CHILD(...) ({ fflush(stdout); pid_t made = fork(); if (made == 0) { __VA_ARGS__; _exit(0); } made; })
#define STRANGER(rule, call) ended(CHILD(setgid(2345); setuid(2345); show(rule, call)))
static void status_of(const char *rule) {
  char line[200] = "";
  FILE *file = fopen(path, "r");
  if (file) {
    fgets(line, sizeof line, file);
    fclose(file);
  }
  char *pid = strstr(line, "NOTIFY_PID:");
  if (pid) printf("%s: %.*s%s\n", rule, (int)(pid - line), line, atoi(pid + 11) == getpid() ? "own pid" : pid + 11);
  else show(rule, -1);
}

int main(void) {
  char buffer[8192];
  struct mq_attr attributes, old;
  unsigned priority;
  // others may run this at the same time
  sprintf(name, "/queue-%d", getpid());
  sprintf(path, "/dev/mqueue%s", name);

  family("opening");
  show("none: ENOENT", mq_open(name, O_RDWR));
  show("a name without a slash: EINVAL", mq_open("queue", O_RDWR | O_CREAT, 0600, NULL));
  show("a name with two: EACCES", mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL));
  show("just a slash: ENOENT", mq_open("/", O_RDWR | O_CREAT, 0600, NULL));
  memset(buffer, 'x', 300), buffer[0] = '/', buffer[300] = 0;
  show("a name that is too long: ENAMETOOLONG", mq_open(buffer, O_RDWR | O_CREAT, 0600, NULL));
  attributes = (struct mq_attr){.mq_maxmsg = 0, .mq_msgsize = 10};
  show("no messages: EINVAL", mq_open(name, O_RDWR | O_CREAT, 0600, &attributes));
  attributes = (struct mq_attr){.mq_maxmsg = 3, .mq_msgsize = 1 << 25};
  show("messages that are too large: EINVAL", mq_open(name, O_RDWR | O_CREAT, 0600, &attributes));
  ended(CHILD({
    setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){5000, 5000});
    show("more than RLIMIT_MSGQUEUE: EMFILE", mq_open(name, O_RDWR | O_CREAT, 0600, NULL));
  }));
  attributes = (struct mq_attr){.mq_maxmsg = 3, .mq_msgsize = 20, .mq_flags = O_NONBLOCK};
  umask(0);
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0640, &attributes);
  show("mq_open", queue >= 0);
  show("  O_EXCL: EEXIST", mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0640, NULL));
  show("  it closes on exec", fcntl(queue, F_GETFD));
  mq_getattr(queue, &old);
  show("mq_getattr: messages and bytes", old.mq_maxmsg * 100 + old.mq_msgsize);
  show("  mq_flags are of mq_open's flags alone", old.mq_flags);
  show("  none there", old.mq_curmsgs);
  mqd_t reader = mq_open(name, O_RDONLY | O_NONBLOCK), writer = mq_open(name, O_WRONLY);
  mq_getattr(reader, &old);
  show("O_NONBLOCK", old.mq_flags == O_NONBLOCK);
  STRANGER("a stranger can't open it: EACCES", mq_open(name, O_RDONLY));
  struct stat state;
  fstat(queue, &state);
  show("fstat: a file of 80 bytes", state.st_size);
  show("  with the mode", state.st_mode);

  family("messages");
  show("nothing, O_NONBLOCK: EAGAIN", mq_receive(reader, buffer, 20, NULL));
  show("a buffer that is too small: EMSGSIZE", mq_receive(reader, buffer, 19, NULL));
  show("a message that is too large: EMSGSIZE", mq_send(queue, buffer, 21, 0));
  show("a priority that is too high: EINVAL", mq_send(queue, "x", 1, 32768));
  show("mq_send by a reader: EBADF", mq_send(reader, "x", 1, 0));
  show("mq_receive by a writer: EBADF", mq_receive(writer, buffer, 20, NULL));
  show("no queue: EBADF", mq_send(0, "x", 1, 0));
  show("mq_send", mq_send(writer, "low", 3, 1));
  show("  with more priority", mq_send(queue, "high", 4, 9));
  show("  with the same", mq_send(queue, "again", 5, 9));
  mq_getattr(queue, &old);
  show("there are three", old.mq_curmsgs);
  mq_setattr(writer, &(struct mq_attr){.mq_flags = O_NONBLOCK}, &old);
  show("mq_setattr gives what was", old.mq_flags);
  show("  a full queue: EAGAIN", mq_send(writer, "more", 4, 0));
  show("  other flags: EINVAL", mq_setattr(writer, &(struct mq_attr){.mq_flags = 1}, NULL));
  show("the highest first", mq_receive(reader, buffer, 20, &priority));
  show("  its priority", priority);
  show("of one priority the oldest", (mq_receive(reader, buffer, 20, NULL), buffer[0]));
  show("then the lower", (mq_receive(reader, buffer, 20, &priority), buffer[0] * 10 + priority));
  show("an empty message", mq_send(queue, "", 0, 0));
  show("  is received", mq_receive(queue, buffer, 20, NULL));
  struct pollfd poller = {.fd = queue, .events = POLLIN | POLLOUT};
  poll(&poller, 1, 0);
  show("poll of an empty one", poller.revents);
  mq_send(queue, "a", 1, 0);
  poll(&poller, 1, 0);
  show("  of one with a message", poller.revents);
  mq_send(queue, "b", 1, 0), mq_send(queue, "c", 1, 0);
  poll(&poller, 1, 0);
  show("  of a full one", poller.revents);
  show("lseek and read tell the state", (lseek(queue, 0, SEEK_SET), read(queue, buffer, 100) > 50));
  show("  from its start", strncmp(buffer, "QSIZE:3 ", 8) == 0);

  family("waiting");
  struct timespec past = {.tv_sec = 1}, bad = {.tv_nsec = 1000000000};
  show("mq_timedsend: ETIMEDOUT", mq_timedsend(queue, "d", 1, 0, &past));
  show("  a bad time: EINVAL", mq_timedsend(queue, "d", 1, 0, &bad));
  for (int i = 0; i < 3; i++) mq_receive(queue, buffer, 20, NULL);
  show("mq_timedreceive: ETIMEDOUT", mq_timedreceive(queue, buffer, 20, NULL, &past));
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 2000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  show("  after a while: ETIMEDOUT", mq_timedreceive(queue, buffer, 20, NULL, &soon));
  pid_t child = CHILD(_exit(mq_receive(queue, buffer, 20, NULL)));
  wait_until_blocked(child);
  mq_send(queue, "12345", 5, 0);
  show("mq_receive waits for a message", ended(child));
  for (int i = 0; i < 3; i++) mq_send(queue, "x", 1, 0);
  child = CHILD(_exit(mq_send(queue, "y", 1, 5) == 0 ? 7 : errno));
  wait_until_blocked(child);
  mq_receive(queue, buffer, 20, NULL);
  show("mq_send waits for room", ended(child));
  show("  and the message is there", (mq_receive(queue, buffer, 20, &priority), buffer[0] * 10 + priority));
  while (mq_receive(reader, buffer, 20, NULL) >= 0);
  child = CHILD({
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGUSR1, &action, NULL);
    show("a signal ends the wait: EINTR", mq_receive(queue, buffer, 20, NULL));
  });
  wait_until_blocked(child);
  kill(child, SIGUSR1);
  ended(child);

  family("notices");
  struct sigaction action = {.sa_sigaction = hear, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR2, &action, NULL);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value = {.sival_int = 42}};
  show("a signal that is none: EINVAL", mq_notify(queue, &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 999}));
  show("a way that is none: EINVAL", mq_notify(queue, &(struct sigevent){.sigev_notify = 77}));
  show("no queue: EBADF", mq_notify(0, &event));
  show("mq_notify", mq_notify(queue, &event));
  show("  once more: EBUSY", mq_notify(queue, &event));
  ended(CHILD(show("  another process: EBUSY", mq_notify(queue, &event))));
  ended(CHILD(show("  nor may that take it away", mq_notify(queue, NULL))));
  show("  a message comes", mq_send(queue, "n", 1, 0));
  show("  one signal", signals);
  show("  SI_MESGQ", code == SI_MESGQ);
  show("  its value", value);
  show("  its sender", sender == getpid());
  mq_receive(queue, buffer, 20, NULL);
  mq_send(queue, "n", 1, 0);
  show("it is told once", signals);
  show("to a queue that is not empty", mq_notify(queue, &event));
  mq_send(queue, "n", 1, 0);
  show("  nothing is told", signals);
  mq_receive(queue, buffer, 20, NULL), mq_receive(queue, buffer, 20, NULL);
  mq_send(queue, "n", 1, 0);
  show("  once it was empty it is", signals);
  mq_receive(queue, buffer, 20, NULL);
  mq_notify(queue, &event);
  child = CHILD(mq_receive(queue, buffer, 20, NULL));
  wait_until_blocked(child);
  mq_send(queue, "n", 1, 0);
  ended(child);
  show("whoever waits for it goes before", signals);
  show("NULL takes the notice away", mq_notify(queue, NULL));
  mq_send(queue, "n", 1, 0);
  mq_receive(queue, buffer, 20, NULL);
  show("  nothing is told", signals);
  mq_notify(reader, &event);
  mq_close(reader);
  show("a close takes it away", (mq_send(queue, "n", 1, 0), signals));
  mq_receive(queue, buffer, 20, NULL);
  ended(CHILD(mq_notify(queue, &event)));
  show("the end of the process too", mq_notify(queue, &(struct sigevent){.sigev_notify = SIGEV_NONE}));
  show("  SIGEV_NONE has it all the same: EBUSY", mq_notify(queue, &event));
  mq_notify(queue, NULL);

  family("the filesystem");
  mkdir("/dev/mqueue", 0755);
  if (access(path, F_OK) < 0) mount("none", "/dev/mqueue", "mqueue", 0, NULL);
  mq_notify(queue, &event);
  mq_send(queue, "four", 4, 0);
  status_of("a file for each queue");
  mq_receive(queue, buffer, 20, NULL);
  mq_notify(queue, &event);
  status_of("  who is to hear");
  mq_notify(queue, NULL);
  show("stat", stat(path, &state) == 0 ? state.st_mode : -2);
  show("chmod", chmod(path, 0600));
  show("mkdir: EPERM", mkdir("/dev/mqueue/directory", 0755));
  int made = open("/dev/mqueue/made-by-open", O_RDWR | O_CREAT | O_EXCL, 0600);
  mq_getattr(made, &old);
  show("a file that is made is a queue of the defaults", old.mq_maxmsg * 10000 + old.mq_msgsize);
  show("  which can be sent to", mq_send(made, "x", 1, 0));
  show("  and unlinked", mq_unlink("/made-by-open"));
  STRANGER("a stranger can't unlink: EACCES", mq_unlink(name));
  show("mq_unlink", mq_unlink(name));
  show("  again: ENOENT", mq_unlink(name));
  show("  it lives on while it is open", mq_send(queue, "x", 1, 0));
  show("mq_close", mq_close(queue));
  show("  again: EBADF", mq_close(queue));
  return 0;
}
