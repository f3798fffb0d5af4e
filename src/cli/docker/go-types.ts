// What an engine leaves out of its JSON because it is empty, as Docker's client has it in its records: templates may ask for it.
// Docker Engine API, ContainerInspect, ImageInspect.
import { Nil } from './template/print.js';

const LIST = new Nil('[]');
const MAP = new Nil('map[]');
const NONE = new Nil('<nil>');

const members = (value: unknown, names: string): Record<string, unknown> =>
  Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, value]),
  );

const CONFIG = {
  ...members('', 'Hostname Domainname User Image WorkingDir StopSignal MacAddress'),
  ...members(false, 'AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce NetworkDisabled ArgsEscaped'),
  ...members(LIST, 'Env Cmd Entrypoint OnBuild Shell'),
  ...members(MAP, 'ExposedPorts Labels Volumes'),
  ...members(NONE, 'Healthcheck StopTimeout'),
};

const HOST_CONFIG = {
  ...members(
    LIST,
    `Binds VolumesFrom Mounts CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts GroupAdd Links SecurityOpt MaskedPaths ReadonlyPaths
     BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps Devices DeviceCgroupRules
     DeviceRequests Ulimits`,
  ),
  ...members(MAP, 'PortBindings Annotations StorageOpt Tmpfs Sysctls'),
  ...members(
    '',
    'ContainerIDFile NetworkMode VolumeDriver CgroupnsMode IpcMode Cgroup PidMode UTSMode UsernsMode Runtime Isolation',
  ),
  ...members('', 'CgroupParent CpusetCpus CpusetMems'),
  ...members(
    0,
    `OomScoreAdj ShmSize CpuShares Memory NanoCpus BlkioWeight CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime KernelMemoryTCP
     MemoryReservation MemorySwap CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth`,
  ),
  ...members(false, 'AutoRemove Privileged PublishAllPorts ReadonlyRootfs'),
  ...members(NONE, 'Init PidsLimit OomKillDisable MemorySwappiness'),
};

const NETWORK_SETTINGS = {
  ...members(
    '',
    'Bridge SandboxID SandboxKey LinkLocalIPv6Address EndpointID Gateway GlobalIPv6Address IPAddress IPv6Gateway MacAddress',
  ),
  ...members(0, 'LinkLocalIPv6PrefixLen GlobalIPv6PrefixLen IPPrefixLen'),
  ...members(LIST, 'SecondaryIPAddresses SecondaryIPv6Addresses'),
  ...members(MAP, 'Ports Networks'),
};

/** By the member that they are. */
const RECORDS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  Config: CONFIG,
  HostConfig: HOST_CONFIG,
  NetworkSettings: NETWORK_SETTINGS,
};
const MAPS = new Set(['Labels', 'Volumes', 'Options', 'DriverOpts', ...Object.keys(NETWORK_SETTINGS)]);
const POINTERS = new Set(['Health', 'IPAMConfig', 'GraphDriver', 'ClusterInfo', 'UsageData', 'Status']);

/** As Docker's client has it. */
export function asGo(value: unknown, name = ''): unknown {
  if (value === null) return MAPS.has(name) ? MAP : POINTERS.has(name) ? NONE : LIST;
  if (Array.isArray(value)) return value.map((one) => (one === null ? null : asGo(one)));
  if (typeof value !== 'object') return value;
  const own = Object.entries(value as object).filter(([key, one]) => one !== null || !RECORDS[name]?.[key]);
  return { ...RECORDS[name], ...Object.fromEntries(own.map(([key, one]) => [key, asGo(one, key)])) };
}
