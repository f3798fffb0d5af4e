// Containers as the API shows them. Docker Engine API, definitions ContainerInspectResponse, ContainerSummary.
import { RUNTIME } from '../engine/container-config.js';
import { spanOf } from '../base/units.js';
import type { Container } from '../engine/container.js';
import type { Engine } from '../engine/engine.js';
import type { Health } from '../engine/health.js';
import { logOf } from '../engine/state-store.js';
import { type EndpointRequest, hasNetworks, type Place } from '../engine/endpoints.js';
import { dateOf, present } from './answers.js';

const SECOND = 1000;

/** What `docker ps` has under STATUS. */
function statusText(container: Container, now: number): string {
  const since = spanOf(now - container.startedAt);
  switch (container.status) {
    case 'running':
      return container.health ? `Up ${since} (${healthText(container.health)})` : `Up ${since}`;
    case 'paused':
      return `Up ${since} (Paused)`;
    case 'restarting':
      return `Restarting (${container.exitCode}) ${spanOf(now - container.finishedAt)} ago`;
    case 'exited':
      return `Exited (${container.exitCode}) ${spanOf(now - container.finishedAt)} ago`;
    case 'created':
      return 'Created';
    default:
      return 'Removal In Progress';
  }
}

const healthText = ({ status }: Health): string => (status === 'starting' ? 'health: starting' : status);

const healthOf = ({ status, failingStreak, log }: Health) => ({
  Status: status,
  FailingStreak: failingStreak,
  Log: log.map(({ start, end, exitCode, output }) => ({
    ...{ Start: dateOf(start), End: dateOf(end), ExitCode: exitCode, Output: output },
  })),
});

/** Exposed ports of one that runs, with the host's that lead to them. */
function portsOf({ config, ports, running }: Container) {
  const shown: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  if (!running) return shown;
  for (const port of Object.keys(config.ExposedPorts ?? {})) shown[port] = null;
  for (const { protocol, port, hostAddress, hostPort } of ports) {
    const name = `${port}/${protocol}`;
    shown[name] = [...(shown[name] ?? []), { HostIp: hostAddress, HostPort: String(hostPort) }];
  }
  return shown;
}

/** Places while it runs; what is asked of networks alone while it does not. */
function networksOf({ endpoints, places, host }: Container) {
  if (endpoints.length === 0 && !hasNetworks(host.NetworkMode))
    return host.NetworkMode.startsWith('container:') ? {} : { [host.NetworkMode]: endpointOf(undefined, undefined) };
  return Object.fromEntries(
    endpoints.map((asked) => [
      asked.network,
      endpointOf(
        asked,
        places.find((place) => place.network === asked.network),
      ),
    ]),
  );
}

const endpointOf = (asked: EndpointRequest | undefined, place: Place | undefined) => ({
  ...((asked?.address || asked?.address6) && {
    IPAMConfig: {
      ...(asked.address && { IPv4Address: asked.address }),
      ...(asked.address6 && { IPv6Address: asked.address6 }),
    },
  }),
  ...(asked && asked.links.length > 0 && { Links: asked.links }),
  ...(asked && asked.aliases.length > 0 && { Aliases: asked.aliases }),
  ...(place && place.names.length > 0 && { DNSNames: place.names }),
  MacAddress: place?.station ?? asked?.station ?? '',
  GwPriority: asked?.priority ?? 0,
  NetworkID: place?.id ?? '',
  EndpointID: place?.endpoint ?? '',
  Gateway: place?.gateway ?? '',
  IPAddress: place?.address ?? '',
  IPPrefixLen: place?.bits ?? 0,
  IPv6Gateway: place?.ipv6?.gateway ?? '',
  GlobalIPv6Address: place?.ipv6?.address ?? '',
  GlobalIPv6PrefixLen: place?.ipv6?.bits ?? 0,
});

function mountsOf({ mounts }: Container) {
  return mounts
    .filter(({ Type }) => Type !== 'tmpfs')
    .map(({ Type, Name, Source, Destination, RW, image }) => ({
      Type,
      ...(Type === 'volume' && { Name, Driver: 'local' }),
      Source: Type === 'volume' ? '' : (image?.name ?? Source),
      Destination,
      Mode: '',
      RW,
      Propagation: Type === 'bind' ? 'rprivate' : '',
    }));
}

function platformOf(container: Container) {
  const { config, host } = container;
  return {
    Config: present({
      ...config,
      // names without a value have done what they do
      Env: config.Env.filter((entry) => entry.includes('=')),
    }),
    HostConfig: present({
      ...{ ContainerIDFile: '', VolumeDriver: '', VolumesFrom: null, Cgroup: '', CgroupParent: '' },
      ...{ BlkioWeight: 0, BlkioWeightDevice: [], BlkioDeviceReadBps: [], BlkioDeviceWriteBps: [] },
      ...{
        BlkioDeviceReadIOps: [],
        BlkioDeviceWriteIOps: [],
        Devices: [],
        DeviceCgroupRules: null,
        DeviceRequests: null,
      },
      ...{
        CpuRealtimePeriod: 0,
        CpuRealtimeRuntime: 0,
        CpuCount: 0,
        CpuPercent: 0,
        IOMaximumIOps: 0,
        IOMaximumBandwidth: 0,
      },
      ...{ MemorySwappiness: null, OomKillDisable: null, ConsoleSize: [0, 0] },
      ...{ Isolation: '', Runtime: RUNTIME },
      ...host,
      Links: host.Links.length > 0 ? host.Links : null,
    }),
  };
}

/** GET /containers/X/json. */
export function inspection(container: Container, root: string) {
  const { id, args, status } = container;
  const networks = networksOf(container);
  const first = container.places.find(({ network }) => network === 'bridge');
  return {
    Id: id,
    Created: dateOf(container.created),
    Path: args[0] ?? '',
    Args: args.slice(1),
    State: {
      Status: status,
      Running: container.running || container.restarting,
      Paused: status === 'paused',
      Restarting: container.restarting,
      OOMKilled: container.oomKilled,
      Dead: false,
      Pid: container.pid,
      ExitCode: container.exitCode,
      Error: container.error,
      StartedAt: dateOf(container.startedAt),
      FinishedAt: dateOf(container.finishedAt),
      ...(container.health && { Health: healthOf(container.health) }),
    },
    Image: container.imageId,
    ResolvConfPath: '',
    HostnamePath: '',
    HostsPath: '',
    LogPath: container.host.LogConfig.Type === 'json-file' ? `${root}/${logOf(container.id)}` : '',
    Name: `/${container.name}`,
    RestartCount: container.restarts,
    Driver: 'overlay',
    Platform: container.wasi ? 'wasi' : 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ...(container.execIds.size > 0 && { ExecIDs: [...container.execIds] }),
    ...platformOf(container),
    GraphDriver: { Name: 'overlay', Data: {} },
    Mounts: mountsOf(container),
    NetworkSettings: {
      ...{ Bridge: '', SandboxID: '', SandboxKey: '', HairpinMode: false, LinkLocalIPv6Address: '' },
      ...{ LinkLocalIPv6PrefixLen: 0, SecondaryIPAddresses: null, SecondaryIPv6Addresses: null, EndpointID: '' },
      ...{
        Gateway: first?.gateway ?? '',
        GlobalIPv6Address: '',
        GlobalIPv6PrefixLen: 0,
        IPAddress: first?.address ?? '',
        IPPrefixLen: first?.bits ?? 0,
        IPv6Gateway: '',
      },
      MacAddress: first?.station ?? '',
      Ports: portsOf(container),
      Networks: networks,
    },
  };
}

function parsePort(text: string) {
  const [port, protocol = 'tcp'] = text.split('/');
  return { PrivatePort: Number(port), Type: protocol };
}

/** An item of GET /containers/json. */
export function summary(engine: Engine, container: Container, imageName: string) {
  const exposed = container.running ? Object.keys(container.config.ExposedPorts ?? {}) : [];
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: imageName,
    ImageID: container.imageId,
    Command: container.args.map((word, i) => (i > 0 && word.includes(' ') ? `'${word}'` : word)).join(' '),
    Created: Math.floor(container.created / SECOND),
    Ports: [
      ...container.ports.map(({ hostAddress, port, hostPort, protocol }) => ({
        ...{ IP: hostAddress, PrivatePort: port, PublicPort: hostPort, Type: protocol },
      })),
      ...exposed
        .map(parsePort)
        .filter(
          ({ PrivatePort, Type }) =>
            !container.ports.some(({ port, protocol }) => port === PrivatePort && protocol === Type),
        ),
    ],
    Labels: container.config.Labels,
    State: container.status,
    Status: statusText(container, engine.host.date()),
    HostConfig: { NetworkMode: container.host.NetworkMode },
    NetworkSettings: { Networks: networksOf(container) },
    Mounts: mountsOf(container),
  };
}
