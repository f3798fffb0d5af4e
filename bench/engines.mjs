// The engines that run the same guest: how each is started, and its version.
// qemu-system-i386(1); engines/v86-process.mjs; `tabvisor vm run --help`.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const jsonOf = (path) => JSON.parse(readFileSync(at(path), 'utf8'));

function v86(translate) {
  return {
    version: () => `${jsonOf('../node_modules/v86/package.json').version}, Node ${process.version}`,
    command: (guest) => [process.execPath, at('engines/v86-process.mjs'), JSON.stringify({ ...guest, translate })],
  };
}

function tabvisor(mode) {
  return {
    title: `tabvisor, ${mode}`,
    version: () => `${jsonOf('../package.json').version}, Node ${process.version}`,
    command: (guest) => [process.execPath, at('../bin/tabvisor.mjs'), ...tabvisorArguments({ ...guest, mode })],
  };
}

export const ENGINES = {
  tabvisor: tabvisor('hw'),
  'tabvisor-full': tabvisor('full'),
  'tabvisor-para': tabvisor('para'),
  v86: { title: 'v86', ...v86(true) },
  'v86-nojit': { title: 'v86, translator off', ...v86(false) },
  qemu: {
    title: 'QEMU TCG',
    version: () => execFileSync('qemu-system-i386', ['--version'], { encoding: 'utf8' }).match(/version (\S+)/)[1],
    command: ({ kernel, initrd, append, memory }) => [
      ...[
        'qemu-system-i386',
        '-accel',
        'tcg',
        '-m',
        `${memory}`,
        '-nodefaults',
        '-display',
        'none',
        '-serial',
        'stdio',
      ],
      ...['-no-reboot', '-kernel', kernel, '-initrd', initrd, '-append', append],
    ],
  },
};

/** Those that `--peers` compares when it is not told. */
export const PEERS = Object.keys(ENGINES).filter((name) => name !== 'tabvisor-para');

export function tabvisorArguments({ kernel, initrd, append, memory, mode = 'full', clock = 'real' }) {
  return [
    ...['vm', 'run', '--mode', mode, '--kernel', kernel, '--initrd', initrd, '--append', append],
    ...['--memory', `${memory}M`, '--clock', clock],
  ];
}

/** The guest that scripts/provision has laid out. Throws when it has not been run. */
export function provisionedGuest() {
  const manifest = at('../.cache/guest/manifest.json');
  if (!existsSync(manifest)) throw new Error('no guest kernel: run scripts/provision first');
  const { kernel, busybox, initramfs, initramfsVirtio, initramfsIde, bios, vgabios, kernelRelease } = JSON.parse(
    readFileSync(manifest, 'utf8'),
  );
  return {
    kernelRelease,
    kernel: at(`../${kernel}`),
    busybox: at(`../${busybox}`),
    initrd: at(`../${initramfs}`),
    virtio: at(`../${initramfsVirtio}`),
    ide: at(`../${initramfsIde}`),
    bios: at(`../${bios}`),
    vgabios: at(`../${vgabios}`),
  };
}

/** The Debian root that scripts/provision has laid out. Throws when it has not been run. */
export function provisionedRoot() {
  const root = at('../.cache/guest/debian');
  if (!existsSync(root)) throw new Error('no Debian root: run scripts/provision first');
  return root;
}
