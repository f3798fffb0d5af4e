// Debian's registry on this host's loopback, on a port of its own choice. distribution's configuration reference.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** {host: 127.0.0.1:PORT, stop}. `password`: user and password in bcrypt, as htpasswd has them; undefined: everybody may. */
export async function startRegistry(program, folder, password) {
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
  const host = await new Promise((resolve, reject) => {
    const see = (bytes) => {
      said += bytes.toString();
      const found = /listening on (127\.0\.0\.1:\d+)/.exec(said);
      if (found) resolve(found[1]);
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
