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
  if (!maySetUp()) {
    if (network === undefined || network === 'new') return [];
    throw new InputError(`namespaces: network of ${network}: nobody but root may begin there`);
  }
  if (spawnSync('unshare', ['--version']).error)
    throw new InputError('unshare and nsenter are not there, by which a sandbox begins', 'They are in util-linux.');
  const mounts = spec.mounts ?? [];
  const inner = mounts.filter((mount) => !isBind(mount)).map(({ destination }) => `${destination}/`);
  // what lies in a filesystem of our kernel's can't be shown
  const shown = mounts.filter((one) => isBind(one) && !inner.some((place) => one.destination.startsWith(place)));
  const lines = shown.flatMap((mount) => bindLine(rootfs, mount));
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

/** A line of fstab(5) for what is bound; none for what is no folder or file of the host, or lies behind a link of the root's. */
function bindLine(rootfs: string, { source, destination }: MountSpec): string[] {
  if (source === undefined || !source.startsWith('/')) return [];
  const names = destination.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..') || !isMadeReal(rootfs, names, source)) return [];
  const escaped = (path: string): string =>
    path.replace(/[\s\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return [`${escaped(source)} ${escaped(join(rootfs, ...names))} none rbind\n`];
}

/** Makes the place where it is not there, as every runtime does. False: it is a link, or can't be made. */
function isMadeReal(rootfs: string, names: readonly string[], source: string): boolean {
  try {
    const isFolder = statSync(source).isDirectory();
    let at = rootfs;
    for (const [i, name] of names.entries()) {
      at = join(at, name);
      const wantsFolder = isFolder || i < names.length - 1;
      const there = lstatSync(at, { throwIfNoEntry: false });
      if (there && (there.isSymbolicLink() || there.isDirectory() !== wantsFolder)) return false;
      if (!there && wantsFolder) mkdirSync(at, { mode: 0o755 });
      else if (!there) writeFileSync(at, '', { flag: 'wx', mode: 0o644 });
    }
    return names.length > 0;
  } catch {
    return false;
  }
}
