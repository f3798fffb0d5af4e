# ip(8), ss(8), ping(8): interfaces, addresses, routes, sockets, echoes.
ip link set lo up
ip link show lo
ip addr show lo
ip -br addr show lo
ip route show table local
ip -6 route show table local
ip rule; ip -6 rule
echo == addresses
ip addr add 10.1.2.3/24 dev lo
ip addr add 10.1.2.3/24 dev lo; echo $?
ip addr add 10.1.2.3/33 dev lo; echo $?
ip addr add fd55::1/64 dev lo nodad
ip -o -4 addr show
ip -o -6 addr show
ip -j addr show dev lo | python3 -c 'import json,sys; print([(a["local"], a["prefixlen"]) for a in json.load(sys.stdin)[0]["addr_info"]])'
ip addr show dev nothing; echo $?
echo == routes
ip route get 10.1.2.3
ip route get 127.0.0.9
ip route get 8.8.8.8; echo $?
ip route add 10.6.0.0/16 via 10.1.2.1 dev lo
ip route add 10.6.0.0/16 via 10.1.2.1 dev lo; echo $?
ip route add unreachable 10.7.0.0/16
ip route add blackhole 10.8.0.0/16 metric 5
ip route add 10.9.0.0/16 via 172.31.9.9; echo $?
ip route
ip route get 10.7.1.1; echo $?
ip route replace 10.6.0.0/16 dev lo
ip route show 10.6.0.0/16
ip route del 10.6.0.0/16; ip route del 10.6.0.0/16; echo $?
ip route del unreachable 10.7.0.0/16; ip route del blackhole 10.8.0.0/16
ip addr del 10.1.2.3/24 dev lo; ip addr del fd55::1/64 dev lo
ip route; ip -4 -o addr
echo == links
ip link set lo mtu 9000; ip -o link show lo | grep -o 'mtu [0-9]*'; ip link set lo mtu 65536
ip link set lo down; ip -o link show lo | grep -o '<.*>'
ip link set lo up
ip link del lo; echo $?
echo == ping
ping -c 2 -i 0.2 127.0.0.1 | sed 's/time=.*/time/; s/, time.*//; /^rtt/d'
ping -c 1 ::1 | sed 's/time=.*/time/; s/, time.*//; /^rtt/d'
ping -c 1 -s 2000 -q localhost | sed 's/, time.*//; /^rtt/d'
ping -c 1 203.0.113.1; echo $?
echo == sockets
cat > /tmp/listen.py <<'END'
import socket, subprocess, os
tcp = socket.create_server(('127.0.0.1', 7001))
six = socket.create_server(('::', 7002), family=socket.AF_INET6, dualstack_ipv6=True)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(('127.0.0.1', 7003))
unix = socket.socket(socket.AF_UNIX); unix.bind('/tmp/unix.sock'); unix.listen(3)
client = socket.create_connection(('127.0.0.1', 7001)); server, _ = tcp.accept()
client.sendall(b'x' * 100)
def run(*args): print(subprocess.run(args, capture_output=True, text=True).stdout.replace(str(client.getsockname()[1]), 'PORT'), end='', flush=True)
run('ss', '-Htln'); run('ss', '-Huln'); run('ss', '-Htn', 'state', 'established', 'sport', '=', ':7001')
run('ss', '-Htlp', 'sport', '=', ':7001') if os.environ.get('NAMES') else None
print('/tmp/unix.sock' in subprocess.run(['ss', '-xl'], capture_output=True, text=True).stdout)
print(socket.if_nameindex(), socket.getaddrinfo('localhost', 80, type=socket.SOCK_STREAM)[0][4][:2])
END
python3 /tmp/listen.py
(echo over /dev/tcp > /dev/tcp/127.0.0.1/7001) 2>&1 | sed 's/.*: //'
