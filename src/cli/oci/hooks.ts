// Hooks of a config: programs of the host's, and those of startContainer, which are the container's.
// OCI runtime-spec, config.md, "POSIX-platform Hooks".
import { spawnSync } from 'node:child_process';
import { InputError } from '../../base/errors.js';
import type { ProcessSpec } from '../../base/runtime-spec.js';
import type { Hook } from './bundle.js';
import type { Kept } from './state-folder.js';

/** What a hook finds on its standard input. */
export const hookState = ({ ociVersion, id, pid, bundle, annotations }: Kept, status: string): string =>
  JSON.stringify({ ociVersion, id, status, pid, bundle, annotations });

/** Programs of the host's, each in turn. Throws InputError when one fails. */
export function runHooks(hooks: readonly Hook[] | undefined, kept: Kept, status: string): void {
  const input = hookState(kept, status);
  for (const { path, args = [path], env = [], timeout } of hooks ?? []) {
    const variables = Object.fromEntries(env.map((entry) => entry.split(/=(.*)/s).slice(0, 2)));
    const result = spawnSync(path, args.slice(1), {
      ...{ argv0: args[0], env: variables, input, encoding: 'utf8' },
      timeout: timeout === undefined ? undefined : timeout * 1000,
      killSignal: 'SIGKILL',
    });
    // one that ends without reading is no error
    const why = result.status === null ? (result.error?.message ?? `${result.signal}`) : result.stderr.trim();
    if (result.status !== 0) throw hookFailure(path, why, result.status);
  }
}

export const hookFailure = (path: string, why: string, status: number | null): InputError =>
  new InputError(`hook ${path}: ${why || `status ${status}`}`);

/** As a process of the container. Root's, as the runtime's hooks are. */
export const processOfHook = ({ path, args = [path], env = [] }: Hook): ProcessSpec => ({
  ...{ args: [path, ...args.slice(1)], env, cwd: '/', user: { uid: 0, gid: 0 } },
});
