# iproute2 makes interfaces: veth, bridge, dummy, macvlan; in one namespace and between several; packets go through them.
quiet() { sed -E 's/ (brd|link-netnsid|qlen|numtxqueues|numrxqueues|tso_max_size|tso_max_segs|gro_max_size|addrgenmode|allmulti) [^ ]*//g'; }
echo == veth
ip link add left type veth peer name right
ip -br link show type veth | sed 's/ *[0-9a-f:]\{17\}//'
ip link set left address 02:00:00:00:00:01; ip link set right address 02:00:00:00:00:02
ip -d link show left | quiet
ip link set left up
ip link show left | quiet | tail -n +2; ip -o link show left | grep -o '<.*>.*state [A-Z]*'
ip link set right up
ip -o link show left | grep -o '<.*>.*state [A-Z]*'
ip addr add 10.1.1.1/24 dev left
ip route
ip link set right down; ip route; ip -o link show left | grep -o '<.*>.*state [A-Z]*'; ip link set right up
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
ip link set br0 up; ip -o link show br0 | grep -o '<.*>.*state [A-Z]*'
for n in 1 2 3; do
  ip netns add n$n
  ip link add port$n address 02:00:00:00:01:0$n type veth peer name eth0 address 02:00:00:00:02:0$n netns n$n
  ip link set port$n master br0 up
  ip -n n$n addr add 10.2.0.$n/24 dev eth0
  ip -n n$n link set lo up; ip -n n$n link set eth0 up
done
ip -o link show br0 | grep -o '<.*>.*state [A-Z]*'
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
bridge link set dev port2 isolated on; bridge link set dev port3 isolated on
ip netns exec n2 ping -c 1 -W 1 -q 10.2.0.3 | grep -o '.*packet loss'; ip netns exec n2 ping -c 1 -q 10.2.0.1 | grep -o '.*packet loss'
bridge link set dev port2 isolated off; bridge link set dev port3 isolated off
ip link set port3 nomaster; ip netns exec n1 ping -c 1 -W 1 -q 10.2.0.3 | grep -o '.*packet loss'
ip link del br0; ip -o link show port1 | grep -c master
ip netns del n3; ip -br link show type veth | sed 's/ *[0-9a-f:]\{17\}//; s/@if[0-9]*//'
ip netns list | sed 's/ (.*//' | sort
ip -all netns del; ip netns list
until [ -z "$(ip -br link show type veth)" ]; do sleep 0.05; done; echo gone
