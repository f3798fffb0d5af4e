// Credentials as docker login leaves them: in the file, in a helper's hands, or nowhere.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { scratch } from '../../../test/scratch.js';
import { dockerCredentials } from './docker-credentials.js';

afterEach(() => vi.unstubAllEnvs());

function configured(config: unknown, helper?: string): void {
  const folder = scratch();
  writeFileSync(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  if (helper !== undefined) {
    writeFileSync(join(folder, 'docker-credential-test'), `#!/bin/sh\nread server\n${helper}\n`);
    chmodSync(join(folder, 'docker-credential-test'), 0o755);
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  }
  vi.stubEnv('DOCKER_CONFIG', folder);
}
const encoded = (text: string) => Buffer.from(text).toString('base64');

test('from the file: a password, one with a colon, a token, an old name, nothing', async () => {
  configured({
    auths: {
      'a.example': { auth: encoded('user:pass:word') },
      'https://b.example/v1/': { auth: encoded('b:x') },
      'c.example': { auth: encoded('c:'), identitytoken: 'T' },
      'd.example': {},
    },
  });
  expect(await dockerCredentials('a.example')).toEqual({ kind: 'password', username: 'user', password: 'pass:word' });
  expect(await dockerCredentials('b.example')).toEqual({ kind: 'password', username: 'b', password: 'x' });
  expect(await dockerCredentials('c.example')).toEqual({ kind: 'token', identityToken: 'T' });
  for (const server of ['d.example', 'e.example', '__proto__', 'constructor'])
    expect(await dockerCredentials(server)).toBeUndefined();
});

test('from a helper, which is given the server', async () => {
  configured(
    { credHelpers: { 'a.example': 'test' } },
    'echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"<token>\\",\\"Secret\\":\\"for $server\\"}"',
  );
  expect(await dockerCredentials('a.example')).toEqual({ kind: 'token', identityToken: 'for a.example' });
  expect(await dockerCredentials('b.example')).toBeUndefined();
  configured({ credsStore: 'test' }, 'echo "credentials not found in native keychain"; exit 1');
  expect(await dockerCredentials('a.example')).toBeUndefined();
  configured({ credsStore: 'test' }, 'echo no; exit 1');
  await expect(dockerCredentials('a.example')).rejects.toThrow(/docker-credential-test: no/);
  configured({ credsStore: 'not-there' });
  await expect(dockerCredentials('a.example')).rejects.toThrow(/docker-credential-not-there/);
  configured({ credsStore: '../../evil' });
  await expect(dockerCredentials('a.example')).rejects.toThrow(/no name of a program/);
});

test('a file that is broken is said; none is no one', async () => {
  configured('{');
  await expect(dockerCredentials('a.example')).rejects.toThrow(/config.json/);
  vi.stubEnv('DOCKER_CONFIG', '/nonexistent');
  expect(await dockerCredentials('a.example')).toBeUndefined();
});
