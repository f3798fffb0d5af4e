// System V IPC: shmget(2), shmat(2), shmctl(2), semget(2), semop(2), semctl(2), msgget(2), msgop(2), msgctl(2), sysvipc(7).
#include "blocked.h"
#include "show.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>

// others may run this at the same time
static key_t key;
#define KEY key
union semun {
  int val;
  struct semid_ds *buf;
  unsigned short *array;
  struct seminfo *info;
};
struct message {
  long type;
  char text[64];
};

static int semaphore;
static int control(int number, int command, int value) {
  return semctl(semaphore, number, command, (union semun){.val = value});
}
static int operate(int number, int operation, int flags) {
  struct sembuf one = {number, operation, flags};
  return semop(semaphore, &one, 1);
}
static int operate_two(struct sembuf first, struct sembuf second) {
  struct sembuf both[] = {first, second};
  return semop(semaphore, both, 2);
}
static void nothing(int signal) {}
static int code(pid_t child) {
  int status;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
#define CHILD(...) ({ fflush(stdout); pid_t made = fork(); if (made == 0) { __VA_ARGS__; _exit(0); } made; })
// What a call gives in a child that is another user.
#define STRANGER(rule, call) code(CHILD(setgid(2345); setuid(2345); show(rule, call)))

static void proc(const char *rule, const char *name, int id, int skip) {
  char path[40], line[300];
  sprintf(path, "/proc/sysvipc/%s", name);
  FILE *file = fopen(path, "r");
  fgets(line, sizeof line, file);
  int columns = 0;
  for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) columns++;
  printf("%s: %d columns", rule, columns);
  while (fgets(line, sizeof line, file)) {
    int found, number, at = 0;
    sscanf(line, "%d %d%n", &found, &number, &at);
    if (number != id) continue;
    printf(", key %d", found == key);
    int column = 2;
    for (char *word = strtok(line + at, " \n"); word && column < skip; word = strtok(NULL, " \n"), column++)
      printf(" %s", word);
  }
  printf("\n");
  fclose(file);
}

static void shared_memory(void) {
  struct shmid_ds state;
  family("shared memory");
  show("a key that nobody has: ENOENT", shmget(KEY, 100, 0600));
  show("a size of 0: EINVAL", shmget(KEY, 0, IPC_CREAT | 0600));
  int id = shmget(KEY, 5000, IPC_CREAT | IPC_EXCL | 0640);
  show("shmget", id >= 0);
  show("  the key finds it", shmget(KEY, 0, 0) == id);
  show("  IPC_CREAT | IPC_EXCL: EEXIST", shmget(KEY, 100, IPC_CREAT | IPC_EXCL));
  show("  more than it has: EINVAL", shmget(KEY, 6000, 0));
  int one = shmget(IPC_PRIVATE, 1, 0600), other = shmget(IPC_PRIVATE, 1, 0600);
  show("IPC_PRIVATE is always another", one >= 0 && other >= 0 && one != other);
  shmctl(one, IPC_RMID, NULL), shmctl(other, IPC_RMID, NULL);
  char *map = shmat(id, NULL, 0), *again = shmat(id, NULL, 0);
  show("shmat", map != (void *)-1);
  show("  it is zeros", map[0] == 0 && map[4999] == 0);
  map[10] = 'x';
  show("  two maps are one memory", again[10]);
  show("  it has whole pages", (map[8191] = 'y'));
  shmctl(id, IPC_STAT, &state);
  show("IPC_STAT: the size that was asked for", state.shm_segsz);
  show("  attaches", state.shm_nattch);
  show("  mode", state.shm_perm.mode);
  show("  key", state.shm_perm.__key == KEY);
  show("  owner and creator", state.shm_perm.uid == 0 && state.shm_perm.cuid == 0);
  show("  who made it, who attached last", state.shm_cpid == getpid() && state.shm_lpid == getpid());
  show("  times", state.shm_ctime != 0 && state.shm_atime != 0 && state.shm_dtime == 0);
  proc("/proc/sysvipc/shm", "shm", id, 4);
  code(CHILD({
    show("a child inherits the maps", map[10]);
    map[11] = 'c';
    struct shmid_ds own;
    shmctl(id, IPC_STAT, &own);
    show("  which count", own.shm_nattch);
  }));
  show("  and writes into the same memory", map[11]);
  shmctl(id, IPC_STAT, &state);
  show("  its end detaches", state.shm_nattch);
  show("  at a time", state.shm_dtime != 0);
  show("shmdt", shmdt(again));
  show("  again: EINVAL", shmdt(again));
  show("  of another address: EINVAL", shmdt(map + 4096));
  show("  of one that is no page's: EINVAL", shmdt(map + 1));
  char *reader = shmat(id, NULL, SHM_RDONLY);
  show("SHM_RDONLY", reader[10]);
  pid_t child = CHILD(reader[0] = 1);
  int status;
  waitpid(child, &status, 0);
  show("  writing: SIGSEGV", WTERMSIG(status));
  show("  mprotect to write: EACCES", mprotect(reader, 4096, PROT_READ | PROT_WRITE));
  shmdt(reader);
  show("an address that is no page's: EINVAL", (long)shmat(id, (void *)0x20000010, 0));
  show("  SHM_RND rounds it down", (long)shmat(id, (void *)0x20000010, SHM_RND) == 0x20000000);
  show("  what is mapped there: EINVAL", (long)shmat(id, (void *)0x20000000, 0));
  show("  SHM_REMAP takes its place", (long)shmat(id, (void *)0x20000000, SHM_REMAP) == 0x20000000);
  show("  SHM_REMAP of no address: EINVAL", (long)shmat(id, NULL, SHM_REMAP));
  shmdt((void *)0x20000000);
  STRANGER("a stranger can't attach: EACCES", (long)shmat(id, NULL, SHM_RDONLY));
  STRANGER("  nor look: EACCES", shmctl(id, IPC_STAT, &state));
  STRANGER("  nor remove: EPERM", shmctl(id, IPC_RMID, NULL));
  STRANGER("  nor get it with rights: EACCES", shmget(KEY, 0, 0400));
  STRANGER("  but without", shmget(KEY, 0, 0) == id);
  state.shm_perm.uid = 2345;
  state.shm_perm.mode = 0400;
  show("IPC_SET", shmctl(id, IPC_SET, &state));
  STRANGER("  the new owner may read", (long)shmat(id, NULL, SHM_RDONLY) != -1);
  STRANGER("  not write: EACCES", (long)shmat(id, NULL, 0));
  char *kept = shmat(id, NULL, 0);
  show("IPC_RMID while it is attached", shmctl(id, IPC_RMID, NULL));
  show("  the key is free: ENOENT", shmget(KEY, 0, 0));
  show("  its maps go on", kept[10]);
  shmctl(id, IPC_STAT, &state);
  show("  SHM_DEST is in its mode", state.shm_perm.mode);
  show("  one more may attach it", (long)shmat(id, (void *)0x20000000, 0));
  shmdt((void *)0x20000000);
  shmdt(map);
  show("  the last detach", shmdt(kept));
  show("  ends it: EINVAL", shmctl(id, IPC_STAT, &state));
  show("a bad number: EINVAL", (long)shmat(-1, NULL, 0));
  show("a bad command: EINVAL", shmctl(id, 99, &state));
  struct shminfo limits;
  show("IPC_INFO", shmctl(0, IPC_INFO, (void *)&limits) >= 0);
  show("  shmmni and shmmin", limits.shmmni * 10 + limits.shmmin);
}

static void semaphores(void) {
  struct semid_ds state;
  unsigned short values[3];
  family("semaphores");
  show("semget of none: EINVAL", semget(KEY, 0, IPC_CREAT | 0600));
  show("  too many: EINVAL", semget(KEY, 1 << 20, IPC_CREAT | 0600));
  semaphore = semget(KEY, 3, IPC_CREAT | 0600);
  show("semget", semaphore >= 0);
  show("  more than it has: EINVAL", semget(KEY, 4, 0));
  show("  fewer find it", semget(KEY, 1, 0) == semaphore);
  show("they are 0", control(0, GETVAL, 0) + control(2, GETVAL, 0));
  show("SETVAL", control(0, SETVAL, 5));
  show("  GETVAL", control(0, GETVAL, 0));
  show("  GETPID", control(0, GETPID, 0) == getpid());
  show("  too much: ERANGE", control(0, SETVAL, 32768));
  show("  below 0: ERANGE", control(0, SETVAL, -1));
  show("  no such semaphore: EINVAL", control(3, SETVAL, 1));
  show("SETALL", semctl(semaphore, 0, SETALL, (union semun){.array = (unsigned short[]){1, 2, 3}}));
  semctl(semaphore, 0, GETALL, (union semun){.array = values});
  show("  GETALL", values[0] * 100 + values[1] * 10 + values[2]);
  show("  too much: ERANGE", semctl(semaphore, 0, SETALL, (union semun){.array = (unsigned short[]){1, 2, 40000}}));
  semctl(semaphore, 0, IPC_STAT, (union semun){.buf = &state});
  show("IPC_STAT: how many", state.sem_nsems);
  show("  never operated on", state.sem_otime);
  proc("/proc/sysvipc/sem", "sem", semaphore, 8);
  show("taking", operate(0, -1, 0));
  semctl(semaphore, 0, IPC_STAT, (union semun){.buf = &state});
  show("  has a time", state.sem_otime != 0);
  show("IPC_NOWAIT: EAGAIN", operate(0, -1, IPC_NOWAIT));
  show("adding", operate(0, 4, 0));
  show("  above the most: ERANGE", operate(0, 32766, 0));
  show("waiting for zero of what is not, IPC_NOWAIT: EAGAIN", operate(0, 0, IPC_NOWAIT));
  show("all or none: EAGAIN", operate_two((struct sembuf){0, -2, IPC_NOWAIT}, (struct sembuf){1, -3, IPC_NOWAIT}));
  show("  the first is as it was", control(0, GETVAL, 0));
  show("twice the same, in order", operate_two((struct sembuf){0, -4, 0}, (struct sembuf){0, 0, 0}));
  show("a number that is none: EFBIG", operate(3, 1, 0));
  show("no operations: EINVAL", semop(semaphore, NULL, 0));
  show("too many operations: E2BIG", semop(semaphore, (void *)values, 501));
  show("a bad address: EFAULT", semop(semaphore, (void *)1, 1));
  pid_t child = CHILD(_exit(operate(0, -1, 0) == 0 ? 7 : errno));
  wait_until_blocked(child);
  show("GETNCNT: one waits", control(0, GETNCNT, 0));
  show("  none for zero", control(0, GETZCNT, 0));
  operate(0, 1, 0);
  show("  it goes on", code(child));
  show("  GETPID is its", control(0, GETPID, 0) == child);
  control(0, SETVAL, 2);
  child = CHILD(_exit(operate(0, 0, 0) == 0 ? 7 : errno));
  wait_until_blocked(child);
  show("GETZCNT", control(0, GETZCNT, 0));
  operate(0, -1, 0);
  operate(0, -1, 0);
  show("  zero lets it go on", code(child));
  child = CHILD({
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    show("a signal ends the wait, also with SA_RESTART: EINTR", operate(0, -1, 0));
  });
  wait_until_blocked(child);
  kill(child, SIGUSR1);
  code(child);
  struct sembuf one = {0, -1, 0};
  show("semtimedop: EAGAIN", semtimedop(semaphore, &one, 1, &(struct timespec){.tv_nsec = 2000000}));
  show("  a bad time: EINVAL", semtimedop(semaphore, &one, 1, &(struct timespec){.tv_nsec = -1}));
  control(0, SETVAL, 5);
  code(CHILD({
    operate(0, -3, SEM_UNDO);
    operate(0, 1, SEM_UNDO);
    show("SEM_UNDO: taken", control(0, GETVAL, 0));
  }));
  show("  the end gives it back", control(0, GETVAL, 0));
  code(CHILD(operate(0, 3, SEM_UNDO); operate(0, -7, 0)));
  show("  not below 0", control(0, GETVAL, 0));
  control(0, SETVAL, 5);
  child = CHILD({
    operate(0, -1, SEM_UNDO);
    operate(1, -2, 0);
    pause();
  });
  while (control(1, GETVAL, 0) != 0) usleep(1000);
  control(0, SETVAL, 3);
  kill(child, SIGKILL);
  code(child);
  show("SETVAL forgets what would be undone", control(0, GETVAL, 0));
  child = CHILD({
    operate(0, -1, SEM_UNDO);
    char text[20];
    sprintf(text, "%d", key);
    execl("/proc/self/exe", "sysv", text, NULL);
  });
  code(child);
  show("exec keeps it", control(0, GETVAL, 0));
  STRANGER("a stranger can't look: EACCES", control(0, GETVAL, 0));
  STRANGER("  nor operate: EACCES", operate(0, 1, 0));
  STRANGER("  nor remove: EPERM", control(0, IPC_RMID, 0));
  control(0, SETVAL, 0);
  child = CHILD(_exit(operate(0, -1, 0) == 0 ? 7 : errno == EIDRM ? 8 : errno));
  wait_until_blocked(child);
  show("IPC_RMID", control(0, IPC_RMID, 0));
  show("  who waits: EIDRM", code(child));
  show("  it is gone: EINVAL", control(0, GETVAL, 0));
  struct seminfo limits;
  show("IPC_INFO", semctl(0, 0, IPC_INFO, (union semun){.info = &limits}) >= 0);
  show("  semvmx, semopm, semmsl, semmni", limits.semvmx + limits.semopm + limits.semmsl + limits.semmni);
}

static void message_queues(void) {
  struct msqid_ds state;
  struct message out = {1, "one"}, in;
  family("message queues");
  show("msgget: ENOENT", msgget(KEY, 0600));
  int queue = msgget(KEY, IPC_CREAT | 0600);
  show("msgget", queue >= 0);
  show("  again", msgget(KEY, IPC_CREAT | 0600) == queue);
  show("  IPC_EXCL: EEXIST", msgget(KEY, IPC_CREAT | IPC_EXCL | 0600));
  show("nothing, IPC_NOWAIT: ENOMSG", msgrcv(queue, &in, 64, 0, IPC_NOWAIT));
  show("msgsnd", msgsnd(queue, &out, 3, 0));
  msgctl(queue, IPC_STAT, &state);
  show("IPC_STAT: messages", state.msg_qnum);
  show("  bytes", state.__msg_cbytes);
  show("  bytes that there may be", state.msg_qbytes);
  show("  who sent", state.msg_lspid == getpid() && state.msg_lrpid == 0);
  proc("/proc/sysvipc/msg", "msg", queue, 5);
  show("a buffer that is too small: E2BIG", msgrcv(queue, &in, 2, 0, 0));
  show("  MSG_NOERROR cuts", msgrcv(queue, &in, 2, 0, MSG_NOERROR));
  show("  and the rest is lost: ENOMSG", msgrcv(queue, &in, 64, 0, IPC_NOWAIT));
  show("a type of 0: EINVAL", msgsnd(queue, &(struct message){0}, 1, 0));
  show("  below: EINVAL", msgsnd(queue, &(struct message){-5}, 1, 0));
  show("a size that is too much: EINVAL", msgsnd(queue, &out, 9000, 0));
  show("  below 0: EINVAL", msgsnd(queue, &out, -1, 0));
  show("no bytes at all", msgsnd(queue, &out, 0, 0));
  show("  are received", msgrcv(queue, &in, 64, 0, 0));
  for (int i = 0; i < 6; i++) {
    out.type = (int[]){3, 1, 5, 2, 5, 3}[i];
    out.text[0] = 'a' + i;
    msgsnd(queue, &out, 1, 0);
  }
  show("type 5: the first of it", (msgrcv(queue, &in, 64, 5, 0), in.text[0]));
  show("type -3: the lowest up to 3", (msgrcv(queue, &in, 64, -3, 0), in.text[0]));
  show("  then the next", (msgrcv(queue, &in, 64, -3, 0), in.text[0]));
  show("MSG_EXCEPT 3: the first of another", (msgrcv(queue, &in, 64, 3, MSG_EXCEPT), in.text[0]));
  show("  its type", in.type);
  show("type 0: the first", (msgrcv(queue, &in, 64, 0, 0), in.text[0]));
  show("type 9: ENOMSG", msgrcv(queue, &in, 64, 9, IPC_NOWAIT));
  show("MSG_COPY without IPC_NOWAIT: EINVAL", msgrcv(queue, &in, 64, 0, MSG_COPY));
  if (msgrcv(queue, &in, 64, 0, MSG_COPY | IPC_NOWAIT) < 0 && errno == ENOSYS) in.text[0] = 'f';
  show("MSG_COPY gives the one at a place", in.text[0]);
  msgctl(queue, IPC_STAT, &state);
  show("  which stays", state.msg_qnum);
  msgrcv(queue, &in, 64, 0, 0);
  pid_t child = CHILD({
    struct message own;
    int length = msgrcv(queue, &own, 64, 7, 0);
    _exit(length == 4 && own.type == 7 ? 7 : 1);
  });
  wait_until_blocked(child);
  out.type = 6;
  msgsnd(queue, &out, 2, 0);
  out.type = 7;
  msgsnd(queue, &out, 4, 0);
  show("msgrcv waits for its type", code(child));
  msgrcv(queue, &in, 64, 0, 0);
  state.msg_qbytes = 100;
  show("IPC_SET: bytes that there may be", msgctl(queue, IPC_SET, &state));
  for (int i = 0; i < 2; i++) msgsnd(queue, &out, 40, 0);
  show("a full queue, IPC_NOWAIT: EAGAIN", msgsnd(queue, &out, 40, IPC_NOWAIT));
  child = CHILD(_exit(msgsnd(queue, &out, 40, 0) == 0 ? 7 : errno));
  wait_until_blocked(child);
  msgrcv(queue, &in, 64, 0, 0);
  show("  a receiver makes room", code(child));
  STRANGER("a stranger can't send: EACCES", msgsnd(queue, &out, 1, 0));
  STRANGER("  nor receive: EACCES", msgrcv(queue, &in, 64, 0, IPC_NOWAIT));
  STRANGER("  nor remove: EPERM", msgctl(queue, IPC_RMID, NULL));
  child = CHILD({
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    struct message own;
    show("a signal ends the wait, also with SA_RESTART: EINTR", msgrcv(queue, &own, 64, 99, 0));
  });
  wait_until_blocked(child);
  kill(child, SIGUSR1);
  code(child);
  child = CHILD({
    struct message own;
    _exit(msgrcv(queue, &own, 64, 99, 0) >= 0 ? 7 : errno == EIDRM ? 8 : errno);
  });
  wait_until_blocked(child);
  show("IPC_RMID", msgctl(queue, IPC_RMID, NULL));
  show("  who waits: EIDRM", code(child));
  show("  it is gone: EINVAL", msgsnd(queue, &out, 1, 0));
  struct msginfo limits;
  show("IPC_INFO", msgctl(0, IPC_INFO, (void *)&limits) >= 0);
  show("  msgmax, msgmnb, msgmni", limits.msgmax + limits.msgmnb + limits.msgmni);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    key = strtoul(argv[1], NULL, 0);
    semaphore = semget(KEY, 3, 0);
    show("  an undo after exec", control(0, GETVAL, 0));
    return 0;
  }
  key = 0x5ab00000 + getpid();
  shared_memory();
  semaphores();
  message_queues();
  return 0;
}
