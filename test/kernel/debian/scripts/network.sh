# iproute2, ping and curl on a machine of its own: links, addresses, routes, sockets.
mkdir /tmp/network; cd /tmp/network
ip -o link show lo | grep -o '^[0-9]*: lo: <[^>]*> mtu [0-9]*'; ip -br addr show lo; ip route; ip addr add 10.1.1.1/24 dev lo; ip -o addr show dev lo | awk '{ print $3, $4 }'; ip addr add 10.1.1.1/24 dev lo 2>&1; ip route add 10.2.0.0/16 dev lo; ip route; ip route get 10.2.3.4 | head -n 1 | cut -d' ' -f1-3; ip route del 10.2.0.0/16; ip addr del 10.1.1.1/24 dev lo; ip addr del 10.9.9.9/24 dev lo 2> /dev/null; echo $?; ip link show nowhere 2>&1
ping -c 2 -i 0.1 -q 127.0.0.1 | grep -o '^.*received'; ping -c 1 ::1 | grep -o '1 received'; ping -c 1 -W 1 10.9.9.9 2>&1 | head -n 1; ping -c 1 127.1.2.3 | grep -o 'from [0-9.]*'
python3 - << 'PY'
import http.server, socket, socketserver, subprocess, threading, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length'])); self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers(); self.wfile.write(body[::-1])
    def log_message(self, *rest): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 8090), Handler); threading.Thread(target=server.serve_forever, daemon=True).start()
print(urllib.request.urlopen('http://127.0.0.1:8090/', data=b'abc' * 50000).read()[:6])
print(subprocess.run(['curl', '-s', '--data-binary', 'hello', 'http://localhost:8090/'], capture_output=True).stdout)
print(subprocess.run("ss -Htln 'sport = :8090' | awk '{ print $1, $4 }'; ss -Hxl | wc -l", shell=True, capture_output=True).stdout)
server.shutdown()
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); u.bind(('::1', 0)); u.connect(u.getsockname()[:2]); u.send(b'self'); print(u.recv(10))
try: socket.create_connection(('127.0.0.1', 1), 5)
except OSError as e: print(e)
print(socket.getaddrinfo('localhost', 80, socket.AF_INET, socket.SOCK_STREAM), socket.getservbyname('ssh'))
PY
curl -s --max-time 1 http://127.0.0.1:1/; echo $?; curl -s http://nowhere.invalid/; echo $?; cut -d: -f1 /proc/net/dev | tail -n +3 | sort | head -n 1; cat /sys/class/net/lo/mtu; lscpu | grep -c .  > /dev/null; echo $?
