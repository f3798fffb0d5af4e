// images, rmi, tag, history. Docker docs, "docker image ls": its columns.
import { decimalSize, spanOf } from '../../base/units.js';
import { filtersOf, imagePart, type Json } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { forEach } from './each.js';
import { flag } from './flags.js';
import { ellipsis, shortId } from './ps.js';
import { familiarRepository, referenceOf } from './references.js';
import { formatted, type Shape } from './tabular.js';
import { localRfc3339, localTime } from './times.js';
import { host } from './host.js';

const NONE = '<none>';
const CREATED_BY_MAX = 45;

interface Row {
  image: Json;
  repository: string;
  tag: string;
  digest: string;
}

/** A row for each name; an image without one has a row all the same. */
export function rowsOf(image: Json, digests: boolean): Row[] {
  const tags = ((image.RepoTags ?? []) as string[]).filter((name) => name !== '<none>:<none>');
  const known = ((image.RepoDigests ?? []) as string[]).filter((name) => !name.startsWith(NONE));
  const digestsOf = new Map<string, string[]>();
  for (const name of known) {
    const at = name.lastIndexOf('@');
    const repository = familiarRepository(name.slice(0, at));
    digestsOf.set(repository, [...(digestsOf.get(repository) ?? []), name.slice(at + 1)]);
  }
  const rows: Row[] = [];
  for (const name of tags) {
    const { repository, tag } = { repository: familiarRepository(name), tag: referenceOf(name).tag ?? NONE };
    const found = digestsOf.get(repository) ?? [];
    for (const digest of digests && found.length > 0 ? found : [found[0] ?? NONE])
      rows.push({ image, repository, tag, digest });
  }
  const named = new Set(rows.map(({ repository }) => repository));
  for (const [repository, found] of digestsOf)
    if (!named.has(repository)) for (const digest of found) rows.push({ image, repository, tag: NONE, digest });
  return rows.length > 0 ? rows : [{ image, repository: NONE, tag: NONE, digest: NONE }];
}

const sizeOf = (bytes: number): string => (bytes < 0 ? 'N/A' : decimalSize(bytes, 4));

export const imageShape = (full: boolean, digests: boolean): Shape<Row> => ({
  type: '*formatter.imageContext',
  members: {
    ID: ['IMAGE ID', ({ image }) => (full ? image.Id : shortId(image.Id))],
    Repository: ['REPOSITORY', ({ repository }) => repository],
    Tag: ['TAG', ({ tag }) => tag],
    Digest: ['DIGEST', ({ digest }) => digest],
    CreatedSince: [
      'CREATED',
      ({ image }) => (image.Created <= 0 ? 'N/A' : `${spanOf(Date.now() - image.Created * 1000)} ago`),
    ],
    CreatedAt: ['CREATED AT', ({ image }) => (image.Created <= 0 ? 'N/A' : localTime(image.Created))],
    Size: ['SIZE', ({ image }) => decimalSize(image.Size, 3)],
    Containers: ['CONTAINERS', ({ image }) => (image.Containers === -1 ? 'N/A' : String(image.Containers))],
    VirtualSize: ['SIZE', ({ image }) => decimalSize(image.Size, 4)],
    SharedSize: ['SHARED SIZE', ({ image }) => sizeOf(image.SharedSize)],
    UniqueSize: [
      'UNIQUE SIZE',
      ({ image }) => (image.Size < 0 || image.SharedSize < 0 ? 'N/A' : decimalSize(image.Size - image.SharedSize, 4)),
    ],
  },
  table: `{{.Repository}}\t{{.Tag}}\t${digests ? '{{.Digest}}\t' : ''}{{.ID}}\t{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}\t{{.Size}}`,
  quiet: '{{.ID}}',
});

export const imagesCommand: DockerCommand = {
  name: 'images',
  usage: '[REPOSITORY[:TAG]]',
  what: 'List the images that are here',
  aliases: ['image ls', 'image list', 'images'],
  flags: [
    flag('-a, --all', 'bool', 'also those that are only steps to others'),
    flag('--digests', 'bool', 'with digests'),
    flag('-f, --filter', 'filter', 'only some: reference=, dangling=, label= and others'),
    flag('--format', 'string', "json, a Go template, or 'table TEMPLATE'"),
    flag('--no-trunc', 'bool', 'all of each ID'),
    flag('-q, --quiet', 'bool', 'only IDs'),
  ],
  least: 0,
  most: 1,
  async run({ values, args, engine }) {
    const digests = values.is('digests') || /\.Digest\b/.test(values.text('format'));
    const all = values.is('all');
    const filters = filtersOf(values.list('filter'), args[0] === undefined ? {} : { reference: [args[0]] });
    const images: Json[] = await (await engine()).get('/images/json', { all, filters });
    const rows = images.flatMap((image) => rowsOf(image, digests));
    host.stdout.write(
      formatted(
        imageShape(values.is('no-trunc'), values.is('digests')),
        rows,
        values.text('format'),
        values.is('quiet'),
      ),
    );
  },
};

/** As JSON, in which lists of platforms are asked for. */
const platformOf = (text: string): string => {
  const [os, architecture, variant] = text.split('/');
  return JSON.stringify({ os, architecture, variant });
};

export const rmiCommand: DockerCommand = {
  name: 'rmi',
  usage: 'IMAGE [IMAGE...]',
  what: 'Remove images',
  aliases: ['image rm', 'image remove', 'rmi'],
  flags: [
    flag('-f, --force', 'bool', 'also an ID that several repositories name'),
    flag('--no-prune', 'bool', 'steps to it without names stay'),
    flag('--platform', 'list', 'only if it is for this one (OS/ARCHITECTURE)'),
  ],
  least: 1,
  async run({ values, args, engine }) {
    const api = await engine();
    const platforms = values.list('platform').map(platformOf);
    await forEach(args, async (name) => {
      const query = { force: values.is('force'), noprune: values.is('no-prune'), platforms };
      for (const { Deleted, Untagged } of await api.delete(`/images/${imagePart(name)}`, query))
        host.stdout.write(Deleted ? `Deleted: ${Deleted}\n` : `Untagged: ${Untagged}\n`);
    });
  },
};

function targetOf(name: string): ReturnType<typeof referenceOf> {
  try {
    return referenceOf(name);
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    throw new Complaint(`Error parsing reference: "${name}" is not a valid repository/tag: ${error.message}`);
  }
}

export const tagCommand: DockerCommand = {
  name: 'tag',
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  what: 'Give an image one more name',
  aliases: ['image tag', 'tag'],
  flags: [],
  least: 2,
  most: 2,
  async run({ args, engine }) {
    const [source, target] = args as [string, string];
    const { domain, path, tag = 'latest' } = targetOf(target);
    await (await engine()).post(`/images/${imagePart(source)}/tag`, { repo: `${domain}/${path}`, tag });
  },
};

const historyShape = (full: boolean, human: boolean): Shape<Json> => ({
  type: '*formatter.historyContext',
  members: {
    ID: ['IMAGE', ({ Id }) => (full ? Id : Id === '<missing>' ? Id : shortId(Id))],
    CreatedAt: ['CREATED AT', ({ Created }) => localRfc3339(Created)],
    CreatedSince: [
      'CREATED',
      ({ Created }) =>
        human ? (Created <= 0 ? 'N/A' : `${spanOf(Date.now() - Created * 1000)} ago`) : localRfc3339(Created),
    ],
    CreatedBy: [
      'CREATED BY',
      ({ CreatedBy }) => {
        const text = CreatedBy.replaceAll('\t', ' ');
        return full ? text : ellipsis(text, CREATED_BY_MAX);
      },
    ],
    Size: ['SIZE', ({ Size }) => (human ? decimalSize(Size, 3) : String(Size))],
    Comment: ['COMMENT', ({ Comment }) => Comment],
  },
  table: `{{.ID}}\t{{${human ? '.CreatedSince' : '.CreatedAt'}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
  quiet: '{{.ID}}',
});

export const historyCommand: DockerCommand = {
  name: 'history',
  usage: 'IMAGE',
  what: 'How an image was made, the newest step first',
  aliases: ['image history', 'history'],
  flags: [
    flag('--format', 'string', "json, a Go template, or 'table TEMPLATE'"),
    flag('-H, --human', 'bool', 'sizes and dates for people', 'true'),
    flag('--no-trunc', 'bool', 'all of each step'),
    flag('--platform', 'string', 'only if it is for this one (OS/ARCHITECTURE)'),
    flag('-q, --quiet', 'bool', 'only IDs'),
  ],
  least: 1,
  most: 1,
  async run({ values, args, engine }) {
    const rows = await (await engine()).get(`/images/${imagePart(args[0]!)}/history`, {
      platform: values.text('platform'),
    });
    host.stdout.write(
      formatted(
        historyShape(values.is('no-trunc'), values.is('human')),
        rows,
        values.text('format'),
        values.is('quiet'),
      ),
    );
  },
};
