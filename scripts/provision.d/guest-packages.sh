# The guests' side: an i386 kernel, a static busybox, SeaBIOS, boot floppies, a memory test, the text installer; and a registry of images with
# skopeo, which talks to it, and an old docker client. Downloaded and unpacked, never installed.
# Source: Debian's linux-image-686 (whose dependency names the image package) and the packages named below.

GUEST_PACKAGES=(
  busybox-static:i386 seabios
  grub-rescue-pc                   # a floppy image with GRUB
  memtest86+
  debian-installer-12-netboot-i386
  docker-registry skopeo libgpgme11 libassuan0 libdevmapper1.02.1
  docker.io                        # of it the client, an old one, alone
)

missing_guest_packages() {
  local package
  compgen -G "$cache/debs/linux-image-*_i386.deb" > /dev/null || printf 'linux-image-686:i386\n'
  for package in "${GUEST_PACKAGES[@]}"; do
    compgen -G "$cache/debs/${package%%:*}_*.deb" > /dev/null || printf '%s\n' "$package"
  done
}

fetch_guest_packages() {
  local missing
  mapfile -t missing < <(missing_guest_packages)
  [[ ${#missing[@]} -gt 0 ]] || { say 'guest packages: all downloaded'; return 0; }
  require_apt 'the guests'
  refresh_lists
  if [[ ${missing[0]} == linux-image-686:i386 ]]; then
    local image
    image=$(apt-cache depends linux-image-686:i386 2> /dev/null | sed -n 's/^ *Depends: \(linux-image-[^:]*\).*/\1/p' | head -n 1)
    [[ -n $image ]] || die 'apt knows no linux-image-686:i386' 'apt-get update, then look at its errors'
    missing[0]=$image:i386
  fi
  say "downloading ${missing[*]}"
  mkdir -p "$cache/debs"
  (cd "$cache/debs" && "${APT[@]}" -o APT::Sandbox::User=root download "${missing[@]}") \
    < /dev/null >> "$cache/apt.log" 2>&1 || {
    tail -n 5 "$cache/apt.log" >&2
    die 'apt-get download failed, the end of its log is above' 'see that deb.debian.org can be reached, and run scripts/provision again'
  }
}

# What unpacking leaves, and `release`.
UNPACKED_PIECES=(
  modules vmlinuz config busybox bios.bin bios-256k.bin vgabios-stdvga.bin grub-rescue-floppy.img memtest86+ia32.bin
  installer-linux installer-initrd.gz docker-registry skopeo skopeo-libraries docker-old release
)

# The packages that the pieces come from, and how they are taken out of them.
unpacking_recipe() {
  (cd "$cache/debs" && ls)
  declare -f unpack_guest_packages | sha256sum
}

# Is every piece there, taken out of these packages in this way?
all_unpacked() {
  local piece
  [[ -f $cache/.unpacked && $(< "$cache/.unpacked") == "$(unpacking_recipe)" ]] || return 1
  for piece in "${UNPACKED_PIECES[@]}"; do [[ -e $cache/$piece ]] || return 1; done
}

# Drops packages that came over damaged: they are fetched again.
drop_damaged_packages() {
  local deb
  for deb in "$cache"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" > /dev/null 2>&1 || { say "$(basename "$deb") is damaged"; rm "$deb"; }
  done
}

unpack_guest_packages() {
  local scratch release
  if all_unpacked; then
    say 'guest packages: all unpacked'
    return 0
  fi
  drop_damaged_packages
  [[ -z $(missing_guest_packages) ]] || fetch_guest_packages
  say 'unpacking the guest packages'
  scratch=$(mktemp -d "$cache/unpack.XXXXXX")
  local deb
  for deb in "$cache"/debs/*.deb; do
    # Of the installers the graphical one is most of the package, of docker.io the daemon.
    dpkg-deb --fsys-tarfile "$deb" |
      tar -x -C "$scratch" --exclude './usr/lib/debian-installer/images/12/i386/gtk' --exclude './usr/sbin/dockerd'
  done
  release=$(basename "$scratch"/lib/modules/*)
  depmod -b "$scratch" "$release"
  rm -rf "$cache/modules"
  mkdir -p "$cache/modules/lib"
  mv "$scratch/lib/modules" "$cache/modules/lib/"
  cp "$scratch/boot/vmlinuz-$release" "$cache/vmlinuz"
  cp "$scratch/boot/config-$release" "$cache/config"
  cp "$scratch/bin/busybox" "$cache/busybox"
  cp "$scratch"/usr/share/seabios/{bios.bin,bios-256k.bin,vgabios-stdvga.bin} "$cache/"
  cp "$scratch/usr/lib/grub-rescue/grub-rescue-floppy.img" "$scratch/boot/memtest86+ia32.bin" "$cache/"
  local installer=$scratch/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386
  cp "$installer/linux" "$cache/installer-linux"
  cp "$installer/initrd.gz" "$cache/installer-initrd.gz"
  cp "$scratch"/usr/bin/{docker-registry,skopeo} "$cache/"
  cp "$scratch/usr/bin/docker" "$cache/docker-old"
  rm -rf "$cache/skopeo-libraries"
  mkdir "$cache/skopeo-libraries"
  cp -a "$scratch"/usr/lib/x86_64-linux-gnu/lib{gpgme,assuan}.so.* "$scratch"/lib/x86_64-linux-gnu/libdevmapper.so.* "$cache/skopeo-libraries/"
  rm -rf "$scratch"
  printf '%s\n' "$release" > "$cache/release"
  unpacking_recipe > "$cache/.unpacked"
}
