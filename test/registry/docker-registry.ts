// Debian's registry on this host's loopback, on a port of its own choice, gone when the tests are; and skopeo, which speaks to it.
// distribution's configuration reference; man 1 skopeo.
import { execFileSync } from 'node:child_process';
import { startRegistry } from '../../bench/registry.mjs';

export { startRegistry };

export type Registry = Awaited<ReturnType<typeof startRegistry>>;

export function skopeo(
  { skopeo, skopeoLibraries }: Record<'skopeo' | 'skopeoLibraries', string>,
  ...args: string[]
): string {
  return execFileSync(skopeo, ['--insecure-policy', '--override-arch', '386', '--override-os', 'linux', ...args], {
    encoding: 'utf8',
    env: { ...process.env, LD_LIBRARY_PATH: skopeoLibraries },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
