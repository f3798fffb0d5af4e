# docker's compose plugin, which Debian 12 has not: of Debian 13, whose program runs here, too. Unpacked, never installed.
# Source: Debian's docker-compose of trixie, by apt with lists of its own, so that the machine's stay as they are.

COMPOSE_VERSION=2.26.1-4
COMPOSE_SHA256=47681197cb2b1ab88206b42a1a92fc75f50d9530a6322d03494a473eed0408ea

fetch_docker_compose() {
  local target=$cache/docker-compose scratch got
  if [[ -x $target && -f $target.stamp && $(< "$target.stamp") == "$COMPOSE_SHA256" ]]; then
    say 'docker-compose: up to date'
    return 0
  fi
  require_apt 'docker compose'
  say "downloading docker-compose $COMPOSE_VERSION"
  scratch=$(mktemp -d "$cache/unpack.XXXXXX")
  mkdir -p "$scratch"/{lists,archives}/partial
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$(debian_mirror)" > "$scratch/sources.list"
  local apt=(
    "${APT[@]}" -o APT::Sandbox::User=root -o APT::Architectures=amd64
    -o Dir::Etc::sourcelist="$scratch/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$scratch/lists" -o Dir::Cache="$scratch"
  )
  (cd "$scratch" && "${apt[@]}" update && "${apt[@]}" download "docker-compose=$COMPOSE_VERSION") \
    < /dev/null >> "$cache/apt.log" 2>&1 || {
    tail -n 5 "$cache/apt.log" >&2
    die "apt-get download docker-compose=$COMPOSE_VERSION failed, the end of its log is above" \
      'see that deb.debian.org can be reached, and run scripts/provision again'
  }
  got=$(sha256sum "$scratch"/docker-compose_*.deb | cut -d ' ' -f 1)
  [[ $got == "$COMPOSE_SHA256" ]] || die "docker-compose has the SHA-256 $got" "scripts/provision.d/docker-compose.sh wants $COMPOSE_SHA256"
  dpkg-deb -x "$scratch"/docker-compose_*.deb "$scratch/root"
  install -m 755 "$scratch/root/usr/libexec/docker/cli-plugins/docker-compose" "$target"
  rm -rf "$scratch"
  printf '%s\n' "$got" > "$target.stamp"
}
