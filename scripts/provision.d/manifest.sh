# .cache/guest/manifest.json: where each piece is. Paths in the cache are relative to the repository's root.
# Read by test/provisioned.ts.

# name, then a file of the cache or a command of the host.
CACHE_PIECES='kernel vmlinuz|kernelConfig config|modules modules|busybox busybox|initramfs initramfs.cpio.gz|initramfsIde initramfs-ide.cpio.gz|initramfsVirtio initramfs-virtio.cpio.gz|bios bios.bin|bios256k bios-256k.bin|vgabios vgabios-stdvga.bin|grubFloppy grub-rescue-floppy.img|memtest memtest86+ia32.bin|installerKernel installer-linux|installerInitrd installer-initrd.gz|dockerRegistry docker-registry|skopeo skopeo|skopeoLibraries skopeo-libraries|debian debian|probes debian-probes|esbuild32 esbuild-ia32|dockerOld docker-old|dockerCompose docker-compose|dockerBuildx docker-buildx|dockerode dockerode/node_modules/dockerode'
HOST_PIECES='qemu qemu-system-i386|qemuImg qemu-img|gcc gcc|nasm nasm|iasl iasl|cpio cpio|zstd zstd|mke2fs mke2fs|e2fsck e2fsck|debugfs debugfs|mformat mformat|mcopy mcopy|syslinux syslinux|syslinuxMbr /usr/lib/syslinux/mbr/mbr.bin|syslinuxModules /usr/lib/syslinux/modules/bios|isolinux /usr/lib/ISOLINUX/isolinux.bin|xorriso xorriso|chromium chromium|grubMkrescue grub-mkrescue|ipxe /usr/lib/ipxe/ipxe.lkrn|cardRoms /usr/lib/ipxe/qemu|grubModules /usr/lib/grub/i386-pc|podman podman|runc runc|containerd containerd|tcpdump tcpdump'

# Prints "name path" of each piece that is there, "name" alone of each that is not.
list_pieces() {
  local pieces piece name where
  IFS='|' read -ra pieces <<< "$CACHE_PIECES"
  for piece in "${pieces[@]}"; do
    read -r name where <<< "$piece"
    if [[ -e $cache/$where ]]; then printf '%s %s\n' "$name" ".cache/guest/$where"; else printf '%s\n' "$name"; fi
  done
  IFS='|' read -ra pieces <<< "$HOST_PIECES"
  for piece in "${pieces[@]}"; do
    read -r name where <<< "$piece"
    if [[ $where == /* ]]; then
      [[ -e $where ]] || where=
    else
      where=$(PATH=$PATH:/usr/sbin:/sbin command -v "$where" || true)
    fi
    printf '%s%s\n' "$name" "${where:+ $where}"
  done
}

# What gets piece $1, of whose package apt says that it is installed.
remedy() {
  case "|$HOST_PIECES" in
    *"|$1 "*) printf 'a file of an installed package is gone: apt-get install --reinstall %s' "${HOST_PACKAGES[*]}" ;;
    *) printf 'rm -rf .cache/guest and run scripts/provision again' ;;
  esac
}

write_manifest() {
  local name where
  {
    printf '{\n  "kernelRelease": "%s"' "$(< "$cache/release")"
    while read -r name where; do
      [[ -n $where ]] || die "provisioned, yet $name is missing" "$(remedy "$name")"
      printf ',\n  "%s": "%s"' "$name" "$where"
    done < <(list_pieces)
    printf '\n}\n'
  } > "$cache/manifest.json.new"
  mv "$cache/manifest.json.new" "$cache/manifest.json"
}

check_manifest() {
  local name where missing=0
  while read -r name where; do
    printf '%-16s %s\n' "$name" "${where:-missing}"
    [[ -n $where ]] || missing=$((missing + 1))
  done < <(list_pieces)
  [[ -f $cache/manifest.json ]] || missing=$((missing + 1))
  [[ $missing == 0 ]] || die "$missing missing" 'scripts/provision   (as root, on Debian)'
}
