# A small project, two jobs at a time.
mkdir /tmp/make; cd /tmp/make
for i in 1 2 3 4; do echo "int f$i(int x) { return x * $i; }" > f$i.c; done
echo 'int printf(const char *, ...); int f1(int), f4(int); int main(void) { return printf("%d\n", f1(2) + f4(3)) < 0; }' > main.c
cat > Makefile << 'M'
objects = $(patsubst %.c,%.o,$(sort $(wildcard *.c)))
all: prog libf.a
prog: $(objects)
	gcc -o $@ $^
libf.a: f1.o f2.o
	ar rcs $@ $^
%.o: %.c
	gcc -O2 -c $<
M
make -j2 -O | sort; ./prog; touch f3.c; make; make -n; ar t libf.a; make -q; echo $?; make nothing; echo $?
