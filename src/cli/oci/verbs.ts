// The operations of an OCI runtime on a sandbox a container. OCI runtime-spec, runtime.md; runc(8) for what they are told and print.
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../base/errors.js';
import type { ProcessSpec } from '../../base/runtime-spec.js';
import { reason } from '../../hosts/node/files.js';
import { passedOver } from '../../node/spec-fields.js';
import { type Bundle, checkBundle, openBundle } from './bundle.js';
import { ask, statusOf } from './client.js';
import { ownNetwork, placeOf } from './place.js';
import { entry } from './entry.js';
import { runHooks } from './hooks.js';
import { type Apart, startApart } from './spawn.js';
import { isAlive, type Kept, StateFolder, startOf } from './state-folder.js';

export interface CreateOptions {
  root: string;
  bundle: string;
  pidFile?: string;
  consoleSocket?: string;
  /** Bytes of the node's memory. */
  memory: number;
  /** Told of what is passed over. */
  warn(words: string): void;
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
  checkBundle(opened);
  for (const words of passedOver(spec)) options.warn(words);
  if (spec.process?.terminal && options.consoleSocket === undefined)
    throw new InputError('process.terminal is true: --console-socket is missing', 'Without a terminal it needs none.');
  const folder = new StateFolder(options.root, id);
  const { sandbox: shared, network, ...place } = placeOf(spec, options.root);
  folder.make();
  let pid: number | undefined;
  try {
    const { socket } = shared === undefined ? folder : new StateFolder(options.root, shared);
    const kept = {
      ...{ ociVersion: spec.ociVersion ?? OCI_VERSION, id, bundle, rootfs, created: new Date().toISOString() },
      ...(shared !== undefined && { sandbox: shared }),
      ...(spec.annotations && { annotations: spec.annotations }),
    };
    const begin = entry(opened, shared === undefined ? network : undefined, join(folder.path, 'mounts'));
    // in the host's own namespace nothing is the container's
    place.outer &&= begin.length > 0;
    const args = [
      ...['--root', options.root, shared === undefined ? 'sandbox' : 'shared', '--socket', socket],
      ...['--kept', JSON.stringify(kept), '--place', JSON.stringify(place), '--memory', String(options.memory), id],
    ];
    const consoleSocket = spec.process?.terminal ? options.consoleSocket : undefined;
    const sandbox = await startApart(args, consoleSocket, begin);
    pid = sandbox.pid;
    const whole = folder.read();
    runHooks(spec.hooks?.prestart, whole, 'creating');
    runHooks(spec.hooks?.createRuntime, whole, 'creating');
    if (spec.hooks?.createContainer?.length) await ask(folder, { ask: 'createContainerHooks' });
    writePid(options.pidFile, pid);
    return sandbox;
  } catch (error) {
    if (pid !== undefined) end(pid);
    folder.remove();
    throw error;
  }
}

/** What `create` knows of a container before its process is there. */
export type Given = Omit<Kept, 'pid' | 'started' | 'network'>;

/** The container of our own process. */
export function keep(given: Given): Kept {
  const network = ownNetwork();
  return { ...given, pid: process.pid, started: startOf(process.pid) ?? '', network };
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
  const status = await statusOf(folder);
  if (status === 'stopped') throw new InputError('cannot start a container that has stopped');
  if (status !== 'created') throw new InputError('cannot start an already running container');
  await ask(folder, { ask: 'start' });
  runHooks(specOf(kept).hooks?.poststart, kept, 'running');
}

export async function kill(folder: StateFolder, signal: number, all: boolean): Promise<void> {
  if ((await statusOf(folder)) === 'stopped') {
    folder.read();
    // with --all there may be others, and it is no error that there are none
    if (all) return;
    throw new InputError('container not running');
  }
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
  return { ...kept, pid: status === 'stopped' ? 0 : pid, status, owner: userInfo().username };
}

export async function pause(folder: StateFolder): Promise<void> {
  const status = await statusOf(folder);
  if (status !== 'running') throw new InputError(`container not running: it is ${status}`);
  await ask(folder, { ask: 'pause' });
}

export async function resume(folder: StateFolder): Promise<void> {
  if ((await statusOf(folder)) !== 'paused') throw new InputError('container not paused');
  await ask(folder, { ask: 'resume' });
}

export interface ExecOptions {
  process?: ProcessSpec;
  args: string[];
  env?: string[];
  cwd?: string;
  user?: string;
  tty?: boolean;
  additionalGids?: string[];
  cap?: string[];
  noNewPrivs?: boolean;
}

/** Throws InputError: there is nobody to execute it in. */
export async function requireRunning(folder: StateFolder, evenPaused: boolean): Promise<void> {
  folder.read();
  const status = await statusOf(folder);
  if (status === 'stopped') throw new InputError('cannot exec in a stopped container');
  if (status === 'paused' && !evenPaused)
    throw new InputError('cannot exec in a paused container (use --ignore-paused to override)');
}

/** What is to be executed: the container's own process with other words, or what a file says. */
export function processSpec(folder: StateFolder, options: ExecOptions): ProcessSpec {
  if (options.process) return options.process;
  const own = specOf(folder.read()).process ?? {};
  if (options.args.length === 0)
    throw new InputError('process args cannot be empty', 'Name a program, or give --process.');
  const numbers = /^(\d+)(?::(\d+))?$/.exec(options.user ?? '');
  const gids = (options.additionalGids ?? []).map((text) => {
    if (!/^\d{1,10}$/.test(text)) throw new InputError(`--additional-gids ${text}: is no number`);
    return Number(text);
  });
  const user = numbers ? { uid: Number(numbers[1]), gid: Number(numbers[2] ?? 0) } : own.user;
  const { cap = [] } = options;
  const sets = ['bounding', 'effective', 'permitted'] as const;
  return {
    ...own,
    args: options.args,
    env: [...(own.env ?? []), ...(options.env ?? [])],
    cwd: options.cwd ?? own.cwd,
    terminal: options.tty ?? false,
    ...(options.noNewPrivs && { noNewPrivileges: true }),
    user: { ...user, ...(gids.length > 0 && { additionalGids: gids }) },
    capabilities: {
      ...own.capabilities,
      ...(cap.length > 0 &&
        Object.fromEntries(sets.map((name) => [name, [...(own.capabilities?.[name] ?? []), ...cap]]))),
    },
    ...(options.user !== undefined && !numbers && { user: { username: options.user } }),
  };
}
