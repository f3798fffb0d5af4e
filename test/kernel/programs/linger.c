// socket(7), SO_LINGER; close(2); tcp(7): when close waits for what was sent, and for how long.
#include "show.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static int listener;
static struct sockaddr_in at = {.sin_family = AF_INET};
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
static void pair(int *client, int *server) {
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  *client = socket(AF_INET, SOCK_STREAM, 0);
  connect(*client, (void *)&at, sizeof at);
  *server = accept(listener, NULL, NULL);
}
static void linger(int s, int on, int seconds) {
  struct linger l = {on, seconds};
  setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}
// Sends until nothing more is taken.
static long fill(int s) {
  static char data[65536];
  long sent = 0, n;
  int flags = fcntl(s, F_GETFL);
  fcntl(s, F_SETFL, flags | O_NONBLOCK);
  struct pollfd p = {s, POLLOUT};
  while (poll(&p, 1, 100) > 0)
    while ((n = send(s, data, sizeof data, 0)) > 0) sent += n;
  fcntl(s, F_SETFL, flags);
  return sent;
}
// Does it, and says how long that took: at once, soon, about a second, or longer.
#define took(rule, call) ({ \
  double began = now(); \
  int result = call; \
  double time = now() - began; \
  printf("%s: %d, %s\n", rule, result, time < 0.3 ? "at once" : time < 0.95 ? "soon" : time < 4 ? "a second" : "long"); \
})
#define closes(rule, s) took(rule, close(s))
static long received;
static void *reader(void *given) {
  static char data[65536];
  int s = (long)given;
  long n;
  usleep(500000);
  received = 0;
  while ((n = read(s, data, sizeof data)) > 0) received += n;
  return NULL;
}
static void nothing(int signal) {}

int main(void) {
  setbuf(stdout, NULL);
  int client, server;
  listener = socket(AF_INET, SOCK_STREAM, 0);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  bind(listener, (void *)&at, sizeof at);
  listen(listener, 5);
  getsockname(listener, (void *)&at, &size);

  pair(&client, &server);
  fill(client);
  closes("without the option", client);
  close(server);

  pair(&client, &server);
  linger(client, 1, 10);
  closes("nothing is under way", client);
  close(server);

  pair(&client, &server);
  linger(client, 1, 10);
  write(client, "hello", 5);
  closes("what fits into the other end's buffer", client);
  char data[16] = {0};
  show("which has it", read(server, data, sizeof data));
  show("and the end", read(server, data, sizeof data));
  close(server);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 1);
  closes("nobody reads", client);
  close(server);

  pair(&client, &server);
  long sent = fill(client);
  linger(client, 1, 20);
  pthread_t thread;
  pthread_create(&thread, NULL, reader, (void *)(long)server);
  closes("until it is read", client);
  pthread_join(thread, NULL);
  show("all has come", received == sent);
  close(server);

  pair(&client, &server);
  sent = fill(client);
  linger(client, 1, 20);
  pthread_create(&thread, NULL, reader, (void *)(long)server);
  shutdown(client, SHUT_WR);
  closes("after shutdown too", client);
  pthread_join(thread, NULL);
  close(server);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 20);
  signal(SIGALRM, nothing);
  struct itimerval timer = {.it_value = {0, 500000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  closes("a signal ends the wait, and is no error", client);
  show("the descriptor is gone", fcntl(client, F_GETFD));
  close(server);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 1);
  int other = dup(client);
  closes("another descriptor is left", client);
  closes("the last one", other);
  close(server);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 20);
  pid_t child = fork();
  if (child == 0) {
    close(listener), close(server);
    usleep(300000);
    _exit(3);
  }
  close(client);
  double began = now();
  int status;
  waitpid(child, &status, 0);
  show("exit does not wait", now() - began < 4 && WEXITSTATUS(status) == 3);
  close(server);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 0);
  closes("0 seconds", client);
  while (read(server, data, sizeof data) > 0);
  show("is a reset", read(server, data, 0) == 0 ? 0 : -1);
  close(server);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 20);
  linger(client, 0, 20);
  closes("off again", client);
  close(server);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 1);
  took("dup2 in its place", dup2(1, client) == client);
  close(client);
  close(server);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 1);
  took("dup3 too", dup3(1, client, O_CLOEXEC) == client);
  show("the descriptor is the new one", fcntl(client, F_GETFD));
  close(client);
  close(server);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 1);
  other = dup(client);
  took("dup2 where another descriptor is left", dup2(1, client) == client);
  took("  where none is", dup2(1, other) == other);
  close(client), close(other);
  close(server);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 1);
  took("close_range", syscall(SYS_close_range, client, client, 0));
  show("  what it closes is closed", fcntl(client, F_GETFD));
  close(server);

  pair(&client, &server);
  int second, third;
  pair(&second, &third);
  int low = dup2(server, 90), high = dup2(third, 91);
  close(server), close(third);
  fill(client), fill(second);
  linger(client, 1, 1), linger(second, 1, 1);
  double start = now();
  int least = client < second ? client : second, most = client < second ? second : client;
  syscall(SYS_close_range, least, most, 0);
  show("two of them one after the other", now() - start > 1.7 && now() - start < 8);
  close(low), close(high);

  pair(&client, &server);
  fill(client);
  linger(client, 1, 20);
  setitimer(ITIMER_REAL, &timer, NULL);
  took("a signal ends dup2's wait", dup2(1, client) == client);
  close(client);
  close(server);

  linger(listener, 1, 1);
  pair(&client, &server);
  fill(server);
  fcntl(server, F_SETFL, O_NONBLOCK);
  closes("what is accepted has it, and O_NONBLOCK changes nothing", server);
  close(client);
  closes("a listener", listener);
  return 0;
}
