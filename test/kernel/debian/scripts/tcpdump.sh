# tcpdump(8), pcap-filter(7): frames of a veth pair and of all interfaces, with filters in the kernel and a ring in memory.
PATH=/mnt:$PATH
echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
ip link add v0 type veth peer name v1
ip netns add other
ip link set v1 netns other
ip link set v0 addr 02:00:00:00:00:01 up
ip -n other link set v1 addr 02:00:00:00:00:02 up
ip addr add 10.9.0.1/24 dev v0
ip -n other addr add 10.9.0.2/24 dev v1
# as it says that it listens it sees all that comes
listen() {
  : > /tmp/err
  timeout 20 tcpdump -Z root -n "$@" > /tmp/out 2> /tmp/err &
  until grep -q listening /tmp/err; do sleep 0.05; done
}
# without what differs from run to run: identifiers, ports
shown() {
  wait $!
  echo status $?
  sed 's/id [0-9]*,/id N,/; s/127.0.0.1.[0-9]* >/127.0.0.1.P >/; /0x00[01]0/d' /tmp/out
  grep -v 'received by filter' /tmp/err
}
echo == a capture of one interface, read again
listen -i v0 -c 6 -w /tmp/c.pcap arp or icmp
ping -c 2 -i 0.2 -p 00 10.9.0.2 > /dev/null
ip neigh flush dev v0
ping -c 1 10.9.0.2 > /dev/null
shown
tcpdump -Z root -n -t -e -r /tmp/c.pcap 2> /dev/null | sed 's/id [0-9]*,/id N,/'
echo == headers only, in the other namespace
: > /tmp/err
ip netns exec other timeout 20 tcpdump -Z root -n -t -i v1 -c 2 -s 50 icmp > /tmp/out 2> /tmp/err &
until grep -q listening /tmp/err; do sleep 0.05; done
ping -c 1 -s 500 10.9.0.2 > /dev/null
shown
echo == all interfaces, by ports and lengths
listen -t -i any -c 2 'udp dst port 99 and greater 40 and not src host 10.9.0.7'
talk 1 5 port 99
talk 1 50 port 98
talk 2 50 port 99
shown
echo == in ascii, by a byte of what is sent, to a file at once
listen -t -i lo -c 1 -X --immediate-mode -Q in 'udp[8] = 0 and udp port 97'
talk 1 30 port 97 tos 0x10
shown
echo == what there is not
tcpdump -Z root -i nothing 2>&1 | head -1
tcpdump -Z root -i lo 'nonsense at' 2>&1 | tail -1
ip netns del other
