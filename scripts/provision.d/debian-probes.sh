# Programs that ask what they may use, as a layer to lie on the Debian root: .cache/guest/debian-probes.
# Source: Debian's packages named below and what they need that the root has not, unpacked and not installed.

PROBE_PACKAGES=(
  openjdk-17-jre-headless
  nodejs
)

# In the root bin, sbin and lib are links, which a folder of that name in a layer would hide.
PROBE_OPTIONS=(
  --exclude './usr/share/doc' --exclude './usr/share/man' --exclude './usr/share/fonts' --exclude './usr/share/lintian'
  --transform 'flags=r;s,^\./\(bin\|sbin\|lib\)\(/\|$\),./usr/\1\2,'
)

build_debian_probes() {
  local target=$cache/debian-probes stamp scratch
  stamp=$(cat "$cache/debian.stamp" - <<< "$(declare -p PROBE_PACKAGES PROBE_OPTIONS)" | sha256sum)
  if [[ -d $target && -f $target.stamp && $(< "$target.stamp") == "$stamp" ]]; then
    say 'debian-probes: up to date'
    return 0
  fi
  require_apt 'the probes'
  refresh_lists
  say "building debian-probes: ${PROBE_PACKAGES[*]}"
  rm -rf "$target" "$target.stamp"
  scratch=$(mktemp -d "$cache/unpack.XXXXXX")
  mkdir "$scratch/debs" "$scratch/root"
  local -a wanted apt=("${APT[@]}" -o "Dir::State::status=$cache/debian/var/lib/dpkg/status" -o APT::Architecture=i386
    -o APT::Architectures::=i386 -o APT::Sandbox::User=root)
  mapfile -t wanted < <("${apt[@]}" -s install --no-install-recommends "${PROBE_PACKAGES[@]}" 2>> "$cache/apt.log" |
    sed -n 's/^Inst \([^ ]*\) .*/\1/p')
  [[ ${#wanted[@]} -gt 0 ]] || die "apt does not find ${PROBE_PACKAGES[*]} for i386" "read $cache/apt.log"
  (cd "$scratch/debs" && "${apt[@]}" download "${wanted[@]}") < /dev/null >> "$cache/apt.log" 2>&1 || {
    tail -n 5 "$cache/apt.log" >&2
    die 'apt-get download failed, the end of its log is above' 'see that deb.debian.org can be reached, and run scripts/provision again'
  }
  local deb
  for deb in "$scratch"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$scratch/root" "${PROBE_OPTIONS[@]}"
  done
  mv "$scratch/root" "$target"
  rm -rf "$scratch"
  printf '%s\n' "$stamp" > "$target.stamp"
}
