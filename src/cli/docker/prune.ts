// What nobody uses goes: container, image, network, volume and system prune. Docker docs, "docker system prune".
import { decimalSize } from '../../base/units.js';
import { type ApiClient, filtersOf } from './api-client.js';
import type { Call, DockerCommand } from './command.js';
import { Refused } from './complaint.js';
import { flag } from './flags.js';
import { host } from './host.js';

interface Pruned {
  title: string;
  lines: string[];
  bytes?: number;
}

type Prune = (api: ApiClient, filter: readonly string[], all: boolean, kept?: number) => Promise<Pruned>;

const containers: Prune = async (api, filter) => {
  const { ContainersDeleted, SpaceReclaimed } = await api.post('/containers/prune', { filters: filtersOf(filter) });
  return { title: 'Deleted Containers', lines: ContainersDeleted ?? [], bytes: SpaceReclaimed ?? 0 };
};
const networks: Prune = async (api, filter) => {
  const { NetworksDeleted } = await api.post('/networks/prune', { filters: filtersOf(filter) });
  return { title: 'Deleted Networks', lines: NetworksDeleted ?? [] };
};
const volumes: Prune = async (api, filter, all) => {
  const { VolumesDeleted, SpaceReclaimed } = await api.post('/volumes/prune', {
    filters: filtersOf(filter, all ? { all: ['true'] } : {}),
  });
  return { title: 'Deleted Volumes', lines: VolumesDeleted ?? [], bytes: SpaceReclaimed ?? 0 };
};
const images: Prune = async (api, filter, all) => {
  const { ImagesDeleted, SpaceReclaimed } = await api.post('/images/prune', {
    filters: filtersOf(filter, { dangling: [String(!all)] }),
  });
  const lines = ((ImagesDeleted ?? []) as { Untagged?: string; Deleted?: string }[]).map(({ Untagged, Deleted }) =>
    Untagged ? `untagged: ${Untagged}` : `deleted: ${Deleted}`,
  );
  return { title: 'Deleted Images', lines, bytes: SpaceReclaimed ?? 0 };
};

/** An engine may keep none. */
const caches: Prune = async (api, filter, all, kept) => {
  try {
    const { CachesDeleted, SpaceReclaimed } = await api.post('/build/prune', {
      ...{ all, filters: filtersOf(filter), 'keep-storage': kept },
    });
    return { title: 'Deleted build cache objects', lines: CachesDeleted ?? [], bytes: SpaceReclaimed ?? 0 };
  } catch (error) {
    if (!(error instanceof Refused) || error.http !== 404) throw error;
    return { title: '', lines: [], bytes: 0 };
  }
};

/** Asks a person. */
async function agreed({ values }: Call, warning: string): Promise<boolean> {
  if (values.is('force')) return true;
  const answer = await host.ask(`${warning}\nAre you sure you want to continue? [y/N] `, false);
  return /^y$/i.test(answer.trim());
}

async function prune(call: Call, warning: string, works: readonly (readonly [Prune, boolean])[]): Promise<void> {
  if (!(await agreed(call, `WARNING! ${warning}`))) return;
  const api = await call.engine();
  let bytes: number | undefined;
  for (const [work, all] of works) {
    const done = await work(api, call.values.list('filter'), all);
    if (done.bytes !== undefined) bytes = (bytes ?? 0) + done.bytes;
    if (done.lines.length > 0) host.stdout.write(`${done.title}:\n${done.lines.join('\n')}\n\n`);
  }
  if (bytes !== undefined) host.stdout.write(`Total reclaimed space: ${decimalSize(bytes, 4)}\n`);
}

const KEPT = flag('--keep-storage', 'bytes', 'so much of it stays');
const FORCE = flag('-f, --force', 'bool', 'without asking');
const FILTER = flag('--filter', 'filter', 'only some: until=, label=');
const ALL_IMAGES = flag('-a, --all', 'bool', 'all that no container uses, not only those without a name');

export const containerPruneCommand: DockerCommand = {
  ...{
    name: 'container prune',
    usage: '',
    what: 'Remove all containers that do not run',
    flags: [FILTER, FORCE],
    least: 0,
    most: 0,
  },
  run: (call) => prune(call, 'This will remove all stopped containers.', [[containers, false]]),
};
export const networkPruneCommand: DockerCommand = {
  ...{
    name: 'network prune',
    usage: '',
    what: 'Remove all networks that nobody uses',
    flags: [FILTER, FORCE],
    least: 0,
    most: 0,
  },
  run: (call) =>
    prune(call, 'This will remove all custom networks not used by at least one container.', [[networks, false]]),
};
export const volumePruneCommand: DockerCommand = {
  ...{ name: 'volume prune', usage: '', what: 'Remove volumes that nobody uses', least: 0, most: 0 },
  flags: [flag('-a, --all', 'bool', 'also those that have a name'), FILTER, FORCE],
  run: (call) => {
    const all = call.values.is('all');
    return prune(
      call,
      `This will remove ${all ? 'all' : 'anonymous'} local volumes not used by at least one container.`,
      [[volumes, all]],
    );
  },
};
export const imagePruneCommand: DockerCommand = {
  ...{
    name: 'image prune',
    usage: '',
    what: 'Remove images that nobody uses',
    flags: [ALL_IMAGES, FILTER, FORCE],
    least: 0,
    most: 0,
  },
  run: (call) => {
    const all = call.values.is('all');
    return prune(
      call,
      all
        ? 'This will remove all images without at least one container associated to them.'
        : 'This will remove all dangling images.',
      [[images, all]],
    );
  },
};
export const builderPruneCommand: DockerCommand = {
  ...{ name: 'builder prune', usage: '', what: 'Remove what builds have kept', least: 0, most: 0 },
  flags: [flag('-a, --all', 'bool', 'also what is in use'), FILTER, FORCE, KEPT],
  run: (call) => {
    const { values } = call;
    const all = values.is('all');
    const kept = values.has('keep-storage') ? values.bytes('keep-storage') : undefined;
    return prune(call, all ? 'This will remove all build cache.' : 'This will remove all dangling build cache.', [
      [(api, filter) => caches(api, filter, all, kept), all],
    ]);
  },
};
export const systemPruneCommand: DockerCommand = {
  ...{ name: 'system prune', usage: '', what: 'Remove all that nobody uses', least: 0, most: 0 },
  flags: [ALL_IMAGES, FILTER, FORCE, flag('--volumes', 'bool', 'also volumes without a name')],
  run: (call) => {
    const { values } = call;
    const all = values.is('all');
    const list = [
      'all stopped containers',
      'all networks not used by at least one container',
      ...(values.is('volumes') ? ['all anonymous volumes not used by at least one container'] : []),
      all ? 'all images without at least one container associated to them' : 'all dangling images',
      'unused build cache',
    ];
    const works = [
      [containers, false],
      [networks, false],
      ...(values.is('volumes') ? [[volumes, false] as const] : []),
      [images, all],
      [caches, all],
    ] as const;
    return prune(call, `This will remove:\n${list.map((one) => `  - ${one}\n`).join('')}`, works);
  },
};
