// What a client wants mounted in a container, in its several forms, as one list: by destination, the later form wins.
// Docker docs, "Bind mounts", "Volumes", "tmpfs mounts".
import { MAKE_SOURCE, VOLUME_PATH } from '../base/runtime-spec.js';
import type { ContainerConfig, HostConfig, MountRequest } from './container-config.js';
import type { MountPoint } from './container-spec.js';
import { InvalidParameter } from './errors.js';
import { checkVolumeName } from './names.js';

const BIND_OPTIONS = new Set(
  'rw ro z Z rshared rslave rprivate shared slave private nocopy consistent cached delegated'.split(' '),
);

/** What is said of a volume where it is mounted, in case it is not there yet. */
export interface VolumeRequest {
  /** Undefined: a new one. */
  name?: string;
  labels?: Record<string, string>;
  options?: Record<string, string>;
}

export interface Lenders {
  /** Makes a volume if need be, and tells its name, and which folder of the host it is if it is one. Throws InvalidParameter. */
  volume(request: VolumeRequest): { name: string; folder?: string };
  /** An image that is here, as a volume of the node's of that name. Throws InvalidParameter. */
  image(reference: string): { name: string; layers: string[] };
  /** What another container has mounted. Throws NotFound. */
  mountsOf(container: string): readonly MountPoint[];
}

/** Throws EngineError. */
export function mountPointsOf(config: ContainerConfig, host: HostConfig, lenders: Lenders): MountPoint[] {
  const points = new Map<string, MountPoint>();
  const add = (point: MountPoint): void => {
    const destination = normalized(point.Destination);
    if (destination === '/') throw new InvalidParameter(`invalid volume specification: destination can't be '/'`);
    points.set(destination, { ...point, Destination: destination });
  };
  const named = (request: VolumeRequest, destination: string, writable: boolean, copies = true, path = ''): void => {
    const { name, folder: device } = lenders.volume(request);
    if (path !== '' && device !== undefined)
      throw new InvalidParameter(`volume-subpath: the volume is the folder ${device}: bind ${device}/${path}`);
    const options = path !== '' ? [`${VOLUME_PATH}${path}`] : copies ? undefined : ['nocopy'];
    const Source = device ?? `volume:${name}`;
    add({ Type: 'volume', Name: name, Source, Destination: destination, RW: writable, options });
  };
  const folder = (source: string, destination: string, writable: boolean, isMade: boolean): void => {
    const options = isMade ? [MAKE_SOURCE] : undefined;
    add({ Type: 'bind', Source: normalized(source), Destination: destination, RW: writable, options });
  };
  checkDriver(host.VolumeDriver);
  for (const other of host.VolumesFrom ?? []) {
    const [container = '', mode = '', ...more] = other.split(':');
    if (more.length > 0 || !mode.split(',').every((option) => option === '' || BIND_OPTIONS.has(option)))
      throw new InvalidParameter(`invalid mode: ${[mode, ...more].join(':')}`);
    for (const mount of lenders.mountsOf(container))
      if (mount.Type !== 'tmpfs') add({ ...mount, RW: mount.RW && !mode.split(',').includes('ro') });
  }
  for (const bind of host.Binds ?? []) {
    const [source, destination, options = '', ...more] = bind.split(':');
    if (!source || !destination?.startsWith('/') || more.length > 0)
      throw new InvalidParameter(`invalid volume specification: '${bind}'`);
    for (const option of options.split(',').filter(Boolean))
      if (!BIND_OPTIONS.has(option)) throw new InvalidParameter(`invalid mode: ${options}`);
    const writable = !options.split(',').includes('ro');
    if (source.startsWith('/'))
      // the old way makes folders, the new one does not unless it is told
      folder(source, destination, writable, true);
    else named({ name: checkVolumeName(source) }, destination, writable, !options.split(',').includes('nocopy'));
  }
  for (const mount of host.Mounts) {
    checkAbsolute(mount.Target, mount.Type);
    if (mount.Type === 'bind') {
      if (mount.Source === '')
        throw new InvalidParameter('invalid mount config for type "bind": field Source must not be empty');
      checkAbsolute(mount.Source, 'bind');
      folder(mount.Source, mount.Target, !mount.ReadOnly, mount.BindOptions?.CreateMountpoint ?? false);
    } else if (mount.Type === 'volume') {
      const { NoCopy, Labels, Driver = '', DriverOpts, Subpath = '' } = mount.VolumeOptions ?? {};
      checkDriver(Driver);
      const name = mount.Source ? checkVolumeName(mount.Source) : undefined;
      const request = { name, labels: Labels, options: DriverOpts };
      if (Subpath !== '' && name === undefined)
        throw new InvalidParameter(
          'invalid mount config for type "volume": must not set Subpath when using anonymous volumes',
        );
      named(request, mount.Target, !mount.ReadOnly, !NoCopy, partOf(Subpath, 'volume'));
    } else if (mount.Type === 'tmpfs') {
      if (mount.Source !== '')
        throw new InvalidParameter('invalid mount config for type "tmpfs": field Source must not be specified');
      add(tmpfs(mount.Target, optionsOf(mount)));
    } else if (mount.Type === 'image') {
      if (mount.Source === '')
        throw new InvalidParameter('invalid mount config for type "image": field Source must not be empty');
      const { name, layers } = lenders.image(mount.Source);
      const path = partOf(mount.ImageOptions?.Subpath ?? '', 'image');
      const options = ['nocopy', ...(path === '' ? [] : [`${VOLUME_PATH}${path}`])];
      const image = { name: mount.Source, layers };
      add({ Type: 'image', Source: `volume:${name}`, Destination: mount.Target, RW: false, options, image });
    } else if (mount.Type === 'cluster')
      throw new InvalidParameter('mounts of type cluster are not supported here: use a volume or a bind');
    else throw new InvalidParameter(`mount type unknown: ${mount.Type}`);
  }
  for (const [destination, options] of Object.entries(host.Tmpfs)) {
    checkAbsolute(destination, 'tmpfs');
    const given = options.split(',').filter(Boolean);
    add(tmpfs(destination, ['nosuid', 'nodev', 'noexec', ...given.map(checkTmpfsOption)]));
  }
  for (const destination of Object.keys(config.Volumes ?? {})) {
    checkAbsolute(destination, 'volume');
    if (!points.has(normalized(destination))) named({}, destination, true);
  }
  // what lies above is mounted first
  return [...points.values()].sort((a, b) => depth(a) - depth(b));
}

/** What of a volume or an image is mounted. Throws InvalidParameter. */
function partOf(path: string, type: string): string {
  if (path.startsWith('/') || path.split('/').includes('..') || path.includes('\0'))
    throw new InvalidParameter(
      `invalid mount config for type "${type}": subpath must be a relative path within the ${type}`,
    );
  return normalized(path).slice(1);
}

/** There is one driver of volumes. Throws InvalidParameter. */
export function checkDriver(driver: string): void {
  if (driver !== '' && driver !== 'local')
    throw new InvalidParameter(`error looking up volume plugin ${driver}: plugin "${driver}" not found`);
}

/** The folder of the host that a volume of the local driver is by its options, if it is one. Throws InvalidParameter. */
export function folderOf(options: Readonly<Record<string, string>>): string | undefined {
  for (const name of Object.keys(options))
    if (!['type', 'device', 'o'].includes(name)) throw new InvalidParameter(`invalid option: "${name}"`);
  const { type = '', device = '', o = '' } = options;
  if (Object.keys(options).length === 0) return undefined;
  if (!o.split(',').some((option) => option === 'bind' || option === 'rbind') || !['', 'none', 'bind'].includes(type))
    throw new InvalidParameter(
      `a volume of type "${type}" can't be mounted here: one is the node's own, or a folder by type=none, o=bind and device`,
    );
  checkAbsolute(device, 'volume');
  return normalized(device);
}

function checkAbsolute(path: string, type: string): void {
  if (!path.startsWith('/'))
    throw new InvalidParameter(
      `invalid mount config for type "${type}": invalid mount path: '${path}' mount path must be absolute`,
    );
}

const FLAGS =
  'exec noexec suid nosuid dev nodev ro rw atime noatime diratime nodiratime relatime norelatime strictatime';
const TMPFS_FLAGS = new Set([...FLAGS.split(' '), ...'defaults async sync dirsync mand nomand'.split(' ')]);
const TMPFS_VALUES: Readonly<Record<string, RegExp>> = {
  size: /^\d{1,15}[kmgKMG%]?$/,
  nr_blocks: /^\d{1,15}[kmgKMG]?$/,
  nr_inodes: /^\d{1,15}[kmgKMG]?$/,
  mode: /^[0-7]{1,4}$/,
  uid: /^\d{1,10}$/,
  gid: /^\d{1,10}$/,
};

function checkTmpfsOption(option: string): string {
  const [name = '', value] = option.split('=');
  const isKnown = value === undefined ? TMPFS_FLAGS.has(name) : Object.hasOwn(TMPFS_VALUES, name);
  if (!isKnown || (value !== undefined && !TMPFS_VALUES[name]!.test(value)))
    throw new InvalidParameter(`invalid tmpfs option "${option}"`);
  return option;
}

const depth = ({ Destination }: MountPoint): number => Destination.split('/').length;
const tmpfs = (Destination: string, options: string[]): MountPoint => ({
  Type: 'tmpfs',
  Source: '',
  Destination,
  RW: true,
  options,
});

function optionsOf({ TmpfsOptions, ReadOnly }: MountRequest): string[] {
  return [
    'nosuid',
    'nodev',
    'noexec',
    ...(ReadOnly ? ['ro'] : []),
    ...(TmpfsOptions?.SizeBytes ? [`size=${TmpfsOptions.SizeBytes}`] : []),
    `mode=${(TmpfsOptions?.Mode ?? 0o1777).toString(8)}`,
    ...(TmpfsOptions?.Options ?? []).map(checkTmpfsOption),
  ];
}

/** Without '.', '..' and slashes that say nothing. */
function normalized(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..') names.pop();
    else names.push(name);
  }
  return `/${names.join('/')}`;
}
