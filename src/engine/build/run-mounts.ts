// What RUN --mount asks for: places in the container that are no part of the image. docs.docker.com/reference/dockerfile: RUN --mount.
// DEVIATION: an agent of ssh is not led into containers.
import { InputError } from '../../base/errors.js';
import { parseSize } from '../../base/bytes.js';
import { encodeText } from '../../base/text.js';
import type { StreamCodecs } from '../../base/streams.js';
import { absolute } from './copy.js';

/** Volumes that caches are kept in begin so. */
export const CACHE_VOLUME = 'build-cache-';
const SECRETS = '/run/secrets';

/** A mount as a client's HostConfig has it. */
export interface HostMount {
  Type: 'volume' | 'tmpfs';
  Source?: string;
  Target: string;
  ReadOnly: boolean;
  TmpfsOptions?: { SizeBytes: number };
}

/** Files of the context, a stage or an image. */
export interface BindMount {
  type: 'bind';
  /** Undefined: the context. */
  from?: string;
  /** What of it. */
  source: string;
  target: string;
  /** What is written all the same is kept by nobody. */
  writable: boolean;
}

export interface SecretMount {
  type: 'secret';
  id: string;
  /** A file; undefined: there is none. */
  target?: string;
  /** A variable. */
  env?: string;
  required: boolean;
  mode: number;
  uid: number;
  gid: number;
}

export type RunMount = { type: 'host'; mount: HostMount } | BindMount | SecretMount;

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  bind: ['from', 'source', 'readonly', 'readwrite'],
  cache: ['id', 'readonly', 'readwrite', 'sharing', 'mode', 'uid', 'gid', 'from', 'source'],
  tmpfs: ['size', 'readonly', 'readwrite'],
  secret: ['id', 'env', 'required', 'mode', 'uid', 'gid', 'source'],
  ssh: ['id', 'required', 'mode', 'uid', 'gid'],
};
const SHORT: Readonly<Record<string, string>> = {
  ...{ src: 'source', dst: 'target', destination: 'target', ro: 'readonly', rw: 'readwrite' },
};

/** Throws InputError. */
export function mountOf(text: string, workingDir: string, codecs: StreamCodecs): RunMount {
  const fields = new Map(
    text.split(',').map((field): [string, string] => {
      const at = field.indexOf('=');
      const name = (at < 0 ? field : field.slice(0, at)).toLowerCase();
      return [SHORT[name] ?? name, at < 0 ? 'true' : field.slice(at + 1)];
    }),
  );
  const bad = (what: string): InputError => new InputError(`--mount=${text}: ${what}`);
  const type = fields.get('type') ?? 'bind';
  const known = KNOWN[type];
  if (!known) throw bad(`unsupported mount type "${type}"`);
  for (const name of fields.keys())
    if (!['type', 'target', ...known].includes(name)) throw bad(`unexpected key '${name}'`);
  const is = (name: string): boolean => {
    const value = fields.get(name) ?? 'false';
    if (!/^(true|false|1|0)$/.test(value)) throw bad(`invalid value for ${name}: ${value}`);
    return value === 'true' || value === '1';
  };
  const number = (name: string, otherwise: number, digits: RegExp, base: number): number => {
    const value = fields.get(name);
    if (value !== undefined && !digits.test(value)) throw bad(`invalid value ${value} for ${name}`);
    return value === undefined ? otherwise : Number.parseInt(value, base);
  };
  const id = (name: string): number => number(name, 0, /^\d{1,9}$/, 10);
  const place = (path: string): string => absolute(workingDir, path).replace(/(.)\/$/, '$1');
  const target = fields.get('target');
  if (type === 'ssh') throw new InputError('no agent of ssh is led into a build', 'Give what it needs as a secret.');
  if (type === 'secret') {
    const name = fields.get('id') ?? fields.get('source') ?? (target ?? '').replace(/^.*\//, '');
    const env = fields.get('env');
    if (name === '') throw bad('one of source, target required');
    if (env !== undefined && !/^[A-Za-z_]\w*$/.test(env)) throw bad(`'${env}' is no name of a variable`);
    const path = target ?? (env === undefined ? `${SECRETS}/${name.replace(/^.*\//, '')}` : undefined);
    const rights = number('mode', 0o400, /^0?[0-7]{1,4}$/, 8);
    return {
      ...{ type, id: name, env, required: is('required'), mode: rights, uid: id('uid'), gid: id('gid') },
      ...(path !== undefined && { target: place(path) }),
    };
  }
  if (!target) throw bad('target is needed');
  const Target = place(target);
  if (Target === '/') throw bad('the root is no place for a mount');
  const ReadOnly = is('readonly');
  if (type === 'bind')
    return {
      ...{ type, from: fields.get('from'), source: fields.get('source') ?? '/', target: Target },
      writable: is('readwrite') || (fields.has('readonly') && !ReadOnly),
    };
  if (type === 'tmpfs') {
    const size = fields.has('size') ? parseSize(fields.get('size')!) : 0;
    if (size === undefined) throw bad('size is none');
    const sized = size > 0 && { TmpfsOptions: { SizeBytes: size } };
    return { type: 'host', mount: { Type: 'tmpfs', Target, ReadOnly, ...sized } };
  }
  for (const name of ['from', 'source'])
    if (fields.has(name)) throw new InputError(`--mount=type=cache: a cache begins empty here, ${name} is not taken`);
  const hash = codecs.sha256();
  hash.update(encodeText(fields.get('id') ?? Target));
  const Source = `${CACHE_VOLUME}${hash.digest().slice(0, 32)}`;
  return { type: 'host', mount: { Type: 'volume', Source, Target, ReadOnly } };
}
