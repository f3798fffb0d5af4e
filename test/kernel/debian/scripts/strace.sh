# strace follows a shell, counts, and makes calls fail.
mkdir /tmp/strace; cd /tmp/strace
strace -f -o log sh -c 'echo hi; /bin/true; exit 3'; echo $?; grep -o '^[0-9]* [a-z_0-9]*(' log | cut -d' ' -f2 | sort | uniq -c | awk '{print $2}' | head -40; grep -c execve log; grep -o 'exited with.*' log; grep 'write(1' log | sed 's/.*write/write/'
strace -c -o sum ls / > /dev/null; head -1 sum; strace -e trace=openat cat /etc/hostname 2>&1 | tail -3; strace -e inject=openat:error=ENOENT:when=3 cat /etc/hostname 2>&1 | tail -2
