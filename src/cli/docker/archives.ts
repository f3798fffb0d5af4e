// Tars to and from an engine: save, load, import, export, commit. Engine API, ImageGet, ImageLoad, ImageCommit, ContainerExport.
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../base/errors.js';
import { type Json, jsonLines, part } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { flag } from './flags.js';
import { referenceOf } from './references.js';
import { showTransfer } from './transfers.js';

/** The file is there when it is whole. Rejects with Complaint. */
async function writeOut(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  if (path === '') {
    if (process.stdout.isTTY)
      throw new Complaint('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    return pipeline(Readable.from(body), process.stdout, { end: false });
  }
  const beside = `${path}.${process.pid}.partial`;
  try {
    await pipeline(Readable.from(body), createWriteStream(beside, { flags: 'wx' }));
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new Complaint(`failed to save: ${path}: ${messageOf(error)}`);
  }
}

async function* readIn(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* path === '-' || path === '' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 18 });
  } catch (error) {
    throw new Complaint(`open ${path}: ${messageOf(error)}`);
  }
}

const ofTar = (body: AsyncIterable<Uint8Array>) => ({ headers: { 'Content-Type': 'application/x-tar' }, body });

export const saveCommand: DockerCommand = {
  name: 'save',
  usage: 'IMAGE [IMAGE...]',
  what: 'Write images into a tar',
  aliases: ['image save', 'save'],
  flags: [flag('-o, --output', 'string', 'instead of standard output; an OCI layout folder when it ends in /')],
  least: 1,
  examples: [{ command: 'tabvisor save -o debian.tar debian:12', what: 'also skopeo and podman read it' }],
  async run({ values, args, engine }) {
    const output = values.text('output');
    if (output === '' && process.stdout.isTTY)
      throw new Complaint('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (output.endsWith('/') && existsSync(output))
      throw new Complaint(`--output ${output}: is there already: give a folder that is not there yet`);
    const { body } = await (await engine()).send('GET', '/images/get', { names: args });
    if (!output.endsWith('/')) return writeOut(output, body);
    const { unpackLayout } = await import('./layout-folder.js');
    await unpackLayout(output, body);
  },
};

export const loadCommand: DockerCommand = {
  name: 'load',
  usage: '',
  what: 'Take images out of a tar of save, or out of an OCI layout',
  aliases: ['image load', 'load'],
  flags: [
    flag('-i, --input', 'string', 'instead of standard input; also a folder'),
    flag('--platform', 'string', 'of an image for several: another platform than ours'),
    flag('-q, --quiet', 'bool', 'print the names alone'),
  ],
  least: 0,
  most: 0,
  async run({ values, engine }) {
    const input = values.text('input');
    if (input === '' && process.stdin.isTTY) throw new Complaint('requested load from stdin, but stdin is empty');
    const about = input === '' ? undefined : statSync(input, { throwIfNoEntry: false });
    if (input !== '' && !about) throw new Complaint(`open ${input}: no such file or directory`);
    const { packFolder } = await import('./layout-folder.js');
    const body = about?.isDirectory() ? packFolder(input) : readIn(input);
    const query = { quiet: values.is('quiet') || !process.stdout.isTTY, platform: values.text('platform') };
    await showTransfer(await (await engine()).send('POST', '/images/load', query, ofTar(body)), process.stdout);
  },
};

export const importCommand: DockerCommand = {
  name: 'import',
  usage: 'FILE|- [REPOSITORY[:TAG]]',
  what: 'Make an image of a root as a tar',
  aliases: ['image import', 'import'],
  flags: [
    flag('-c, --change', 'list', 'an instruction of a Dockerfile, done to it'),
    flag('-m, --message', 'string', 'a comment in its history'),
    flag('--platform', 'string', 'what it is for (OS/ARCHITECTURE)'),
  ],
  least: 1,
  most: 2,
  async run({ values, args, engine }) {
    const [file, name] = args as [string, string?];
    if (file !== '-' && !existsSync(file)) throw new Complaint(`open ${file}: no such file or directory`);
    if (name !== undefined) referenceOf(name);
    const query = {
      fromSrc: '-',
      repo: name,
      message: values.text('message'),
      changes: values.list('change'),
      platform: values.text('platform'),
    };
    const response = await (await engine()).send('POST', '/images/create', query, ofTar(readIn(file)));
    for await (const { status, error } of jsonLines(response.body)) {
      if (error) throw new Complaint(error);
      if (status) process.stdout.write(`${status}\n`);
    }
  },
};

export const exportCommand: DockerCommand = {
  name: 'export',
  usage: 'CONTAINER',
  what: 'Write the root of a container into a tar',
  aliases: ['container export', 'export'],
  flags: [flag('-o, --output', 'string', 'instead of standard output')],
  least: 1,
  most: 1,
  async run({ values, args, engine }) {
    if (values.text('output') === '' && process.stdout.isTTY)
      throw new Complaint('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    const { body } = await (await engine()).send('GET', `/containers/${part(args[0]!)}/export`);
    await writeOut(values.text('output'), body);
  },
};

export const commitCommand: DockerCommand = {
  name: 'commit',
  usage: 'CONTAINER [REPOSITORY[:TAG]]',
  what: 'Make an image of what has changed in a container',
  aliases: ['container commit', 'commit'],
  flags: [
    flag('-a, --author', 'string', 'who has made it'),
    flag('-c, --change', 'list', 'an instruction of a Dockerfile, done to it'),
    flag('-m, --message', 'string', 'a comment in its history'),
    flag('-p, --pause', 'bool', 'halt the container meanwhile', 'true'),
  ],
  least: 1,
  most: 2,
  async run({ values, args, engine }) {
    const [container, name] = args as [string, string?];
    const reference = name === undefined ? undefined : referenceOf(name);
    const query = {
      container,
      repo: reference && `${reference.domain}/${reference.path}`,
      tag: reference && (reference.tag ?? 'latest'),
      comment: values.text('message'),
      author: values.text('author'),
      changes: values.list('change'),
      pause: values.is('pause') ? undefined : '0',
    };
    const made: Json = await (await engine()).post('/commit', query, {});
    process.stdout.write(`${made.Id}\n`);
  },
};
