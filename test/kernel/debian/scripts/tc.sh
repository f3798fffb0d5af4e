# tc(8): queueing disciplines of the loopback, set and shown.
tc qdisc show dev lo
tc qdisc add dev lo root handle 1: tbf rate 1mbit burst 10kb latency 50ms; echo $?
tc qdisc show dev lo
ip -o link show lo | grep -o 'qdisc [a-z]*'
tc qdisc add dev lo root handle 1: tbf rate 1mbit burst 10kb latency 50ms; echo $?
tc qdisc replace dev lo root handle 1: tbf rate 8mbit burst 10kb limit 30000
ping -c 3 -i 0.1 -q 127.0.0.1 | head -4 | sed 's/, time.*//'
tc -s -d qdisc show dev lo
tc -j qdisc show dev lo; echo
tc qdisc add dev lo parent 1:1 handle 10: pfifo limit 3
tc qdisc show dev lo; tc class show dev lo; tc filter show dev lo
tc qdisc del dev lo parent 1:1; tc qdisc del dev lo parent 1:1; echo $?
tc qdisc change dev lo handle 9: pfifo; echo $?
tc qdisc replace dev lo root handle 1: pfifo limit 5; echo $?
tc qdisc del dev lo root; tc qdisc del dev lo root; echo $?
tc qdisc add dev lo root nothere; echo $?
tc qdisc add dev lo root handle 2: bfifo limit 10000; tc -s qdisc show dev lo
tc qdisc replace dev lo root handle 3: tbf rate 10gbit burst 10mb latency 50ms peakrate 100gbit mtu 70000; tc qdisc show dev lo
tc qdisc add dev nothing root pfifo; echo $?
tc qdisc replace dev lo root noqueue; tc qdisc show dev lo | sed 's/8[0-9a-f]*:/own:/'
tc qdisc del dev lo root
echo == htb
tc qdisc add dev lo root handle 1: htb default 20
tc class add dev lo parent 1: classid 1:1 htb rate 1mbit
tc class add dev lo parent 1:1 classid 1:10 htb rate 500kbit ceil 1mbit prio 1
tc class add dev lo parent 1:1 classid 1:20 htb rate 800kbit burst 5k cburst 4k
tc class add dev lo parent 1:1 classid 1:20 htb rate 300kbit; echo $?
tc class add dev lo parent 1:10 classid 1:100 htb rate 300kbit
tc class add dev lo parent 1: classid 2:30 htb rate 300kbit; echo $?
tc class change dev lo classid 1:20 htb rate 400kbit
tc class replace dev lo parent 1:1 classid 1:40 htb rate 400kbit ceil 20gbit
tc class change dev lo classid 1:99 htb rate 400kbit; echo $?
tc -d class show dev lo | sort
tc -s class show dev lo | sort
tc qdisc add dev lo parent 1:20 handle 20: pfifo limit 50
tc class show dev lo | sort; tc qdisc show dev lo
tc class del dev lo classid 1:1; echo $?
tc class del dev lo classid 1:40; tc class del dev lo classid 1:40; echo $?
tc qdisc change dev lo root handle 1: htb default 30; echo $?
tc qdisc add dev lo parent 1:77 handle 77: pfifo; echo $?
tc qdisc add dev lo parent 1:1 handle 78: pfifo; echo $?
ping -c 3 -i 0.1 -q 127.0.0.1 | head -4 | sed 's/, time.*//'
tc -s class show dev lo parent 1:20 | grep -c Sent
tc -s class show dev lo | grep -A1 'htb 1:20'
tc qdisc del dev lo root
tc qdisc add dev lo root handle 1: htb r2q 5 direct_qlen 5
ping -c 1 -q 127.0.0.1 | head -4 | sed 's/, time.*//'
tc -s qdisc show dev lo
tc qdisc del dev lo root
