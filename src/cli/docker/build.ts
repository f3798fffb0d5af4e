// build: a context, without what .dockerignore names, and a Dockerfile, to the engine. Docker docs, "docker build" (legacy builder);
// Engine API, ImageBuild.
import { fromLatin1 } from '../../base/bytes.js';
import { toBase64 } from '../../base/base64.js';
import { encodeText } from '../../base/text.js';
import { cleanPath, IgnoreFile } from '../../engine/build/ignore.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { extraHostOf, pairs, RESOURCE_FLAGS, securityOf, ulimitOf } from './container-options.js';
import { flag, NO_TRUST, type Values } from './flags.js';
import { fileInTar, packed } from './host-tar.js';
import { host } from './host.js';
import { inHeader, wholeInput } from './input.js';
import { join, relative } from './paths.js';
import { showTransfer } from './transfers.js';
import { archiveEnd } from '../../oci/tar/writer.js';

/** A Dockerfile from elsewhere has this name in the context. */
const OWN_DOCKERFILE = '.dockerfile.tabvisor';

function ignored(folder: string, dockerfile: string): IgnoreFile {
  const own = `${dockerfile}.dockerignore`;
  const path = [own, join(folder, '.dockerignore')].find((one) => host.files.about(one, true));
  return new IgnoreFile(path === undefined ? '' : host.files.text(path));
}

const isRemote = (place: string): boolean => /^(?:https?:\/\/|github\.com\/)/.test(place);

interface Context {
  body: AsyncIterable<Uint8Array>;
  dockerfile: string;
}

async function contextOf(place: string, file: string): Promise<Context> {
  if (place === '-') {
    const bytes = await wholeInput();
    // a Dockerfile, or a context as a tar
    const isTar = bytes.length > 262 && fromLatin1(bytes.subarray(257, 262)) === 'ustar';
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    if (isTar || isPacked)
      return {
        dockerfile: file || 'Dockerfile',
        body: (async function* () {
          yield bytes;
        })(),
      };
    return {
      dockerfile: 'Dockerfile',
      body: (async function* () {
        yield* fileInTar('Dockerfile', bytes);
        yield archiveEnd();
      })(),
    };
  }
  // the engine fetches it
  if (isRemote(place)) return { dockerfile: file, body: (async function* () {})() };
  const folder = host.files.resolve(place);
  if (host.files.about(folder, true)?.kind !== 'folder')
    throw new Complaint(`unable to prepare context: path "${place}" not found`);
  const path = file === '' ? join(folder, 'Dockerfile') : host.files.resolve(file);
  const text = file === '-' ? await wholeInput() : undefined;
  if (!text && !host.files.about(path, true))
    throw new Complaint(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
    );
  const inside = cleanPath(relative(folder, path));
  const isOutside = text !== undefined || relative(folder, path).startsWith('..');
  const dockerfile = isOutside ? OWN_DOCKERFILE : inside;
  const ignore = ignored(folder, path);
  // the engine needs them in any case; COPY does not find them all the same
  const kept = new Set([dockerfile, '.dockerignore']);
  const passes = (name: string, isFolder: boolean): boolean =>
    kept.has(name) || !ignore.ignores(name) || (isFolder && ignore.exceptions);
  return {
    dockerfile,
    body: (async function* () {
      yield* packed({ path: folder, name: '' }, { passes });
      if (isOutside) yield* fileInTar(OWN_DOCKERFILE, text ?? encodeText(host.files.text(path)));
      yield archiveEnd();
    })(),
  };
}

const buildArguments = (values: Values): string | undefined => {
  const given = values.list('build-arg').map((entry): [string, string | null] => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, host.env(entry) ?? null] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  return given.length > 0 ? JSON.stringify(Object.fromEntries(given)) : undefined;
};

/** Bytes of a header, at most. */
const SECRETS_MAX = 8 << 10;

/** Secrets by their ids, as they are sent: of files or of variables of our own. */
function secretsOf(given: readonly string[]): string {
  const known: Record<string, string> = {};
  for (const text of given) {
    const fields = new Map(
      text.split(',').map((field): [string, string] => {
        const at = field.indexOf('=');
        return at < 0 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)];
      }),
    );
    const id = fields.get('id');
    if (!id) throw new Complaint(`could not parse secrets: [${text}]: an id is needed`);
    const file = fields.get('src') ?? fields.get('source');
    const isVariable = fields.get('type') === 'env' || fields.has('env') || (file === undefined && host.env(id));
    const variable = isVariable ? host.env(fields.get('env') ?? file ?? id) : undefined;
    const path = file ?? id;
    if (variable === undefined && !host.files.about(path, true))
      throw new Complaint(`could not parse secrets: [${text}]: failed to stat ${path}: no such file or directory`);
    known[id] = toBase64(variable === undefined ? host.files.bytes(path) : encodeText(variable));
  }
  const header = inHeader(known);
  if (header.length > SECRETS_MAX)
    throw new Complaint(`secrets may have ${SECRETS_MAX >> 10} KiB in all: ${header.length} bytes are too many`);
  return header;
}

export const buildCommand: DockerCommand = {
  name: 'build',
  usage: 'PATH | URL | -',
  what: 'Make an image of a Dockerfile',
  aliases: ['image build', 'build', 'builder build'],
  flags: [
    flag('--add-host', 'list', 'one more line of /etc/hosts (host:ip)'),
    flag('--build-arg', 'list', 'a variable of the build'),
    flag('--cache-from', 'list', 'an image whose steps may be used again'),
    flag('--cgroup-parent', 'string', 'the control group above those of RUN'),
    flag('--compress', 'bool', 'the context is sent packed, where that is of use'),
    NO_TRUST,
    flag('-f, --file', 'string', 'the Dockerfile, when it is not PATH/Dockerfile; - for standard input'),
    flag('--force-rm', 'bool', 'remove containers of steps that fail, too'),
    flag('--iidfile', 'string', "write the image's ID into this file"),
    flag('--isolation', 'string', 'default'),
    flag('--label', 'list', 'a label of the image'),
    flag('--network', 'string', 'the network of RUN'),
    flag('--no-cache', 'bool', 'do all steps again'),
    flag('--platform', 'string', 'of an image for several, the platform'),
    flag('--pull', 'bool', 'look for newer base images'),
    flag('-q, --quiet', 'bool', "print the image's ID alone"),
    flag('--rm', 'bool', 'remove containers of steps', 'true'),
    flag('--secret', 'list', 'a secret for RUN --mount=type=secret (id=NAME[,src=FILE|,env=NAME])'),
    flag('--security-opt', 'list', 'seccomp, no-new-privileges, for RUN'),
    flag('--shm-size', 'bytes', 'size of /dev/shm'),
    flag('--squash', 'bool', 'one layer for all that is new, where the engine makes such'),
    flag('-t, --tag', 'list', 'a name of the image'),
    flag('--target', 'string', 'the stage to build'),
    flag('--ulimit', 'list', 'a limit of the processes of RUN (nofile=1024:2048)'),
    ...RESOURCE_FLAGS.filter(({ name }) => /^(cpu-[pqs]|cpuset|memory$|memory-swap$)/.test(name)),
  ],
  least: 1,
  most: 1,
  need: () => 'serving',
  async run({ values, args, engine }) {
    const { body, dockerfile } = await contextOf(args[0]!, values.text('file'));
    const list = (name: string): string | undefined =>
      values.has(name) ? JSON.stringify(values.list(name)) : undefined;
    const query = {
      dockerfile,
      version: 1,
      remote: isRemote(args[0]!) ? args[0] : undefined,
      t: values.list('tag'),
      q: values.is('quiet'),
      buildargs: buildArguments(values),
      labels: values.has('label') ? JSON.stringify(pairs(values.list('label'))) : undefined,
      cachefrom: list('cache-from'),
      extrahosts: values.list('add-host').map(extraHostOf),
      nocache: values.is('no-cache'),
      pull: values.is('pull'),
      rm: values.is('rm') ? true : '0',
      forcerm: values.is('force-rm'),
      target: values.text('target'),
      networkmode: values.text('network'),
      platform: values.text('platform'),
      memory: values.bytes('memory') || undefined,
      memswap: values.bytes('memory-swap') || undefined,
      cpushares: values.number('cpu-shares'),
      cpuquota: values.number('cpu-quota'),
      cpuperiod: values.number('cpu-period'),
      cpusetcpus: values.text('cpuset-cpus'),
      cpusetmems: values.text('cpuset-mems'),
      cgroupparent: values.text('cgroup-parent'),
      isolation: values.text('isolation'),
      securityopt: values.has('security-opt') ? JSON.stringify(values.list('security-opt').map(securityOf)) : undefined,
      squash: values.is('squash'),
      ulimits: values.has('ulimit') ? JSON.stringify(values.list('ulimit').map(ulimitOf)) : undefined,
      shmsize: values.bytes('shm-size') || undefined,
    };
    let id = '';
    const quiet = values.is('quiet');
    const headers = {
      ...{ 'Content-Type': 'application/x-tar', 'X-Registry-Config': await registries() },
      ...(values.has('secret') && { 'X-Build-Secrets': secretsOf(values.list('secret')) }),
    };
    const response = await (await engine()).send('POST', '/build', query, { headers, body });
    await showTransfer(response, host.stdout, {
      quiet,
      aux: ({ ID }) => {
        if (typeof ID === 'string') id = ID;
      },
    });
    if (quiet && id !== '') host.stdout.write(`${id}\n`);
    if (values.has('iidfile')) host.files.put(values.text('iidfile'), id);
  },
};

/** Who we are to all registries of config.json, for FROM. */
async function registries(): Promise<string> {
  const known: Record<string, object> = {};
  const { auths = {}, credHelpers = {} } = host.accounts.read();
  for (const server of new Set([...Object.keys(auths), ...Object.keys(credHelpers)])) {
    const found = await host.accounts.credentials(server);
    if (found)
      known[server] =
        found.kind === 'token'
          ? { identitytoken: found.identityToken }
          : { username: found.username, password: found.password };
  }
  return inHeader(known);
}
