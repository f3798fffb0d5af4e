// Debian's registry on this host's loopback, on a port of its own choice, gone when the tests are; and skopeo, which speaks to it.
// distribution's configuration reference; man 1 skopeo.
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Registry {
  /** `127.0.0.1:PORT`. */
  host: string;
  stop(): Promise<void>;
}

/** `password`: user and password in bcrypt, as htpasswd has them; undefined: everybody may. */
export async function startRegistry(program: string, folder: string, password?: string): Promise<Registry> {
  const file = join(folder, 'registry.json');
  if (password !== undefined) writeFileSync(join(folder, 'htpasswd'), `${password}\n`);
  const auth = password === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } } };
  // its YAML takes JSON
  writeFileSync(
    file,
    JSON.stringify({
      version: 0.1,
      log: { accesslog: { disabled: true }, level: 'info' },
      storage: { filesystem: { rootdirectory: join(folder, 'registry') } },
      http: { addr: '127.0.0.1:0' },
      ...auth,
    }),
  );
  const child = spawn(program, ['serve', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const host = await new Promise<string>((resolve, reject) => {
    const see = (bytes: Buffer): void => {
      said += bytes.toString();
      const found = /listening on (127\.0\.0\.1:\d+)/.exec(said);
      if (found) resolve(found[1]!);
    };
    child.stdout.on('data', see);
    child.stderr.on('data', see);
    child.on('exit', () => reject(new Error(`the registry ended: ${said}`)));
    child.on('error', reject);
  });
  return {
    host,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    },
  };
}

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
