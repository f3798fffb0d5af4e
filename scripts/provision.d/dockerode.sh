# dockerode, another client of the Engine API. It has what is built when it is installed: that is left out, and all of it out of our own
# tree of packages.
# Source: the npm registry, by test/docker/dockerode/package-lock.json, which has the hash of each package.

install_dockerode() {
  local target=$cache/dockerode lock=$root/test/docker/dockerode stamp
  stamp=$(sha256sum < "$lock/package-lock.json")
  if [[ -f $target.stamp && -d $target/node_modules/dockerode && $(< "$target.stamp") == "$stamp" ]]; then
    say 'dockerode: up to date'
    return 0
  fi
  say 'installing dockerode'
  rm -rf "$target" "$target.stamp"
  mkdir "$target"
  cp "$lock"/package{,-lock}.json "$target/"
  (cd "$target" && npm ci --ignore-scripts --omit=optional --no-audit --no-fund) < /dev/null >> "$cache/apt.log" 2>&1 ||
    die 'npm ci of dockerode failed' "see that the npm registry can be reached, read $cache/apt.log, and run scripts/provision again"
  printf '%s\n' "$stamp" > "$target.stamp"
}
