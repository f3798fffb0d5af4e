# nginx serves files, whole, in part, compressed, a hundred at a time, to curl.
mkdir -p /tmp/nginx/www; cd /tmp/nginx
for i in $(seq 100); do head -c $((i * 997)) /usr/bin/perl > www/f$i; done; echo hello > www/index.html
cat > conf << 'C'
worker_processes 2; pid /tmp/nginx/pid; error_log /tmp/nginx/error.log; events { worker_connections 512; }
http { access_log /tmp/nginx/access.log; sendfile on; gzip on; gzip_types text/plain; server { listen 127.0.0.1:8080; root /tmp/nginx/www; location /list/ { alias /tmp/nginx/www/; autoindex on; } } }
C
nginx -c /tmp/nginx/conf; echo started $?
curl -s http://127.0.0.1:8080/; curl -sI http://127.0.0.1:8080/f7 | grep -v -i '^date\|^etag\|^last'; curl -s -r 100-199 http://127.0.0.1:8080/f9 | md5sum; curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/none
curl -s --compressed http://127.0.0.1:8080/list/ | grep -c href
curl -sS -Z --no-progress-meter --parallel-max 100 'http://127.0.0.1:8080/f[1-100]' -o 'got#1' 2> /dev/null; for i in $(seq 100); do cmp www/f$i got$i || echo $i; done; ls got* | wc -l
nginx -c /tmp/nginx/conf -s quit 2> /dev/null; while [ -e pid ]; do sleep 0.1; done; wc -l < access.log; grep -o 'open().*failed' error.log
