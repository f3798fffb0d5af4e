// A node as plain data, and a new kernel that goes on from it: processes in the middle of what they do.
import { deserialize, serialize } from 'node:v8';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { O_RDWR } from '../../src/kernel/abi/fcntl.js';
import type { Devpts } from '../../src/kernel/fs/devpts.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { initialNamespaces } from '../../src/kernel/node.js';
import { GraphWriter } from '../../src/kernel/snapshot/graph.js';
import { Names } from '../../src/kernel/snapshot/names.js';
import { type NodeSnapshot, readNode, writeNode } from '../../src/kernel/snapshot/snapshot.js';
import type { Terminal } from '../../src/kernel/tty/terminal.js';
import { missing, needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { CORE, MEMORY, TestNode } from './node-fixture.js';

/** Threads and processes that wait, each for another thing; a key on its input ends the wait of all. */
const WAITERS = `
#include <arpa/inet.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <errno.h>
static int word, pipe_[2], pair[2];
static volatile int alarms;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int go;
static long long now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000LL + t.tv_nsec; }
static void on_alarm(int s) { alarms++; }
static void *futex_waiter(void *a) { long r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0); return (void *)r; }
static void *pipe_reader(void *a) { char b[8] = ""; int n = read(pipe_[0], b, 7); return (void *)(long)(n == 4 && !strcmp(b, "more")); }
static int udp, listener;
static void *udp_receiver(void *a) { char b[8]; return (void *)(long)recv(udp, b, sizeof b, 0); }
static void *accepter(void *a) { char b[8]; int s = accept(listener, NULL, NULL); return (void *)(long)read(s, b, sizeof b); }
static void *condition_waiter(void *a) { pthread_mutex_lock(&lock); while (!go) pthread_cond_wait(&condition, &lock); pthread_mutex_unlock(&lock); return (void *)7; }
int main(void) {
  pthread_t f, p, c;
  char b[64];
  double half = 0.5;
  pipe(pipe_);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  write(pair[0], "before", 6);
  signal(SIGALRM, on_alarm);
  struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
  timer_t posix; timer_create(CLOCK_MONOTONIC, &e, &posix);
  struct itimerspec twenty = { { 0, 0 }, { 20, 0 } };
  timer_settime(posix, 0, &twenty, NULL);
  int tfd = timerfd_create(CLOCK_MONOTONIC, 0);
  struct itimerspec ten = { { 10, 0 }, { 10, 0 } };
  timerfd_settime(tfd, 0, &ten, NULL);
  int ep = epoll_create1(0);
  struct epoll_event ev = { EPOLLIN, { .fd = pair[1] } };
  epoll_ctl(ep, EPOLL_CTL_ADD, tfd, &ev);
  pthread_create(&f, NULL, futex_waiter, NULL);
  pthread_create(&p, NULL, pipe_reader, NULL);
  pthread_create(&c, NULL, condition_waiter, NULL);
  struct sockaddr_in at = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } }, udp_at = at;
  socklen_t length = sizeof at;
  udp = socket(AF_INET, SOCK_DGRAM, 0); bind(udp, (void *)&udp_at, sizeof at); getsockname(udp, (void *)&udp_at, &length);
  listener = socket(AF_INET, SOCK_STREAM, 0); bind(listener, (void *)&at, sizeof at); listen(listener, 5); getsockname(listener, (void *)&at, &length);
  int client = socket(AF_INET, SOCK_STREAM, 0); connect(client, (void *)&at, sizeof at);
  int server = accept(listener, NULL, NULL); write(client, "tcp before", 10);
  int late = socket(AF_INET, SOCK_STREAM, 0), netlink = socket(AF_NETLINK, SOCK_RAW, 0);
  pthread_t u, t;
  pthread_create(&u, NULL, udp_receiver, NULL);
  pthread_create(&t, NULL, accepter, NULL);
  int child = fork();
  if (child == 0) { int n = read(pair[1], b, sizeof b); n += read(pair[1], b + n, sizeof b - n); b[n] = 0; printf("child %s\\n", b); fflush(stdout); _exit(n); }
  long long begun = now();
  printf("waiting\\n"); fflush(stdout);
  int ready = epoll_wait(ep, &ev, 1, -1);
  long long waited = now() - begun;
  printf("timerfd %d after %d s, half is %.1f\\n", ready, (int)(waited / 1000000000), half);
  word = 1; syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
  write(pipe_[1], "more", 4);
  write(pair[0], " after", 6);
  pthread_mutex_lock(&lock); go = 1; pthread_cond_signal(&condition); pthread_mutex_unlock(&lock);
  void *r; pthread_join(f, &r); printf("futex %ld\\n", (long)r);
  pthread_join(p, &r); printf("pipe %ld\\n", (long)r);
  pthread_join(c, &r); printf("condition %ld\\n", (long)r);
  write(client, " and after", 10); shutdown(client, SHUT_WR);
  int got = 0, n; while ((n = read(server, b + got, sizeof b - got)) > 0) got += n;
  b[got] = 0; printf("%s\\n", b);
  connect(late, (void *)&at, sizeof at); write(late, "late", 4); sendto(late = udp, "self", 4, 0, (void *)&udp_at, sizeof at);
  pthread_join(u, &r); printf("udp %ld\\n", (long)r);
  pthread_join(t, &r); printf("accepted %ld\\n", (long)r);
  int status; wait(&status); printf("status %d\\n", WEXITSTATUS(status));
  while (!alarms) pause();
  waited = now() - begun;
  printf("alarm after %d s\\n", (int)(waited / 1000000000));
  return 0;
}`;

/** Children that wait, each for another thing; a line of input ends the wait of all. */
const IPC = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static struct message { long type; char text[8]; } message = { 3, "three" };
static int lock(int fd, int command, int type) { struct flock l = { type, SEEK_SET, 0, 10 }; return fcntl(fd, command, &l); }
static int word;
static void *urgent(void *a) {
  sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 20 });
  int r = syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
  syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
  return (void *)(long)(r == 0 ? 7 : 1);
}
static int priority(void) {
  char text[300]; int value = 0;
  FILE *f = fopen("/proc/self/stat", "r"); fgets(text, sizeof text, f); fclose(f);
  sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %d", &value);
  return value;
}
int main(void) {
  char b[200];
  int files = open("/tmp/file", O_RDWR | O_CREAT, 0644), status;
  int sem = semget(IPC_PRIVATE, 2, 0600), queue = msgget(IPC_PRIVATE, 0600), watch = inotify_init();
  semctl(sem, 1, SETVAL, 5);
  mqd_t mq = mq_open("/queue", O_RDWR | O_CREAT, 0600, NULL);
  char *memory = shmat(shmget(IPC_PRIVATE, 4096, 0600), NULL, 0);
  strcpy(memory, "kept");
  inotify_add_watch(watch, "/tmp", IN_CREATE);
  lock(files, F_SETLK, F_WRLCK), flock(files, LOCK_EX);
  const char *names[] = { "semop", "msgrcv", "mq_receive", "fcntl", "flock", "priority" };
  int pids[6];
  for (int i = 0; i < 5; i++) if ((pids[i] = fork()) == 0) {
    int own = open("/tmp/file", O_RDWR), r = -1;
    struct sembuf take = { 0, -1, 0 }, undo = { 1, -2, SEM_UNDO };
    if (i == 0) semop(sem, &undo, 1), r = semop(sem, &take, 1);
    if (i == 1) r = msgrcv(queue, &message, 8, 3, 0) == 5 ? 0 : 1;
    if (i == 2) r = mq_receive(mq, (char[8192]){ 0 }, 8192, NULL) == 4 ? 0 : 1;
    if (i == 3) r = lock(own, F_SETLKW, F_WRLCK);
    if (i == 4) r = flock(own, LOCK_EX);
    _exit(r == 0 ? 7 : 1);
  }
  pthread_t thread;
  syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
  pthread_create(&thread, NULL, urgent, NULL);
  while (!(word & FUTEX_WAITERS)) usleep(1000);
  usleep(100000);
  printf("waiting\\n"); fflush(stdout);
  read(0, b, 1);
  printf("lent %d\\n", priority());
  semop(sem, &(struct sembuf){ 0, 1, 0 }, 1);
  msgsnd(queue, &message, 5, 0);
  mq_send(mq, "four", 4, 0);
  lock(files, F_SETLK, F_UNLCK), flock(files, LOCK_UN);
  syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
  for (int i = 0; i < 5; i++) { waitpid(pids[i], &status, 0); printf("%s %d\\n", names[i], WEXITSTATUS(status)); }
  void *r; pthread_join(thread, &r); printf("priority %ld\\n", (long)r);
  printf("SEM_UNDO %d\\n", semctl(sem, 1, GETVAL));
  printf("shared memory: %s\\n", memory);
  close(open("/tmp/new", O_CREAT, 0644));
  read(watch, b, sizeof b);
  struct inotify_event *e = (void *)b;
  printf("inotify %s %s\\n", e->mask == IN_CREATE ? "CREATE" : "?", e->name);
  printf("end\\n"); fflush(stdout);
  return 0;
}`;

/** A program in namespaces of its own, with others that only files keep; a line of input makes it look at all of them. */
const NAMESPACES = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
static const char *host(void) { static struct utsname n; uname(&n); return n.nodename; }
static void put(const char *name, const char *text) { int fd = open(name, O_WRONLY); write(fd, text, strlen(text)); close(fd); }
int main(void) {
  char b[8], path[64];
  int ready[2], up[2], status;
  pipe(ready);
  unshare(CLONE_NEWNS | CLONE_NEWUTS);
  mkdir("/tmp/a", 0755), mkdir("/tmp/b", 0755), close(creat("/tmp/uts", 0600));
  mount("a", "/tmp/a", "tmpfs", 0, NULL), mount(NULL, "/tmp/a", NULL, MS_SHARED, NULL), mkdir("/tmp/a/x", 0755);
  mount("/tmp/a", "/tmp/b", NULL, MS_BIND, NULL), mount(NULL, "/tmp/b", NULL, MS_SLAVE, NULL);
  if (fork() == 0) { unshare(CLONE_NEWUTS); sethostname("kept", 4); write(ready[1], "", 1); pause(); }
  read(ready[0], b, 1);
  int child = fork();
  if (child == 0) {
    unshare(CLONE_NEWUTS); sethostname("mounted", 7);
    mount("/proc/self/ns/uts", "/tmp/uts", NULL, MS_BIND, NULL);
    _exit(0);
  }
  waitpid(child, &status, 0);
  int own = open("/proc/self/ns/uts", O_RDONLY);
  sethostname("own", 3);
  unshare(CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET);
  sethostname("newer", 5);
  pipe(up);
  int inner = fork();
  if (inner == 0) {
    unshare(CLONE_NEWUSER);
    write(up[1], "", 1);
    read(ready[0], b, 1);
    _exit(getpid() * 10 + (getuid() == 0));
  }
  read(up[0], b, 1);
  sprintf(path, "/proc/%d/uid_map", inner);
  put(path, "0 0 1");
  printf("waiting\\n"); fflush(stdout);
  read(0, b, 1);
  write(ready[1], "", 1);
  waitpid(inner, &status, 0);
  printf("inner %d\\n", WEXITSTATUS(status));
  printf("host %s\\n", host());
  int kept = open("/tmp/uts", O_RDONLY);
  setns(own, CLONE_NEWUTS);
  printf("by a file %s\\n", host());
  setns(kept, CLONE_NEWUTS);
  printf("by a mount %s\\n", host());
  mount("x", "/tmp/a/x", "tmpfs", 0, NULL), close(creat("/tmp/a/x/seen", 0600));
  printf("by the slave %d\\n", access("/tmp/b/x/seen", F_OK));
  printf("end\\n"); fflush(stdout);
  return 0;
}`;

function compiled(context: Parameters<typeof needs>[0], source: string): Uint8Array {
  const binary = join(scratch(), 'program');
  const flags = ['-m32', '-O1', '-w', '-static', '-pthread', '-x', 'c', '-', '-o', binary];
  if (spawnSync('gcc', flags, { input: source }).status !== 0)
    missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  return readFileSync(binary);
}

/** A kernel with a terminal, driven by hand on a clock of its own. */
class Driven {
  text = '';

  constructor(
    readonly kernel: Kernel,
    readonly terminal: Terminal,
    private readonly skip: (nanoseconds: number) => void,
  ) {}

  /** Runs until `text` is on the terminal; time goes on where nobody can run. What came before it. */
  until(text: string): string {
    const { kernel, terminal } = this;
    for (let turn = 0; !this.text.includes(text); turn++) {
      const busy = kernel.run(kernel.clock.monotonic() + 1e8);
      const more = Buffer.from(terminal.transmit(1 << 20)).toString();
      this.text += more;
      if (busy || more !== '') continue;
      const left = kernel.nextTimer - kernel.clock.monotonic();
      if (!Number.isFinite(left) || turn > 10_000) throw new Error(`'${text}' never comes: ${this.text}`);
      this.skip(left);
    }
    const at = this.text.indexOf(text);
    const passed = this.text.slice(0, at);
    this.text = this.text.slice(at + text.length);
    return passed;
  }

  type(text: string): void {
    const bytes = Buffer.from(text);
    expect(this.terminal.receive(bytes, 0, bytes.length)).toBe(bytes.length);
  }
}

/** A program as the first of its node, on a terminal. */
function started(node: TestNode, path: string, env: string[]): Driven {
  const { kernel } = node;
  const terminal = node.mounts.pts.allocate(kernel.setup)!;
  const process = kernel.startProcess(path, {
    args: [path.slice(path.lastIndexOf('/') + 1)],
    env,
    namespaces: initialNamespaces(kernel, node.mounts.namespace),
    files: (task) => {
      const file = kernel.vfs.open(task, task.fs.root, terminal.name, O_RDWR, 0);
      if (typeof file === 'number') throw new Error(`errno ${-file}`);
      return [file, file.hold(), file.hold()];
    },
  });
  expect(typeof process).toBe('object');
  return new Driven(kernel, terminal, (nanoseconds) => node.skip(nanoseconds));
}

/** A new kernel that goes on from what the node is now. */
function goneOn(node: TestNode): Driven {
  // through bytes and back: nothing but plain data has gone in
  const snapshot: NodeSnapshot = deserialize(serialize(writeNode(node)));
  let time = 5e12;
  const { kernel } = readNode(snapshot, {
    core: CORE,
    memory: MEMORY,
    translate: 'at once',
    clock: {
      now: () => {
        time += 1000;
        return time;
      },
      date: () => 1_800_000_000_000,
    },
    random: (into) => into.fill(7),
  });
  const pts = [...kernel.mounted].find((fs) => fs.type === 'devpts') as Devpts;
  return new Driven(kernel, [...pts.terminals.values()][0]!.terminal, (nanoseconds) => {
    time += Math.max(0, nanoseconds);
  });
}

test('a shell on a terminal, a pipe, sockets, timers and futexes are written as plain data, and a new kernel goes on', (context) => {
  const { busybox } = needs(context, 'busybox');
  const waiters = compiled(context, WAITERS);
  const node = new TestNode();
  node.file('/bin/busybox', readFileSync(busybox));
  for (const name of ['sh', 'cat', 'sleep', 'ls', 'echo', 'stty', 'wc', 'ps', 'kill'])
    node.link('busybox', `/bin/${name}`);
  node.file('/bin/waiters', waiters);
  const before = started(node, '/bin/sh', ['PATH=/bin', 'PS1=$ ']);
  before.until('$ ');
  before.type('x=kept; echo in the file > /tmp/f; exec 3< /tmp/f; cat | cat > /tmp/g &\r');
  before.until('$ ');
  before.type('waiters\r');
  before.until('waiting');

  const after = goneOn(node);
  const wanted = [
    'timerfd 1 after 10 s, half is 0.5',
    'futex 0',
    'pipe 1',
    'child before after',
    'condition 7',
    'tcp before and after',
    'udp 4',
    'accepted 4',
    'status 12',
    'alarm after 20 s',
  ];
  // the old kernel goes on too, and says the same
  for (const driven of [after, before]) {
    const said = driven.until('$ ');
    for (const line of wanted) expect(said).toContain(line);
    // and all of it can begin anew
    driven.type('waiters | cat\r');
    const anew = driven.until('$ ');
    for (const line of wanted) expect(anew).toContain(line);
    driven.type('echo $x; read line <&3; echo "$line"; kill %1; echo end\r');
    driven.until('\r\nkept\r\nin the file\r\n');
    driven.until('end');
  }
  // Ctrl-C still goes to whoever is in the foreground
  after.type('sleep 1000\r');
  after.until('sleep 1000');
  after.type('\x03');
  after.type('echo status $?\r');
  after.until('status 130');
  // with process 1 all others end, those too that are stopped
  after.type('exec echo bye\r');
  after.until('\r\nbye\r\n');
  while (after.kernel.run(after.kernel.clock.monotonic() + 1e8));
  expect(after.kernel.tasks.size).toBe(0);
});

test('locks, semaphores, messages, watches and lent priorities are written too', (context) => {
  const node = new TestNode();
  node.file('/bin/ipc', compiled(context, IPC));
  const before = started(node, '/bin/ipc', []);
  before.until('waiting');
  const after = goneOn(node);
  for (const driven of [after, before]) {
    driven.type('\r');
    const said = driven.until('end');
    for (const name of ['semop', 'msgrcv', 'mq_receive', 'fcntl', 'flock', 'priority'])
      expect(said).toContain(`${name} 7`);
    for (const line of ['lent -21', 'shared memory: kept', 'inotify CREATE new', 'SEM_UNDO 5'])
      expect(said).toContain(line);
  }
});

test('what is no plain data is an error that says where it hangs', () => {
  class Unknown {}
  const write = (value: object) => () =>
    new GraphWriter(new Names({}), { memory: new ArrayBuffer(0), named: {} }, {}).write(value);
  expect(write({ a: [{ b: () => 1 }] })).toThrow('kernel.a[0].b is a function');
  expect(write({ a: new Map([['k', new Unknown()]]) })).toThrow('kernel.a[k] is a Unknown');
  expect(write({ s: Symbol('x') })).toThrow('kernel.s is a symbol');
  expect(
    write({
      get a() {
        return 1;
      },
    }),
  ).toThrow('kernel.a is computed');
});

test('namespaces, and the files that keep them, are written too', (context) => {
  const node = new TestNode();
  node.file('/bin/namespaces', compiled(context, NAMESPACES));
  const before = started(node, '/bin/namespaces', []);
  before.until('waiting');
  const after = goneOn(node);
  for (const driven of [after, before]) {
    driven.type('\r');
    const said = driven.until('end').trim().split('\r\n');
    expect(said).toEqual(['inner 11', 'host newer', 'by a file own', 'by a mount mounted', 'by the slave 0']);
  }
});

/** A connection between two namespaces on a bridge of a third. */
const LINKS = `
#include "${new URL('programs/route.h', import.meta.url).pathname}"
#include <netinet/in.h>
int main(void) {
  int places[3], ends[2];
  for (int i = 0; i < 3; i++) places[i] = new_namespace();
  add_kind("br", "bridge"), set_up("br", 1);
  for (int i = 0; i < 2; i++) {
    char port[] = {'p', '0' + i, 0}, address[] = {'1', '0', '.', '0', '.', '0', '.', '1' + i, 0};
    add_veth(port, "eth0", places[i]), set_int(port, IFLA_MASTER, index_of("br")), set_up(port, 1);
    go(places[i]), set_up("eth0", 1), add_address("eth0", address, 24);
    ends[i] = socket(AF_INET, SOCK_STREAM, 0);
    go(places[2]);
  }
  struct sockaddr_in a = {AF_INET, htons(9), {htonl(0x0a000001)}};
  bind(ends[0], (void *)&a, sizeof a), listen(ends[0], 1);
  connect(ends[1], (void *)&a, sizeof a);
  int in = accept(ends[0], 0, 0);
  char bytes[64];
  write(ends[1], "before ", 7);
  puts("waiting"), fflush(stdout);
  getchar();
  write(ends[1], "after", 5), shutdown(ends[1], SHUT_WR);
  int size = 0, got;
  while ((got = read(in, bytes + size, sizeof bytes - size)) > 0) size += got;
  printf("%.*s\\n", size, bytes);
  show("removed", remove_link("p0"));
  show("left", index_of("p0"));
  puts("end"), fflush(stdout);
  getchar();
}`;

test('interfaces of several namespaces, and a connection over them, are written too', (context) => {
  const node = new TestNode();
  node.file('/bin/links', compiled(context, LINKS));
  const before = started(node, '/bin/links', []);
  before.until('waiting');
  const after = goneOn(node);
  for (const driven of [after, before]) {
    driven.type('\r');
    expect(driven.until('end').trim().split('\r\n')).toEqual(['before after', 'removed: 0', 'left: 0']);
  }
});
