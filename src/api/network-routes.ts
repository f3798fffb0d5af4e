// Routes of networks. Docker Engine API, "Networks".
import { formatAddress } from '../net/address.js';
import type { Engine } from '../engine/engine.js';
import { checkFilters, matchesLabels, parseFilters } from '../engine/filters.js';
import { gatewayOf, type Network, textOf } from '../engine/networks.js';
import { readJson } from '../http/body.js';
import type { Router } from '../http/router.js';
import { dateOf, json, nothing } from './answers.js';

function shown(engine: Engine, { id, name, driver, internal, labels, created, subnet, endpoints }: Network) {
  const containers = [...endpoints].map(([container, address]) => [
    container,
    {
      Name: engine.containers.get(container)?.name ?? '',
      EndpointID: container,
      MacAddress: '',
      IPv4Address: `${formatAddress(address)}/${subnet!.bits}`,
      IPv6Address: '',
    },
  ]);
  return {
    ...{ Name: name, Id: id, Created: dateOf(created), Scope: 'local', Driver: driver, EnableIPv4: true },
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Config: subnet ? [{ Subnet: textOf(subnet), Gateway: gatewayOf(subnet) }] : [],
    },
    ...{ Internal: internal, Attachable: false, Ingress: false, ConfigFrom: { Network: '' }, ConfigOnly: false },
    Containers: Object.fromEntries(containers),
    Options: {},
    Labels: labels,
  };
}

export function networkRoutes(router: Router, engine: Engine): void {
  const { networks } = engine;
  router.add('GET', '/networks', async (request) => {
    const filters = parseFilters(request.query.get('filters'));
    checkFilters(filters, ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']);
    const any = (name: string, test: (value: string) => boolean): boolean => filters.get(name)?.some(test) ?? true;
    const isOwn = ({ name }: Network): boolean => !['bridge', 'host', 'none'].includes(name);
    const found = networks
      .list()
      .filter(
        (network) =>
          any('name', (value) => network.name.includes(value)) &&
          any('id', (value) => network.id.startsWith(value)) &&
          any('driver', (value) => network.driver === value) &&
          any('scope', (value) => value === 'local') &&
          any('type', (value) => (value === 'custom') === isOwn(network)) &&
          any(
            'dangling',
            (value) => ['true', '1'].includes(value) === (isOwn(network) && network.endpoints.size === 0),
          ) &&
          matchesLabels(filters.get('label'), network.labels),
      );
    return json(found.map((network) => shown(engine, network)));
  });
  router.add('POST', '/networks/create', async (request) => {
    const { id } = networks.create(await readJson(request));
    return json({ Id: id, Warning: '' }, 201);
  });
  router.add('POST', '/networks/prune', async (request) => {
    const filters = parseFilters(request.query.get('filters'));
    const deleted: string[] = [];
    for (const network of networks.list()) {
      const used = [...engine.containers.values()].some(({ endpoints }) =>
        endpoints.some((one) => one.network === network.name),
      );
      if (['bridge', 'host', 'none'].includes(network.name) || used) continue;
      if (!matchesLabels(filters.get('label'), network.labels)) continue;
      await networks.remove(network);
      deleted.push(network.name);
    }
    return json({ NetworksDeleted: deleted });
  });
  router.add('GET', '/networks/{id}', async (_request, { id }) => json(shown(engine, networks.find(id!))));
  router.add('DELETE', '/networks/{id}', async (_request, { id }) => {
    await networks.remove(networks.find(id!));
    return nothing();
  });
}
