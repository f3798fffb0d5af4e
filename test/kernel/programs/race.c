// Programs that race: on one page table, one table of descriptors, one file. What must hold whoever comes first.
#include "show.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ROUNDS 400

static int *shared;
static void wait_all(void) {
  while (wait(NULL) > 0) {}
}
static void twice(void (*body)(int)) {
  fflush(stdout);
  for (int i = 0; i < 2; i++)
    if (fork() == 0) {
      body(i);
      _exit(0);
    }
  wait_all();
}
static void both(void *(*body)(void *)) {
  pthread_t threads[2];
  for (long i = 0; i < 2; i++) pthread_create(&threads[i], 0, body, (void *)i);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
}

static void counts(int who) {
  for (int i = 0; i < 10 * ROUNDS; i++) {
    __atomic_fetch_add(&shared[0], 1, __ATOMIC_SEQ_CST);
    if (i % 50 == 0) sched_yield();
  }
}
static void appends(int who) {
  int fd = open("log", O_WRONLY | O_APPEND);
  char line[32];
  for (int i = 0; i < ROUNDS; i++) {
    int length = sprintf(line, "%c%06d%c\n", 'a' + who, i, 'a' + who);
    write(fd, line, length);
    if (i % 7 == 0) sched_yield();
  }
}
static void creates(int who) {
  for (int i = 0; i < ROUNDS / 4; i++) {
    char name[32];
    sprintf(name, "once%d", i);
    int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (fd >= 0) __atomic_fetch_add(&shared[1], 1, __ATOMIC_SEQ_CST);
    else if (errno != EEXIST) shared[2]++;
    close(fd);
    sched_yield();
  }
}
static void swaps(int who) {
  for (int i = 0; i < ROUNDS; i++) {
    if (who == 0) rename("here", "there");
    else rename("there", "here");
    if (i % 3 == 0) sched_yield();
  }
}
static void locks(int who) {
  int fd = open("lock", O_RDWR);
  for (int i = 0; i < ROUNDS / 4; i++) {
    flock(fd, LOCK_EX);
    int value;
    pread(fd, &value, sizeof value, 0);
    sched_yield();
    value++;
    pwrite(fd, &value, sizeof value, 0);
    flock(fd, LOCK_UN);
  }
}
static int ends[2];
static void writesPipe(int who) {
  char block[512];
  memset(block, 'a' + who, sizeof block);
  for (int i = 0; i < 64; i++) write(ends[1], block, sizeof block);
}

static volatile int stop;
static void *opens(void *unused) {
  for (int i = 0; i < ROUNDS; i++) {
    int fd = open("/dev/null", O_RDWR);
    if (fd < 0 || fcntl(fd, F_GETFD) < 0) shared[3]++;
    if (close(fd) < 0) shared[3]++;
    if (i % 5 == 0) sched_yield();
  }
  return 0;
}
static int fixed;
static void *replaces(void *who) {
  int own = open(who ? "/dev/zero" : "/dev/null", O_RDWR);
  for (int i = 0; i < ROUNDS; i++) {
    if (dup2(own, fixed) != fixed) shared[4]++;
    struct stat st;
    // there is always one of the two
    if (fstat(fixed, &st) < 0 || !S_ISCHR(st.st_mode)) shared[4]++;
    if (i % 5 == 0) sched_yield();
  }
  close(own);
  return 0;
}
static char *region;
static sigjmp_buf back;
static __thread sigjmp_buf escape;
static void fault(int sig) { siglongjmp(escape, 1); }
static void *maps(void *unused) {
  for (int i = 0; i < ROUNDS; i++) {
    if (mmap(region, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != region) shared[5]++;
    region[4096] = 1;
    mprotect(region, 65536, PROT_READ);
    sched_yield();
  }
  stop = 1;
  return 0;
}
static void *touches(void *unused) {
  signal(SIGSEGV, fault);
  while (!stop) {
    if (sigsetjmp(escape, 1) == 0) {
      char value = region[8192];
      if (value != 0 && value != 2) shared[6]++;
      region[8192] = 2;
    }
    sched_yield();
  }
  return 0;
}
static void *mapOrTouch(void *who) { return who ? maps(0) : touches(0); }
static void *splits(void *who) {
  // neighbours: areas split and join under each other
  char *own = region + (who ? 32768 : 0);
  for (int i = 0; i < ROUNDS; i++) {
    munmap(own + 4096 * (i % 8), 4096);
    if (mmap(own + 4096 * (i % 8), 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) shared[7]++;
    own[4096 * (i % 8)] = 1;
    if (i % 4 == 0) sched_yield();
  }
  return 0;
}
static void *forks(void *who) {
  for (int i = 0; i < 20; i++) {
    pid_t pid = fork();
    if (pid == 0) _exit(region[(int)(long)who] == (char)(long)who ? 0 : 1);
    int status;
    waitpid(pid, &status, 0);
    if (status != 0) shared[8]++;
  }
  return 0;
}

int main(void) {
  shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  family("one page");
  twice(counts);
  show("mmap(2): MAP_SHARED: no addition is lost", shared[0]);

  family("one file");
  close(open("log", O_CREAT | O_TRUNC | O_WRONLY, 0600));
  twice(appends);
  FILE *log = fopen("log", "r");
  char line[64];
  int lines = 0, whole = 0, next[2] = {0, 0}, ordered = 1;
  while (fgets(line, sizeof line, log)) {
    lines++;
    whole += strlen(line) == 9 && line[0] == line[7];
    int who = line[0] - 'a';
    if (who < 0 || who > 1 || atoi(line + 1) != next[who]++) ordered = 0;
  }
  show("open(2): O_APPEND: no line is lost", lines);
  show("  none is torn", whole);
  show("  each writer's are in order", ordered);
  twice(creates);
  show("open(2): O_EXCL: each is made once", shared[1]);
  show("  else EEXIST", shared[2]);
  close(open("here", O_CREAT | O_WRONLY, 0600));
  twice(swaps);
  show("rename(2): the file has one name", (access("here", F_OK) == 0) + (access("there", F_OK) == 0));
  int zero = 0, fd = open("lock", O_CREAT | O_RDWR, 0600);
  write(fd, &zero, sizeof zero);
  twice(locks);
  pread(fd, &zero, sizeof zero, 0);
  show("flock(2): LOCK_EX: nobody is between", zero);
  close(fd);
  pipe(ends);
  fflush(stdout);
  pid_t reader = fork();
  if (reader == 0) {
    close(ends[1]);
    char block[512];
    int torn = 0, blocks = 0;
    while (read(ends[0], block, sizeof block) == sizeof block) {
      blocks++;
      for (int i = 1; i < (int)sizeof block; i++) torn += block[i] != block[0];
    }
    show("pipe(7): PIPE_BUF: all blocks", blocks);
    show("  none is torn", torn);
    _exit(0);
  }
  for (int i = 0; i < 2; i++)
    if (fork() == 0) {
      writesPipe(i);
      _exit(0);
    }
  close(ends[1]);
  close(ends[0]);
  wait_all();

  family("one table of descriptors");
  both(opens);
  show("open(2): what a thread has opened stays open until it closes it", shared[3]);
  fixed = open("/dev/null", O_RDWR);
  both(replaces);
  show("dup2(2): the descriptor is never closed in between", shared[4]);
  int after = open("/dev/null", O_RDWR);
  show("  no descriptor is lost", after - fixed);

  family("one page table");
  region = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  both(mapOrTouch);
  show("mmap(2): MAP_FIXED over what another thread touches", shared[5]);
  show("  which sees old or new", shared[6]);
  munmap(region, 65536);
  region = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  both(splits);
  show("munmap(2) of neighbours", shared[7]);
  int set = 0;
  for (int i = 0; i < 16; i++) set += region[4096 * i];
  show("  all pages are there", set);
  region[1] = 1;
  region[0] = 0;
  both(forks);
  show("fork(2) of two threads at once: each child has the memory", shared[8]);
  return 0;
}
