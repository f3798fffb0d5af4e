// Routes of networks. Docker Engine API, "Networks".
import { formatAddress } from '../net/address.js';
import { parseEndpoint } from '../engine/endpoints.js';
import type { Engine } from '../engine/engine.js';
import { NotFound } from '../engine/errors.js';
import {
  booleanOf,
  checkFilters,
  checkValues,
  matchesLabels,
  parseFilters,
  type Filters,
  untilOf,
} from '../engine/filters.js';
import { shownPool } from '../engine/ipam.js';
import { Members } from '../engine/json-members.js';
import { isPredefined, type Network } from '../engine/networks.js';
import { readJson } from '../http/body.js';
import type { HttpRequest } from '../http/message.js';
import type { Router } from '../http/router.js';
import { dateOf, json, nothing } from './answers.js';

function shown(engine: Engine, network: Network) {
  const { id, name, driver, internal, attachable, ipv6, labels, options, created, pools, seats } = network;
  const containers = [...seats].map(([container, { id: endpoint, address, address6, station }]) => [
    container,
    {
      Name: engine.containers.get(container)?.name ?? '',
      EndpointID: endpoint,
      MacAddress: station,
      IPv4Address: `${formatAddress(address)}/${pools[0]!.bits}`,
      IPv6Address: address6 === undefined ? '' : `${formatAddress(address6)}/${pools[1]!.bits}`,
    },
  ]);
  return {
    ...{ Name: name, Id: id, Created: dateOf(created), Scope: 'local', Driver: driver, EnableIPv4: true },
    EnableIPv6: ipv6,
    IPAM: { Driver: 'default', Config: pools.map(shownPool) },
    ...{ Internal: internal, Attachable: attachable, Ingress: false, ConfigFrom: { Network: '' }, ConfigOnly: false },
    Containers: Object.fromEntries(containers),
    Options: options,
    Labels: labels,
  };
}

function passes(network: Network, filters: Filters): boolean {
  const any = (name: string, test: (value: string) => boolean): boolean => filters.get(name)?.some(test) ?? true;
  const isDangling = !isPredefined(network) && network.seats.size === 0;
  const dangling = booleanOf(filters, 'dangling');
  return (
    any('name', (value) => network.name.includes(value)) &&
    any('id', (value) => network.id.startsWith(value)) &&
    any('driver', (value) => network.driver === value) &&
    any('scope', (value) => value === 'local') &&
    any('type', (value) => (value === 'builtin') === isPredefined(network)) &&
    (dangling === undefined || dangling === isDangling) &&
    matchesLabels(filters.get('label'), network.labels) &&
    !(filters.has('label!') && matchesLabels(filters.get('label!'), network.labels))
  );
}

export function networkRoutes(router: Router, engine: Engine): void {
  const { networks } = engine;
  router.add('GET', '/networks', async (request) => {
    const filters = parseFilters(request.query.get('filters'));
    checkFilters(filters, ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']);
    checkValues(filters, 'type', ['builtin', 'custom']);
    const found = networks.list().filter((network) => passes(network, filters));
    return json(found.map((network) => shown(engine, network)));
  });
  router.add('POST', '/networks/create', async (request) => {
    const { id } = await networks.create(await readJson(request));
    return json({ Id: id, Warning: '' }, 201);
  });
  router.add('POST', '/networks/prune', async (request) => json({ NetworksDeleted: await prune(engine, request) }));
  router.add('GET', '/networks/{id}', async (_request, { id }) => json(shown(engine, networks.find(id!))));
  router.add('DELETE', '/networks/{id}', async (_request, { id }) => {
    await networks.remove(networks.find(id!));
    return nothing();
  });
  router.add('POST', '/networks/{id}/connect', async (request, { id }) => {
    const body = new Members(await readJson(request), 'the request');
    const network = networks.find(id!);
    const container = engine.container(body.text('Container'));
    await container.connect(parseEndpoint(network.name, body.members('EndpointConfig')));
    return nothing(200);
  });
  router.add('POST', '/networks/{id}/disconnect', async (request, { id }) => {
    const body = new Members(await readJson(request), 'the request');
    const network = networks.find(id!);
    try {
      await engine.container(body.text('Container')).disconnect(network);
    } catch (error) {
      // by force even one that is there no more
      if (!(error instanceof NotFound) || !body.flag('Force')) throw error;
    }
    return nothing(200);
  });
}

async function prune({ networks, events, host }: Engine, request: HttpRequest): Promise<string[]> {
  const filters = parseFilters(request.query.get('filters'));
  checkFilters(filters, ['label', 'label!', 'until']);
  const until = untilOf(filters, host.date());
  const deleted: string[] = [];
  for (const network of networks.list()) {
    if (isPredefined(network) || network.seats.size > 0 || !passes(network, filters)) continue;
    if (until !== undefined && network.created > until) continue;
    await networks.remove(network);
    deleted.push(network.name);
  }
  events.tell('network', 'prune', '', { reclaimed: '0' });
  return deleted;
}
