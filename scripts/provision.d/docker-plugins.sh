# docker's plugins compose and buildx, which Debian 12 has not: of Debian 13, whose programs run here, too. Unpacked, never installed.
# Source: Debian's docker-compose and docker-buildx of trixie, by apt with lists of its own, so that the machine's stay as they are.

# package, version, SHA-256
DOCKER_PLUGINS='docker-compose 2.26.1-4 47681197cb2b1ab88206b42a1a92fc75f50d9530a6322d03494a473eed0408ea
docker-buildx 0.13.1+ds1-3 fcf8c48204d1603c8f209451d7827eb91bf30759578baf7704e9e1a87e5f1d7f'

fetch_docker_plugins() {
  local package version sum target scratch='' got
  while read -r package version sum <&3; do
    target=$cache/$package
    if [[ -x $target && -f $target.stamp && $(< "$target.stamp") == "$sum" ]]; then
      say "$package: up to date"
      continue
    fi
    require_apt "docker's plugins"
    [[ -n $scratch ]] || scratch=$(trixie_lists)
    say "downloading $package $version"
    (cd "$scratch" && trixie_apt "$scratch" download "$package=$version") < /dev/null >> "$cache/apt.log" 2>&1 ||
      plugin_failed "apt-get download $package=$version"
    got=$(sha256sum "$scratch/$package"_*.deb | cut -d ' ' -f 1)
    [[ $got == "$sum" ]] || die "$package has the SHA-256 $got" "scripts/provision.d/docker-plugins.sh wants $sum"
    dpkg-deb -x "$scratch/$package"_*.deb "$scratch/root"
    install -m 755 "$scratch/root/usr/libexec/docker/cli-plugins/$package" "$target"
    printf '%s\n' "$got" > "$target.stamp"
  done 3<<< "$DOCKER_PLUGINS"
  [[ -z $scratch ]] || rm -rf "$scratch"
}

# Prints a folder that has trixie's lists.
trixie_lists() {
  local scratch
  scratch=$(mktemp -d "$cache/unpack.XXXXXX")
  mkdir -p "$scratch"/{lists,archives}/partial
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$(debian_mirror)" > "$scratch/sources.list"
  trixie_apt "$scratch" update < /dev/null >> "$cache/apt.log" 2>&1 || plugin_failed 'apt-get update of trixie'
  printf '%s' "$scratch"
}

trixie_apt() {
  local scratch=$1
  shift
  "${APT[@]}" -o APT::Sandbox::User=root -o APT::Architectures=amd64 \
    -o Dir::Etc::sourcelist="$scratch/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$scratch/lists" -o Dir::Cache="$scratch" "$@"
}

plugin_failed() {
  tail -n 5 "$cache/apt.log" >&2
  die "$1 failed, the end of its log is above" 'see that deb.debian.org can be reached, and run scripts/provision again'
}
