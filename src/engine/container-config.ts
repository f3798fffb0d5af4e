// What a client asks of a container: Docker's Config and HostConfig, as far as we honour them.
// Docker Engine API, definitions ContainerConfig, HostConfig, Resources.
import { type BlockIo, parseBlockIo } from './block-io.js';
import { type DeviceMapping, parseDevices } from './devices.js';
import { type HealthConfig, parseHealth } from './health.js';
import { InvalidParameter } from './errors.js';
import { Members } from './json-members.js';
import type { RestartPolicy } from './restart-policy.js';

export interface ContainerConfig {
  Hostname: string;
  Domainname: string;
  User: string;
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  ExposedPorts?: Record<string, object>;
  Tty: boolean;
  OpenStdin: boolean;
  StdinOnce: boolean;
  Env: string[];
  Cmd: string[] | null;
  Entrypoint: string[] | null;
  Image: string;
  Labels: Record<string, string>;
  Volumes: Record<string, object> | null;
  WorkingDir: string;
  StopSignal?: string;
  StopTimeout?: number;
  Healthcheck?: HealthConfig;
  /** What lines of commands are given to. */
  Shell?: string[];
}

export interface MountRequest {
  Type: string;
  Source: string;
  Target: string;
  ReadOnly: boolean;
  TmpfsOptions?: { SizeBytes?: number; Mode?: number; Options: string[] };
  VolumeOptions?: {
    NoCopy: boolean;
    Labels: Record<string, string>;
    Driver: string;
    DriverOpts: Record<string, string>;
    /** A folder or a file of it, instead of all. */
    Subpath: string;
  };
  ImageOptions?: { Subpath: string };
  BindOptions?: { CreateMountpoint: boolean };
}

export interface Resources extends BlockIo {
  Memory: number;
  MemoryReservation: number;
  MemorySwap: number;
  NanoCpus: number;
  CpuShares: number;
  CpuPeriod: number;
  CpuQuota: number;
  CpuRealtimePeriod: number;
  CpuRealtimeRuntime: number;
  CpusetCpus: string;
  CpusetMems: string;
  KernelMemory: number;
  MemorySwappiness: number | null;
  OomKillDisable: boolean | null;
  PidsLimit: number | null;
}

export interface HostConfig extends Resources {
  Devices: DeviceMapping[];
  DeviceCgroupRules: string[];
  /** Above its own group. */
  CgroupParent: string;
  Binds: string[] | null;
  /** As NAME, or NAME:ro. */
  VolumesFrom: string[] | null;
  VolumeDriver: string;
  Mounts: MountRequest[];
  Tmpfs: Record<string, string>;
  NetworkMode: string;
  PidMode: string;
  IpcMode: string;
  UTSMode: string;
  UsernsMode: string;
  CgroupnsMode: string;
  PortBindings: Record<string, { HostIp: string; HostPort: string }[]>;
  PublishAllPorts: boolean;
  RestartPolicy: RestartPolicy;
  AutoRemove: boolean;
  Privileged: boolean;
  ReadonlyRootfs: boolean;
  CapAdd: string[] | null;
  CapDrop: string[] | null;
  SecurityOpt: string[] | null;
  Sysctls: Record<string, string>;
  ShmSize: number;
  Ulimits: { Name: string; Soft: number; Hard: number }[];
  OomScoreAdj: number;
  ExtraHosts: string[] | null;
  Dns: string[];
  DnsSearch: string[];
  DnsOptions: string[];
  /** As name:alias. */
  Links: string[];
  GroupAdd: string[] | null;
  Init: boolean | null;
  Annotations: Record<string, string>;
  LogConfig: { Type: string; Config: Record<string, string> };
  MaskedPaths?: string[];
  ReadonlyPaths?: string[];
}

export function parseConfig(body: unknown): ContainerConfig {
  const config = new Members(body, 'the config');
  const Healthcheck = parseHealth(config);
  return {
    Hostname: config.text('Hostname'),
    Domainname: config.text('Domainname'),
    User: config.text('User'),
    AttachStdin: config.flag('AttachStdin'),
    AttachStdout: config.flag('AttachStdout'),
    AttachStderr: config.flag('AttachStderr'),
    ...(config.has('ExposedPorts') && { ExposedPorts: config.set('ExposedPorts')! }),
    Tty: config.flag('Tty'),
    OpenStdin: config.flag('OpenStdin'),
    StdinOnce: config.flag('StdinOnce'),
    Env: config.texts('Env') ?? [],
    Cmd: config.texts('Cmd'),
    Entrypoint: config.texts('Entrypoint'),
    Image: config.text('Image'),
    Labels: config.map('Labels'),
    Volumes: config.set('Volumes'),
    WorkingDir: config.text('WorkingDir'),
    ...(config.has('StopSignal') && { StopSignal: config.text('StopSignal') }),
    ...(config.has('StopTimeout') && { StopTimeout: config.number('StopTimeout') }),
    ...(Healthcheck && { Healthcheck }),
    ...(config.has('Shell') && { Shell: config.texts('Shell')! }),
  };
}

export function parseResources(host: Members): Resources {
  return {
    Memory: host.number('Memory'),
    MemoryReservation: host.number('MemoryReservation'),
    MemorySwap: host.number('MemorySwap'),
    NanoCpus: host.number('NanoCpus'),
    CpuShares: host.number('CpuShares'),
    CpuPeriod: host.number('CpuPeriod'),
    CpuQuota: host.number('CpuQuota'),
    CpuRealtimePeriod: host.number('CpuRealtimePeriod'),
    CpuRealtimeRuntime: host.number('CpuRealtimeRuntime'),
    CpusetCpus: host.text('CpusetCpus'),
    CpusetMems: host.text('CpusetMems'),
    KernelMemory: host.number('KernelMemory'),
    // clients of docker say so that they ask for none
    MemorySwappiness: host.number('MemorySwappiness', -1) === -1 ? null : host.number('MemorySwappiness'),
    OomKillDisable: host.has('OomKillDisable') ? host.flag('OomKillDisable') : null,
    PidsLimit: host.optionalNumber('PidsLimit') ?? null,
    ...parseBlockIo(host),
  };
}

/** A folder of the host has nothing mounted below it: they all mean the same. */
const PROPAGATIONS = /^(|r?(private|shared|slave))$/;

function parseMount(item: unknown): MountRequest {
  const mount = new Members(item, 'HostConfig.Mounts');
  const [tmpfs, volume, bind] = [
    mount.members('TmpfsOptions'),
    mount.members('VolumeOptions'),
    mount.members('BindOptions'),
  ];
  const driver = volume.members('DriverConfig');
  if (!PROPAGATIONS.test(bind.text('Propagation')))
    throw new InvalidParameter(
      `invalid mount config for type "bind": invalid propagation mode: ${bind.text('Propagation')}`,
    );
  return {
    Type: mount.text('Type'),
    Source: mount.text('Source'),
    Target: mount.text('Target'),
    ReadOnly: mount.flag('ReadOnly'),
    ...(mount.has('VolumeOptions') && {
      VolumeOptions: {
        NoCopy: volume.flag('NoCopy'),
        Labels: volume.map('Labels'),
        Driver: driver.text('Name'),
        DriverOpts: driver.map('Options'),
        Subpath: volume.text('Subpath'),
      },
    }),
    ...(mount.has('ImageOptions') && { ImageOptions: { Subpath: mount.members('ImageOptions').text('Subpath') } }),
    ...(mount.has('BindOptions') && { BindOptions: { CreateMountpoint: bind.flag('CreateMountpoint') } }),
    ...(mount.has('TmpfsOptions') && {
      TmpfsOptions: {
        SizeBytes: tmpfs.optionalNumber('SizeBytes'),
        Mode: tmpfs.optionalNumber('Mode'),
        // each a list of a name, and perhaps its value
        Options: tmpfs.list('Options').map((option) => (Array.isArray(option) ? option.join('=') : '')),
      },
    }),
  };
}

function parsePorts(host: Members): HostConfig['PortBindings'] {
  const bindings = (port: string, list: unknown) =>
    (Array.isArray(list) ? list : []).map((item) => {
      const binding = new Members(item, `HostConfig.PortBindings.${port}`);
      return { HostIp: binding.text('HostIp'), HostPort: binding.text('HostPort') };
    });
  return Object.fromEntries(host.entries('PortBindings').map(([port, list]) => [port, bindings(port, list)]));
}

/** The one runtime that there is. */
export const RUNTIME = 'tabvisor';

/** Of a host of Linux's the default is the bridge. */
const networkMode = (given: string): string => (given === '' || given === 'default' ? 'bridge' : given);

export function parseRestartPolicy(host: Members): RestartPolicy {
  const restart = host.members('RestartPolicy');
  return { Name: restart.text('Name') || 'no', MaximumRetryCount: restart.number('MaximumRetryCount') };
}

/** What a client may ask for and would miss: in Docker's words. Throws InvalidParameter. */
function refuseWhatIsNotHere(host: Members): void {
  const runtime = host.text('Runtime');
  if (runtime !== '' && runtime !== RUNTIME) throw new InvalidParameter(`unknown or invalid runtime name: ${runtime}`);
  const isolation = host.text('Isolation');
  if (isolation !== '' && isolation !== 'default')
    throw new InvalidParameter(`invalid isolation '${isolation}' on linux`);
  if (host.entries('StorageOpt').length > 0)
    throw new InvalidParameter("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  for (const item of host.list('DeviceRequests')) {
    const request = new Members(item, 'HostConfig.DeviceRequests');
    const wanted = request.list('Capabilities').map((names) => (Array.isArray(names) ? `[${names.join(' ')}]` : ''));
    throw new InvalidParameter(
      `could not select device driver "${request.text('Driver')}" with capabilities: [${wanted.join(' ')}]`,
    );
  }
}

export function parseHostConfig(host: Members): HostConfig {
  refuseWhatIsNotHere(host);
  const log = host.members('LogConfig');
  return {
    ...parseResources(host),
    Devices: parseDevices(host),
    DeviceCgroupRules: host.texts('DeviceCgroupRules') ?? [],
    CgroupParent: host.text('CgroupParent'),
    Binds: host.texts('Binds'),
    VolumesFrom: host.texts('VolumesFrom'),
    VolumeDriver: host.text('VolumeDriver'),
    Mounts: host.list('Mounts').map(parseMount),
    Tmpfs: host.map('Tmpfs'),
    NetworkMode: networkMode(host.text('NetworkMode')),
    PidMode: host.text('PidMode'),
    IpcMode: host.text('IpcMode') || 'private',
    UTSMode: host.text('UTSMode'),
    UsernsMode: host.text('UsernsMode'),
    CgroupnsMode: host.text('CgroupnsMode') || 'private',
    PortBindings: parsePorts(host),
    PublishAllPorts: host.flag('PublishAllPorts'),
    RestartPolicy: parseRestartPolicy(host),
    AutoRemove: host.flag('AutoRemove'),
    Privileged: host.flag('Privileged'),
    ReadonlyRootfs: host.flag('ReadonlyRootfs'),
    CapAdd: host.texts('CapAdd'),
    CapDrop: host.texts('CapDrop'),
    SecurityOpt: host.texts('SecurityOpt'),
    Sysctls: host.map('Sysctls'),
    ShmSize: host.number('ShmSize') || 64 << 20,
    Ulimits: host.list('Ulimits').map((item) => {
      const limit = new Members(item, 'HostConfig.Ulimits');
      return { Name: limit.text('Name'), Soft: limit.number('Soft'), Hard: limit.number('Hard') };
    }),
    OomScoreAdj: host.number('OomScoreAdj'),
    ExtraHosts: host.texts('ExtraHosts'),
    Dns: host.texts('Dns') ?? [],
    DnsSearch: host.texts('DnsSearch') ?? [],
    DnsOptions: host.texts('DnsOptions') ?? [],
    Links: host.texts('Links') ?? [],
    GroupAdd: host.texts('GroupAdd'),
    Init: host.has('Init') ? host.flag('Init') : null,
    Annotations: host.map('Annotations'),
    LogConfig: { Type: log.text('Type') || 'json-file', Config: log.map('Config') },
    ...(host.has('MaskedPaths') && { MaskedPaths: host.texts('MaskedPaths')! }),
    ...(host.has('ReadonlyPaths') && { ReadonlyPaths: host.texts('ReadonlyPaths')! }),
  };
}
