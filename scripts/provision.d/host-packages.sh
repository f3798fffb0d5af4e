# The tools that run on this machine: compilers, the QEMU oracle, makers of disk and CD images.
# Source: Debian's packages, installed by apt-get.

HOST_PACKAGES=(
  nasm gcc-multilib            # guests of our own
  qemu-system-x86 qemu-utils   # the oracle, and its disk images
  qemu-user                    # qemu-i386, beside our own kernel
  acpica-tools                 # iasl, reads our ACPI tables
  cpio kmod xz-utils           # the initramfs
  zstd                         # layers of images
  e2fsprogs mtools             # disk images
  syslinux syslinux-common isolinux grub-pc-bin grub-common # boot loaders as Debian ships them
  xorriso                      # CD images
  ipxe ipxe-qemu               # boots over the network: as a kernel, as a card's ROM
  chromium fonts-dejavu-core   # the page
  mmdebstrap                   # a Debian root
  podman conmon crun           # an engine that runs our OCI runtime
  containerd                   # another such engine
  tcpdump                      # reads our captures
  runc containernetworking-plugins iptables # with which podman runs containers natively, beside our engine
)

APT=(apt-get -q -y -o DPkg::Lock::Timeout=300)

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null) == installed ]]; }

missing_host_packages() {
  local package
  for package in "${HOST_PACKAGES[@]}"; do installed "$package" || printf '%s\n' "$package"; done
}

# Says why apt cannot be used here, if it cannot.
require_apt() {
  command -v apt-get dpkg-query > /dev/null ||
    die "needs Debian's apt-get to get $1" 'run it on Debian 12, or in a container: docker run -v "$PWD:/work" -w /work node:20-bookworm scripts/provision'
  [[ $(dpkg --print-architecture) == amd64 ]] ||
    die "needs an amd64 Debian to get $1, this is $(dpkg --print-architecture)" 'run it on an amd64 machine and copy .cache/guest here'
  [[ $(id -u) == 0 ]] || die "needs root to get $1" 'sudo scripts/provision'
}

# Package lists are fetched once a run, and only when something is missing.
lists_fresh=
refresh_lists() {
  [[ -z $lists_fresh ]] || return 0
  dpkg --print-foreign-architectures | grep -qx i386 || dpkg --add-architecture i386
  say 'refreshing the package lists'
  "${APT[@]}" update > "$cache/apt.log" 2>&1 ||
    say "some package lists could not be refreshed (see $cache/apt.log); going on with what is there"
  lists_fresh=yes
}

install_host_packages() {
  local missing
  mapfile -t missing < <(missing_host_packages)
  [[ ${#missing[@]} -gt 0 ]] || { say 'host packages: all installed'; return 0; }
  require_apt "${missing[*]}"
  refresh_lists
  say "installing ${missing[*]}"
  DEBIAN_FRONTEND=noninteractive "${APT[@]}" install --no-install-recommends "${missing[@]}" \
    < /dev/null >> "$cache/apt.log" 2>&1 || {
    tail -n 5 "$cache/apt.log" >&2
    die 'apt-get install failed, the end of its log is above' "read $cache/apt.log, mend it, and run scripts/provision again"
  }
}
