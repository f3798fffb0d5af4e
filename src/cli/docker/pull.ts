// pull, push: images from registries and to them. Engine API, ImageCreate, ImagePush.
import type { Credentials } from '../../base/credentials.js';
import type { ApiClient } from './api-client.js';
import { imagePart } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { flag, NO_TRUST } from './flags.js';
import { inHeader } from './input.js';
import { fullName, referenceOf, withTag } from './references.js';
import { showTransfer } from './transfers.js';
import { host, type Output } from './host.js';

/** What Docker Hub is called where credentials are kept. */
export const HUB = 'https://index.docker.io/v1/';
export const serverOf = (domain: string): string => (domain === 'docker.io' ? HUB : domain);

/** Base64 of what docker login has left for a registry. */
export async function authHeader(domain: string): Promise<Record<string, string>> {
  const found = await host.accounts.credentials(serverOf(domain));
  return { 'X-Registry-Auth': inHeader(found ? bodyOf(found, domain) : {}) };
}

function bodyOf(credentials: Credentials, domain: string): object {
  const serveraddress = serverOf(domain);
  return credentials.kind === 'token'
    ? { identitytoken: credentials.identityToken, serveraddress }
    : { username: credentials.username, password: credentials.password, serveraddress };
}

export async function pull(
  api: ApiClient,
  name: string,
  { platform, quiet, all, out = host.stdout }: { platform?: string; quiet?: boolean; all?: boolean; out?: Output },
): Promise<string> {
  const given = referenceOf(name);
  if (all && (given.tag !== undefined || given.digest !== undefined))
    throw new Complaint("tag can't be used with --all-tags/-a");
  const reference = all ? given : withTag(given);
  const full = `${reference.domain}/${reference.path}`;
  const query = { fromImage: full, tag: all ? '' : (reference.digest ?? reference.tag), platform };
  const headers = await authHeader(reference.domain);
  await showTransfer(await api.send('POST', '/images/create', query, { headers }), out, { quiet });
  return fullName(reference);
}

export const pullCommand: DockerCommand = {
  name: 'pull',
  usage: 'NAME[:TAG|@DIGEST]',
  what: 'Get an image from a registry',
  aliases: ['image pull', 'pull'],
  flags: [
    flag('-a, --all-tags', 'bool', 'all tags of the repository'),
    flag('--platform', 'string', 'another platform than ours (OS/ARCHITECTURE)'),
    flag('-q, --quiet', 'bool', 'print the name alone'),
    NO_TRUST,
  ],
  least: 1,
  most: 1,
  need: () => 'serving',
  async run({ values, args, engine }) {
    const quiet = values.is('quiet');
    const given = referenceOf(args[0]!);
    if (given.tag === undefined && given.digest === undefined && !values.is('all-tags') && !quiet)
      host.stdout.write('Using default tag: latest\n');
    const name = await pull(await engine(), args[0]!, {
      platform: values.text('platform'),
      quiet,
      all: values.is('all-tags'),
    });
    host.stdout.write(`${name}\n`);
  },
};

export const pushCommand: DockerCommand = {
  name: 'push',
  usage: 'NAME[:TAG]',
  what: 'Send an image to a registry',
  aliases: ['image push', 'push'],
  flags: [
    flag('-a, --all-tags', 'bool', 'all tags of the repository'),
    flag('--platform', 'string', 'only if it is for this one (OS/ARCHITECTURE)'),
    flag('-q, --quiet', 'bool', 'print the name alone'),
    NO_TRUST,
  ],
  least: 1,
  most: 1,
  need: () => 'serving',
  async run({ values, args, engine }) {
    const given = referenceOf(args[0]!);
    const all = values.is('all-tags');
    if (all && given.tag !== undefined) throw new Complaint("tag can't be used with --all-tags/-a");
    const reference = all ? given : withTag(given);
    const quiet = values.is('quiet');
    if (!all && given.tag === undefined && !quiet) host.stdout.write(`Using default tag: ${reference.tag}\n`);
    const api = await engine();
    const path = `/images/${imagePart(`${reference.domain}/${reference.path}`)}/push`;
    const headers = await authHeader(reference.domain);
    await showTransfer(
      await api.send('POST', path, { tag: all ? '' : reference.tag, platform: values.text('platform') }, { headers }),
      host.stdout,
      {
        quiet,
      },
    );
    if (quiet) host.stdout.write(`${fullName(reference)}\n`);
  },
};
