mkdir -p a/b/c d; echo one > a/f; echo two > a/b/g; ln -s f a/link; ln a/f a/hard
ls a; ls -a d; ls -d a; ls -1 a d
cp a/f d; cp -r a e; ls e e/b; readlink e/link; cat e/b/g
mv e/b/g e/moved; cat e/moved; mv d/f d/h; ls d; mv e d; ls d
rm d/h; rm -r d/e; rm -f nothing; ls d; rmdir d a/b/c; ls
chmod 640 a/f; test -w a/f && echo w; chmod u+x,o=r a/f; test -x a/f && echo x
touch a/new; test -s a/new || echo empty; test -f a/new -a -d a && echo both; [ -L a/link ] && echo link; [ ! -e nope ] && echo not
[ 3 -gt 2 ] && [ abc != abd ] && [ -n x ] && [ -z "" ] && echo tests
for i in 10 9 2 33 2 1; do echo $i; done > n; sort n; sort -n n; sort -rn n; sort -u n; head -n 2 n; tail -n 2 n; head -3 n; tail -1 n; wc -l n
wc -l < n
echo 'alpha
beta gamma
Alphabet
x.y*z
' > t; grep a t; grep -v a t; grep -i alpha t; grep -c a t; grep -n '^b' t; grep 't$' t; grep 'a.*m' t; grep '[x-z]\.' t; grep -q nope t; echo $?; grep -l a t n; grep a t n; grep 'l*p' t; grep -E 'be+t' t; grep 'Alphabet' nofile 2>/dev/null; echo $?
printenv HOME; env -i A=1 B=2 env; uname -s; pwd | wc -l; readlink -f a/link | wc -l
echo x | cat - n | head -n 2; echo a b | wc -w; echo -n abc | wc -c
sleep 100 & kill $!; wait $! 2>/dev/null; echo $?
kill -0 $$; echo $?; kill -s TERM 99999999 2>/dev/null; echo $?
date >/dev/null; nproc >/dev/null; id -u >/dev/null 2>&1; true; echo $?; false; echo $?
yes | head -n 3; yes no | head -n 1
cat n - < t | wc -l; chroot 2>/dev/null; test $? -gt 0 && echo usage
