// `tabvisor images`, `rmi`, `tag`, `inspect` and `history`: the images that are here.
// docker images, rmi, tag, image inspect, history.
import { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import { decimalSize, spanOf } from '../../base/units.js';
import { shortOf } from '../../oci/digest.js';
import { historyOf, inspectImage } from '../../oci/inspect.js';
import { familiarName, parseReference } from '../../oci/reference.js';
import type { Image } from '../../oci/store/image-store.js';
import { type DataOption, dataOption, forEach, withImages } from '../images.js';
import { printTable } from '../table.js';

interface ListOptions extends DataOption {
  quiet?: boolean;
  trunc?: boolean;
  digests?: boolean;
  format?: string;
}

interface Row {
  repository: string;
  tag: string;
  digest: string;
  id: string;
  created: number;
  size: number;
}

export function imagesCommand(): Command {
  return new Command('images')
    .description('list the images that are here')
    .argument('[name]', 'only of this repository, or with this tag')
    .option('-q, --quiet', 'only IDs')
    .option('--no-trunc', 'IDs as they are')
    .option('--digests', 'show digests')
    .option('--format <json>', 'a JSON object on each line')
    .addOption(dataOption())
    .action(async (name: string | undefined, options: ListOptions) => {
      if (options.format !== undefined && options.format !== 'json')
        throw new InputError(`--format ${options.format}: is no format`, 'Give json.');
      const images = await withImages(options, ({ store }) => store.images.list());
      const rows = images.flatMap(rowsOf).filter((row) => name === undefined || isMeant(row, name));
      rows.sort((a, b) => b.created - a.created || (a.repository < b.repository ? -1 : 1));
      printRows(rows, options);
    });
}

function rowsOf(image: Image): Row[] {
  const created = Date.parse(image.config.created ?? '') || 0;
  const { id, size } = image;
  const digestOf = new Map(image.digests.map((name) => [name.split('@')[0]!, name.split('@')[1]!]));
  const rows = image.tags.map((name) => {
    const reference = parseReference(name);
    const repository = familiarName(reference);
    return { repository, tag: reference.tag!, digest: digestOf.get(repository) ?? '<none>', id, created, size };
  });
  for (const [repository, digest] of digestOf)
    if (!rows.some((row) => row.repository === repository))
      rows.push({ repository, tag: '<none>', digest, id, created, size });
  return rows.length > 0 ? rows : [{ repository: '<none>', tag: '<none>', digest: '<none>', id, created, size }];
}

function isMeant(row: Row, name: string): boolean {
  const reference = parseReference(name);
  return row.repository === familiarName(reference) && (reference.tag === undefined || reference.tag === row.tag);
}

function printRows(rows: readonly Row[], { quiet, trunc, digests, format }: ListOptions): void {
  const idOf = (row: Row): string => (trunc === false ? row.id : shortOf(row.id as never));
  const age = (row: Row): string => (row.created === 0 ? 'N/A' : `${spanOf(Date.now() - row.created)} ago`);
  if (quiet) {
    for (const id of new Set(rows.map(idOf))) process.stdout.write(`${id}\n`);
    return;
  }
  if (format === 'json') {
    for (const row of rows) {
      const line = {
        Repository: row.repository,
        Tag: row.tag,
        Digest: row.digest,
        ID: idOf(row),
        CreatedSince: age(row),
        Size: decimalSize(row.size),
      };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
    return;
  }
  const heads = ['REPOSITORY', 'TAG', ...(digests ? ['DIGEST'] : []), 'IMAGE ID', 'CREATED', 'SIZE'];
  printTable([
    heads,
    ...rows.map((row) => [
      row.repository,
      row.tag,
      ...(digests ? [row.digest] : []),
      idOf(row),
      age(row),
      decimalSize(row.size),
    ]),
  ]);
}

export function rmiCommand(): Command {
  return new Command('rmi')
    .description('remove images')
    .argument('<name...>', 'names, or IDs')
    .option('-f, --force', 'also an ID that several repositories name')
    .option('--no-prune', 'an image without names stays')
    .addOption(dataOption())
    .action(async (names: string[], options: DataOption & { force?: boolean; prune?: boolean }) => {
      await withImages(options, ({ store }) =>
        forEach(names, async (name) => {
          const removals = await store.images.remove(name, { force: options.force, keep: options.prune === false });
          for (const removal of removals)
            process.stdout.write(
              'Untagged' in removal ? `Untagged: ${removal.Untagged}\n` : `Deleted: ${removal.Deleted}\n`,
            );
        }),
      );
    });
}

export function tagCommand(): Command {
  return new Command('tag')
    .description('give an image one more name')
    .argument('<image>', 'its name, or its ID')
    .argument('<name>', 'NAME[:TAG]')
    .addOption(dataOption())
    .action(async (image: string, name: string, options: DataOption) => {
      await withImages(options, ({ store }) => store.images.tag(image, name));
    });
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('all that is known of images, as JSON')
    .argument('<name...>', 'names, or IDs')
    .addOption(dataOption())
    .action(async (names: string[], options: DataOption) => {
      const found: unknown[] = [];
      try {
        await withImages(options, ({ store }) =>
          forEach(names, async (name) => void found.push(inspectImage(await store.images.find(name)))),
        );
      } finally {
        process.stdout.write(`${JSON.stringify(found, undefined, 4)}\n`);
      }
    });
}

export function historyCommand(): Command {
  return new Command('history')
    .description('how an image was made, the newest step first')
    .argument('<name>', 'its name, or its ID')
    .option('--no-trunc', 'all of each step')
    .option('-q, --quiet', 'only IDs')
    .addOption(dataOption())
    .action(async (name: string, options: DataOption & { trunc?: boolean; quiet?: boolean }) => {
      const lines = await withImages(options, async ({ store }) => {
        const image = await store.images.find(name);
        const sizes: number[] = [];
        for (const diffId of image.config.diffIds) sizes.push((await store.layers.size(diffId)) ?? 0);
        return historyOf(image, sizes);
      });
      const idOf = (id: string): string =>
        id.startsWith('sha256:') && options.trunc !== false ? shortOf(id as never) : id;
      if (options.quiet) {
        for (const { id } of lines) process.stdout.write(`${idOf(id)}\n`);
        return;
      }
      const short = (text: string): string =>
        options.trunc !== false && text.length > 45 ? `${text.slice(0, 44)}…` : text;
      printTable([
        ['IMAGE', 'CREATED', 'CREATED BY', 'SIZE', 'COMMENT'],
        ...lines.map(({ id, created, createdBy, size, comment }) => {
          const time = Date.parse(created ?? '') || 0;
          return [
            idOf(id),
            time === 0 ? 'N/A' : `${spanOf(Date.now() - time)} ago`,
            short(createdBy),
            decimalSize(size),
            comment ?? '',
          ];
        }),
      ]);
    });
}
