// Options of a mount in a config.json: which are flags, which say how it propagates, and which are the filesystem's own.
// OCI runtime-spec, config.md, "Linux mount options"; man 8 mount.
import { MAKE_SOURCE, VOLUME_PATH } from '../base/runtime-spec.js';
import * as M from '../kernel/abi/mount.js';

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
};
const PROPAGATION: Readonly<Record<string, number>> = {
  private: M.MS_PRIVATE,
  shared: M.MS_SHARED,
  slave: M.MS_SLAVE,
  unbindable: M.MS_UNBINDABLE,
};
/** Of a bind of the host's folder there is nothing below it, and nothing to sync that is not. */
const WITHOUT_EFFECT = new Set(['defaults', 'async', 'sync', 'dirsync', 'silent', 'loud', 'z', 'Z']);

export interface MountOptions {
  flags: number;
  bind: boolean;
  /** Of a volume: with nothing in it, it takes what the image has there. Not with `nocopy`. */
  copies: boolean;
  /** Of a folder of the host: it is made where it is not there. */
  makesSource: boolean;
  /** Of a volume: what of it is mounted. */
  path: string;
  propagation?: { type: number; recursive: boolean };
  /** What the filesystem is given. */
  data: string;
}

export function parseMountOptions(options: readonly string[]): MountOptions {
  const found: MountOptions = { flags: 0, bind: false, copies: true, makesSource: false, path: '', data: '' };
  const data: string[] = [];
  for (const option of options) {
    const recursive = option.startsWith('r') && Object.hasOwn(PROPAGATION, option.slice(1));
    const kind = recursive ? option.slice(1) : option;
    if (option === 'bind' || option === 'rbind') found.bind = true;
    else if (option === 'nocopy') found.copies = false;
    else if (option === MAKE_SOURCE) found.makesSource = true;
    else if (option.startsWith(VOLUME_PATH)) found.path = option.slice(VOLUME_PATH.length);
    else if (Object.hasOwn(SET, option)) found.flags |= SET[option]!;
    else if (Object.hasOwn(CLEAR, option)) found.flags &= ~CLEAR[option]!;
    else if (Object.hasOwn(PROPAGATION, kind)) found.propagation = { type: PROPAGATION[kind]!, recursive };
    else if (!WITHOUT_EFFECT.has(option)) data.push(option);
  }
  found.data = data.join(',');
  return found;
}
