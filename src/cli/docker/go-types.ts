// The records that Docker's client makes of an engine's JSON: which members there are in which order, what each is where the engine leaves it
// out, and whether JSON leaves it out again. Templates see them so. Docker Engine API, ContainerInspect, ImageInspect, NetworkInspect.
import { Nil, struct } from './template/print.js';

/** By the letter of a member's kind: a text, a whole number, a truth, a list, a map, a pointer. */
const EMPTY = {
  ...{ s: '', i: 0, b: false },
  ...{ l: new Nil('[]'), m: new Nil('map[]'), p: new Nil('<nil>') },
} as const;

/** Members as NAME:KIND, with ? when JSON has it only where there is something, and =RECORD of what it is, or has. */
const RECORDS = {
  container: `Id:s Created:s Path:s Args:l State:p=State Image:s ResolvConfPath:s HostnamePath:s HostsPath:s LogPath:s Name:s RestartCount:i
    Driver:s Platform:s MountLabel:s ProcessLabel:s AppArmorProfile:s ExecIDs:l HostConfig:p=HostConfig GraphDriver:p=GraphDriver
    ImageManifestDescriptor:p? SizeRw:p? SizeRootFs:p? Mounts:l=Mount Config:p=Config NetworkSettings:p=NetworkSettings`,
  State: `Status:s Running:b Paused:b Restarting:b OOMKilled:b Dead:b Pid:i ExitCode:i Error:s StartedAt:s FinishedAt:s Health:p?=Health`,
  Health: `Status:s FailingStreak:i Log:l`,
  GraphDriver: `Data:m Name:s`,
  Mount: `Type:s? Name:s? Source:s Destination:s Driver:s? Mode:s RW:b Propagation:s`,
  Config: `Hostname:s Domainname:s User:s AttachStdin:b AttachStdout:b AttachStderr:b ExposedPorts:m? Tty:b OpenStdin:b StdinOnce:b Env:l
    Cmd:l Healthcheck:p?=Healthcheck ArgsEscaped:b? Image:s Volumes:m WorkingDir:s Entrypoint:l NetworkDisabled:b? MacAddress:s? OnBuild:l
    Labels:m StopSignal:s? StopTimeout:p? Shell:l?`,
  Healthcheck: `Test:l? Interval:i? Timeout:i? StartPeriod:i? StartInterval:i? Retries:i?`,
  HostConfig: `Binds:l ContainerIDFile:s LogConfig:p=LogConfig NetworkMode:s PortBindings:m=Binding RestartPolicy:p=RestartPolicy AutoRemove:b
    VolumeDriver:s VolumesFrom:l ConsoleSize:l Annotations:m? CapAdd:l CapDrop:l CgroupnsMode:s Dns:l DnsOptions:l DnsSearch:l ExtraHosts:l
    GroupAdd:l IpcMode:s Cgroup:s Links:l OomScoreAdj:i PidMode:s Privileged:b PublishAllPorts:b ReadonlyRootfs:b SecurityOpt:l
    StorageOpt:m? Tmpfs:m? UTSMode:s UsernsMode:s ShmSize:i Sysctls:m? Runtime:s? Isolation:s CpuShares:i Memory:i NanoCpus:i
    CgroupParent:s BlkioWeight:i BlkioWeightDevice:l BlkioDeviceReadBps:l BlkioDeviceWriteBps:l BlkioDeviceReadIOps:l
    BlkioDeviceWriteIOps:l CpuPeriod:i CpuQuota:i CpuRealtimePeriod:i CpuRealtimeRuntime:i CpusetCpus:s CpusetMems:s Devices:l
    DeviceCgroupRules:l DeviceRequests:l KernelMemory:i? KernelMemoryTCP:i? MemoryReservation:i MemorySwap:i MemorySwappiness:p
    OomKillDisable:p PidsLimit:p Ulimits:l CpuCount:i CpuPercent:i IOMaximumIOps:i IOMaximumBandwidth:i Mounts:l? MaskedPaths:l
    ReadonlyPaths:l Init:p?`,
  Binding: `HostIp:s HostPort:s`,
  LogConfig: `Type:s Config:m`,
  RestartPolicy: `Name:s MaximumRetryCount:i`,
  NetworkSettings: `Bridge:s SandboxID:s SandboxKey:s Ports:m=Binding HairpinMode:b LinkLocalIPv6Address:s LinkLocalIPv6PrefixLen:i
    SecondaryIPAddresses:l SecondaryIPv6Addresses:l EndpointID:s Gateway:s GlobalIPv6Address:s GlobalIPv6PrefixLen:i IPAddress:s
    IPPrefixLen:i IPv6Gateway:s MacAddress:s Networks:m=Endpoint`,
  Endpoint: `IPAMConfig:p Links:l Aliases:l MacAddress:s DriverOpts:m GwPriority:i NetworkID:s EndpointID:s Gateway:s IPAddress:s
    IPPrefixLen:i IPv6Gateway:s GlobalIPv6Address:s GlobalIPv6PrefixLen:i DNSNames:l`,
  image: `Id:s RepoTags:l RepoDigests:l Parent:s Comment:s Created:s? DockerVersion:s Author:s Config:p=ImageConfig Architecture:s Variant:s?
    Os:s OsVersion:s? Size:i VirtualSize:i? GraphDriver:p=GraphDriver RootFS:p=RootFS Metadata:m Descriptor:p? Manifests:l?`,
  ImageConfig: `User:s? ExposedPorts:m? Env:l? Entrypoint:l? Cmd:l? Volumes:m? WorkingDir:s? Labels:m? StopSignal:s? ArgsEscaped:b?
    Healthcheck:p?=Healthcheck OnBuild:l? Shell:l?`,
  RootFS: `Type:s? Layers:l?`,
  network: `Name:s Id:s Created:s Scope:s Driver:s EnableIPv4:b EnableIPv6:b IPAM:p=IPAM Internal:b Attachable:b Ingress:b
    ConfigFrom:p=ConfigFrom ConfigOnly:b Containers:m=NetworkPlace Options:m Labels:m Peers:l? Services:m?`,
  IPAM: `Driver:s Options:m Config:l=Subnet`,
  Subnet: `Subnet:s? IPRange:s? Gateway:s? AuxiliaryAddresses:m?`,
  ConfigFrom: `Network:s`,
  NetworkPlace: `Name:s EndpointID:s MacAddress:s IPv4Address:s IPv6Address:s`,
  volume: `ClusterVolume:p? CreatedAt:s? Driver:s Labels:m Mountpoint:s Name:s Options:m Scope:s Status:m? UsageData:p?`,
} as const;

type RecordName = keyof typeof RECORDS;

interface Member {
  name: string;
  kind: keyof typeof EMPTY;
  isOptional: boolean;
  of?: RecordName;
}

const membersOf = (record: RecordName): Member[] =>
  RECORDS[record].split(/\s+/).map((text) => {
    const [, name, kind, optional, of] = /^(\w+):(\w)(\??)(?:=(\w+))?$/.exec(text)!;
    return { name: name!, kind: kind as Member['kind'], isOptional: optional !== '', of: of as RecordName | undefined };
  });

const isEmpty = (value: unknown): boolean =>
  !value || value instanceof Nil || (typeof value === 'object' && Object.keys(value).length === 0);

/** As Docker's client has it; what it has no member for is left out. */
export function asGo(value: object, record: RecordName): object {
  const members = membersOf(record);
  const given = value as Record<string, unknown>;
  const made = Object.fromEntries(members.map((member) => [member.name, memberOf(given[member.name], member)]));
  const left = members.filter(({ name, isOptional }) => isOptional && isEmpty(made[name])).map(({ name }) => name);
  Object.defineProperty(made, 'toJSON', {
    value: () => Object.fromEntries(Object.entries(made).filter(([name]) => !left.includes(name))),
  });
  return struct(made, record);
}

function memberOf(value: unknown, { kind, of }: Member): unknown {
  if (value === null || value === undefined) return of && IS_WHOLE.has(of) ? asGo({}, of) : EMPTY[kind];
  if (!of || typeof value !== 'object') return value;
  return kind === 'm'
    ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, eachAs(one, of)]))
    : eachAs(value, of);
}

/** Of a list each. */
function eachAs(value: unknown, of: RecordName): unknown {
  if (value === null) return EMPTY.l;
  return Array.isArray(value) ? value.map((one) => eachAs(one, of)) : asGo(value as object, of);
}

/** Records that stand in others themselves, and are never absent. */
const IS_WHOLE: ReadonlySet<RecordName> = new Set(['LogConfig', 'RestartPolicy', 'IPAM', 'ConfigFrom', 'RootFS']);
