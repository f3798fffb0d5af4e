// How a sandbox's process begins: in the network namespace that is its container's, and in a mount namespace whose root is the container's,
// so that engines that enter it find the container's files there and not the host's, as podman's cp does. The process itself has its root
// below that one. man 1 unshare, nsenter; man 8 mount; man 2 setns; OCI runtime-spec, config.md, "Mounts".
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../base/errors.js';
import type { MountSpec } from '../../base/runtime-spec.js';
import { type Bundle, isBind } from './bundle.js';

/** man 7 capabilities; Linux include/uapi/linux/capability.h. */
const CAP_SYS_ADMIN = 21;
/** argv: the root, a file of mounts, the command. */
const BEGIN = 'mount -n --all --fstab "$2" && mount -n --rbind "$1" / && shift 2 && exec "$@"';

/** What the command has before it. `network`: as place.ts has it. `table`: a file that is ours. Throws InputError. */
export function entry({ rootfs, spec }: Bundle, network: string | undefined, table: string): string[] {
  const mounts = spec.mounts ?? [];
  if (!maySetUp()) {
    const overlay = mounts.find(isOverlay);
    if (overlay) throw new InputError(`mounting ${overlay.destination}: overlay: nobody but root may mount one`);
    if (network === undefined || network === 'new') return [];
    throw new InputError(`namespaces: network of ${network}: nobody but root may begin there`);
  }
  if (spawnSync('unshare', ['--version']).error)
    throw new InputError('unshare and nsenter are not there, by which a sandbox begins', 'They are in util-linux.');
  const isOfHost = (mount: MountSpec): boolean => isBind(mount) || isOverlay(mount);
  const inner = mounts.filter((mount) => !isOfHost(mount)).map(({ destination }) => `${destination}/`);
  // what lies in a filesystem of our kernel's can't be shown
  const shown = mounts.filter((one) => isOfHost(one) && !inner.some((place) => one.destination.startsWith(place)));
  const folders: Folder[] = [{ names: [], path: rootfs }];
  const lines = shown.flatMap((mount) => lineOf(rootfs, mount, folders));
  writeFileSync(table, lines.join(''), { mode: 0o600 });
  return [
    ...(network === undefined || network === 'new' ? [] : ['nsenter', `--net=${network}`, '--']),
    ...['unshare', '--mount', '--propagation', 'slave', ...(network === 'new' ? ['--net'] : []), '--'],
    ...['sh', '-c', BEGIN, 'sh', rootfs, table],
  ];
}

/** May we make namespaces? */
function maySetUp(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> BigInt(CAP_SYS_ADMIN)) & 1n) === 1n;
}

/** A folder of the host's that is at a place of the container's. */
interface Folder {
  names: readonly string[];
  path: string;
}

/** Options that are the overlay's own: the others are of its mount. */
const OVERLAY_OPTION =
  /^(lowerdir|upperdir|workdir|index|metacopy|redirect_dir|xino|nfs_export|uuid|verity)=|^(userxattr|volatile)$/;

export const isOverlay = ({ type }: MountSpec): boolean => type === 'overlay';

/** An overlay, which the host mounts: to the container it is a folder like another. */
export const shownOverlay = (rootfs: string, { destination, options = [] }: MountSpec): MountSpec => ({
  ...{ destination, type: 'bind', source: join(rootfs, destination) },
  options: ['rbind', ...options.filter((option) => !OVERLAY_OPTION.test(option))],
});

/**
 * A line of fstab(5) for what is of the host; none for what is no folder or file of it, or lies behind a link. `folders`: what is there so far,
 * the last counts; the new one is added.
 */
function lineOf(rootfs: string, mount: MountSpec, folders: Folder[]): string[] {
  const { source = '', destination, options = [] } = mount;
  const names = destination.split('/').filter((name) => name !== '' && name !== '.');
  const overlay = isOverlay(mount);
  if ((!overlay && !source.startsWith('/')) || names.length === 0 || names.includes('..')) return [];
  // where another one is mounted already, the place is in that
  const below = [...folders].reverse().find((folder) => folder.names.every((name, i) => name === names[i]))!;
  if (!isMadeReal(below.path, names.slice(below.names.length), overlay || isFolder(source))) return [];
  const place = join(rootfs, ...names);
  folders.push({ names, path: overlay ? place : source });
  const escaped = (path: string): string =>
    path.replace(/[\s\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
  if (!overlay) return [`${escaped(source)} ${escaped(place)} none rbind\n`];
  return [
    `overlay ${escaped(place)} overlay ${escaped(options.filter((one) => OVERLAY_OPTION.test(one)).join(','))}\n`,
  ];
}

const isFolder = (path: string): boolean | undefined => statSync(path, { throwIfNoEntry: false })?.isDirectory();

/** Makes the place where it is not there, as every runtime does. False: it is a link, or can't be made. */
function isMadeReal(base: string, names: readonly string[], folder: boolean | undefined): boolean {
  if (folder === undefined) return false;
  try {
    let at = base;
    for (const [i, name] of names.entries()) {
      at = join(at, name);
      const wantsFolder = folder || i < names.length - 1;
      const there = lstatSync(at, { throwIfNoEntry: false });
      if (there && (there.isSymbolicLink() || there.isDirectory() !== wantsFolder)) return false;
      if (!there && wantsFolder) mkdirSync(at, { mode: 0o755 });
      else if (!there) writeFileSync(at, '', { flag: 'wx', mode: 0o644 });
    }
    return true;
  } catch {
    return false;
  }
}
