// cp: files between a container and this host. Docker docs, "docker container cp", whose rules of names it has; Engine API, ContainerArchive.
import { fromBase64 } from '../../base/base64.js';
import { decimalSize } from '../../base/units.js';
import { type ApiClient, part } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint, Refused } from './complaint.js';
import { flag } from './flags.js';
import { host } from './host.js';
import { unpack, wholeTar } from './host-tar.js';
import { inputBytes } from './input.js';
import { absolute, basename, dirname } from './paths.js';

/** `CONTAINER:PATH`, or a path of this host. */
function placeOf(text: string): { container?: string; path: string } {
  const colon = text.indexOf(':');
  if (text === '-' || /^[./]/.test(text) || colon < 1) return { path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

interface Stat {
  name: string;
  isFolder: boolean;
  link: string;
}

const DIR = 2 ** 31;

const statOf = (headers: ReadonlyMap<string, string>): { name: string; mode: number; linkTarget: string } =>
  JSON.parse(new TextDecoder().decode(fromBase64(headers.get('x-docker-container-path-stat') ?? 'e30=')));

/** Undefined: there is nothing. */
async function statIn(api: ApiClient, container: string, path: string): Promise<Stat | undefined> {
  try {
    const { headers } = await api.send('HEAD', `/containers/${part(container)}/archive`, { path });
    const { name, mode, linkTarget } = statOf(headers);
    return { name, isFolder: Math.floor(mode / DIR) % 2 === 1, link: linkTarget };
  } catch (error) {
    if (error instanceof Refused && error.http === 404) return undefined;
    throw error;
  }
}

const says = (path: string): boolean => /(^|\/)\.?$/.test(path) && path !== '';
/** `DIR/.`: what is in the folder, not the folder. */
const contentsOnly = (path: string): boolean => /(^|\/)\.$/.test(path);

async function copyOut(api: ApiClient, container: string, from: string, to: string, follow: boolean): Promise<string> {
  let source = from;
  if (follow) {
    const about = await statIn(api, container, source);
    if (about?.link) source = absolute(dirname(source), about.link);
  }
  const answer = await api.send('GET', `/containers/${part(container)}/archive`, { path: source });
  if (to === '-') {
    for await (const bytes of answer.body) await new Promise<void>((done) => void host.stdout.write(bytes, done));
    return '';
  }
  const target = host.files.resolve(to);
  const there = host.files.about(target, true);
  const about = statOf(answer.headers);
  const isFolder = Math.floor((about.mode ?? 0) / DIR) % 2 === 1;
  if (!there && says(to) && !isFolder) throw new Complaint('no such directory');
  if (!there && host.files.about(dirname(target), true)?.kind !== 'folder')
    throw new Complaint(`invalid output path: directory "${dirname(target)}" does not exist`);
  if (there && there.kind !== 'folder' && isFolder) throw new Complaint('cannot copy directory');
  const inside = there?.kind === 'folder';
  // what is in a folder comes as `./…`, a folder by its name
  const cut = (name: string): string =>
    /^\.\/?/.test(name) ? name.replace(/^\.\/?/, '') : name.replace(/^[^/]*\/?/, '');
  if (inside) {
    const { bytes } = await unpack(answer.body, target, contentsOnly(from) ? cut : (name) => name);
    return decimalSize(bytes, 4);
  }
  const { bytes } = await unpack(answer.body, dirname(target), (name) =>
    [basename(target), cut(name)].filter(Boolean).join('/'),
  );
  return decimalSize(bytes, 4);
}

async function copyIn(
  api: ApiClient,
  from: string,
  container: string,
  to: string,
  keepOwners: boolean,
  follow: boolean,
): Promise<string> {
  const put = async (path: string, body: AsyncIterable<Uint8Array>): Promise<void> => {
    const query = { path, noOverwriteDirNonDir: 'true', copyUIDGID: keepOwners };
    await api.send('PUT', `/containers/${part(container)}/archive`, query, {
      headers: { 'Content-Type': 'application/x-tar' },
      body,
    });
  };
  const target = to.startsWith('/') ? to : `/${to}`;
  let there = await statIn(api, container, target);
  let path = target;
  if (there?.link) {
    path = absolute(dirname(target), there.link);
    there = await statIn(api, container, path);
  }
  if (from === '-') {
    if (!there?.isFolder) throw new Complaint(`destination "${container}:${to}" must be a directory`);
    await put(path, inputBytes());
    return '';
  }
  const about = host.files.about(from, follow);
  if (!about) throw new Complaint(`lstat ${host.files.resolve(from)}: no such file or directory`);
  if (about.kind === 'folder' && there && !there.isFolder) throw new Complaint('cannot copy directory');
  if (!there && says(to) && about.kind !== 'folder') throw new Complaint('no such directory');
  const into = there?.isFolder ? path : dirname(path.replace(/\/+$/, ''));
  const name = there?.isFolder ? (contentsOnly(from) ? '' : basename(host.files.resolve(from))) : basename(path);
  let count = 0;
  const counting = async function* (): AsyncGenerator<Uint8Array> {
    for await (const bytes of wholeTar([{ path: host.files.resolve(from), name }], { keepOwners })) {
      count += bytes.length;
      yield bytes;
    }
  };
  await put(into, counting());
  return decimalSize(count, 4);
}

export const cpCommand: DockerCommand = {
  name: 'cp',
  usage: 'CONTAINER:SRC_PATH DEST_PATH|- | SRC_PATH|- CONTAINER:DEST_PATH',
  what: 'Copy files between a container and this host; - is a tar',
  aliases: ['container cp', 'cp'],
  flags: [
    flag('-a, --archive', 'bool', 'keep owners'),
    flag('-L, --follow-link', 'bool', 'a link stands for what it leads to'),
    flag('-q, --quiet', 'bool', 'say nothing'),
  ],
  least: 2,
  most: 2,
  async run({ values, args, engine }) {
    const [from, to] = args.map(placeOf) as [ReturnType<typeof placeOf>, ReturnType<typeof placeOf>];
    if (from.container !== undefined && to.container !== undefined)
      throw new Complaint('copying between containers is not supported');
    if (from.container === undefined && to.container === undefined)
      throw new Complaint('must specify at least one container source');
    const follow = values.is('follow-link');
    const api = await engine();
    const size =
      from.container !== undefined
        ? await copyOut(api, from.container, from.path, to.path, follow)
        : await copyIn(api, from.path, to.container!, to.path, values.is('archive'), follow);
    if (!values.is('quiet') && size !== '' && host.stderr.isTTY)
      host.stderr.write(`Successfully copied ${size} to ${args[1]}\n`);
  },
};
