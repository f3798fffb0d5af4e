// run and create. Docker docs, "docker container run"; its order of requests: create, attach, wait, start.
import { messageOf } from '../../base/errors.js';
import type { ApiClient } from './api-client.js';
import { attached } from './attached.js';
import type { Call, DockerCommand } from './command.js';
import { Complaint, Refused } from './complaint.js';
import { attachOf, CONTAINER_FLAGS, containerOf } from './container-options.js';
import { flag, type Values } from './flags.js';
import { pull } from './pull.js';
import { fullName, referenceOf, withTag } from './references.js';
import { host } from './host.js';

/** What the client ends with when the engine can not start a program. */
function statusOf(error: unknown): number {
  const text = messageOf(error);
  if (/executable file not found|no such file or directory|system cannot find the file/.test(text)) return 127;
  if (/permission denied|not a directory|is a directory|exec format error/i.test(text)) return 126;
  return 125;
}

/** As it is, and with the status of `run`. */
const failed = (error: unknown, own: string, status = 125): Complaint =>
  new Complaint(`tabvisor: ${messageOf(error)}\n\nRun 'tabvisor ${own} --help' for more information`, status);

async function create(api: ApiClient, values: Values, args: readonly string[], detached: boolean): Promise<string> {
  const body = containerOf(values, args, detached);
  if (host.stdout.isTTY && body.Tty) body.HostConfig.ConsoleSize = [host.stdout.rows, host.stdout.columns];
  const cidfile = values.text('cidfile');
  if (cidfile !== '' && host.files.about(cidfile))
    throw new Complaint(
      `container ID file found, make sure the other container isn't running or delete ${cidfile}`,
      125,
    );
  const platform = values.text('platform');
  const query = { name: values.text('name'), platform };
  const how = values.text('pull');
  if (!['always', 'missing', 'never'].includes(how))
    throw new Complaint(`invalid pull option: '${how}': must be one of "always", "missing" or "never"`, 125);
  const get = async (): Promise<void> => {
    await pull(api, args[0]!, { platform, quiet: values.is('quiet'), out: host.stderr });
  };
  if (how === 'always') await get();
  let made: { Id: string; Warnings?: string[] | null };
  try {
    made = await api.post('/containers/create', query, body);
  } catch (error) {
    if (!(error instanceof Refused) || error.http !== 404 || how !== 'missing' || !/No such image/i.test(error.reason))
      throw error;
    const name = fullName(withTag(referenceOf(args[0]!))).replace(/^docker\.io\/(library\/)?/, '');
    if (!values.is('quiet')) host.stderr.write(`Unable to find image '${name}' locally\n`);
    await get();
    made = await api.post('/containers/create', query, body);
  }
  for (const warning of made.Warnings ?? []) host.stderr.write(`WARNING: ${warning}\n`);
  if (cidfile !== '') host.files.put(cidfile, made.Id);
  return made.Id;
}

async function run({ values, args, engine }: Call): Promise<void> {
  const detached = values.is('detach');
  const attach = attachOf(values, detached);
  const tty = values.is('tty');
  if (values.is('rm') && !['', 'no'].includes(values.text('restart')))
    throw failed(new Complaint('conflicting options: cannot specify both --restart and --rm'), 'run');
  if (tty && attach.stdin && !host.stdin.isTTY) throw new Complaint('the input device is not a TTY', 1);
  let api: ApiClient;
  let id: string;
  try {
    api = await engine();
    id = await create(api, values, args, detached);
  } catch (error) {
    throw error instanceof Refused || (error instanceof Complaint && error.status === 1) ? failed(error, 'run') : error;
  }
  const path = `/containers/${id}`;
  const remove = values.is('rm');
  const start = () =>
    api.post(`${path}/start`).catch((error) => {
      throw failed(error, 'run', statusOf(error));
    });
  const isAttached = attach.stdin || attach.stdout || attach.stderr;
  if (!isAttached || detached) {
    await start();
    host.stdout.write(`${id}\n`);
    return;
  }
  try {
    await attached(api, id, {
      ...{ streams: attach, tty, detachKeys: values.text('detach-keys'), begin: start },
      proxies: values.is('sig-proxy') && !(tty && attach.stdin),
      condition: remove ? 'removed' : 'next-exit',
    });
  } finally {
    if (remove && values.has('cidfile')) host.files.remove(values.text('cidfile'));
  }
}

export const runCommand: DockerCommand = {
  name: 'run',
  usage: 'IMAGE [COMMAND] [ARG...]',
  what: 'Make a container of an image and start it',
  aliases: ['container run', 'run'],
  flags: [
    ...CONTAINER_FLAGS,
    flag('-d, --detach', 'bool', 'let it run in the background and print its ID'),
    flag('--detach-keys', 'string', 'the keys that leave it'),
    flag('--sig-proxy', 'bool', 'our signals are its', 'true'),
  ].sort((a, b) => (a.name < b.name ? -1 : 1)),
  least: 1,
  flagsFirst: true,
  need: ({ values }) => (values.is('detach') || values.text('restart') !== 'no' ? 'background' : 'serving'),
  run,
};

export const createCommand: DockerCommand = {
  name: 'create',
  usage: 'IMAGE [COMMAND] [ARG...]',
  what: 'Make a container of an image',
  aliases: ['container create', 'create'],
  flags: CONTAINER_FLAGS,
  least: 1,
  flagsFirst: true,
  async run({ values, args, engine }) {
    host.stdout.write(`${await create(await engine(), values, args, false)}\n`);
  },
};
