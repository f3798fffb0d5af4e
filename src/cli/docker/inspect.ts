// inspect: all that is known of containers, images, networks and volumes. Docker docs, "docker inspect".
import { type ApiClient, imagePart, type Json, part } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint, Ended, Refused } from './complaint.js';
import { type Flag, flag, type Values } from './flags.js';
import { asGo } from './go-types.js';
import { inspected } from './tabular.js';
import { plainJson } from './template/print.js';
import { host } from './host.js';

const KINDS = {
  container: (api, name, size) => api.get(`/containers/${part(name)}/json`, { size }),
  image: (api, name, _size, platform) => api.get(`/images/${imagePart(name)}/json`, { platform }),
  network: (api, name, _size, _platform, verbose) => api.get(`/networks/${part(name)}`, { verbose }),
  volume: (api, name) => api.get(`/volumes/${part(name)}`),
  plugin: (api, name) => api.get(`/plugins/${imagePart(name)}/json`),
  ...swarms('config', 'node', 'secret', 'service', 'task'),
} satisfies Record<string, Get>;

type Get = (api: ApiClient, name: string, size: boolean, platform: string, verbose: boolean) => Promise<Json>;
type Kind = keyof typeof KINDS;

/** Kinds of things that only engines with a swarm have. */
function swarms<Name extends string>(...kinds: Name[]): Record<Name, Get> {
  const get =
    (kind: string): Get =>
    (api, name) =>
      api.get(`/${kind}s/${part(name)}`);
  return Object.fromEntries(kinds.map((kind) => [kind, get(kind)])) as Record<Name, Get>;
}

/** What one is looked for as, where nobody says what it is. */
const USUAL: readonly Kind[] = ['container', 'image', 'network', 'volume', 'plugin'];

interface Found {
  kind: Kind;
  value: object;
}

async function find(api: ApiClient, name: string, kinds: readonly Kind[], values: Values): Promise<Found> {
  const asked = [values.is('size'), values.text('platform'), values.is('verbose')] as const;
  for (const kind of kinds) {
    try {
      return { kind, value: await (KINDS[kind] as Get)(api, name, ...asked) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // of several kinds the last may have it
      if (kinds.length === 1) throw error;
      if (error.http !== 404 && error.http !== 400) throw error;
    }
  }
  throw new Complaint(`Error: No such object: ${name}`);
}

/** Members by name, as Docker's client has them of a volume. */
const inOrder = (it: object): object => Object.fromEntries(Object.entries(it).sort(([a], [b]) => (a < b ? -1 : 1)));

function inspect(
  name: string,
  what: string,
  usage: string,
  kinds: readonly Kind[],
  flags: readonly Flag[],
): DockerCommand {
  return {
    ...{ name, what, usage, flags, least: 1 },
    async run({ values, args, engine }) {
      const api = await engine();
      const asked = values.text('type') as Kind | '';
      if (asked !== '' && !Object.hasOwn(KINDS, asked)) {
        const known = Object.keys(KINDS).sort();
        throw new Complaint(`unknown type: "${asked}": must be one of ${known.map((kind) => `"${kind}"`).join(', ')}`);
      }
      const found: Found[] = [];
      const problems: Complaint[] = [];
      for (const one of args) {
        try {
          found.push(await find(api, one, asked === '' ? kinds : [asked], values));
        } catch (error) {
          if (!(error instanceof Complaint)) throw error;
          problems.push(error);
        }
      }
      const all = found.map(({ value }) => (name === 'volume inspect' ? inOrder(value) : value));
      const format = values.text('format');
      if (found.length === 0 && format !== '') host.stdout.write('\n');
      else if (format === 'json') host.stdout.write(`${plainJson(all)}\n`);
      else host.stdout.write(inspected(all, format, (value, i) => recordOf(value, found[i]!.kind)));
      for (const { message } of problems) host.stderr.write(`${message}\n`);
      if (problems.length > 0) throw new Ended(1);
    },
  };
}

const recordOf = (value: object, kind: Kind): object =>
  kind === 'container' || kind === 'image' || kind === 'network' || kind === 'volume' ? asGo(value, kind) : value;

const FORMAT = flag('-f, --format', 'string', 'json, or a Go template');

export const inspectCommand = inspect(
  'inspect',
  'All that is known of containers, images, networks and volumes',
  'NAME|ID [NAME|ID...]',
  USUAL,
  [
    FORMAT,
    flag('-s, --size', 'bool', 'with the sizes of containers'),
    flag('--type', 'string', 'only this kind: container, image, network, volume and others'),
  ],
);
export const containerInspectCommand = inspect(
  'container inspect',
  'All that is known of containers',
  'CONTAINER [CONTAINER...]',
  ['container'],
  [FORMAT, flag('-s, --size', 'bool', 'with sizes')],
);
export const imageInspectCommand = inspect(
  'image inspect',
  'All that is known of images',
  'IMAGE [IMAGE...]',
  ['image'],
  [FORMAT, flag('--platform', 'string', 'only if it is for this one (OS/ARCHITECTURE)')],
);
export const networkInspectCommand = inspect(
  'network inspect',
  'All that is known of networks',
  'NETWORK [NETWORK...]',
  ['network'],
  [FORMAT, flag('-v, --verbose', 'bool', 'with what a swarm knows of them')],
);
export const volumeInspectCommand = inspect(
  'volume inspect',
  'All that is known of volumes',
  'VOLUME [VOLUME...]',
  ['volume'],
  [FORMAT],
);
