// A bundle: the folder with config.json and the root that it names. OCI runtime-spec, bundle.md, config.md.
import { lstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { InputError } from '../../base/errors.js';
import type { MountSpec, RuntimeSpec } from '../../base/runtime-spec.js';
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

/** What a container needs before anything begins: as runc has it, for a node would take what is missing for what is usual. Throws InputError. */
export function checkBundle({ rootfs, spec }: Bundle): void {
  const { process: of, hostname, linux } = spec;
  if (!of) throw new InputError('process property must not be empty');
  if (!Array.isArray(of.args) || of.args.length === 0) throw new InputError('args must not be empty');
  if (!of.cwd) throw new InputError('Cwd property must not be empty');
  if (hostname && !linux?.namespaces?.some(({ type }) => type === 'uts'))
    throw new InputError('unable to set hostname without a private UTS namespace');
  const folder = lstatSync(rootfs, { throwIfNoEntry: false });
  if (!folder) throw new InputError(`invalid rootfs: ${rootfs}: no such file or directory`);
  if (folder.isSymbolicLink()) throw new InputError(`invalid rootfs: ${rootfs} is a symlink`);
  if (!folder.isDirectory()) throw new InputError(`invalid rootfs: ${rootfs} is no directory`);
}

export const isBind = ({ type, options = [] }: MountSpec): boolean =>
  type === 'bind' || options.includes('bind') || options.includes('rbind');

/** `view`: what is before paths of the host. Throws InputError. */
export function openBundle(folder: string, view = ''): Bundle {
  const path = resolve(folder);
  const spec = readJson(join(path, 'config.json')) as Bundle['spec'];
  if (spec === null || typeof spec !== 'object' || Array.isArray(spec))
    throw new InputError(`${path}/config.json: is no object`);
  const root = spec.root?.path;
  if (typeof root !== 'string' || root === '') throw new InputError(`${path}/config.json: root must be specified`);
  return { path, rootfs: isAbsolute(root) ? `${view}${root}` : resolve(path, root), spec };
}
