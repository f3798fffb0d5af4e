// /etc/hosts, /etc/hostname and /etc/resolv.conf of a container. man 5 hosts, resolv.conf; Docker docs, "Networking overview", "DNS services".
import { formatAddress } from '../net/address.js';
import { GATEWAY } from '../net/private-network.js';
import type { Container } from './container.js';
import { hasNetworks } from './endpoints.js';
import { InvalidParameter } from './errors.js';

/** Where a container asks for names: the node answers there. */
const RESOLVER = '127.0.0.11';

/** `named`: a container by its name. Throws EngineError. */
export function networkFiles(container: Container, named: (name: string) => Container) {
  const { config, host, places } = container;
  const own = config.Domainname ? `${config.Hostname}.${config.Domainname} ${config.Hostname}` : config.Hostname;
  const addresses = places.flatMap(({ address, ipv6 }) => (ipv6 ? [address, ipv6.address] : [address]));
  const hosts = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'ff00::\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    ...(host.ExtraHosts ?? []).map(extraHost),
    ...linkedHosts(container, named),
    ...(addresses.length > 0 ? addresses : ['127.0.1.1']).map((address) => `${address}\t${own}`),
  ];
  const servers = hasNetworks(host.NetworkMode) ? [RESOLVER] : host.Dns;
  const resolve = [
    ...servers.map((server) => `nameserver ${server}`),
    ...(host.DnsSearch.length > 0 ? [`search ${host.DnsSearch.join(' ')}`] : []),
    ...(host.DnsOptions.length > 0 ? [`options ${host.DnsOptions.join(' ')}`] : []),
  ];
  const lines = (all: string[]): string => all.map((line) => `${line}\n`).join('');
  return { '/etc/hosts': lines(hosts), '/etc/hostname': `${config.Hostname}\n`, '/etc/resolv.conf': lines(resolve) };
}

/** As name:address, or name=address; host-gateway is where the node reaches the host, as far as it may. */
function extraHost(entry: string): string {
  const at = entry.search(/[:=]/);
  const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  return `${address === 'host-gateway' ? formatAddress(GATEWAY) : address}\t${entry.slice(0, at)}`;
}

/** The old links, in the first network of all. */
function linkedHosts(container: Container, named: (name: string) => Container): string[] {
  if (!container.places.some(({ network }) => network === 'bridge')) return [];
  return container.host.Links.map((link) => {
    const [name = '', alias = name] = link.split(':').map((part) => part.split('/').pop()!);
    const other = named(name);
    const place = other.places.find(({ network }) => network === 'bridge');
    if (!place)
      throw new InvalidParameter(
        `Cannot link to a non running container: /${other.name} AS /${container.name}/${alias}`,
      );
    return `${place.address}\t${[...new Set([alias, other.config.Hostname, other.name])].join(' ')}`;
  });
}
