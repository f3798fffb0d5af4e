// Hooks of a config that run on the host. OCI runtime-spec, config.md, "POSIX-platform Hooks".
import { spawnSync } from 'node:child_process';
import { InputError } from '../../base/errors.js';
import type { Hook, Hooks } from './bundle.js';
import type { Kept } from './state-folder.js';

/** Those in the container's namespaces would be programs of the host's on a kernel that is not the container's. */
export function refuseInnerHooks(hooks: Hooks | undefined): void {
  for (const kind of ['createContainer', 'startContainer'] as const)
    if ((hooks?.[kind]?.length ?? 0) > 0)
      throw new InputError(`hooks.${kind} run in the container's namespaces, where programs of the host's can't be`);
}

/** Each in turn, with the state on its standard input. Throws InputError when one fails. */
export function runHooks(hooks: readonly Hook[] | undefined, kept: Kept, status: string): void {
  const { ociVersion, id, pid, bundle, annotations } = kept;
  const input = JSON.stringify({ ociVersion, id, status, pid, bundle, annotations });
  for (const { path, args = [path], env = [], timeout } of hooks ?? []) {
    const variables = Object.fromEntries(env.map((entry) => entry.split(/=(.*)/s).slice(0, 2)));
    const result = spawnSync(path, args.slice(1), {
      ...{ argv0: args[0], env: variables, input, encoding: 'utf8' },
      timeout: timeout === undefined ? undefined : timeout * 1000,
    });
    if (result.status !== 0)
      throw new InputError(
        `hook ${path}: ${result.error?.message ?? (result.stderr.trim() || `status ${result.status}`)}`,
      );
  }
}
