# gdb in a C program: breakpoints, a frame, a watchpoint, a value set, a fault.
mkdir /tmp/gdb; cd /tmp/gdb
cat > t.c << 'C'
#include <stdio.h>
struct p { int x, y; };
static int add(struct p *p, int n) { p->x += n; return p->x + p->y; }
int main(void) { struct p p = { 1, 2 }; int s = 0; for (int i = 0; i < 5; i++) s += add(&p, i); printf("%d\n", s);
  int *z = 0; if (s == 99) *z = 1; return s; }
C
gcc -g -O0 -o t t.c
gdb -nx -q -batch -ex 'set disable-randomization off' -ex 'break add if n == 3' -ex run -ex bt -ex 'print *p' -ex 'info locals' -ex finish -ex 'watch s' -ex continue -ex delete -ex 'break 5' -ex continue -ex 'set var s = 99' -ex continue -ex bt -ex 'print $_siginfo._sifields._sigfault.si_addr' -ex 'info registers eip' -ex 'x/i $pc' -ex 'info threads' -ex kill ./t 2>&1 | sed 's/process [0-9]*/process N/; s/0x[0-9a-f]*/ADDR/g; s/LWP [0-9]*/LWP N/'
