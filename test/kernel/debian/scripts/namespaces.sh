# util-linux, procps and coreutils on namespaces: each line that says something of them says it here and natively alike.
cd /tmp
first() { readlink /proc/self/ns/$1; }
uts=$(first uts) pid=$(first pid) net=$(first net) mnt=$(first mnt) ipc=$(first ipc) user=$(first user)
echo '== unshare'
unshare --uts sh -c 'hostname within; hostname'; hostname | grep -c within
unshare --mount --ipc --pid --net --uts --mount-proc=/proc --fork bash -c 'echo $$; ps -e -o pid,ppid,comm; ip -brief link; ip address show up; ls /proc | grep -c "^[0-9]"'
unshare --pid --fork --kill-child sh -c 'echo $$; sleep 100 & exit 3'; echo status $?
unshare --user --map-root-user sh -c 'id -u; id -g; cat /proc/self/uid_map /proc/self/setgroups'
unshare --user sh -c 'id -u; id -g'
unshare --user --map-root-user --mount sh -c 'mount -t tmpfs none /mnt; findmnt -n -o FSTYPE /mnt'; findmnt -n -o FSTYPE /mnt | grep -c "^tmpfs.*none"
unshare --user --map-users 0,0,10 --map-groups 0,0,10 sh -c 'cat /proc/self/uid_map; touch /tmp/owned; chown 5:6 /tmp/owned; stat -c "%u %g" /tmp/owned'; stat -c "%u %g" /tmp/owned
unshare --user --map-root-user --pid --mount --fork --mount-proc sh -c 'echo $$; ps -e -o pid,comm | grep -c sh'
echo '== nsenter'
unshare --mount --uts --ipc --net --pid --mount-proc --fork sh -c 'hostname held; mount -t tmpfs held /media; touch /media/here; echo ready; exec sleep 1000' > held.out &
holder=$!
until grep -q ready held.out; do sleep 0.01; done
target=$(ps -e -o pid,ppid | awk -v parent=$holder '$2 == parent { print $1 }')
nsenter --target $target --mount --uts --ipc --net --pid -- env --ignore-environment -- /bin/bash -c 'hostname; ls /media; ps -e -o comm; ip -brief link'
nsenter --target $target --uts hostname
nsenter --uts=/proc/$target/ns/uts hostname
nsenter --target $target --pid sh -c 'echo $$ | grep -c "^[0-9]"'
for kind in uts pid net mnt ipc; do [ "$(readlink /proc/$target/ns/$kind)" = "$(eval echo \$$kind)" ] && echo $kind same || echo $kind other; done
[ "$(readlink /proc/$target/ns/user)" = "$user" ] && echo user same
echo '== lsns'
lsns --noheadings --output TYPE,NPROCS,COMMAND --task $target | sort | awk '{ print $1, $3, $4 }' | grep sleep
lsns --noheadings --output TYPE --task $target | sort
echo '== kept'
touch kept; mount --bind /proc/$target/ns/uts kept
kill -9 $target; wait $holder 2> /dev/null; echo ended
nsenter --uts=kept hostname
umount kept; nsenter --uts=kept hostname 2>&1 | sed 's/.*: //'
echo '== mounts'
unshare --mount --propagation private sh -c 'mount -t tmpfs one /mnt; mount --make-shared /mnt; findmnt -n -o PROPAGATION /mnt; unshare --mount --propagation slave findmnt -n -o PROPAGATION /mnt; unshare --mount --propagation unchanged sh -c "mkdir -p /mnt/x; mount -t tmpfs two /mnt/x; touch /mnt/x/seen"; ls /mnt/x'
