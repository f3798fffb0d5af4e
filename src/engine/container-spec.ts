// From what a client asked for and what its image says to a config.json.
// OCI runtime-spec 1.2; Docker docs, "Runtime options with Memory, CPUs, and GPUs", "Security configuration".
import type {
  IdMappings,
  MountSpec,
  NamespaceType,
  ProcessSpec,
  RuntimeSpec,
  SeccompSpec,
} from '../base/runtime-spec.js';
import type { ContainerConfig, HostConfig } from './container-config.js';
import { capabilitiesOf, DEFAULT_PATH, MASKED_PATHS, READONLY_PATHS } from './container-defaults.js';
import { devicesOf } from './devices.js';
import { InvalidParameter } from './errors.js';
import { resourcesOf } from './resources.js';
import { defaultProfile } from './seccomp-default.js';

/** A place in the container and what is there. */
export interface MountPoint {
  Type: 'bind' | 'volume' | 'tmpfs' | 'image';
  Name?: string;
  Source: string;
  Destination: string;
  RW: boolean;
  /** Options of a tmpfs, or of a bind besides. */
  options?: string[];
  /** Of an image: what it is called, and its layers, the lowest first. Its source is a volume of the node's for this container. */
  image?: { name: string; layers: string[] };
}

export interface SpecRequest {
  id: string;
  config: ContainerConfig;
  host: HostConfig;
  args: string[];
  mounts: readonly MountPoint[];
  /** Namespaces that other containers lend: /proc/PID/ns/TYPE. */
  joined: Partial<Record<NamespaceType, string>>;
  /** Its users on the node; undefined: they are the node's. */
  owners?: IdMappings;
}

/** Throws InvalidParameter. */
export function specOf({ id, config, host, args, mounts, joined, owners }: SpecRequest): RuntimeSpec {
  const capabilities = capabilitiesOf(host);
  const options = new Set(host.SecurityOpt ?? []);
  const { nodes, rules } = devicesOf(host.Devices, host.DeviceCgroupRules);
  const open = host.Privileged || options.has('systempaths=unconfined');
  return {
    ociVersion: '1.2.0',
    process: {
      terminal: config.Tty,
      user: { username: config.User || '0', additionalGroups: host.GroupAdd ?? [] },
      args,
      env: environmentOf(config.Hostname, config.Tty, config.Env),
      cwd: config.WorkingDir || '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      ...boundsOf(host),
      oomScoreAdj: host.OomScoreAdj,
    },
    root: { readonly: host.ReadonlyRootfs },
    ...(host.UTSMode !== 'host' && { hostname: config.Hostname, domainname: config.Domainname || undefined }),
    mounts: [...standardMounts(host), ...mounts.map(mountOf)],
    annotations: host.Annotations,
    linux: {
      cgroupsPath: `${host.CgroupParent || 'docker'}/${id}`,
      namespaces: namespacesOf(host, joined, owners),
      ...(joined.user === undefined && owners),
      devices: nodes,
      resources: { ...resourcesOf(host), devices: host.Privileged ? [{ allow: true, access: 'rwm' }] : rules },
      sysctl: { ...sysctlsOf(host), ...host.Sysctls },
      seccomp: host.Privileged || options.has('seccomp=unconfined') ? undefined : profileOf(options, capabilities),
      maskedPaths: open ? [] : (host.MaskedPaths ?? MASKED_PATHS),
      readonlyPaths: open ? [] : (host.ReadonlyPaths ?? READONLY_PATHS),
    },
  };
}

const unlimited = (value: number): number => (value < 0 ? 2 ** 63 : value);

/** What every program finds comes first; what is said of it, in `said` and the later of two, counts in its place. */
export function environmentOf(hostname: string, tty: boolean, said: readonly string[]): string[] {
  const found = new Map([
    ['PATH', DEFAULT_PATH],
    ['HOSTNAME', hostname],
  ]);
  if (tty) found.set('TERM', 'xterm');
  for (const entry of said) {
    const at = entry.indexOf('=');
    // a name alone takes away what the image says of it, which has been done
    if (at >= 0) found.set(entry.slice(0, at), entry.slice(at + 1));
  }
  return [...found].map(([name, value]) => `${name}=${value}`);
}

function profileOf(options: ReadonlySet<string>, capabilities: readonly string[]): SeccompSpec {
  for (const option of options) {
    if (!option.startsWith('seccomp=') || option === 'seccomp=builtin') continue;
    try {
      return JSON.parse(option.slice('seccomp='.length));
    } catch (error) {
      throw new InvalidParameter('Decoding seccomp profile failed: it is no JSON', { cause: error });
    }
  }
  return defaultProfile(capabilities);
}

/** In a network of its own every user may ping, and may have the ports below 1024. */
function sysctlsOf({ NetworkMode }: HostConfig): Record<string, string> {
  if (NetworkMode === 'host' || NetworkMode.startsWith('container:')) return {};
  return { 'net.ipv4.ping_group_range': '0 2147483647', 'net.ipv4.ip_unprivileged_port_start': '0' };
}

type Namespaces = NonNullable<NonNullable<RuntimeSpec['linux']>['namespaces']>;

function namespacesOf(host: HostConfig, joined: SpecRequest['joined'], owners: IdMappings | undefined): Namespaces {
  const types: NamespaceType[] = ['mount'];
  if (host.PidMode !== 'host') types.push('pid');
  if (host.IpcMode !== 'host') types.push('ipc');
  if (host.UTSMode !== 'host') types.push('uts');
  if (host.NetworkMode !== 'host') types.push('network');
  if (host.CgroupnsMode !== 'host') types.push('cgroup');
  if (owners || joined.user !== undefined) types.push('user');
  return types.map((type) => ({ type, ...(joined[type] !== undefined && { path: joined[type] }) }));
}

function standardMounts({ Privileged, ShmSize, IpcMode, SecurityOpt }: HostConfig): MountSpec[] {
  const safe = ['nosuid', 'noexec', 'nodev'];
  const shown = Privileged ? safe : [...safe, 'ro'];
  const ownGroups = (SecurityOpt ?? []).some((option) => /^writable-cgroups(=true)?$/.test(option));
  const mount = (destination: string, type: string, source: string, options: string[]): MountSpec => ({
    destination,
    type,
    source,
    options,
  });
  return [
    mount('/proc', 'proc', 'proc', safe),
    mount('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    mount('/dev/pts', 'devpts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
    mount('/sys', 'sysfs', 'sysfs', shown),
    mount('/sys/fs/cgroup', 'cgroup', 'cgroup', ownGroups ? safe : shown),
    mount('/dev/mqueue', 'mqueue', 'mqueue', safe),
    ...(IpcMode === 'none' ? [] : [mount('/dev/shm', 'tmpfs', 'shm', [...safe, 'mode=1777', `size=${ShmSize}`])]),
  ];
}

/** What is in it is the node's to keep. */
export const isKept = ({ Source }: { Source: string }): boolean => !Source.startsWith('/');

/** As config.json has it. */
export function mountOf({ Type, Name, Source, Destination, RW, options }: MountPoint): MountSpec {
  if (Type === 'tmpfs') return { destination: Destination, type: 'tmpfs', source: 'tmpfs', options };
  // one of the local driver's can be a folder of the host
  const source = Type === 'volume' && isKept({ Source }) ? `volume:${Name}` : Source;
  return { destination: Destination, type: 'bind', source, options: ['rbind', RW ? 'rw' : 'ro', ...(options ?? [])] };
}

/** What is not asked for: servers raise the number of their files themselves, up to the hard limit. */
const ULIMITS = [{ Name: 'nofile', Soft: 1024, Hard: 65536 }];

/** What holds for every process of a container. */
export function boundsOf(host: HostConfig): Pick<ProcessSpec, 'rlimits' | 'noNewPrivileges'> {
  const options = host.SecurityOpt ?? [];
  const free = ULIMITS.filter(({ Name }) => host.Ulimits.every((one) => one.Name !== Name));
  return {
    rlimits: [...host.Ulimits, ...free].map(({ Name, Soft, Hard }) => ({
      type: `RLIMIT_${Name.toUpperCase()}`,
      soft: unlimited(Soft),
      hard: unlimited(Hard),
    })),
    noNewPrivileges: ['', ':true', '=true'].some((ending) => options.includes(`no-new-privileges${ending}`)),
  };
}
