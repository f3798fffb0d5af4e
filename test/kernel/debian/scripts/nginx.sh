# nginx serves files, whole, in part, compressed, a hundred at a time and with TLS, to curl.
mkdir -p /tmp/nginx/www; cd /tmp/nginx
for i in $(seq 100); do head -c $((i * 997)) /usr/bin/perl > www/f$i; done; echo hello > www/index.html
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out cert -days 9999 -subj /CN=localhost 2> /dev/null
cat > conf << 'C'
worker_processes 2; pid /tmp/nginx/pid; error_log /tmp/nginx/error.log; events { worker_connections 512; }
http { access_log /tmp/nginx/access.log; sendfile on; gzip on; gzip_types text/plain; server { listen 127.0.0.1:8080; root /tmp/nginx/www; location /list/ { alias /tmp/nginx/www/; autoindex on; } }
  server { listen 127.0.0.1:8443 ssl; ssl_certificate /tmp/nginx/cert; ssl_certificate_key /tmp/nginx/key; root /tmp/nginx/www; location /again/ { proxy_pass https://127.0.0.1:8443/; } } }
C
nginx -c /tmp/nginx/conf; echo started $?
curl -s http://127.0.0.1:8080/; curl -sI http://127.0.0.1:8080/f7 | grep -v -i '^date\|^etag\|^last'; curl -s -r 100-199 http://127.0.0.1:8080/f9 | md5sum; curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/none
curl -s --compressed http://127.0.0.1:8080/list/ | grep -c href
curl -sS -Z --no-progress-meter --parallel-max 100 'http://127.0.0.1:8080/f[1-100]' -o 'got#1' 2> /dev/null; for i in $(seq 100); do cmp www/f$i got$i || echo $i; done; ls got* | wc -l
curl -s --cacert cert https://localhost:8443/again/f50 | cmp - www/f50; curl -s https://localhost:8443/; echo $?; curl -sk -w '%{http_code} %{http_version} %{num_connects}\n' -o /dev/null -o /dev/null https://127.0.0.1:8443/f1 https://127.0.0.1:8443/f2
nginx -c /tmp/nginx/conf -s quit 2> /dev/null; while [ -e pid ]; do sleep 0.1; done; wc -l < access.log; grep -o 'open().*failed' error.log
