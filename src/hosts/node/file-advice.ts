// What to do about a file that the host does not open: one sentence, by what the file was for and why it failed.
// Ours; errno(3).
import { existsSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Where what is missing can come from, by the option that names it. */
const SOURCES: Record<string, (path: string) => string> = {
  bios: () => 'Debian’s package seabios has /usr/share/seabios/bios-256k.bin.',
  vgabios: () => 'Debian’s package seabios has /usr/share/seabios/vgabios-stdvga.bin.',
  netrom: () => 'Debian’s package ipxe-qemu has /usr/lib/ipxe/qemu/pxe-ne2k_pci.rom and pxe-virtio.rom.',
  disk: (path) => `An empty disk is made by: truncate -s 1G ${path}`,
  floppy: (path) => `An empty disk is made by: mformat -C -f 1440 -i ${path} ::`,
  share: (path) => `A folder is made by: mkdir ${path}`,
  snapshot: () => 'Snapshots are written by --snapshot-on and by Ctrl-A w.',
};

/** Of a file that must be there. `what`: its option, without the dashes; `writes`: it was to be written, too. */
export function adviceToOpen(what: string, path: string, error: unknown, writes = false): string {
  const from = isAbsolute(path) ? '' : `, which counts from ${process.cwd()}`;
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return [`Check the path${from}.`, SOURCES[what]?.(path)].filter(Boolean).join(' ');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ETXTBSY':
      return writes
        ? 'Give ,ro or ,snapshot after the name when it need not be written.'
        : 'Make it readable for you: ls -l says for whom it is.';
    case 'EISDIR':
      return 'Give a file; a folder of the host is shared by --share TAG=FOLDER.';
    default:
      return 'Check the path.';
  }
}

/** Of a file that is made, or written anew. */
export function adviceToWrite(path: string, error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      if (existsSync(dirname(path))) return 'Choose a path where there can be files.';
      return `Make its folder first: mkdir -p ${dirname(path)}`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'Choose a path where you may write.';
    case 'EISDIR':
      return 'Give the name of a file, in that folder or elsewhere.';
    case 'ENOSPC':
      return 'Make room on that disk, or choose a path on another.';
    default:
      return 'Choose another path.';
  }
}
