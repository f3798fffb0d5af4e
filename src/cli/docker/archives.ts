// Tars to and from an engine: save, load, import, export, commit. Engine API, ImageGet, ImageLoad, ImageCommit, ContainerExport.
import { messageOf } from '../../base/errors.js';
import { type Json, jsonLines, part } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { flag } from './flags.js';
import { host } from './host.js';
import { unpack, wholeTar } from './host-tar.js';
import { inputBytes } from './input.js';
import { referenceOf } from './references.js';
import { showTransfer } from './transfers.js';

/** The file is there when it is whole. Rejects with Complaint. */
async function writeOut(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  if (path === '') {
    if (host.stdout.isTTY) throw new Complaint('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    for await (const bytes of body) await new Promise<void>((done) => void host.stdout.write(bytes, done));
    return;
  }
  try {
    await host.files.write(path, body);
  } catch (error) {
    throw new Complaint(`failed to save: ${path}: ${messageOf(error)}`);
  }
}

async function* readIn(path: string): AsyncGenerator<Uint8Array> {
  const bytes = path === '-' || path === '' ? inputBytes() : host.files.stream(path);
  try {
    yield* bytes;
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
  flags: [
    flag('-o, --output', 'string', 'instead of standard output; an OCI layout folder when it ends in /'),
    flag('--platform', 'string', 'only if it is for this one (OS/ARCHITECTURE)'),
  ],
  least: 1,
  async run({ values, args, engine }) {
    const output = values.text('output');
    if (output === '' && host.stdout.isTTY)
      throw new Complaint('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (output.endsWith('/') && host.files.about(output))
      throw new Complaint(`--output ${output}: is there already: give a folder that is not there yet`);
    const { body } = await (await engine()).send('GET', '/images/get', {
      names: args,
      platform: values.text('platform'),
    });
    if (!output.endsWith('/')) return writeOut(output, body);
    host.files.makeFolder(output);
    await unpack(body, host.files.resolve(output), (name) => name);
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
    if (input === '' && host.stdin.isTTY) throw new Complaint('requested load from stdin, but stdin is empty');
    const about = input === '' ? undefined : host.files.about(input, true);
    if (input !== '' && !about) throw new Complaint(`open ${input}: no such file or directory`);
    const body = about?.kind === 'folder' ? wholeTar([{ path: input, name: '' }]) : readIn(input);
    const query = { quiet: values.is('quiet') || !host.stdout.isTTY, platform: values.text('platform') };
    await showTransfer(await (await engine()).send('POST', '/images/load', query, ofTar(body)), host.stdout);
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
    if (file !== '-' && !host.files.about(file, true)) throw new Complaint(`open ${file}: no such file or directory`);
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
      if (status) host.stdout.write(`${status}\n`);
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
    if (values.text('output') === '' && host.stdout.isTTY)
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
    host.stdout.write(`${made.Id}\n`);
  },
};
