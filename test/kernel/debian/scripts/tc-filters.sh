# tc(8), tc-prio(8), tc-u32(8), tc-fw(8), tc-matchall(8), tc-flower(8): disciplines with classes, and the filters that lead to them, set, shown and used.
PATH=/mnt:$PATH
echo == prio
tc qdisc add dev lo root handle 1: prio; echo $?
tc qdisc show dev lo
tc class show dev lo
tc qdisc change dev lo handle 1: root prio bands 4 priomap 3 3 3 3 0 0 0 0 1 1 1 1 2 2 2 2; echo $?
tc qdisc show dev lo
tc qdisc add dev lo parent 1:2 handle 20: pfifo limit 7; echo $?
tc class show dev lo
tc class del dev lo classid 1:1; echo $?
tc class add dev lo parent 1: classid 1:9 prio; echo $?
tc class add dev lo parent 1: classid 1:1 htb rate 1mbit; echo $?
tc qdisc change dev lo root prio bands 17; echo $?
tc qdisc change dev lo root prio bands 1; echo $?
tc qdisc add dev lo parent 1:5 handle 30: pfifo; echo $?
talk 1 100; talk 2 100 priority 6; talk 3 100 tos 0x10; talk 4 100 priority 0x10002;talk 1 100 priority 0x10009;talk 1 100 priority 0x20001
tc -s qdisc show dev lo
tc -s class show dev lo
tc -j class show dev lo
tc qdisc replace dev lo root pfifo_fast; echo $?
talk 3 100
tc -s qdisc show dev lo | sed 's/8[0-9a-f]*:/own:/'
tc class show dev lo
tc filter add dev lo protocol ip matchall classid 1:1; echo $?
tc qdisc del dev lo root
echo == filters
tc qdisc add dev lo root handle 1: htb default 30
tc class add dev lo parent 1: classid 1:1 htb rate 100mbit burst 1600 cburst 1600
for i in 10 20 30; do tc class add dev lo parent 1:1 classid 1:$i htb rate 10mbit burst 1600 cburst 1600; done
tc filter add dev lo parent 1: protocol ip prio 1 u32 match ip src 127.0.0.2 flowid 1:10; echo $?
tc filter add dev lo parent 1: protocol ip prio 2 handle 7 fw flowid 1:20; echo $?
tc filter add dev lo parent 1: protocol ip prio 1 u32 match ip dport 77 0xffff match ip protocol 17 0xff flowid 1:20; echo $?
tc filter show dev lo
tc filter show dev lo parent 1:
tc filter show dev lo parent 1:1
tc filter show dev lo parent 2:
tc -s filter show dev lo
tc -j filter show dev lo; echo
tc filter show dev lo protocol ipv6
tc filter show dev lo prio 2
talk 1 100; talk 2 100 from 127.0.0.2; talk 3 100 mark 7; talk 4 100 port 77; talk 5 100 priority 0x10014
tc -s filter show dev lo
tc -s class show dev lo | grep -v tokens
tc -s qdisc show dev lo
tc filter add dev lo parent 1: protocol ip prio 2 u32 match ip src 127.0.0.2 flowid 1:10; echo $?
tc filter add dev lo parent 1: protocol ipv6 prio 2 handle 3 fw flowid 1:20; echo $?
tc filter add dev lo parent 1: protocol ip prio 2 handle 7 fw flowid 1:10; echo $?
tc filter add dev lo parent 1: protocol ip prio 2 handle 8/0xff fw flowid 1:10; echo $?
tc filter change dev lo parent 1: protocol ip prio 2 handle 7 fw flowid 1:10; echo $?
tc filter replace dev lo parent 1: protocol ip prio 2 handle 9 fw flowid 1:30; echo $?
tc filter change dev lo parent 1: protocol ip prio 2 handle 11 fw flowid 1:30; echo $?
tc filter change dev lo parent 1: protocol ip prio 22 handle 11 fw flowid 1:30; echo $?
tc filter change dev lo parent 1: protocol ip prio 1 handle 800::800 u32 match ip src 127.0.0.3 flowid 1:30; echo $?
tc filter replace dev lo parent 1: protocol ip prio 1 handle 800::801 u32 match ip dst 127.0.0.3 flowid 1:30; echo $?
tc filter add dev lo parent 1: protocol all u32 match u32 0 0 flowid 1:20; echo $?
tc filter add dev lo parent 1: protocol all matchall flowid 1:20; echo $?
tc filter add dev lo parent 1: protocol all prio 9 matchall classid 1:20; echo $?
tc filter add dev lo parent 1: protocol all prio 9 matchall classid 1:20; echo $?
tc filter show dev lo
tc -s filter show dev lo prio 9
tc class del dev lo classid 1:20 2> /dev/null; echo $?
tc class del dev lo classid 1:20 2> /dev/null; echo $?
tc filter del dev lo parent 1: protocol ip prio 2 handle 99 fw; echo $?
tc filter del dev lo parent 1: protocol ip prio 2 handle 9 fw; echo $?
tc filter del dev lo parent 1: protocol ip prio 2 u32; echo $?
tc filter del dev lo parent 1: protocol ip prio 3; echo $?
tc filter del dev lo parent 1: prio 2; echo $?
tc filter del dev lo parent 1: protocol ip; echo $?
tc filter del dev lo parent 1: protocol ip prio 1 handle 800: u32; echo $?
tc filter del dev lo parent 1: protocol ip prio 1 handle 800::800 u32; echo $?
tc filter show dev lo
tc filter del dev lo parent 1:; echo $?
tc filter del dev lo parent 1: prio 5; echo $?
tc filter show dev lo
tc class del dev lo classid 1:20 2> /dev/null; echo $?
tc filter add dev lo parent 1: protocol ip prio 1 route to 3 classid 1:10; echo $?
tc filter add dev lo parent 1: protocol ip prio 1 cgroup; echo $?
tc filter add dev lo parent 1: protocol ip prio 1 matchall action drop; echo $?
tc filter add dev lo parent 1: protocol ip prio 1 u32 match ip src 1.2.3.4 police rate 1mbit burst 10k drop flowid 1:10; echo $?
tc filter add dev lo parent 1:99 protocol ip prio 1 matchall; echo $?
tc filter add dev lo parent 2: protocol ip prio 1 matchall; echo $?
tc filter add dev lo parent 1:10 protocol ip prio 1 matchall classid 1:30; echo $?
tc filter add dev lo root protocol ip prio 1 matchall classid 1:30; echo $?
tc filter add dev lo ingress protocol ip prio 1 matchall classid 1:30; echo $?
tc filter add dev lo parent 1: chain 5 protocol ip prio 1 matchall classid 1:30; echo $?
tc filter add dev nothing parent 1: protocol ip prio 1 matchall classid 1:30; echo $?
tc filter show dev lo; tc filter show dev lo parent 1:10
tc filter del dev lo parent 1:; tc filter del dev lo parent 1:10
echo == old fw, direct, inner
tc filter add dev lo parent 1: protocol ip prio 3 fw; echo $?
talk 3 100 mark 0x10010; talk 2 100 mark 0x10000; talk 1 100 mark 0x20010; talk 1 100 priority 0x10000; talk 1 100 mark 10
tc -s class show dev lo | grep -A1 'class htb' 
tc -s qdisc show dev lo
tc filter del dev lo parent 1:
tc filter add dev lo parent 1: protocol ip prio 3 matchall flowid 1:1
tc filter add dev lo parent 1:1 protocol ip prio 3 u32 match ip dport 5 0xffff flowid 1:10
talk 3 100 port 5; talk 4 100 port 6;  talk 1 100 priority 0x10001 port 5
tc -s class show dev lo | grep -A1 'class htb' 
tc filter show dev lo parent 1:1
tc filter get dev lo parent 1:1 protocol ip prio 3 handle 800::800 u32; echo $?
tc filter get dev lo parent 1:1 protocol ip prio 4 handle 800::800 u32; echo $?
tc filter del dev lo parent 1:; tc filter del dev lo parent 1:1
echo == tables
tc filter add dev lo parent 1: prio 5 handle 2: protocol ip u32 divisor 256; echo $?
tc filter add dev lo parent 1: prio 5 handle 3: protocol ip u32 divisor 100; echo $?
tc filter add dev lo parent 1: prio 5 protocol ip u32 ht 2:4: match ip src 127.0.0.4 flowid 1:10; echo $?
tc filter add dev lo parent 1: prio 5 protocol ip u32 ht 2:5: match ip src 127.0.0.5 match ip dport 12 0xffff flowid 1:30; echo $?
tc filter add dev lo parent 1: prio 5 protocol ip u32 ht 800:: match ip src 127.0.0.0/24 hashkey mask 0x000000ff at 12 link 2:; echo $?
tc filter add dev lo parent 1: prio 5 protocol ip u32 ht 9: match ip src 127.0.0.4 flowid 1:10; echo $?
tc filter add dev lo parent 1: prio 5 protocol ip u32 ht 800:3: match ip src 127.0.0.4 flowid 1:10; echo $?
tc filter add dev lo parent 1: prio 5 protocol ip u32 ht 800: match ip src 127.0.0.4 link 7:; echo $?
tc filter add dev lo parent 1: prio 5 protocol ip u32 match mark 5 0xff flowid 1:30; echo $?
tc filter add dev lo parent 1: prio 6 protocol ip u32 ht 801: match udp dst 44 0xffff offset at 0 mask 0x0f00 shift 6 eat flowid 1:10; echo $?
tc filter add dev lo parent 1: prio 7 protocol ip u32 match ip tos 0x10 0xff match u8 0x45 0xff at 0 match u16 0x4500 0xff00 at 0 flowid 1:10; echo $?
talk 2 100 from 127.0.0.4; talk 3 100 from 127.0.0.5 port 12;talk 4 100 from 127.0.0.5 port 13; talk 5 100 mark 0x105; talk 3 100 tos 0x10
tc -s filter show dev lo
tc -s class show dev lo | grep -A1 'class htb' 
tc filter del dev lo parent 1: prio 5 protocol ip handle 2: u32; echo $?
tc filter del dev lo parent 1: prio 5 protocol ip handle 2:4:800 u32; echo $?
tc filter del dev lo parent 1: prio 5 protocol ip handle 800::800 u32; echo $?
tc filter del dev lo parent 1: prio 5 protocol ip handle 2: u32; echo $?
tc filter show dev lo
tc qdisc del dev lo root
tc qdisc add dev lo root nothing; echo $?
tc qdisc add dev lo root handle 1: tbf rate 1mbit burst 10kb latency 50ms
tc filter add dev lo parent 1: protocol ip prio 1 matchall classid 1:1; echo $?
tc qdisc del dev lo root
echo == flower
tc qdisc add dev lo root handle 1: htb default 30
for i in 10 20 30; do tc class add dev lo parent 1: classid 1:$i htb rate 10mbit burst 1600 cburst 1600; done
tc filter add dev lo parent 1: protocol ip prio 1 flower src_ip 127.0.0.2 classid 1:10; echo $?
tc filter add dev lo parent 1: protocol ip prio 1 flower src_ip 127.0.1.0/24 classid 1:10; echo $?
tc filter add dev lo parent 1: protocol ip prio 1 flower src_ip 127.0.1.0/24 classid 1:10; echo $?
tc filter add dev lo parent 1: protocol ip prio 2 flower ip_proto udp dst_port 77 classid 1:20; echo $?
tc filter add dev lo parent 1: protocol ip prio 2 flower ip_proto tcp src_port 80 dst_port 1000-2000 classid 1:20; echo $?
tc filter add dev lo parent 1: protocol ip prio 2 handle 7 flower ip_proto udp ip_tos 0x10 classid 1:20; echo $?
tc filter add dev lo parent 1: protocol ip prio 3 flower ip_ttl 64 dst_ip 127.0.0.9 classid 1:20; echo $?
tc filter add dev lo parent 1: protocol ipv6 prio 4 flower src_ip ::1/128 ip_proto tcp dst_port 22 classid 1:20; echo $?
tc filter add dev lo parent 1: protocol all prio 5 flower dst_mac 00:00:00:00:00:01 classid 1:20; echo $?
tc filter add dev lo parent 1: protocol ip prio 6 flower skip_hw classid 1:20; echo $?
tc filter add dev lo parent 1: protocol ip prio 7 flower ip_proto icmp type 8 code 0 classid 1:20; echo $?
tc filter add dev lo parent 1: protocol ip prio 8 flower ip_proto tcp tcp_flags 0x2/0x2 classid 1:20; echo $?
tc filter show dev lo
tc -s filter show dev lo prio 1
tc -j filter show dev lo prio 2; echo
talk 1 100; talk 2 100 from 127.0.0.2; talk 3 100 from 127.0.1.7; talk 4 100 port 77; talk 5 100 tos 0x10
tc -s class show dev lo | grep -A1 'class htb'
tc filter change dev lo parent 1: protocol ip prio 1 handle 1 flower src_ip 127.0.0.3 classid 1:20; echo $?
tc filter replace dev lo parent 1: protocol ip prio 1 handle 9 flower src_ip 127.0.0.3 classid 1:20; echo $?
tc filter del dev lo parent 1: protocol ip prio 1 handle 2 flower; echo $?
tc filter del dev lo parent 1: protocol ip prio 1 handle 77 flower; echo $?
tc filter show dev lo prio 1
tc filter del dev lo parent 1:
tc filter add dev lo parent 1: protocol ip prio 1 flower src_ip 127.0.0.2 action drop; echo $?
tc filter show dev lo
tc qdisc del dev lo root
