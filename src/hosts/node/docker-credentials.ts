// Who somebody is to a registry, from where docker login leaves it: the configuration file, and the helpers that it names.
// Docker's cli/config (auths, credHelpers, credsStore); docker-credential-helpers (get: the server on standard input, JSON on the output).
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Credentials, CredentialSource } from '../../base/credentials.js';
import { InputError, messageOf } from '../../base/errors.js';

const ANSWER_MAX = 1 << 20;
/** Milliseconds for a helper that asks a keyring, or a person. */
const PATIENCE = 60_000;

interface DockerConfig {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string } | undefined>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

/** Of the file of `DOCKER_CONFIG`, or of the home folder. Rejects with InputError when it is none. */
export const dockerCredentials: CredentialSource = async (server) => {
  const config = readConfig();
  if (!config) return undefined;
  const helper = own(config.credHelpers, server) ?? config.credsStore;
  const told = helper ? await askHelper(helper, server) : undefined;
  return told ?? fromFile(config, server);
};

function own<Value>(values: Record<string, Value> | undefined, key: string): Value | undefined {
  return values && Object.hasOwn(values, key) ? values[key] : undefined;
}

function readConfig(): DockerConfig | undefined {
  const path = join(process.env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const config: unknown = JSON.parse(text);
    return typeof config === 'object' && config !== null ? (config as DockerConfig) : undefined;
  } catch (error) {
    throw new InputError(`${path}: ${messageOf(error)}`, 'Mend or remove it; docker login writes it anew.', {
      cause: error,
    });
  }
}

/** Old files name a server by its address. */
const namesOf = (server: string): string[] => [
  server,
  `https://${server}`,
  `https://${server}/`,
  `https://${server}/v1/`,
  `https://${server}/v2/`,
  `http://${server}`,
];

function fromFile({ auths }: DockerConfig, server: string): Credentials | undefined {
  const entry = namesOf(server)
    .map((name) => own(auths, name))
    .find((found) => found !== undefined && found !== null);
  if (!entry) return undefined;
  if (entry.identitytoken) return { kind: 'token', identityToken: entry.identitytoken };
  const decoded = entry.auth ? Buffer.from(entry.auth, 'base64').toString('utf8') : '';
  const colon = decoded.indexOf(':');
  if (colon > 0)
    return {
      kind: 'password',
      username: decoded.slice(0, colon),
      password: decoded.slice(colon + 1).replace(/\0+$/, ''),
    };
  return entry.username ? { kind: 'password', username: entry.username, password: entry.password ?? '' } : undefined;
}

function askHelper(name: string, server: string): Promise<Credentials | undefined> {
  if (!/^[\w.-]+$/.test(name)) throw new InputError(`docker credential helper '${name}': is no name of a program`);
  const program = `docker-credential-${name}`;
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(
        new InputError(
          `${program}: ${why}`,
          "Docker's config.json names this helper: install it, or take it out there.",
        ),
      );
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], timeout: PATIENCE });
    let answer = '';
    child.stdout.on('data', (bytes: Buffer) => {
      answer += bytes.toString('utf8');
      if (answer.length > ANSWER_MAX) child.kill('SIGKILL');
    });
    child.on('error', (error) => fail(messageOf(error)));
    child.stdin.on('error', () => {});
    child.on('close', (status) => {
      // a helper that has nothing for the server says so, and fails
      if (status !== 0) {
        if (/credentials not found/i.test(answer)) resolve(undefined);
        else fail(answer.trim().slice(0, 200) || `ended with status ${status}`);
        return;
      }
      try {
        const { Username, Secret } = JSON.parse(answer) as { Username?: string; Secret?: string };
        if (!Secret) resolve(undefined);
        else if (Username === '<token>') resolve({ kind: 'token', identityToken: Secret });
        else resolve({ kind: 'password', username: Username ?? '', password: Secret });
      } catch (error) {
        fail(messageOf(error));
      }
    });
    child.stdin.end(server);
  });
}
