// A bundle: the folder with config.json and the root that it names. OCI runtime-spec, bundle.md, config.md.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '../../base/errors.js';
import type { RuntimeSpec } from '../../base/runtime-spec.js';
import { reason } from '../../hosts/node/files.js';

const CONFIG_MAX = 4 << 20;

export interface Hook {
  path: string;
  args?: string[];
  env?: string[];
  timeout?: number;
}
export type Hooks = Partial<
  Record<
    'prestart' | 'createRuntime' | 'createContainer' | 'startContainer' | 'poststart' | 'poststop',
    readonly Hook[]
  >
>;

export interface Bundle {
  path: string;
  rootfs: string;
  spec: RuntimeSpec & { hooks?: Hooks };
}

/** A JSON file of a caller's. Throws InputError. */
export function readJson(path: string): unknown {
  let text: string;
  try {
    if (statSync(path).size > CONFIG_MAX) throw new InputError(`${path}: is larger than ${CONFIG_MAX >> 20} MiB`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: ${reason(error)}`, undefined, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: is no JSON: ${(error as Error).message}`, undefined, { cause: error });
  }
}

/** A new config.json. Throws InputError: one is there already. */
export function writeConfig(folder: string, spec: RuntimeSpec): void {
  const path = join(folder, 'config.json');
  try {
    writeFileSync(path, `${JSON.stringify(spec, undefined, '\t')}\n`, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new InputError(`${path} is there already`, 'Remove it first, or give another --bundle.');
    throw new InputError(`${path}: ${reason(error)}`, undefined, { cause: error });
  }
}

/** The root must be there before anything begins in it. Throws InputError. */
export function checkRoot({ rootfs }: Bundle): void {
  const folder = statSync(rootfs, { throwIfNoEntry: false });
  if (!folder?.isDirectory())
    throw new InputError(`root.path: ${rootfs}: ${folder ? 'is no directory' : 'no such file or directory'}`);
}

/** Throws InputError. */
export function openBundle(folder: string): Bundle {
  const path = resolve(folder);
  const spec = readJson(join(path, 'config.json')) as Bundle['spec'];
  if (spec === null || typeof spec !== 'object') throw new InputError(`${path}/config.json: is no object`);
  const root = spec.root?.path;
  if (typeof root !== 'string' || root === '') throw new InputError(`${path}/config.json: root.path is missing`);
  return { path, rootfs: resolve(path, root), spec };
}
