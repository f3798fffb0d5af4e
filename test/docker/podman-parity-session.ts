// What podman-parity.test.ts says to both engines: lines of a session, each of which finds what those before it have left.
// Docker Engine API; Docker docs, "docker" CLI reference. /$1 is the test's own folder.

/** Of these everything is equal: the status, both streams. */
export const EQUAL = String.raw`
# programs, users, environment, streams
docker run --rm busybox sh -c 'echo out; echo err >&2; pwd; umask; echo $PATH; nice; cat /proc/self/oom_score_adj; ulimit -c; ulimit -s'
docker run --rm -e A=1 -e B='two words' -w /tmp -u 5:6 busybox sh -c 'id -u; id -g; pwd; echo $A $B'
docker run --rm -u bob busybox sh -c 'id -un; echo $HOME; touch /etc/x; touch /home/bob/x; ls -l /home/bob | tail -n 1 | cut -c1-10'
docker run --rm -u bob:lp busybox sh -c 'id; echo $HOME; pwd'
docker run --rm -u :4 busybox id
docker run --rm -w /new/dir busybox sh -c 'pwd; stat -c "%a %u" .'
docker run --rm --entrypoint '' busybox echo x
docker run --rm --entrypoint /bin/sh busybox -c 'echo $0 $1' a b
docker run --rm busybox sh -c 'echo $$; echo $PPID; ps -o ppid,pgid,sid,tty,comm; kill -9 $$; kill -TERM $$; echo alive'
docker run --rm -t busybox sh -c 'tty; stty -a </dev/tty | head -n 1; echo $TERM'
docker run --rm busybox sh -c 'ls /proc/self/fd; readlink /proc/1/exe; tr "\0" "\n" </proc/1/cmdline | head -n 2'
echo hi | docker run --rm -i busybox cat
docker run --rm -it busybox tty
docker run --rm --log-driver none busybox echo x
docker run --rm -m 16m busybox sh -c 'tail -c 64m /dev/zero >/dev/null; echo $?'
# rights
docker run --rm --cap-drop ALL --cap-add CHOWN busybox grep Cap /proc/self/status
docker run --rm busybox grep -E '^(Cap|Seccomp|NoNew|Uid|Gid|Threads|NSpid)' /proc/self/status
docker run --rm -u 1000 --security-opt no-new-privileges busybox grep -E '^(Cap|Uid|Gid|NoNewPrivs|Seccomp:)' /proc/self/status
docker run --rm --privileged busybox sh -c 'grep -E "NoNewPrivs|Seccomp:" /proc/self/status; mount -t tmpfs x /tmp; ls -d /sys/firmware'
docker run --rm --security-opt seccomp=unconfined busybox sh -c 'grep Seccomp: /proc/self/status; unshare -U true; echo $?'
docker run --rm busybox sh -c 'unshare -m true; echo $?; chroot / true; echo $?; mount -t tmpfs x /tmp; mknod /tmp/d b 8 0; echo $?'
docker run --rm --ulimit core=0:0 --ulimit nofile=100:200 --ulimit nproc=1000:1000 busybox grep -E 'core|open files' /proc/self/limits
docker run --rm --oom-score-adj 100 busybox cat /proc/self/oom_score_adj
docker run --rm --userns host --security-opt label=disable --security-opt apparmor=unconfined busybox cat /proc/self/uid_map
# what is mounted, and with which options
docker run --rm busybox sh -c 'grep -E "^[^ ]+ /(proc|sys|dev/pts|dev/mqueue|sys/firmware|proc/sys) " /proc/mounts | sort'
docker run --rm busybox sh -c 'ls -l /dev | tail -n +2 | awk "{print \$1,\$2,\$3,\$4,\$NF}"; stat -c "%a %u %g %t %T" /dev/null /dev/ptmx; stat -c "%a %s" /dev/mqueue'
docker run --rm -t busybox sh -c 'ls -l /dev/console | cut -c1-25; ls /dev/pts'
docker run --rm busybox sh -c 'touch /sys/x; ls /proc/kcore /sys/firmware; readlink /etc/mtab; readlink /proc/self/root'
docker run --rm busybox sh -c 'echo x >/proc/sys/kernel/hostname; cat /proc/1/comm; ls -l /proc/self/ns | wc -l'
docker run --rm --read-only --tmpfs /tmp busybox sh -c 'touch /x; touch /tmp/y /dev/z /dev/shm/w; echo $?; mount | grep " / " | grep -o "(r[ow]"'
docker run --rm --tmpfs /t:size=1m busybox sh -c 'grep " /t " /proc/mounts | cut -d" " -f1-3; stat -c %a /t; dd if=/dev/zero of=/t/x bs=1M count=2'
docker run --rm --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1700 busybox stat -c %a /t
docker run --rm --shm-size 2m busybox df -k /dev/shm
docker run --rm --pid host busybox sh -c 'test $$ -gt 1; echo $?'
docker run --rm --ipc host --uts host busybox sh -c 'grep -c " /dev/shm " /proc/mounts; hostname | wc -l'
docker run --rm --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=4096 busybox sysctl net.ipv4.ip_forward kernel.msgmax
# names and the network
docker run --rm --hostname box busybox sh -c 'hostname; grep -c box /etc/hostname; grep -c box /etc/hosts'
docker run --rm --add-host h:1.2.3.4 busybox grep 1.2.3.4 /etc/hosts
docker run --rm busybox sh -c 'ip link show lo | grep -o "mtu [0-9]*"; ls /sys/class/net; cut -d: -f1 /proc/net/dev; ip route | sed "s/[0-9.]*[0-9]/N/g"'
docker run --rm --network none busybox sh -c 'ls /sys/class/net; ip -4 addr show lo | grep inet; ip route'
# volumes and binds
docker run --rm -v vol:/v busybox sh -c 'echo kept >/v/a; chown 7:8 /v/a; ln -s a /v/l; mkdir -m 1777 /v/d'
docker run --rm -v vol:/v:ro busybox sh -c 'ls -ln /v | tail -n +2 | awk "{print \$1,\$2,\$3,\$4,\$9,\$10,\$11}"; cat /v/l; touch /v/b; grep " /v " /proc/mounts | cut -d" " -f4 | cut -d, -f1'
docker run --rm -v own:/home/bob -v /anon -v new:/new busybox stat -c '%n %u %g %a' /home/bob /anon /new
docker run --rm -v nocopy:/etc:nocopy busybox ls /etc
docker run --rm -v "$1:/b:ro" -v "$1/file:/f" busybox sh -c 'cat /f /b/file; touch /b/x; stat -c %F /f'
docker run --rm -v "$1/made:/m" busybox stat -c '%F %a %u' /m
docker run --rm --mount type=bind,src=/nosuch,dst=/x busybox true
docker volume ls -q
docker volume ls -q --filter dangling=true
docker volume ls -q --filter name=ne
docker volume inspect vol --format '{{.Name}} {{.Driver}} {{.Scope}} {{json .Options}} {{json .Labels}}'
docker volume create --label a=b labelled
docker volume ls -q --filter label=a=b
docker volume create labelled
docker volume rm -f nosuch labelled own new nocopy
# containers, from create to rm
docker run -d --name web --label a=b -v vol:/v -p 127.0.0.1::80 --hostname box --restart on-failure:3 --stop-timeout 3 busybox sh -c 'trap "exit 4" TERM; echo up; while :; do sleep 0.1; done'
docker run --name done busybox sh -c 'echo out; echo err >&2; exit 3'
docker create --name made busybox echo created
docker ps -aq | wc -l
docker ps --format '{{.Names}} {{.State}} {{.Labels}} {{.Mounts}} {{.LocalVolumes}} {{.Command}}' --filter name=nothing
docker ps --format '{{.Names}} {{.State}} {{.Labels}} {{.Mounts}}'
docker ps -a --filter status=exited --format '{{.Names}} {{.Status}}' | cut -c1-15
docker ps -a --filter exited=3 --format '{{.Names}}'
docker ps -a --filter label=a --filter volume=vol --format '{{.Names}}'
docker ps -a --filter since=web --format '{{.Names}}' | sort
docker ps -a -n 1 --format '{{.Names}}'
docker ps -l --format '{{.Names}} {{.Status}}'
docker port web | sed 's/:[0-9]*$/:PORT/'
docker port web 80 | sed 's/:[0-9]*$/:PORT/'
docker port web 81
docker inspect web done made --format '{{.Name}} {{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.Restarting}} {{.State.OOMKilled}} {{.State.ExitCode}} {{.RestartCount}} {{.Path}}'
docker inspect web --format '{{json .Args}} {{.Config.Hostname}} {{json .Config.Cmd}} {{json .Config.Labels}} {{.Config.Tty}} {{.Config.OpenStdin}} {{.Config.StopTimeout}} {{json .Config.ExposedPorts}}'
docker inspect web --format '{{.HostConfig.NetworkMode}} {{json .HostConfig.RestartPolicy}} {{.HostConfig.AutoRemove}} {{.HostConfig.Privileged}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.PublishAllPorts}} {{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.CpuShares}} {{.HostConfig.OomScoreAdj}} {{json .HostConfig.Devices}} {{json .HostConfig.Dns}}'
docker inspect web --format '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.Driver}} {{.RW}}{{end}} {{.NetworkSettings.IPPrefixLen}} {{len .NetworkSettings.Networks}} {{(index (index .NetworkSettings.Ports "80/tcp") 0).HostIp}}'
docker inspect nosuch
docker exec web sh -c 'echo said; exit 6'
docker exec -u 3 -e X=1 -w /tmp web sh -c 'id -u; echo $X; pwd; echo made >/made'
echo in | docker exec -i web cat
docker exec -t web tty
docker exec -d web sleep 0.1
docker run --rm --pid container:web busybox cat /proc/1/comm
docker run --rm --volumes-from web busybox cat /v/a
docker top web -eo comm | head -n 2
docker cp web:/etc/passwd "$1/passwd.$ENGINE" && cat "$1/passwd.$ENGINE"
docker cp "$1/file" web:/tmp/ && docker exec web cat /tmp/file
tar -C "$1" -c file | docker cp - web:/home && docker exec web stat -c '%a %s' /home/file
docker cp web:/etc/passwd - | tar t
docker cp -L web:/bin/sh "$1/sh.$ENGINE" && ls -l "$1/sh.$ENGINE" | cut -c1-10
docker cp "$1/nosuch" web:/
docker cp web:/etc "$1/file"
docker diff web | grep -v /etc | sort
docker pause web
docker ps --filter status=paused --format '{{.Names}}'
docker inspect web --format '{{.State.Status}} {{.State.Paused}} {{.State.Running}}'
docker unpause web
docker kill -s TERM web
docker wait web
docker logs --tail 1 web
docker logs -n 0 web
docker logs done
docker logs made
docker logs --since nosuch done
docker wait done
docker stop done made
docker attach done
docker attach made
docker start -a made
docker start -a done
docker rename made other
docker rename other ''
docker start web
docker exec web cat /made
docker restart -t 0 web
docker inspect web --format '{{.State.Running}} {{.RestartCount}}'
docker export web | tar t | grep -E '^(bin/sh|made|tmp/file|dev/null)$'
docker rm -f web
docker rm -v other done
docker ps -aq
docker volume rm vol
# networks
docker network create front
docker network create --subnet 10.99.7.0/24 --label x=y --internal inner | wc -c
docker network ls --filter label=x=y --format '{{.Name}} {{.Driver}} {{.Internal}} {{.Labels}} {{.Scope}}'
docker network inspect inner --format '{{.Name}} {{.Driver}} {{.Internal}} {{(index .IPAM.Config 0).Subnet}} {{json .Labels}} {{.Scope}}'
docker network create --subnet 10.77.0.0/24 --gateway 10.78.0.1 wrong
docker run -d --name server --network front busybox sh -c 'nc -l -p 80 -e cat & wait'
docker run --rm --network front busybox sh -c 'ip -4 addr show eth0 | grep -c inet; ip route | grep -c default'
docker network connect inner server
docker exec server ls /sys/class/net
docker network disconnect inner server
docker exec server ls /sys/class/net
docker network rm inner
docker rm -f server
docker network rm front
# images
docker images -q --filter reference=busybox | wc -l
docker images --filter dangling=true -q
docker tag busybox bb:2
docker images 'b*' --format '{{.Repository}}:{{.Tag}}' | sort
docker tag busybox BAD
docker save bb:2 | tar t | grep manifest.json
docker run --rm bb:2 true
# what the client says itself
docker run --nope busybox true
docker run --rm --ulimit nofile=5:3 busybox true
docker run --rm --restart always busybox true
docker run --rm --security-opt nosuch busybox true
docker run --rm -p 99999:1 busybox true
docker wait --nope x
docker container prune -f
docker network prune -f
docker image prune -f
`;

/** Podman says it with other words, and Docker with ours: the words are held here. Statuses are equal. */
export const OTHER_WORDS: readonly (readonly [line: string, words: string])[] = [
  [
    'docker run -d --name web -v vol:/v busybox sleep 1000 >/dev/null; docker create --name web busybox true',
    'Conflict. The container name "/web" is already in use by container "ID". You have to remove (or rename) that container to be able to reuse that name.',
  ],
  [
    "docker create --name 'a/b' busybox true",
    'Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  ],
  ['docker run --network nosuch busybox true', 'network nosuch not found'],
  ['docker run --network container:nosuch busybox true', 'No such container: nosuch'],
  ['docker run --volumes-from nosuch busybox true', 'No such container: nosuch'],
  ['docker run -v a/b:/x busybox true', 'create a/b: "a/b" includes invalid characters for a local volume name'],
  ['docker run -v vol:relative busybox true', "invalid volume specification: 'vol:relative'"],
  ['docker run --cap-add NOSUCH busybox true', 'invalid capability: "CAP_NOSUCH"'],
  ['docker run --ipc nosuch busybox true', 'invalid IPC mode: nosuch'],
  ['docker run --log-driver nosuch busybox true', "logger: no log driver named 'nosuch' is registered"],
  [
    'docker run --tmpfs relative busybox true',
    `invalid mount config for type "tmpfs": invalid mount path: 'relative' mount path must be absolute`,
  ],
  ['docker run --stop-signal NOPE busybox true', 'invalid signal: NOPE'],
  ['docker run --cpuset-cpus 99 busybox true', 'Requested CPUs are not available - requested 99, available: 0'],
  [
    'docker create --name made busybox true >/dev/null; docker kill made',
    'cannot kill container: made: container ID is not running',
  ],
  ['docker kill nosuch', 'cannot kill container: nosuch: No such container: nosuch'],
  ['docker kill -s NOPE web', 'cannot kill container: web: invalid signal: NOPE'],
  ['docker pause made', 'container ID is not running'],
  ['docker unpause web', 'Container ID is not paused'],
  ['docker pause web >/dev/null; docker pause web', 'Container ID is already paused'],
  ['docker exec web true', 'Container ID is paused, unpause the container before exec'],
  [
    'docker rm web',
    'cannot remove container "/web": container is paused: unpause and then stop the container before removing or force remove',
  ],
  [
    'docker unpause web >/dev/null; docker rm web',
    'cannot remove container "/web": container is running: stop the container before removing or force remove',
  ],
  ['docker rename web made', 'Conflict. The container name "/made" is already in use by container "ID".'],
  ["docker rename web 'a b'", 'Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed'],
  ['docker rename nosuch x', 'No such container: nosuch'],
  ['docker exec made true', 'container ID is not running'],
  ['docker top made', 'container ID is not running'],
  ['docker cp web:/nosuch -', 'Could not find the file /nosuch in container web'],
  ['docker volume rm vol', 'remove vol: volume is in use - [ID]'],
  ['docker volume rm nosuch', 'get nosuch: no such volume'],
  ['docker volume inspect nosuch', 'get nosuch: no such volume'],
  ["docker volume create 'a b'", 'create a b: "a b" includes invalid characters for a local volume name'],
  ['docker network rm nosuch', 'network nosuch not found'],
  ['docker network rm bridge', 'bridge is a pre-defined network and cannot be removed'],
  ['docker network create host', 'operation is not permitted on predefined host network'],
  ['docker network create n1 >/dev/null; docker network create n1', 'network with name n1 already exists'],
  ['docker network create --subnet nosuch n2', 'invalid subnet nosuch: invalid CIDR block notation'],
  ['docker network create -d nosuch n2', 'could not find plugin nosuch in v1 plugin registry: plugin not found'],
  ['docker network connect nosuch web', 'network nosuch not found'],
  ['docker network disconnect n1 web', 'container ID is not connected to network n1'],
  [
    'docker network connect n1 web; docker network connect n1 web',
    'endpoint with name web already exists in network n1',
  ],
  ['docker network rm n1', 'network n1 has active endpoints'],
  ...[
    'logs',
    'attach',
    'wait',
    'diff',
    'port',
    'start',
    'restart',
    'update -m 10m',
    'rm',
    'rm -f',
    'stop',
    'pause',
    'stats --no-stream',
    'top',
    'export -o /tmp/never',
    'commit',
  ].map((verb) => [`docker ${verb} nosuch`, 'No such container: nosuch'] as const),
  ['docker exec nosuch true', 'No such container: nosuch'],
  ['docker cp nosuch:/x -', 'No such container: nosuch'],
  ...['rmi', 'rmi -f', 'history', 'save -o /tmp/never'].map(
    (verb) => [`docker ${verb} nosuch`, 'No such image: nosuch:latest'] as const,
  ),
  ['docker tag nosuch x', 'No such image: nosuch:latest'],
  ['docker rmi busybox:nosuch', 'No such image: busybox:nosuch'],
  ['docker ps --filter nosuch=1', "invalid filter 'nosuch'"],
  ['docker ps --filter status=nosuch', "invalid filter 'status=[nosuch]'"],
  ['docker images --filter nosuch=1', "invalid filter 'nosuch'"],
  ['docker network ls --filter nosuch=1', "invalid filter 'nosuch'"],
  ['docker volume ls --filter nosuch=1', "invalid filter 'nosuch'"],
];

/** Podman does otherwise than Docker does, and why nothing is compared: what Docker does is held here. */
export const OTHERWISE: readonly (readonly [line: string, why: string, status: number, output: RegExp])[] = [
  [
    'docker run --rm busybox nosuch',
    'who attaches gets a 409 from Podman, not what went wrong',
    127,
    /exec: "nosuch": executable file not found in \$PATH/,
  ],
  ['docker run --rm busybox /etc/passwd', 'the same', 126, /exec: "\/etc\/passwd": permission denied/],
  [
    'docker run --rm -u nobody9 busybox true',
    'the same',
    125,
    /unable to find user nobody9: no matching entries in passwd file/,
  ],
  ['docker run --rm -m 1k busybox true', 'Podman leaves it to runc', 125, /Minimum memory limit allowed is 6MB/],
  [
    'docker run --rm --blkio-weight 5000 busybox true',
    'Podman leaves it away',
    125,
    /Range of blkio weight is from 10 to 1000/,
  ],
  [
    'docker rename web web',
    'Podman finds nothing in it',
    1,
    /Renaming a container with the same name as its current name/,
  ],
  [
    'docker exec web nosuch',
    'Podman says it on the other stream',
    127,
    /exec: "nosuch": executable file not found in \$PATH/,
  ],
  ['docker exec -u nosuch web true', 'the same', 126, /unable to find user nosuch/],
  [
    'test $(docker run --rm --network container:web busybox hostname) = $(docker inspect web --format "{{.Config.Hostname}}")',
    'Podman gives it a name of its own',
    0,
    /^$/,
  ],
  ['docker top web nosuch', 'Podman takes what is no option of ps for nothing', 1, /unsupported option: nosuch/],
  ['docker logs --tail x web', 'Docker takes what is no number for all', 0, /^$/],
  [
    `docker cp /etc/hostname web:/nosuch/dir/x`,
    'Podman makes the folder',
    1,
    /Could not find the file \/nosuch\/dir in container web/,
  ],
  [
    'docker run --rm busybox sh -c "ls /.dockerenv; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; grep -c /dev/shm.*size=65536k /proc/mounts"',
    'Podman has a file of its own, 1024 and 64,000,000 bytes',
    0,
    /^\/\.dockerenv\n0\n1\n$/,
  ],
  [
    'docker run --rm -e A=1 -t busybox env',
    'Podman adds TERM and container',
    0,
    /^PATH=\S+\r\nHOSTNAME=ID\r\nTERM=xterm\r\nA=1\r\nHOME=\/root\r\n$/,
  ],
  [
    'docker run --rm --tmpfs /t busybox grep " /t " /proc/mounts',
    'Podman lets programs run there',
    0,
    /^tmpfs \/t tmpfs rw,nosuid,nodev,noexec,relatime 0 0\n$/,
  ],
  ['docker run --rm busybox unshare -U true', 'the profiles for seccomp differ', 1, /Operation not permitted/],
  [
    'docker network ls --format "{{.Name}}" | sort | tr "\\n" " "',
    'Podman has no networks host and none',
    0,
    /^bridge host n1 none $/,
  ],
  [
    'docker inspect made --format "{{.Config.Image}} {{.HostConfig.ShmSize}} {{.HostConfig.IpcMode}} {{json .HostConfig.Ulimits}} {{.HostConfig.CgroupnsMode}}"',
    'defaults of its own',
    0,
    /^busybox 67108864 private \[\] private\n$/,
  ],
  ['docker update --pids-limit 20 --restart no web', 'Podman has no update', 0, /^web\n$/],
  ['docker update -m 32m --memory-swap 64m web', 'the same', 0, /swap limit/],
  ['docker update --restart no web', 'a warning is of what is asked now', 0, /^web\n$/],
  [
    'docker commit -m msg -a me -c "CMD [\\"x\\"]" web img1 && docker image inspect img1 --format "{{json .Config.Cmd}} {{.Author}} {{.Comment}}"',
    'Podman wants a body',
    0,
    /^SHA\n\["x"\] me msg\n$/,
  ],
  ['docker rmi img1 bb:2 | head -n 1', 'names have docker.io before them', 0, /^Untagged: img1:latest\n$/],
  // until is in whole seconds
  [
    'sleep 1.1; docker events --since 1h --until 0s --filter container=web --filter event=pause --filter event=unpause --filter event=update --format "{{.Action}}"',
    'Podman says died, init, sync',
    0,
    /^(pause\nunpause\n){2,}(update\n){3}pause\nunpause\n$/,
  ],
  [
    'docker events --since 1h --until 0s --filter event=tag --format "{{.Actor.Attributes.name}}"',
    'the same',
    0,
    /^bb:2\nimg1:latest\n$/,
  ],
  [
    'docker events --since 1h --until 0s --filter container=done --filter event=die --format "{{.Actor.Attributes.exitCode}} {{.Actor.Attributes.name}} {{.From}}"',
    'the same',
    0,
    /^3 done busybox\n3 done busybox\n$/,
  ],
  ['docker rm -f web made', 'Podman’s web shares its network', 0, /^web\nmade\n$/],
  ['docker network rm n1', 'the same', 0, /^n1\n$/],
  ['docker volume rm vol', 'the same', 0, /^vol\n$/],
];
