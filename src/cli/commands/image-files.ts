// `tabvisor save`, `load` and `import`: images as files of the host.
// docker save, load, import.
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import { adviceToWrite } from '../../hosts/node/file-advice.js';
import { reason } from '../../hosts/node/files.js';
import { FolderStorage } from '../../hosts/node/folder-storage.js';
import { parsePlatform } from '../../oci/platform.js';
import { familiar, parseReference } from '../../oci/reference.js';
import { ArchiveBundle, type Bundle } from '../../oci/source/bundle.js';
import { loadImages } from '../../oci/source/load.js';
import { importRoot } from '../../oci/source/make.js';
import { savedFiles, savedTar } from '../../oci/source/save.js';
import { withSpooled } from '../../oci/source/spool.js';
import { FolderBundle } from '../folder-bundle.js';
import { epilogue } from '../help.js';
import { type DataOption, dataOption, withImages } from '../images.js';

/** A file, or standard input for `-`. Rejects with InputError while it is read. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 18 });
  } catch (error) {
    throw new InputError(`${path}: ${reason(error)}`, undefined, { cause: error });
  }
}

export function saveCommand(): Command {
  return new Command('save')
    .description('write images into a tar, which docker load reads')
    .argument('<name...>', 'names, or IDs')
    .option('-o, --output <file>', 'instead of standard output; an OCI layout folder when it ends in /')
    .addOption(dataOption())
    .addHelpText(
      'after',
      epilogue([{ command: 'tabvisor save -o debian.tar debian:12', what: 'also skopeo and podman read it' }]),
    )
    .action(async (names: string[], options: DataOption & { output?: string }) => {
      const { output } = options;
      if (output === undefined && process.stdout.isTTY)
        throw new InputError(
          'save: an archive is nothing for a terminal',
          'Give -o FILE, or send the output somewhere else.',
        );
      await withImages(options, async ({ store }) => {
        const files = await savedFiles(store, names);
        if (output === undefined) await pipeline(Readable.from(savedTar(files)), process.stdout, { end: false });
        else if (output.endsWith('/')) await writeFolder(output, files);
        else await writeFile(output, savedTar(files));
      });
    });
}

async function writeFolder(path: string, files: Awaited<ReturnType<typeof savedFiles>>): Promise<void> {
  if (existsSync(path))
    throw new InputError(`--output ${path}: is there already`, 'Give a folder that is not there yet.');
  const storage = new FolderStorage(path);
  for (const file of files) {
    const writer = await storage.write(file.path, 0);
    for await (const piece of file.bytes()) await writer.write(piece);
    await writer.finish();
  }
}

/** The file is there when it is whole. */
async function writeFile(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const beside = `${path}.${process.pid}.partial`;
  try {
    await pipeline(Readable.from(bytes), createWriteStream(beside, { flags: 'wx' }));
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    if (error instanceof InputError) throw error;
    throw new InputError(`--output ${path}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
  }
}

export function loadCommand(): Command {
  return new Command('load')
    .description('take images out of a tar of docker save, or out of an OCI layout')
    .option('-i, --input <file>', 'instead of standard input; also a folder', '-')
    .option('-q, --quiet', 'print nothing')
    .option('--platform <os/architecture>', 'of an image for several: another platform than ours')
    .addOption(dataOption())
    .action(async (options: DataOption & { input: string; quiet?: boolean; platform?: string }) => {
      const { input } = options;
      const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
      if (input === '-' && process.stdin.isTTY)
        throw new InputError('load: no archive is given', 'Give -i FILE, or send one to standard input.');
      await withImages(options, async ({ store }) => {
        const load = (bundle: Bundle) => loadImages(store, bundle, platform);
        const isFolder = input !== '-' && statSync(input, { throwIfNoEntry: false })?.isDirectory();
        const loaded = isFolder
          ? await load(new FolderBundle(input))
          : await withSpooled(store, bytesOf(input), input === '-' ? 'standard input' : input, async (file) =>
              load(new ArchiveBundle({ name: 'archive', size: file.size, read: (at, into) => file.read(at, into) })),
            );
        if (options.quiet) return;
        for (const { id, tags } of loaded) {
          if (tags.length === 0) process.stdout.write(`Loaded image ID: ${id}\n`);
          for (const tag of tags) process.stdout.write(`Loaded image: ${familiar(tag)}\n`);
        }
      });
    });
}

export function importCommand(): Command {
  return new Command('import')
    .description('make an image of a root as a tar')
    .argument('<file>', 'a tar, perhaps compressed; - for standard input')
    .argument('[name]', 'NAME[:TAG]')
    .option('-m, --message <text>', 'a comment in its history')
    .option('--platform <os/architecture>', 'what it is for', 'linux/386')
    .addOption(dataOption())
    .action(
      async (file: string, name: string | undefined, options: DataOption & { message?: string; platform: string }) => {
        const tag = name === undefined ? undefined : parseReference(name);
        const platform = parsePlatform(options.platform);
        const id = await withImages(options, ({ store }) =>
          importRoot(store, bytesOf(file), platform, {
            tag,
            created: Date.now(),
            comment: options.message ?? `Imported from ${file}`,
          }),
        );
        process.stdout.write(`${id}\n`);
      },
    );
}
