# apt installs a package of ours from a folder, and removes it.
mkdir -p /tmp/apt/hello/DEBIAN /tmp/apt/hello/usr/bin; cd /tmp/apt; export SOURCE_DATE_EPOCH=1000000000 DEBIAN_FRONTEND=noninteractive
printf 'Package: hello-tv\nVersion: 1.0\nArchitecture: i386\nMaintainer: a <a@b>\nDescription: hello\nDepends: libc6\n' > hello/DEBIAN/control
printf '#!/bin/sh\necho configured $1\n' > hello/DEBIAN/postinst; printf '#!/bin/sh\necho hello from a package\n' > hello/usr/bin/hello-tv; chmod 755 hello/DEBIAN/postinst hello/usr/bin/hello-tv
dpkg-deb --root-owner-group -b hello hello.deb; dpkg-deb -I hello.deb; dpkg-deb -c hello.deb
apt-get install -y ./hello.deb 2> /dev/null | tr '\r' '\n' | grep -v '%$'; hello-tv; dpkg -s hello-tv; dpkg -L hello-tv; dpkg -V hello-tv; echo $?
dpkg -r hello-tv | tr '\r' '\n'; command -v hello-tv; echo $?; dpkg --audit; dpkg -l | tail -n +6 | wc -l
