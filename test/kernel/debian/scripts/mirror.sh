# apt gets a package from a mirror on HTTP, which nginx is.
mkdir -p /tmp/mirror/hello/DEBIAN /tmp/mirror/hello/usr/bin /tmp/mirror/www; cd /tmp/mirror; export SOURCE_DATE_EPOCH=1000000000 DEBIAN_FRONTEND=noninteractive
printf 'Package: hello-mirror\nVersion: 2.0\nArchitecture: i386\nMaintainer: a <a@b>\nDescription: hello\n' > hello/DEBIAN/control
printf '#!/bin/sh\necho hello from afar\n' > hello/usr/bin/hello-mirror; chmod 755 hello/usr/bin/hello-mirror
dpkg-deb --root-owner-group -b hello www/hello.deb
(dpkg-deb -f www/hello.deb; echo Filename: hello.deb; echo Size: $(stat -c %s www/hello.deb); sha256sum www/hello.deb | sed 's/\([^ ]*\).*/SHA256: \1/') > www/Packages
echo 'pid /tmp/mirror/pid; error_log /dev/null; events { } http { access_log off; server { listen 127.0.0.1:8081; root /tmp/mirror/www; } }' > conf; nginx -c /tmp/mirror/conf
echo 'deb [trusted=yes] http://127.0.0.1:8081 ./' > /etc/apt/sources.list
apt-get update 2>&1 | grep -v '^Fetched\|^Get\|^Ign\|^Hit'; apt-cache policy hello-mirror
apt-get install -y hello-mirror 2>&1 | tr '\r' '\n' | grep -v '%$\|^Fetched'; hello-mirror
nginx -c /tmp/mirror/conf -s quit 2> /dev/null; while [ -e pid ]; do sleep 0.1; done
