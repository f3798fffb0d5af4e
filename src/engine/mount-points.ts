// What a client wants mounted in a container, in its several forms, as one list: by destination, the later form wins.
// Docker docs, "Bind mounts", "Volumes", "tmpfs mounts".
import { MAKE_SOURCE } from '../base/runtime-spec.js';
import type { ContainerConfig, HostConfig, MountRequest } from './container-config.js';
import type { MountPoint } from './container-spec.js';
import { InvalidParameter } from './errors.js';

const BIND_OPTIONS = new Set(
  'rw ro z Z rshared rslave rprivate shared slave private nocopy consistent cached delegated'.split(' '),
);
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** `volume`: makes one of that name, or without a name a new one, and tells its name. Throws InvalidParameter. */
export function mountPointsOf(
  config: ContainerConfig,
  host: HostConfig,
  volume: (name: string | undefined) => string,
): MountPoint[] {
  const points = new Map<string, MountPoint>();
  const add = (point: MountPoint): void => {
    const destination = normalized(point.Destination);
    if (destination === '/') throw new InvalidParameter(`invalid volume specification: destination can't be '/'`);
    points.set(destination, { ...point, Destination: destination });
  };
  const named = (name: string | undefined, destination: string, writable: boolean, copies = true): void => {
    const made = volume(name);
    const options = copies ? undefined : ['nocopy'];
    add({ Type: 'volume', Name: made, Source: `volume:${made}`, Destination: destination, RW: writable, options });
  };
  const folder = (source: string, destination: string, writable: boolean, isMade: boolean): void => {
    const options = isMade ? [MAKE_SOURCE] : undefined;
    add({ Type: 'bind', Source: normalized(source), Destination: destination, RW: writable, options });
  };
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
    else if (NAME.test(source)) named(source, destination, writable, !options.split(',').includes('nocopy'));
    else
      throw new InvalidParameter(`create ${source}: "${source}" includes invalid characters for a local volume name`);
  }
  for (const mount of host.Mounts) {
    if (!mount.Target.startsWith('/'))
      throw new InvalidParameter(`invalid mount target, must be an absolute path: ${mount.Target}`);
    if (mount.Type === 'bind') {
      if (!mount.Source.startsWith('/'))
        throw new InvalidParameter(
          `invalid mount config for type "bind": invalid mount path: '${mount.Source}' mount path must be absolute`,
        );
      folder(mount.Source, mount.Target, !mount.ReadOnly, mount.BindOptions?.CreateMountpoint ?? false);
    } else if (mount.Type === 'volume')
      named(mount.Source || undefined, mount.Target, !mount.ReadOnly, !mount.VolumeOptions?.NoCopy);
    else if (mount.Type === 'tmpfs') add(tmpfs(mount.Target, optionsOf(mount)));
    else throw new InvalidParameter(`mount type unknown: ${mount.Type}`);
  }
  for (const [destination, options] of Object.entries(host.Tmpfs))
    add(tmpfs(destination, ['nosuid', 'nodev', 'noexec', ...options.split(',').filter(Boolean)]));
  for (const destination of Object.keys(config.Volumes ?? {}))
    if (destination.startsWith('/') && !points.has(normalized(destination))) named(undefined, destination, true);
  // what lies above is mounted first
  return [...points.values()].sort((a, b) => depth(a) - depth(b));
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
