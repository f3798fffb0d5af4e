# A root with nothing but musl: programs linked with it dynamically and statically, threads, its own loader.
mkdir /tmp/musl; cd /tmp/musl; mkdir -p root/lib root/bin root/tmp; cp -L /lib/ld-musl-i386.so.1 root/lib/ 2> /dev/null || cp -L /usr/lib/i386-linux-musl/libc.so root/lib/ld-musl-i386.so.1
cat > t.c << 'C'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <locale.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static int count;
static __thread int own;
static void *work(void *n) {
  for (int i = 0; i < 1000; i++) { pthread_mutex_lock(&lock); count++; own++; pthread_cond_signal(&more); pthread_mutex_unlock(&lock); }
  return (void *)(long)own;
}
int main(int argc, char **argv) {
  pthread_t t[4]; void *result; long all = 0;
  for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, work, 0);
  pthread_mutex_lock(&lock); while (count < 4000) pthread_cond_wait(&more, &lock); pthread_mutex_unlock(&lock);
  for (int i = 0; i < 4; i++) { pthread_join(t[i], &result); all += (long)result; }
  printf("%d %ld %d\n", count, all, own);
  int status; pid_t pid = fork(); if (pid == 0) _exit(5); waitpid(pid, &status, 0); printf("%d\n", WEXITSTATUS(status));
  FILE *f = fopen("/tmp/f", "w+"); fprintf(f, "%s %.10g\n", argv[1], 1 / 3.0); rewind(f); char line[99]; fputs(fgets(line, 99, f), stdout); fclose(f);
  char *big = malloc(10 << 20); memset(big, 'x', 10 << 20); printf("%zu\n", strlen(strndup(big, 5000000))); struct timespec now; printf("%d\n", clock_gettime(CLOCK_MONOTONIC, &now));
  if (argc < 3) execl("/proc/self/exe", argv[0], "again", "last", NULL), execl(argv[0], argv[0], "again", "last", NULL);
  return 0;
}
C
musl-gcc -O1 -pthread -o root/bin/dynamic t.c; musl-gcc -O1 -static -pthread -o root/bin/static t.c; readelf -l root/bin/dynamic | grep interpreter
for kind in dynamic static; do chroot root /bin/$kind one; echo $?; done
