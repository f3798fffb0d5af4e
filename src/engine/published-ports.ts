// Ports of the host that lead to a container's. Docker docs, "Port publishing and mapping"; Engine API, definition PortMap.
import type { PublishedPort } from '../runtime/node-client.js';
import type { ContainerConfig, HostConfig } from './container-config.js';
import { InvalidParameter } from './errors.js';

const PORT_MAX = 65_535;

/** Nobody but this host, unless somebody says so. */
const LOOPBACK = '127.0.0.1';

/** The ports that are asked for: bindings, and with -P all that are exposed. `address`: of the host. Throws InvalidParameter. */
export function portsOf(
  { host, config }: { host: HostConfig; config: ContainerConfig },
  address = LOOPBACK,
): PublishedPort[] {
  const ports = Object.entries(host.PortBindings).flatMap(([port, bindings]) =>
    bindings.map(({ HostIp, HostPort }) => parsePort(port, HostIp || address, HostPort)),
  );
  const exposed = host.PublishAllPorts ? Object.keys(config.ExposedPorts ?? {}) : [];
  const others = exposed.filter((port) => !(port in host.PortBindings));
  return [...ports, ...others.map((port) => parsePort(port, address, ''))];
}

/** `text`: as 80/tcp; `hostPort`: one, the first and the last of which one is to be had, or none: the host chooses. */
function parsePort(text: string, address: string, hostPort: string): PublishedPort {
  const match = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  const range = /^(\d{1,5})?(?:-(\d{1,5}))?$/.exec(hostPort);
  const [port, first, last] = [Number(match?.[1]), Number(range?.[1] ?? 0), Number(range?.[2] ?? range?.[1] ?? 0)];
  if (!match || !range || port < 1 || Math.max(port, first, last) > PORT_MAX || last < first)
    throw new InvalidParameter(`invalid port specification: "${hostPort}:${text}"`);
  return {
    ...{ protocol: match[2] === 'udp' ? 'udp' : 'tcp', port, hostPort: first },
    hostAddress: address,
    ...(last > first && { lastHostPort: last }),
  };
}
