# The guest's side: an i386 kernel, a static busybox, SeaBIOS. Downloaded and unpacked, never installed.
# Source: Debian's linux-image-686 (whose dependency names the image package), busybox-static, seabios.

fetch_guest_packages() {
  if compgen -G "$cache/debs/linux-image-*_i386.deb" > /dev/null &&
    compgen -G "$cache/debs/busybox-static_*_i386.deb" > /dev/null &&
    compgen -G "$cache/debs/seabios_*.deb" > /dev/null; then
    say 'guest packages: all downloaded'
    return 0
  fi
  require_apt 'the guest kernel'
  refresh_lists
  local image
  image=$(apt-cache depends linux-image-686:i386 2> /dev/null | sed -n 's/^ *Depends: \(linux-image-[^:]*\).*/\1/p' | head -n 1)
  [[ -n $image ]] || die 'apt knows no linux-image-686:i386' 'apt-get update, then look at its errors'
  say "downloading $image busybox-static seabios"
  rm -rf "$cache/debs"
  mkdir -p "$cache/debs"
  (cd "$cache/debs" && "${APT[@]}" -o APT::Sandbox::User=root download "$image:i386" busybox-static:i386 seabios) \
    < /dev/null >> "$cache/apt.log" 2>&1 || {
    tail -n 5 "$cache/apt.log" >&2
    die 'apt-get download failed, the end of its log is above' 'see that deb.debian.org can be reached, and run scripts/provision again'
  }
}

# Leaves tree/ (kernel modules), vmlinuz, config, busybox and the BIOS images; .unpacked names the packages they came from.
unpack_guest_packages() {
  local debs scratch release
  debs=$(cd "$cache/debs" && ls)
  if [[ -f $cache/.unpacked && $(< "$cache/.unpacked") == "$debs" ]]; then
    say 'guest packages: all unpacked'
    return 0
  fi
  say 'unpacking the guest packages'
  scratch=$(mktemp -d "$cache/unpack.XXXXXX")
  local deb
  for deb in "$cache"/debs/*.deb; do dpkg-deb -x "$deb" "$scratch"; done
  release=$(basename "$scratch"/lib/modules/*)
  depmod -b "$scratch" "$release"
  rm -rf "$cache/modules"
  mkdir -p "$cache/modules/lib"
  mv "$scratch/lib/modules" "$cache/modules/lib/"
  cp "$scratch/boot/vmlinuz-$release" "$cache/vmlinuz"
  cp "$scratch/boot/config-$release" "$cache/config"
  cp "$scratch/bin/busybox" "$cache/busybox"
  cp "$scratch"/usr/share/seabios/{bios.bin,bios-256k.bin,vgabios-stdvga.bin} "$cache/"
  rm -rf "$scratch"
  printf '%s\n' "$release" > "$cache/release"
  printf '%s\n' "$debs" > "$cache/.unpacked"
}
