# bash itself: what a script may do with processes, descriptors, limits and users.
mkdir /tmp/shell; cd /tmp/shell
coproc CAT { cat; }; echo hi >&"${CAT[1]}"; read -r x <&"${CAT[0]}"; echo "$x"; exec {CAT[1]}>&-; wait
diff <(seq 3) <(seq 4); mapfile -t a < /etc/passwd; echo ${#a[@]}; read -r x < /dev/tty || echo no terminal; (exec 5<> /dev/tcp/127.0.0.1/1) 2> /dev/null || echo refused
echo $UID $BASH_VERSION $MACHTYPE $HOSTNAME $((2**31)) $((1<<62)); set -o pipefail; false | true; echo $?; printf '%(%Y)T\n' 0; [[ abc =~ b(.) ]] && echo "${BASH_REMATCH[1]}"
{ for name in SEGV ABRT XCPU FPE BUS USR1 RTMIN; do (kill -$name $BASHPID); echo $name $?; done; } 2> /dev/null; (trap '' TERM; kill $BASHPID; echo ignored); (trap 'echo on exit' EXIT; trap 'echo term; exit 4' TERM; kill $BASHPID; echo never); echo $?
{ (ulimit -c 0; ulimit -t 1; while :; do :; done); echo cpu $?; } 2> /dev/null; (ulimit -St 1; trap 'echo caught; exit' XCPU; while :; do :; done); (ulimit -n 5; exec 9< /dev/null) 2>&1 | grep -o 'Bad.*'; (ulimit -u 1; setpriv --reuid 1 true) > /dev/null; echo $?
(trap '' XFSZ; ulimit -f 1; dd if=/dev/zero of=big bs=4096 count=4 2>&1 | head -n 1); stat -c %s big; (ulimit -v 30000; perl -e '$x = "a" x 1e8' 2>&1 | head -n 1)
sleep 0.1 & sleep 60 & wait -n; echo $?; kill %2; wait; echo $?; (sleep 0.1; exit 9) & wait $!; echo $?; timeout 1 bash -c 'sleep 60 & wait'; echo $?
umask -S; pushd /usr > /dev/null; popd; shopt -s globstar; echo /etc/apt/**/*.d; type -a ls; exec 7> out; echo seven >&7; exec 7>&-; cat out; echo $OSTYPE ${x@Q} $0; cat << HERE | tr a-z A-Z
a here document of ${#a[@]} lines
HERE
script -q -c 'stty size; [ -t 0 ] && echo terminal' /dev/null | tr -d '\r'; setpriv --reuid 1000 --clear-groups id; su nobody -s /bin/sh -c 'id; cat /etc/shadow' 2>&1; su - -c 'pwd; echo $USER'; runuser -u postgres whoami
getent passwd root; getent hosts localhost; useradd -m joe; id joe; stat -c '%U %a' /home/joe; su joe -c 'touch /home/joe/x /root/x' 2>&1; chmod 700 /tmp/shell; su joe -c 'cd /tmp/shell' 2>&1 | grep -o 'Perm.*'; passwd -S joe | cut -d' ' -f1-2; userdel -r joe 2> /dev/null; ls /home
ipcs -m | wc -l; ipcmk -Q > /dev/null; ipcs -q | wc -l; fallocate -l 10000 f; stat -c %s f; fallocate -p -o 0 -l 8192 f; stat -c %s f; namei -l /etc/passwd; mcookie | wc -c; swapon -s; lslocks -n | wc -l; setsid -w bash -c 'ps -o sess= -p $$ | wc -l'; echo last
