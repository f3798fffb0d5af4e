# gcc: C compiled, linked with the C library and without, and run; what binutils says of it.
mkdir /tmp/gcc; cd /tmp/gcc
cat > hello.c << 'C'
#include <stdio.h>
#include <math.h>
int main(int argc, char **argv) { printf("hello %d %f\n", argc, sqrt(argc + 1)); return 3; }
C
gcc -O2 -Wall -o hello hello.c -lm; ./hello a b; echo $?
gcc -static -o static hello.c -lm && ./static; stat -c %s static
objdump -d hello | tail -n +4 | md5sum; readelf -d hello | grep NEEDED; nm hello | grep -c ' T '; strip hello; ./hello; ldd hello | cut -d' ' -f1
echo 'int main(void) { return x; }' | gcc -x c -; echo $?
echo '#include <stdlib.h>
int main(void) { return ((char *)malloc(4))[4]; }' > wrong.c; gcc -g -fsanitize=address -o wrong wrong.c; ./wrong 2>&1 | grep -o 'AddressSanitizer: heap.*overflow\|#0.*main.*'  | sed 's/0x[0-9a-f]*/ADDR/'
