# Builds a reproducible initramfs: busybox, initramfs/init, and the kernel modules asked for with all they depend on.
# Source: Linux Documentation/driver-api/early-userspace/buffer-format.rst (cpio newc, gzip).

# Names without .ko. The crc and crypto ones are found at run time by name, so modules.dep does not list them.
IDE_MODULES='floppy ata_piix ata_generic sd_mod sr_mod ext4 isofs ne2k-pci crc32c_generic crct10dif_generic crc64_rocksoft_generic'

VIRTIO_MODULES='virtio_pci virtio_blk virtio_net virtio_console virtio_rng virtio_balloon 9pnet_virtio 9p ext4 ne2k-pci crc32c_generic crct10dif_generic crc64_rocksoft_generic'

# $1: module names. Prints the paths of them and of all that they depend on, relative to the module directory.
module_closure() {
  local tree=$1 name
  shift
  for name in "$@"; do
    grep -E "(^|/)${name//[-_]/[-_]}\.ko:" "$tree/modules.dep" | tr -d ':' | tr ' ' '\n' | grep . ||
      die "the kernel package has no module $name" 'rm -rf .cache/guest and run scripts/provision again'
  done | sort -u
}

# $1: name of the image, $2: modules.
build_initramfs() {
  local image=$cache/$1.cpio.gz modules=$2 sources=$parts/initramfs release stamp
  release=$(< "$cache/release")
  stamp=$(cat "$cache/.unpacked" "$parts/initramfs.sh" "$sources"/* | sha256sum)
  if [[ -f $image && -f $image.stamp && $(< "$image.stamp") == "$stamp" ]]; then
    say "$1: up to date"
    return 0
  fi
  say "building $1"
  local stage
  stage=$(mktemp -d "$cache/stage.XXXXXX")
  mkdir -p "$stage"/{bin,sbin,dev,proc,sys,tmp,mnt,root,etc/tv}
  install -m 755 "$cache/busybox" "$stage/bin/busybox"
  install -m 755 "$sources/init" "$stage/init"
  if [[ -n $modules ]]; then
    local tree=lib/modules/$release path
    local -a names
    read -ra names <<< "$modules"
    for path in $(module_closure "$cache/modules/$tree" "${names[@]}"); do
      install -D -m 644 "$cache/modules/$tree/$path" "$stage/$tree/$path"
    done
    cp "$cache/modules/$tree"/modules.{order,builtin,builtin.modinfo} "$stage/$tree/"
    depmod -b "$stage" "$release"
    rm "$stage/$tree"/modules.{order,builtin,builtin.modinfo} "$stage/$tree"/modules.*.bin
    install -m 755 -t "$stage/etc/tv" "$sources/load-ide" "$sources/load-virtio"
  fi
  find "$stage" -exec touch --no-dereference --date=@0 {} +
  (cd "$stage" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
    cpio --quiet --null --create --format=newc --reproducible --owner=0:0) | gzip -n -9 > "$image.new"
  mv "$image.new" "$image"
  rm -rf "$stage"
  printf '%s\n' "$stamp" > "$image.stamp"
}
