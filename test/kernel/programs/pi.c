// futex(2), priority-inheritance futexes; pthread_mutexattr_setprotocol(3), pthread_mutexattr_setrobust(3), set_robust_list(2).
#include "show.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif
#define SYS_futex64 422
struct time64 {
  long long seconds, nanoseconds;
};
static volatile unsigned word, other, condition;
static unsigned volatile *shared;
static volatile char order[64];
static volatile int at;

static int futex(volatile unsigned *address, int operation, unsigned value, void *time, volatile unsigned *second, unsigned third) {
  return syscall(SYS_futex64, address, operation, value, time, second, third);
}
static int take(volatile unsigned *address) { return futex(address, FUTEX_LOCK_PI, 0, NULL, NULL, 0); }
static int let_go(volatile unsigned *address) { return futex(address, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0); }
static int tid(void) { return syscall(SYS_gettid); }
static void put(char letter) { order[at++] = letter; }
// A field of a thread's stat: 3 is its state, 18 its priority.
static int field(int thread, int which, char *state) {
  char name[60], text[400];
  sprintf(name, "/proc/self/task/%d/stat", thread);
  FILE *file = fopen(name, "r");
  int length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  char *word = strtok(strrchr(text, ')') + 2, " ");
  *state = *word;
  for (int i = 3; i < which; i++) word = strtok(NULL, " ");
  return atoi(word);
}
static void until_asleep(volatile int *thread) {
  char state = 0;
  while (*thread == 0) usleep(1000);
  while (field(*thread, 18, &state), state != 'S') usleep(1000);
}
static volatile int first_tid, second_tid;
static void *waiter(void *name) {
  *(name == (void *)'a' ? &first_tid : &second_tid) = tid();
  int result = take(&word);
  put((char)(long)name);
  unsigned value = word;
  let_go(&word);
  return (void *)(long)(result == 0 && (value & FUTEX_TID_MASK) == tid() ? 1 : 0);
}
static pthread_t start(void *(*body)(void *), void *argument, int priority) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (priority) {
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    pthread_attr_setschedparam(&attributes, &(struct sched_param){.sched_priority = priority});
  }
  pthread_create(&thread, &attributes, body, argument);
  return thread;
}
static void *dies(void *nothing) {
  take(&word);
  first_tid = tid();
  while (second_tid == 0) usleep(1000);
  until_asleep(&second_tid);
  return NULL;
}
static void *crossed(void *nothing) {
  take(&other);
  first_tid = tid();
  int result = take(&word);
  let_go(&word), let_go(&other);
  return (void *)(long)result;
}
static void *conditional(void *nothing) {
  first_tid = tid();
  int result = futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &word, 0);
  put('r');
  let_go(&word);
  return (void *)(long)result;
}
static pthread_mutex_t mutex;
static void *leaves_locked(void *nothing) {
  pthread_mutex_lock(&mutex);
  return NULL;
}
static sem_t go;
static void *low(void *nothing) {
  pthread_mutex_lock(&mutex);
  sem_post(&go);
  for (volatile int i = 0; i < 3000000; i++);
  put('l');
  pthread_mutex_unlock(&mutex);
  put('L');
  return NULL;
}
static void *middle(void *nothing) {
  for (volatile int i = 0; i < 3000000; i++);
  put('m');
  return NULL;
}
static void *high(void *nothing) {
  pthread_mutex_lock(&mutex);
  put('h');
  pthread_mutex_unlock(&mutex);
  return NULL;
}
static void nothing(int signal) {}

int main(void) {
  pthread_t threads[3];
  void *result;
  char state;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  sched_setaffinity(0, sizeof one, &one);

  family("the calls");
  show("FUTEX_LOCK_PI of what is free", take(&word));
  show("  the word is the owner", word == tid());
  show("  once more: EDEADLK", take(&word));
  show("  FUTEX_TRYLOCK_PI: EDEADLK", futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
  show("FUTEX_UNLOCK_PI", let_go(&word));
  show("  the word is 0", word);
  show("  of what is not locked: EPERM", let_go(&word));
  show("FUTEX_TRYLOCK_PI of what is free", futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
  let_go(&word);
  word = 999999;
  show("an owner that is not there: ESRCH", take(&word));
  word = 0;
  show("an address that is no word's: EINVAL", take((unsigned *)((char *)&word + 1)));
  show("a bad address: EFAULT", take((unsigned *)4));
  show("memory that can't be written: EFAULT", take(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
  show("FUTEX_CLOCK_REALTIME with FUTEX_WAIT: ENOSYS", futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));

  family("waiting");
  take(&word);
  threads[0] = start(waiter, (void *)'a', 0);
  until_asleep(&first_tid);
  show("FUTEX_WAITERS is in the word", word == (tid() | FUTEX_WAITERS));
  show("  the unlock gives it on", let_go(&word));
  pthread_join(threads[0], &result);
  show("  the waiter has it", (long)result);
  text("  and lets it go", (char *)order);
  show("  the word is 0", word);
  memset((char *)order, 0, sizeof order), at = 0, first_tid = 0;
  take(&word);
  threads[0] = start(waiter, (void *)'a', 10);
  until_asleep(&first_tid);
  threads[1] = start(waiter, (void *)'b', 20);
  until_asleep(&second_tid);
  show("the owner has the priority of the most urgent waiter", field(tid(), 18, &state));
  let_go(&word);
  show("  until it lets go", field(tid(), 18, &state));
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  text("the most urgent is first", (char *)order);
  first_tid = second_tid = 0;
  pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  child = fork();
  if (child == 0) {
    take(&shared[0]);
    shared[1] = 1;
    while (!shared[2]) usleep(1000);
    let_go(&shared[0]);
    _exit(0);
  }
  while (!shared[1]) usleep(1000);
  show("another process has it, FUTEX_TRYLOCK_PI: EAGAIN", futex(&shared[0], FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
  struct time64 past = {1, 0}, bad = {1, 1000000000}, soon;
  show("a time that is over: ETIMEDOUT", futex(&shared[0], FUTEX_LOCK_PI, 0, &past, NULL, 0));
  show("  that is none: EINVAL", futex(&shared[0], FUTEX_LOCK_PI, 0, &bad, NULL, 0));
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  soon = (struct time64){now.tv_sec, now.tv_nsec + 3000000};
  if (soon.nanoseconds >= 1000000000) soon.seconds++, soon.nanoseconds -= 1000000000;
  show("FUTEX_LOCK_PI2, by CLOCK_MONOTONIC: ETIMEDOUT", futex(&shared[0], FUTEX_LOCK_PI2, 0, &soon, NULL, 0));
  show("unlocking another's: EPERM", let_go(&shared[0]));
  shared[2] = 1;
  show("then it is had", take(&shared[0]));
  let_go(&shared[0]);
  waitpid(child, NULL, 0);
  take(&word);
  threads[0] = start(crossed, NULL, 0);
  until_asleep(&first_tid);
  show("who would wait for whoever waits for it: EDEADLK", take(&other));
  let_go(&word);
  pthread_join(threads[0], &result);
  show("  the other gets its lock", (long)result);

  family("the end of an owner");
  first_tid = second_tid = 0;
  threads[0] = start(dies, NULL, 0);
  while (first_tid == 0) usleep(1000);
  second_tid = tid();
  show("a thread that ends gives the lock on", take(&word));
  show("  FUTEX_OWNER_DIED says so", (word & FUTEX_OWNER_DIED) != 0);
  show("  the owner", (word & FUTEX_TID_MASK) == tid());
  let_go(&word);
  pthread_join(threads[0], NULL);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &attributes);
  threads[0] = start(leaves_locked, NULL, 0);
  pthread_join(threads[0], NULL);
  show("a robust mutex: EOWNERDEAD", pthread_mutex_lock(&mutex) == EOWNERDEAD);
  show("  made consistent", pthread_mutex_consistent(&mutex));
  show("  and unlocked", pthread_mutex_unlock(&mutex));
  show("  it is one as before", pthread_mutex_trylock(&mutex));
  pthread_mutex_unlock(&mutex);

  family("inversion");
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&mutex, &attributes);
  memset((char *)order, 0, sizeof order), at = 0;
  sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 90});
  threads[0] = start(low, NULL, 10);
  sem_wait(&go);
  threads[1] = start(middle, NULL, 20);
  threads[2] = start(high, NULL, 30);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){.sched_priority = 0});
  text("the low one runs before the middle, as the high one waits for it", (char *)order);

  family("requeueing");
  memset((char *)order, 0, sizeof order), at = 0, first_tid = 0;
  take(&word);
  threads[0] = start(conditional, NULL, 0);
  until_asleep(&first_tid);
  show("FUTEX_CMP_REQUEUE_PI to wake two: EINVAL", futex(&condition, FUTEX_CMP_REQUEUE_PI, 2, (void *)1, &word, 0));
  show("  to the same word: EINVAL", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &condition, 0));
  show("  to another lock than it waits for: EINVAL", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &other, 0));
  show("  another value: EAGAIN", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &word, 5));
  show("FUTEX_CMP_REQUEUE_PI", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &word, 0));
  put('o');
  let_go(&word);
  pthread_join(threads[0], &result);
  show("  the waiter has the lock", (long)result);
  text("  once its owner let it go", (char *)order);
  first_tid = 0;
  threads[0] = start(conditional, NULL, 0);
  until_asleep(&first_tid);
  show("  a lock that is free is had at once", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &word, 0));
  pthread_join(threads[0], &result);
  show("  by the waiter", (long)result);
  struct time64 over = {1, 0};
  show("FUTEX_WAIT_REQUEUE_PI: ETIMEDOUT", futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, &over, &word, 0));
  show("  another value: EAGAIN", futex(&condition, FUTEX_WAIT_REQUEUE_PI, 7, NULL, &word, 0));
  show("  the same word: EINVAL", futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &condition, 0));
  return 0;
}
