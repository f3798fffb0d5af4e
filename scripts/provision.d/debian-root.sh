# A Debian 12 i386 root with the programs that the kernel's tests run, as Debian ships them: .cache/guest/debian.
# Source: Debian's packages named below and all that they depend on, installed by mmdebstrap.

DEBIAN_PACKAGES=(
  bash perl python3 git sqlite3                      # languages and files
  gcc libc6-dev make musl-tools gdb strace           # programs of our own, in glibc and in musl
  xz-utils zstd                                      # archives
  procps util-linux less vim nano tmux               # people at a terminal
  redis-server nginx-light curl postgresql           # services
  iproute2 iputils-ping tcpdump ca-certificates      # the network
)

# Nothing in the root starts by itself, and what only people read stays out.
DEBIAN_OPTIONS=(
  --dpkgopt=force-unsafe-io --dpkgopt=force-confold
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*'
  --essential-hook='printf "#!/bin/sh\nexit 101\n" > "$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"'
  --essential-hook='mkdir -p "$1/etc/postgresql-common"; echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"'
)

# The mirror that apt here is set up with.
debian_mirror() {
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 2> /dev/null | head -n 1)
  printf '%s\n' "${mirror:-http://deb.debian.org/debian}"
}

build_debian_root() {
  local target=$cache/debian stamp
  stamp=$(declare -p DEBIAN_PACKAGES DEBIAN_OPTIONS | sha256sum)
  if [[ -d $target && -f $target.stamp && $(< "$target.stamp") == "$stamp" ]]; then
    say 'debian: up to date'
    return 0
  fi
  require_apt 'the Debian root'
  say 'building debian, which takes a minute or two'
  rm -rf --one-file-system "$target" "$target.new" "$target.stamp"
  # in a namespace of its own nothing stays mounted, however this ends
  unshare --mount --propagation private mmdebstrap --arch=i386 --variant=apt --mode=root --skip=check/qemu \
    --include="$(IFS=,; printf '%s' "${DEBIAN_PACKAGES[*]}")" "${DEBIAN_OPTIONS[@]}" \
    bookworm "$target.new" "$(debian_mirror)" < /dev/null > "$cache/debian.log" 2>&1 || {
    tail -n 5 "$cache/debian.log" >&2
    die 'mmdebstrap failed, the end of its log is above' "read $cache/debian.log, mend it, and run scripts/provision again"
  }
  mv "$target.new" "$target"
  printf '%s\n' "$stamp" > "$target.stamp"
}

# A static program that is not C's: esbuild for i386, which is Go's.
ESBUILD=@esbuild/linux-ia32@0.25.12
ESBUILD_SHA512=0y9KrdVnbMM2/vG8KfU0byhUN+EFCny9+8g202gYqSSVMonbsCfLjUO+rCci7pM0WBEtz+oK/PIwHkzxkyharA==

fetch_esbuild() {
  local target=$cache/esbuild-ia32 got scratch
  if [[ -x $target && -f $target.stamp && $(< "$target.stamp") == "$ESBUILD_SHA512" ]]; then
    say 'esbuild: up to date'
    return 0
  fi
  say "downloading $ESBUILD"
  scratch=$(mktemp -d "$cache/unpack.XXXXXX")
  (cd "$scratch" && npm pack --silent "$ESBUILD" > /dev/null) ||
    die "npm pack $ESBUILD failed" 'see that the npm registry can be reached, and run scripts/provision again'
  got=$(openssl dgst -sha512 -binary "$scratch"/*.tgz | base64 -w 0)
  [[ $got == "$ESBUILD_SHA512" ]] || die "$ESBUILD has the SHA-512 $got" "scripts/provision.d/debian-root.sh wants $ESBUILD_SHA512"
  tar -xzf "$scratch"/*.tgz -C "$scratch"
  install -m 755 "$scratch/package/bin/esbuild" "$target"
  rm -rf "$scratch"
  printf '%s\n' "$got" > "$target.stamp"
}
