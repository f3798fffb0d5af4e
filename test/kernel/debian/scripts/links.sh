# iproute2 makes interfaces: veth, bridge, dummy, macvlan; in one namespace and between several; packets go through them.
quiet() { sed -E 's/ (brd|link-netnsid|qlen|numtxqueues|numrxqueues|tso_max_size|tso_max_segs|gro_max_size|addrgenmode|allmulti) [^ ]*//g'; }
# a state comes a little after what it follows from
until_state() { for i in $(seq 200); do ip -o link show $1 | grep -q "state $2" && break; sleep 0.02; done; ip -o link show $1 | grep -o '<.*>.*state [A-Z]*'; }
echo == veth
ip link add left type veth peer name right
ip -br link show type veth | sed 's/ *[0-9a-f:]\{17\}//'
ip link set left address 02:00:00:00:00:01; ip link set right address 02:00:00:00:00:02
ip -d link show left | quiet
ip link set left up
ip link show left | quiet | tail -n +2; until_state left LOWERLAYERDOWN
ip link set right up
until_state left UP
ip addr add 10.1.1.1/24 dev left
ip route
ip link set right down; until_state left LOWERLAYERDOWN; ip route; ip link set right up
ip link add left type veth peer name other; echo $?
ip link add other type veth peer name right; echo $?
ip link add this-name-is-too-long type veth; echo $?
ip link add none type nothing; echo $?
ip link set left down; ip link set left name renamed; echo $?; ip link set renamed name left up
ip link set left mtu 60; echo $?; ip link set left mtu 9000; ip -o link show left | grep -o 'mtu [0-9]*'; ip link set left mtu 1500
ip link set left address 01:00:00:00:00:01; echo $?
ip link set left alias 'one end'; ip link show left | grep alias
ip link set left gso_max_size 1500; ip -d -o link show left | grep -o 'gso_max_size [0-9]*'
ip link del right; ip -br link show type veth; ip route
ip link add type veth; ip -br link show type veth | sed 's/ *[0-9a-f:]\{17\}//'; ip link del veth1
echo == bridge
ip link add br0 type bridge
ip link set br0 address 02:00:00:00:00:99
ip -d -o link show br0 | grep -oE '<.*>|state [A-Z]*|bridge forward_delay .*vlan_filtering [01]'
ip link set br0 up; until_state br0 DOWN
for n in 1 2 3; do
  ip netns add n$n
  ip link add port$n address 02:00:00:00:01:0$n type veth peer name eth0 address 02:00:00:00:02:0$n netns n$n
  ip link set port$n master br0 up
  ip -n n$n addr add 10.2.0.$n/24 dev eth0
  ip -n n$n link set lo up; ip -n n$n link set eth0 up
done
until_state br0 UP; for n in 1 2 3; do until_state port$n UP; done
ip -d -o link show port1 | grep -oE 'master br0|promiscuity [0-9]|bridge_slave state [a-z]* priority [0-9]* cost [0-9]* hairpin [a-z]*'
ip -br link show master br0 | sed 's/ *[0-9a-f:]\{17\}//'
ip link set lo master br0; echo $?
ip link add br1 type bridge; ip link set br1 master br0; echo $?; ip link del br1
ip addr add 10.2.0.100/24 dev br0
ping -c 2 -i 0.1 -q 10.2.0.1 | head -4 | tail -1 | sed 's/, time.*//'
ip netns exec n1 ping -c 1 -q 10.2.0.2 | grep -o '.*packet loss'
ip netns exec n3 ping -c 1 -q 10.2.0.100 | grep -o '.*packet loss'
ip netns exec n1 ping -c 1 -s 3000 -q 10.2.0.3 | grep -o '.*packet loss'
ip -n n1 neigh | grep -v fe80 | sed -E 's/REACHABLE|STALE|DELAY/KNOWN/' | sort
bridge fdb show br br0 | grep 02:00:00:00:02 | sort
bridge link | sed 's/^[0-9]*: //; s/@.*: </: </'
bridge fdb add 02:00:00:00:07:07 dev port1 master static; bridge fdb show dev port1 | grep 07:07; bridge fdb del 02:00:00:00:07:07 dev port1 master; bridge fdb show dev port1 | grep -c 07:07
bridge fdb add 02:00:00:00:07:07 dev lo master; echo $?
bridge fdb get 02:00:00:00:02:01 br br0; bridge fdb get 02:00:00:00:77:77 br br0; echo $?
ip -n n1 neigh get 10.2.0.2 dev eth0 | sed -E 's/REACHABLE|STALE|DELAY/KNOWN/'; ip -n n1 neigh get 10.2.0.77 dev eth0; echo $?
ip link set port1 multicast off; ip -o link show port1 | grep -o '<.*>'; ip link set port1 multicast on; ip link set port1 arp off; ip -o link show port1 | grep -o '<.*>'; ip link set port1 arp on promisc on; ip -o link show port1 | grep -o '<.*>'; ip link set port1 promisc off
bridge link set dev port2 isolated on; bridge link set dev port3 isolated on
ip netns exec n2 ping -c 1 -W 1 -q 10.2.0.3 | grep -o '.*packet loss'; ip netns exec n2 ping -c 1 -q 10.2.0.1 | grep -o '.*packet loss'
bridge link set dev port2 isolated off; bridge link set dev port3 isolated off
ip link set port3 nomaster; ip netns exec n1 ping -c 1 -W 1 -q 10.2.0.3 | grep -o '.*packet loss'
ip link del br0; ip -o link show port1 | grep -c master
ip netns del n3; until_state port1 UP; until_state port2 UP; ip -br link show type veth | sed 's/ *[0-9a-f:]\{17\}//; s/@if[0-9]*//'
ip netns list | sed 's/ (.*//' | sort
ip -all netns del; ip netns list
until [ -z "$(ip -br link show type veth)" ]; do sleep 0.05; done; echo gone
echo == ip netns
ip netns add one; ip netns add one; echo $?
ip netns add two; ip netns add bad/name; echo $?
ip netns list | sort
findmnt -n -o FSTYPE,PROPAGATION /run/netns | head -1
stat -f -c %T /run/netns/one
ip netns exec one ip -br link
ip netns exec one sh -c 'ls /sys/class/net; ip netns identify $$; ip netns identify 1'
mkdir -p /etc/netns/one; echo 'nameserver 192.0.2.1' > /etc/netns/one/resolv.conf; touch /etc/resolv.conf; ip netns exec one cat /etc/resolv.conf; grep -c 192.0.2.1 /etc/resolv.conf
ip netns exec one sleep 100 & pid=$!
until [ "$(ip netns pids one)" = $pid ]; do sleep 0.02; done; ip netns identify $pid; kill $pid; wait $pid 2> /dev/null; ip netns pids one
ip netns exec nothing true; echo $?
ip -n one link add v1 type veth peer name v2 netns two; ip -n two -br link show type veth | sed 's/ *[0-9a-f:]\{17\}//'
ip netns set one 7; ip netns list-id | sort; ip netns list | sort
ip -n two link show v2 | grep -o 'link-netns [a-z]*\|link-netnsid [0-9]*'
ip -n two link set v2 netns one; ip -n one -br link show type veth | sed 's/ *[0-9a-f:]\{17\}//'
ip -n one link set v2 netns two name v3; ip -n two -br link show type veth | sed 's/ *[0-9a-f:]\{17\}//'
ip -n one addr add 10.3.0.1/24 dev v1; ip -n one link set v1 up; ip -n two addr add 10.3.0.2/24 dev v3; ip -n two link set v3 up
ip netns exec two ping -c 1 -q 10.3.0.1 | grep -o '.*packet loss'
for n in one two; do ip netns exec $n sysctl -q -w net.ipv4.ip_forward=0; done; sysctl -q -w net.ipv4.ip_forward=0 # whatever the host's is
ip netns exec one sysctl -n net.ipv4.ip_forward; ip netns exec one sysctl -w net.ipv4.ip_forward=1; sysctl -n net.ipv4.ip_forward; ip netns exec two sysctl -n net.ipv4.conf.v3.forwarding
ip netns exec one cat /proc/net/dev | cut -d: -f1 | tail -n +3 | sort; ip netns exec two awk 'NR > 1 { print $1, $6 }' /proc/net/arp
ip -n one neigh add 10.3.0.9 lladdr 02:00:00:00:09:09 dev v1; ip -n one neigh show 10.3.0.9; ip -n two neigh show 10.3.0.9; ip -n one neigh change 10.3.0.9 lladdr 02:00:00:00:09:0a dev v1; ip -n one neigh del 10.3.0.9 dev v1; ip -n one neigh show 10.3.0.9
ip netns attach three $$; ip netns list | sort; ip netns exec three readlink /proc/self/ns/net | grep -c "$(readlink /proc/$$/ns/net | tr -d '[]' | cut -d: -f2)"
ip netns del three; ip netns del one; ip netns del one; echo $?
for i in $(seq 200); do [ -z "$(ip -n two -br link show type veth)" ] && break; sleep 0.02; done; ip -n two -br link show type veth; ip netns del two; ls /run/netns
ip monitor link > /tmp/seen & monitor=$!
for i in $(seq 200); do ss -f netlink 2> /dev/null | grep -q "ip/$monitor" && break; sleep 0.02; done
sleep 0.2; ip link add seen type veth peer name other; ip link del seen
for i in $(seq 200); do [ $(grep -c Deleted /tmp/seen) -ge 2 ] && break; sleep 0.02; done; kill $monitor; wait $monitor 2> /dev/null
sed -E 's/^([0-9]+): /N: /; s/^Deleted [0-9]+: /Deleted N: /' /tmp/seen | grep -oE '^(Deleted )?N: [a-z@]+' | uniq
echo == macvlan
ip link add wire type veth peer name end; ip link set wire address 02:00:00:00:00:0a; ip link set end up
for n in 1 2 3; do
  ip netns add m$n; mode=bridge; [ $n = 3 ] && mode=private
  ip link add link wire name mac0 address 02:00:00:00:0b:0$n netns m$n type macvlan mode $mode
  ip -n m$n addr add 10.4.0.$n/24 dev mac0; ip -n m$n link set mac0 up
done
ip -n m1 -o link show mac0 | grep -o '<.*>'
ip link set wire up; ip addr add 10.4.0.100/24 dev wire; ip netns add e; ip link set end netns e; ip -n e addr add 10.4.0.200/24 dev end; ip -n e link set end up
until_state wire UP; for i in $(seq 200); do ip -n m3 -o link show mac0 | grep -q 'state UP' && break; sleep 0.02; done
ip -n m1 -d link show mac0 | grep -o 'macvlan mode [a-z]*'; ip -n m3 -d link show mac0 | grep -o 'macvlan mode [a-z]*'
answers() { ip netns exec $1 ping -c 1 -W 1 -q $2 | grep -o '[0-9]* received'; }
answers m1 10.4.0.2; answers m1 10.4.0.200; answers e 10.4.0.2; answers e 10.4.0.3; answers e 10.4.0.100
echo private; answers m1 10.4.0.3
echo the wire itself; answers m1 10.4.0.100
ip link add link wire name mac1 type macvlan; ip -d link show mac1 | grep -o 'macvlan mode [a-z]*'
ip link add link mac1 name mac2 type macvlan mode bridge; ip -o link show mac2 | grep -o 'mac2@[a-z]*'
ip link set mac1 type macvlan mode private; ip -d link show mac1 | grep -o 'macvlan mode [a-z]*'
ip link set mac1 address 02:00:00:00:00:0a; echo $?; ip link set mac1 address 02:00:00:00:0b:01; echo $?
ip link set mac1 mtu 2000; echo $?; ip link set wire mtu 1400; ip -o link show mac1 | grep -o 'mtu [0-9]*'
ip link add br0 type bridge; ip link set wire master br0; echo $?
ip link add link lo name mac3 type macvlan; echo $?; ip link add mac3 type macvlan; echo $?
ip link add link mac1 name mac3 mtu 9000 type macvlan; echo $?
ip link del wire; ip -br link | cut -d' ' -f1 | sort; ip -n m1 -br link | cut -d' ' -f1
ip link del br0; ip -all netns del
