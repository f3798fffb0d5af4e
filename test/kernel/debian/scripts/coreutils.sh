# GNU coreutils: one line a tool or two, on files of its own.
mkdir /tmp/coreutils; cd /tmp/coreutils
seq 1 1000 | sort -R --random-source=/dev/zero | md5sum
cp -a /etc/apt x; find x | sort; stat -c '%n %a %F %h' x x/sources.list
ln x/sources.list y; [ "$(stat -c %i y)" = "$(stat -c %i x/sources.list)" ] && echo 'one file'
cp --sparse=always --reflink=auto y z; cmp y z; ls -l x/sources.list | cut -c1-13
truncate -s 5G big; stat -c '%s %b' big; rm big
shuf -i 1-10 --random-source=/dev/zero | tr '\n' ' '; split -n 3 y; ls; rm x??
timeout 0.2 sleep 5; echo $?; (timeout -s KILL 0.2 sleep 5; echo $?) 2> /dev/null
date -d @0 -u; date -u -d '2024-02-29 +1 year' +%F; numfmt --to=iec 123456789; factor 123456789012
sha512sum y; b2sum y; base64 y; cksum y; sum y; od -c y | head -n 2
mkfifo p; chmod 640 p; ls -l p | cut -c1-10; (echo through > p) & cat p; wait
nice -n 5 nice; stdbuf -oL echo line; env -i A=1 env; nohup echo on < /dev/null
install -m 700 -D /bin/true d/e/f; d/e/f && echo ok; rmdir d 2> /dev/null; echo $?; rm -r d
for i in 3 1 2; do echo $i; done | tee t | wc; sort -c t 2> /dev/null; echo $?; tac t; nl t; fold -w 1 t; pr -t -2 t; fmt t; expand t | unexpand
(echo 4 >> t; sleep 0.1) & tail -n +1 -f --pid=$! t; paste -s t; join <(sort t) <(sort t); comm -12 <(sort t) <(sort t); tsort <<< 'a b b c'
readlink -f /bin/sh; realpath --relative-to=/usr/lib /usr/share; basename /a/b.c .c; dirname /a/b; pathchk ok; mktemp -u XXXX | wc -c
dd if=/dev/zero bs=1M count=3 2> /dev/null | sha1sum; dd if=y of=w conv=ucase bs=7 2>&1 | head -n 2; cat w; head -c 5 y | tail -c 2; shred -u w; ls
touch -d '2001-02-03 04:05:06 UTC' t; stat -c %Y t; touch -r t y; stat -c %y y; [ t -nt x ]; echo $?
chown 1:2 t; stat -c '%u:%g' t; chgrp 0 t; chmod u+s,o-r t; stat -c %A t; umask 077; mkdir m; stat -c %a m
mkdir n; touch n/{1..50}; stat -c '%s %h %b' n; rm n/1?; stat -c %s n; id; groups; whoami; logname 2> /dev/null; tty; arch; uname -srmo | cut -d' ' -f1,3-; hostid > /dev/null; printenv HOME; test -w /; echo $?
df --output=target . > /dev/null; du -s --apparent-size -B1 y; sync y; csplit -s y 1; printf '%05.2f %q %b\n' 3.14159 'a b' 'c\td'; expr 6 \* 7; seq -w 8 11 | tr '\n' ' '
ls -R --color=always /etc/apt | cat -A; dircolors -b | wc -l; vdir /etc/hosts 2> /dev/null | cut -c1-10; ls -la --time-style=+%Y t | cut -d' ' -f1-2
chroot / /bin/echo chroot; runcon 2> /dev/null; pinky 2> /dev/null > /dev/null; users; who; yes | head -n 100000 | md5sum; ptx <<< 'one two' 
