# util-linux, procps and coreutils on namespaces: each line that says something of them says it here and natively alike.
mkdir -p /tmp/bin && cd /tmp
# there is no mount(8) in this root: from, to, type, flags; and to unmount
cat > bin/mount <<'END'
#!/usr/bin/perl
syscall(21, $ARGV[0], $ARGV[1], $ARGV[2] // "none", 0 + ($ARGV[3] // 0), 0) == 0 or die "mount: $!\n";
END
cat > bin/umount <<'END'
#!/usr/bin/perl
syscall(52, $ARGV[0], 0) == 0 or die "umount: $!\n";
END
chmod +x bin/mount bin/umount
PATH=/tmp/bin:$PATH
bind=4096 shared=1048576
first() { readlink /proc/self/ns/$1; }
uts=$(first uts) pid=$(first pid) net=$(first net) mnt=$(first mnt) ipc=$(first ipc) user=$(first user)
echo '== unshare'
unshare --uts sh -c 'hostname within; hostname'; hostname | grep -c within
unshare --mount --ipc --pid --net --uts --mount-proc=/proc --fork bash -c 'echo $$; ps -e -o pid=,ppid=,comm= > list; tr -s " " < list; ip -brief link; ip address show up; ls /proc > list; grep -c "^[0-9]" list'
unshare --pid --fork --kill-child sh -c 'echo $$; sleep 100 & exit 3'; echo status $?
unshare --user --map-root-user sh -c 'id -u; id -g; cat /proc/self/uid_map /proc/self/setgroups'
unshare --user sh -c 'id -u; id -g'
unshare --user --map-root-user --mount sh -c 'mount none /media tmpfs; findmnt -n -o FSTYPE /media'; findmnt -n -o FSTYPE /media; echo status $?
unshare --user --map-root-user --pid --mount --fork --mount-proc sh -c 'echo $$; ps -e -o comm= > list; cat list'
echo '== nsenter'
mkfifo held
unshare --mount --uts --ipc --net --pid --mount-proc --fork sh -c 'hostname held; mount held /media tmpfs; touch /media/here; echo ready > held; exec sleep 1000' &
holder=$!
read line < held
target=$(ps -e -o pid,ppid | awk -v parent=$holder '$2 == parent { print $1 }')
until [ "$(ps -o comm= -p $target)" = sleep ]; do sleep 0.01; done
nsenter --target $target --mount --uts --ipc --net --pid -- env --ignore-environment -- /bin/bash -c 'hostname; ls /media; ps -e -o comm=; ip -brief link'
nsenter --target $target --uts hostname
nsenter --uts=/proc/$target/ns/uts hostname
nsenter --target $target --pid sh -c 'echo $$ | grep -c "^[0-9]"'
for kind in uts pid net mnt ipc; do [ "$(readlink /proc/$target/ns/$kind)" = "$(eval echo \$$kind)" ] && echo $kind same || echo $kind other; done
[ "$(readlink /proc/$target/ns/user)" = "$user" ] && echo user same
echo '== a shell of other namespaces, and back in them'
unshare --mount --ipc --pid --net --mount-proc=/proc --fork /bin/bash <<'END'
echo $$; ps -e -o pid=,comm= > list; tr -s ' ' < list; ip -brief address; findmnt -n -o FSTYPE /proc
END
nsenter --target $target --mount --uts --ipc --net --pid -- env --ignore-environment -- /bin/bash <<'END'
hostname; ps -e -o comm= > /media/list; cat /media/list; ip -brief address; findmnt -n -o SOURCE,FSTYPE /media; env | grep -c HOME
END
ps -e -o pid= | grep -c "^ *$target$"; ip -brief address show dev lo | grep -c 127.0.0.1; hostname | grep -c held
echo '== time'
unshare --time --boottime 1000000 --monotonic 2000000 --fork sh -c 'cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime' | awk '{ print NF == 1 ? int($1 / 100000) : $0 }'
unshare -T --boottime 1000000 sh -c '[ "$(readlink /proc/self/ns/time)" = "$(readlink /proc/self/ns/time_for_children)" ] && echo same'
unshare -T --boottime 1000000 nsenter --time=/proc/$$/ns/time sh -c 'cut -d. -f1 /proc/uptime' | awk '{ print int($1 / 1000000) }'
echo '== lsns'
lsns --noheadings --output TYPE,NPROCS,COMMAND --task $target | sort | awk '{ print $1, $3, $4 }' | grep sleep
lsns --noheadings --output TYPE --task $target | sort
echo '== kept'
touch kept; mount /proc/$target/ns/uts kept none $bind
kill -9 $target; wait $holder 2> /dev/null; echo ended
nsenter --uts=kept hostname
umount kept; nsenter --uts=kept hostname 2>&1 | sed 's/.*: //'
echo '== mounts'
export shared
unshare --mount --propagation private sh -c '
  mount one /media tmpfs; mkdir /media/x; mount none /media none $shared
  findmnt -n -o PROPAGATION /media
  unshare --mount --propagation slave findmnt -n -o PROPAGATION /media
  unshare --mount --propagation private findmnt -n -o PROPAGATION /media
  unshare --mount --propagation unchanged sh -c "mount two /media/x tmpfs; touch /media/x/seen"
  ls /media/x
  unshare --mount --propagation slave sh -c "umount /media/x; ls /media/x"
  ls /media/x'
