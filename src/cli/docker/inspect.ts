// inspect: all that is known of containers, images, networks and volumes. Docker docs, "docker inspect".
import { type ApiClient, imagePart, type Json, part } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint, Ended, Refused } from './complaint.js';
import { type Flag, flag } from './flags.js';
import { asGo } from './go-types.js';
import { inspected } from './tabular.js';
import { host } from './host.js';

type Kind = 'container' | 'image' | 'network' | 'volume';

const GET: Readonly<Record<Kind, (api: ApiClient, name: string, size: boolean) => Promise<Json>>> = {
  container: (api, name, size) => api.get(`/containers/${part(name)}/json`, { size }),
  image: (api, name) => api.get(`/images/${imagePart(name)}/json`),
  network: (api, name) => api.get(`/networks/${part(name)}`),
  volume: (api, name) => api.get(`/volumes/${part(name)}`),
};
const KINDS = Object.keys(GET) as Kind[];

async function find(api: ApiClient, name: string, kinds: readonly Kind[], size: boolean): Promise<Json> {
  for (const kind of kinds) {
    try {
      return await GET[kind](api, name, size);
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
      if (asked !== '' && !KINDS.includes(asked))
        throw new Complaint(`unknown type: "${asked}": must be one of ${KINDS.map((kind) => `"${kind}"`).join(', ')}`);
      const found: Json[] = [];
      const problems: Complaint[] = [];
      for (const one of args) {
        try {
          const it = await find(api, one, asked === '' ? kinds : [asked], values.is('size'));
          found.push(name === 'volume inspect' ? inOrder(it) : it);
        } catch (error) {
          if (!(error instanceof Complaint)) throw error;
          problems.push(error);
        }
      }
      const format = values.text('format');
      if (found.length === 0 && format !== '') host.stdout.write('\n');
      else host.stdout.write(inspected(found, format, (value) => asGo(value)));
      for (const { message } of problems) host.stderr.write(`${message}\n`);
      if (problems.length > 0) throw new Ended(1);
    },
  };
}

const FORMAT = flag('-f, --format', 'string', 'json, or a Go template');

export const inspectCommand = inspect(
  'inspect',
  'All that is known of containers, images, networks and volumes',
  'NAME|ID [NAME|ID...]',
  KINDS,
  [
    FORMAT,
    flag('-s, --size', 'bool', 'with the sizes of containers'),
    flag('--type', 'string', 'only this kind: container, image, network, volume'),
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
  [FORMAT],
);
export const networkInspectCommand = inspect(
  'network inspect',
  'All that is known of networks',
  'NETWORK [NETWORK...]',
  ['network'],
  [FORMAT],
);
export const volumeInspectCommand = inspect(
  'volume inspect',
  'All that is known of volumes',
  'VOLUME [VOLUME...]',
  ['volume'],
  [FORMAT],
);
