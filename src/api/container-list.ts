// GET /containers/json: which containers, by filters. Docker Engine API, ContainerList.
import type { Container } from '../engine/container.js';
import { hasNetworks } from '../engine/endpoints.js';
import type { Engine } from '../engine/engine.js';
import { sizesOf } from '../engine/disk-usage.js';
import { InvalidParameter } from '../engine/errors.js';
import { booleanOf, checkFilters, checkValues, type Filters, matchesLabels, parseFilters } from '../engine/filters.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';
import { flagOf, json, numberOf } from './answers.js';
import { summary } from './container-views.js';

const STATES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const KNOWN = [
  'id',
  'isolation',
  'name',
  'label',
  'status',
  'exited',
  'ancestor',
  'volume',
  'network',
  'before',
  'since',
  'health',
  'is-task',
  'publish',
  'expose',
];

export async function listContainers(engine: Engine, request: HttpRequest): Promise<HttpAnswer> {
  const filters = parseFilters(request.query.get('filters'));
  checkFilters(filters, KNOWN);
  if (booleanOf(filters, 'is-task')) return json([]);
  checkValues(filters, 'status', STATES);
  checkValues(filters, 'health', ['none', 'starting', 'healthy', 'unhealthy']);
  for (const code of filters.get('exited') ?? [])
    if (!/^-?\d{1,10}$/.test(code)) throw new InvalidParameter(`invalid filter 'exited=${code}'`);
  const limit = numberOf(request, 'limit') ?? 0;
  const all = flagOf(request, 'all') || limit > 0 || filters.has('status') || filters.has('exited');
  const names = new Map((await engine.images.list()).map((image) => [image.id as string, image.tags]));
  const ancestors = await Promise.all(
    (filters.get('ancestor') ?? []).map((name) =>
      engine.images.find(name).then(
        ({ id }) => id as string,
        () => '',
      ),
    ),
  );
  const found = [...engine.containers.values()]
    .sort((a, b) => b.created - a.created)
    .filter(
      (container) =>
        (all || container.running || container.restarting) && passes(engine, container, filters, ancestors),
    );
  const shownOnes = found.slice(0, limit > 0 ? limit : undefined);
  const sizes = flagOf(request, 'size') ? new Map<string, object>() : undefined;
  if (sizes) for (const container of shownOnes) sizes.set(container.id, await sizesOf(engine, container));
  return json(
    shownOnes.map((container) => {
      const { Image } = container.config;
      // an image that has lost the name is shown by its id
      const known = names.get(container.imageId);
      const shown = known?.length === 0 && !container.imageId.includes(Image) ? container.imageId : Image;
      return { ...summary(engine, container, shown), ...sizes?.get(container.id) };
    }),
  );
}

function passes(engine: Engine, container: Container, filters: Filters, ancestors: readonly string[]): boolean {
  const any = (name: string, test: (value: string) => boolean): boolean =>
    !filters.has(name) || filters.get(name)!.some(test);
  const networks = hasNetworks(container.host.NetworkMode)
    ? container.endpoints.map(({ network }) => network)
    : [container.host.NetworkMode];
  return (
    any('id', (value) => container.id.startsWith(value)) &&
    any('name', (value) => nameMatches(container.name, value)) &&
    matchesLabels(filters.get('label'), container.config.Labels) &&
    any('status', (value) => container.status === value) &&
    any('exited', (value) => container.status === 'exited' && String(container.exitCode) === value) &&
    any('isolation', (value) => value === 'default' || value === '') &&
    (!(filters.has('publish') || filters.has('expose')) || hasPort(container, filters)) &&
    any('health', (value) => (container.health?.status ?? 'none') === value) &&
    any('ancestor', () => ancestors.includes(container.imageId)) &&
    any('volume', (value) =>
      container.mounts.some(({ Name, Destination }) => Name === value || Destination === value),
    ) &&
    any('network', (value) => networks.includes(engine.networks.nameOf(value))) &&
    any('before', (value) => container.created < engine.container(value).created) &&
    any('since', (value) => container.created > engine.container(value).created)
  );
}

/** Is a port of the host one of `publish`, or one of its own one of `expose`? Both as 80, 80/udp or 8000-8010/tcp. */
function hasPort({ ports, config }: Container, filters: Filters): boolean {
  const among = (name: string, port: number, protocol: string): boolean =>
    (filters.get(name) ?? []).some((value) => {
      const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(\w+))?$/.exec(value);
      if (!match) throw new InvalidParameter(`invalid filter '${name}=${value}'`);
      const [, first, last = first, of = 'tcp'] = match;
      return of === protocol && port >= Number(first) && port <= Number(last);
    });
  const exposed = Object.keys(config.ExposedPorts ?? {}).map((text) => text.split('/'));
  return (
    ports.some(({ hostPort, protocol }) => among('publish', hostPort, protocol)) ||
    ports.some(({ port, protocol }) => among('expose', port, protocol)) ||
    exposed.some(([port, protocol = 'tcp']) => among('expose', Number(port), protocol))
  );
}

/** A part of the name, or an expression with ^ and $. */
function nameMatches(name: string, filter: string): boolean {
  const from = filter.startsWith('^');
  const to = filter.endsWith('$');
  const text = filter.slice(from ? 1 : 0, to ? -1 : undefined).replace(/^\//, '');
  if (from && to) return name === text;
  return from ? name.startsWith(text) : to ? name.endsWith(text) : name.includes(text);
}
