// What RUN --mount asks for: places in the container that are no part of the image. docs.docker.com/reference/dockerfile: RUN --mount.
// DEVIATION: an agent of ssh is not led into containers.
import { InputError } from '../../base/errors.js';
import { parseSize } from '../../base/bytes.js';
import type { Sharing } from './caches.js';
import { absolute } from './copy.js';

const SECRETS = '/run/secrets';

export interface TmpfsMount {
  type: 'tmpfs';
  target: string;
  readOnly: boolean;
  /** Bytes; 0: no limit of its own. */
  size: number;
}

/** What commands keep for others. While there is nothing in it, it has these rights, or what is in a directory of a stage or an image. */
export interface CacheMount {
  type: 'cache';
  id: string;
  target: string;
  readOnly: boolean;
  sharing: Sharing;
  begins: { mode: number; uid: number; gid: number } | { from: string; source: string };
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

export type RunMount = TmpfsMount | CacheMount | BindMount | SecretMount;

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
export function mountOf(text: string, workingDir: string): RunMount {
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
  const rights = (otherwise: number): number => number('mode', otherwise, /^0?[0-7]{1,4}$/, 8);
  const place = (path: string): string => absolute(workingDir, path).replace(/(.)\/$/, '$1');
  const given = fields.get('target');
  if (type === 'ssh') throw new InputError('no agent of ssh is led into a build', 'Give what it needs as a secret.');
  if (type === 'secret') {
    const name = fields.get('id') ?? fields.get('source') ?? (given ?? '').replace(/^.*\//, '');
    const env = fields.get('env');
    if (name === '') throw bad('one of source, target required');
    if (env !== undefined && !/^[A-Za-z_]\w*$/.test(env)) throw bad(`'${env}' is no name of a variable`);
    const path = given ?? (env === undefined ? `${SECRETS}/${name.replace(/^.*\//, '')}` : undefined);
    return {
      ...{ type, id: name, env, required: is('required'), mode: rights(0o400), uid: id('uid'), gid: id('gid') },
      ...(path !== undefined && { target: place(path) }),
    };
  }
  if (!given) throw bad('target is needed');
  const path = place(given);
  if (path === '/') throw bad('the root is no place for a mount');
  const readOnly = is('readonly');
  if (type === 'bind')
    return {
      ...{ type, from: fields.get('from'), source: fields.get('source') ?? '/', target: path },
      writable: is('readwrite') || (fields.has('readonly') && !readOnly),
    };
  if (type === 'tmpfs') {
    const size = fields.has('size') ? parseSize(fields.get('size')!) : 0;
    if (size === undefined) throw bad('size is none');
    return { type, target: path, readOnly, size };
  }
  const sharing = fields.get('sharing') ?? 'shared';
  if (sharing !== 'shared' && sharing !== 'private' && sharing !== 'locked')
    throw bad(`unsupported sharing value "${sharing}"`);
  const from = fields.get('from');
  const begins =
    from === undefined
      ? { mode: rights(0o755), uid: id('uid'), gid: id('gid') }
      : { from, source: fields.get('source') ?? '/' };
  return { type: 'cache', id: fields.get('id') ?? path, target: path, readOnly, sharing, begins };
}
