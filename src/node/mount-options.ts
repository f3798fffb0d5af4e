// Options of a mount in a config.json: which are flags, which say how it propagates, and which are the filesystem's own.
// OCI runtime-spec, config.md, "Linux mount options"; man 8 mount.
import { MAKE_SOURCE, VOLUME_PATH } from '../base/runtime-spec.js';
import * as M from '../kernel/abi/mount.js';
import { Refusal } from './refusal.js';

const SET: Readonly<Record<string, number>> = {
  ro: M.MS_RDONLY,
  nosuid: M.MS_NOSUID,
  nodev: M.MS_NODEV,
  noexec: M.MS_NOEXEC,
  noatime: M.MS_NOATIME,
  nodiratime: M.MS_NODIRATIME,
  relatime: M.MS_RELATIME,
  strictatime: M.MS_STRICTATIME,
  nosymfollow: M.MS_NOSYMFOLLOW,
};
const CLEAR: Readonly<Record<string, number>> = {
  rw: M.MS_RDONLY,
  suid: M.MS_NOSUID,
  dev: M.MS_NODEV,
  exec: M.MS_NOEXEC,
  atime: M.MS_NOATIME,
  diratime: M.MS_NODIRATIME,
  norelatime: M.MS_RELATIME,
  nostrictatime: M.MS_STRICTATIME,
  symfollow: M.MS_NOSYMFOLLOW,
};
const PROPAGATION: Readonly<Record<string, number>> = {
  private: M.MS_PRIVATE,
  shared: M.MS_SHARED,
  slave: M.MS_SLAVE,
  unbindable: M.MS_UNBINDABLE,
};
/** Of a bind of the host's folder there is nothing below it, and nothing to sync that is not; what else the kernel has none of. */
const WITHOUT_EFFECT = new Set([
  ...['defaults', 'async', 'sync', 'dirsync', 'silent', 'loud', 'z', 'Z'],
  ...['iversion', 'noiversion', 'lazytime', 'nolazytime', 'mand', 'nomand'],
]);
/** Ids of one mount that are others than those of its files. */
const MAPPED = ['idmap', 'ridmap'];

export const MOUNT_OPTIONS: readonly string[] = [
  ...['bind', 'rbind', 'tmpcopyup', ...Object.keys(PROPAGATION), ...Object.keys(PROPAGATION).map((name) => `r${name}`)],
  ...[...Object.keys(SET), ...Object.keys(CLEAR)].flatMap((name) => [name, `r${name}`]),
  ...[...WITHOUT_EFFECT].filter((name) => name.length > 1),
].sort();

export interface MountOptions {
  flags: number;
  bind: boolean;
  /** Of a volume: with nothing in it, it takes what the image has there. Not with `nocopy`. */
  copies: boolean;
  /** Of a folder of the host: it is made where it is not there. */
  makesSource: boolean;
  /** Of a volume: what of it is mounted. */
  path: string;
  /** A tmpfs begins with what is at its place. */
  copiesUp: boolean;
  propagation?: { type: number; recursive: boolean };
  /** What the filesystem is given. */
  data: string;
}

export function parseMountOptions(options: readonly string[]): MountOptions {
  const found: MountOptions = {
    ...{ flags: 0, bind: false, copies: true, makesSource: false, path: '', copiesUp: false, data: '' },
  };
  const data: string[] = [];
  for (const option of options) {
    // what is below a mount is nothing that has been there before it
    const below = option.startsWith('r') ? option.slice(1) : option;
    const recursive = below !== option && Object.hasOwn(PROPAGATION, below);
    const kind = recursive ? below : option;
    if (option === 'bind' || option === 'rbind') found.bind = true;
    else if (option === 'nocopy') found.copies = false;
    else if (option === MAKE_SOURCE) found.makesSource = true;
    else if (option.startsWith(VOLUME_PATH)) found.path = option.slice(VOLUME_PATH.length);
    else if (option === 'tmpcopyup') found.copiesUp = true;
    else if (MAPPED.includes(option.split('=')[0]!))
      throw new Refusal('invalid', `mount option ${option}: a mount has no ids of its own here`);
    else if (Object.hasOwn(SET, option)) found.flags |= SET[option]!;
    else if (Object.hasOwn(CLEAR, option)) found.flags &= ~CLEAR[option]!;
    else if (Object.hasOwn(SET, below)) found.flags |= SET[below]!;
    else if (Object.hasOwn(CLEAR, below)) found.flags &= ~CLEAR[below]!;
    else if (Object.hasOwn(PROPAGATION, kind)) found.propagation = { type: PROPAGATION[kind]!, recursive };
    else if (!WITHOUT_EFFECT.has(option)) data.push(option);
  }
  found.data = data.join(',');
  return found;
}
