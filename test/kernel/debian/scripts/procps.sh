# procps and util-linux: what /proc tells of processes and of the machine.
mkdir /tmp/procps; cd /tmp/procps
sleep 1000 & sleeper=$!; nice -n 7 sleep 2000 & (exec -a renamed sleep 3000) &
until [ "$(ps -o stat= -C sleep | grep -c '^S')" = 3 ]; do sleep 0.05; done
ps -o comm,stat,ni,nlwp,tty,user,args -C sleep; ps -e -o args --sort=-args | grep -c sleep; ps --no-headers -o ppid= $sleeper | grep -c $$; pgrep -l sleep | cut -d' ' -f2; pgrep -f 'sleep 20' | wc -l
top -b -n 1 | sed -n '7s/  */ /gp'; top -b -n 1 | grep -c ' sleep$'; free | awk '{ print $1, NF }'; vmstat | awk '{ print NF }'; vmstat -s | wc -l > /dev/null; uptime -s > /dev/null; echo $?
pmap $sleeper | grep -c ' \[ stack \]'; pwdx $sleeper | cut -d' ' -f2; pidof sleep | wc -w; ps -p $sleeper -o cls,pri,rtprio,sz --no-headers | awk '{ print $1, $2, $3, $4 > 100 }'
pkill -x sleep; wait; pgrep sleep; echo $?; kill -0 $sleeper 2> /dev/null; echo $?; pkill -f 'sleep 3000'; sysctl kernel.ostype kernel.hostname; w -h; ps -o pid= -p 999999; echo $?
findmnt -n -o FSTYPE,TARGET /proc; mountpoint /proc; mountpoint /etc; head -n 5 /proc/self/limits; chrt -p $$ | cut -d: -f2; taskset -c 0 sh -c 'taskset -p $$' | cut -d: -f2; renice 5 $$ | cut -d' ' -f2-; nice; flock l echo locked; flock -n l true && echo free
getopt -o ab: -- -a -b c; setsid echo session; rev <<< abc; prlimit --nofile=99:99 sh -c 'ulimit -n'; prlimit --noheadings --core -o SOFT
cat /proc/self/status | grep -E '^(Name|State|Threads|SigBlk|NoNewPrivs)' | cut -c1-20; tr '\0' ' ' < /proc/self/cmdline; cat /proc/$$/comm; ls /proc/self/ns | wc -l > /dev/null; cat /proc/sys/kernel/ostype; grep -c . /proc/filesystems > /dev/null; cut -d' ' -f1 /proc/self/stat | grep -vc "^$$\$"
