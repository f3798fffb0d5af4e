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
