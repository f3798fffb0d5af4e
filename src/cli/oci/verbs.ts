// The operations of an OCI runtime on a sandbox a container. OCI runtime-spec, runtime.md; runc(8) for what they are told and print.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../base/errors.js';
import type { ProcessSpec } from '../../base/runtime-spec.js';
import { reason } from '../../hosts/node/files.js';
import { type Bundle, checkRoot, openBundle } from './bundle.js';
import { ask, statusOf } from './client.js';
import { networkOf, placeOf } from './place.js';
import { entry } from './entry.js';
import { refuseInnerHooks, runHooks } from './hooks.js';
import { type Apart, startApart } from './spawn.js';
import { isAlive, type Kept, StateFolder, startOf } from './state-folder.js';

export interface CreateOptions {
  root: string;
  bundle: string;
  pidFile?: string;
  consoleSocket?: string;
  /** Bytes of the node's memory. */
  memory: number;
}

export const OCI_VERSION = '1.2.0';
const KILL_PATIENCE = 10_000;

export function writePid(file: string | undefined, pid: number): void {
  if (file === undefined) return;
  try {
    writeFileSync(file, String(pid));
  } catch (error) {
    throw new InputError(`--pid-file ${file}: ${reason(error)}`, undefined, { cause: error });
  }
}

/** Throws InputError, and leaves nothing then. */
export async function create(id: string, options: CreateOptions): Promise<Apart> {
  const opened = openBundle(options.bundle);
  const { path: bundle, rootfs, spec } = opened;
  checkRoot(opened);
  refuseInnerHooks(spec.hooks);
  if (spec.process?.terminal && options.consoleSocket === undefined)
    throw new InputError('process.terminal is true: --console-socket is missing', 'Without a terminal it needs none.');
  const folder = new StateFolder(options.root, id);
  const { sandbox: shared, network, ...place } = placeOf(spec, options.root);
  folder.make();
  let pid: number | undefined;
  try {
    const { socket } = shared === undefined ? folder : new StateFolder(options.root, shared);
    const args = [
      ...[shared === undefined ? 'sandbox' : 'shared', '--bundle', bundle, '--socket', socket],
      ...['--place', JSON.stringify(place), '--memory', String(options.memory), id],
    ];
    const consoleSocket = spec.process?.terminal ? options.consoleSocket : undefined;
    const begin = entry(opened, shared === undefined ? network : undefined, join(folder.path, 'mounts'));
    const sandbox = await startApart(args, consoleSocket, begin);
    pid = sandbox.pid;
    const started = startOf(pid);
    if (started === undefined) throw new InputError(`the sandbox of ${id} ended at once`);
    const kept: Kept = {
      ...{ ociVersion: spec.ociVersion ?? OCI_VERSION, id, pid, started, bundle, rootfs },
      ...(shared !== undefined && { sandbox: shared }),
      ...(shared === undefined && { network: networkOf(pid) }),
      created: new Date().toISOString(),
      ...(spec.annotations && { annotations: spec.annotations }),
    };
    folder.write(kept);
    runHooks(spec.hooks?.prestart, kept, 'creating');
    runHooks(spec.hooks?.createRuntime, kept, 'creating');
    writePid(options.pidFile, pid);
    return sandbox;
  } catch (error) {
    if (pid !== undefined) end(pid);
    folder.remove();
    throw error;
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}

/** The config of a container that is kept. */
function specOf(kept: Kept): Bundle['spec'] {
  return openBundle(kept.bundle).spec;
}

export async function start(folder: StateFolder): Promise<void> {
  const kept = folder.read();
  await ask(folder, { ask: 'start' });
  runHooks(specOf(kept).hooks?.poststart, kept, 'running');
}

export async function kill(folder: StateFolder, signal: number, all: boolean): Promise<void> {
  folder.read();
  await ask(folder, { ask: 'kill', signal, all });
}

/** Throws InputError when it runs and is not forced to go. */
export async function remove(folder: StateFolder, force: boolean): Promise<void> {
  if (!folder.exists && force) return;
  let kept: Kept;
  try {
    kept = folder.read();
  } catch (error) {
    // whoever made it did not come to its end
    if (force) return folder.remove();
    throw error;
  }
  const status = await statusOf(folder);
  if (status !== 'stopped' && status !== 'created' && !force)
    throw new InputError(
      `cannot delete container ${folder.id} that is not stopped: ${status}`,
      'Kill it first, or --force it.',
    );
  if (isAlive(kept)) {
    end(kept.pid);
    for (let waited = 0; isAlive(kept) && waited < KILL_PATIENCE; waited += 10)
      await new Promise((resolve) => setTimeout(resolve, 10));
  }
  folder.remove();
  try {
    runHooks(specOf(kept).hooks?.poststop, kept, 'stopped');
  } catch (error) {
    process.stderr.write(`tabvisor: ${(error as Error).message}\n`);
  }
}

/** The state as it is printed. */
export async function state(folder: StateFolder): Promise<Record<string, unknown>> {
  const { started: _, sandbox: _sandbox, network: _network, pid, ...kept } = folder.read();
  const status = await statusOf(folder);
  return { ...kept, pid: status === 'stopped' ? 0 : pid, status, owner: '' };
}

export interface ExecOptions {
  process?: ProcessSpec;
  args: string[];
  env: string[];
  cwd?: string;
  user?: string;
  tty: boolean;
}

/** What is to be executed: the container's own process with other words, or what a file says. */
export function processSpec(folder: StateFolder, options: ExecOptions): ProcessSpec {
  if (options.process) return options.process;
  const own = specOf(folder.read()).process ?? {};
  if (options.args.length === 0) throw new InputError('exec: neither a program nor --process is given');
  const numbers = /^(\d+)(?::(\d+))?$/.exec(options.user ?? '');
  return {
    ...own,
    args: options.args,
    env: [...(own.env ?? []), ...options.env],
    cwd: options.cwd ?? own.cwd,
    terminal: options.tty,
    ...(numbers && { user: { uid: Number(numbers[1]), gid: Number(numbers[2] ?? 0) } }),
    ...(options.user !== undefined && !numbers && { user: { username: options.user } }),
  };
}
