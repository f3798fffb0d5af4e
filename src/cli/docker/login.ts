// login and logout: who somebody is to a registry, in docker's own config.json. Docker docs, "docker login"; cli/config.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { messageOf } from '../../base/errors.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { flag } from './flags.js';
import { HUB } from './pull.js';

interface Config {
  auths?: Record<string, { auth?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

const folderOf = (): string => process.env.DOCKER_CONFIG || join(homedir(), '.docker');

function read(): Config {
  try {
    return JSON.parse(readFileSync(join(folderOf(), 'config.json'), 'utf8')) as Config;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Complaint(`${join(folderOf(), 'config.json')}: ${messageOf(error)}`);
  }
}

/** It is whole at any time, and nobody else's to read. */
function write(config: Config): void {
  const folder = folderOf();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const beside = join(folder, `config.json.${process.pid}`);
  try {
    writeFileSync(beside, `${JSON.stringify(config, undefined, '\t')}`, { mode: 0o600 });
    renameSync(beside, join(folder, 'config.json'));
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

const serverOf = (args: readonly string[]): string => {
  const name = (args[0] ?? '').replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return name === '' || name === 'docker.io' || name === 'index.docker.io' ? HUB : name;
};

function helperOf({ credHelpers, credsStore }: Config, server: string): string | undefined {
  const name = (credHelpers && Object.hasOwn(credHelpers, server) ? credHelpers[server] : undefined) ?? credsStore;
  if (name !== undefined && !/^[\w.-]+$/.test(name))
    throw new Complaint(`docker credential helper '${name}': is no name of a program`);
  return name && `docker-credential-${name}`;
}

function ask(helper: string, verb: string, input: string): void {
  const { status, error, stdout } = spawnSync(helper, [verb], { input, encoding: 'utf8' });
  if (error || status !== 0) throw new Complaint(`${helper} ${verb}: ${error?.message ?? stdout.trim()}`);
}

/** A line of the person's; hidden when it is a secret. */
function typed(prompt: string, secret: boolean): Promise<string> {
  process.stdout.write(prompt);
  const input = process.stdin;
  const hidden = secret && input.isTTY;
  if (!hidden) {
    const lines = createInterface({ input });
    return new Promise((resolve) => {
      lines.once('line', (line) => {
        lines.close();
        resolve(line);
      });
      lines.once('close', () => resolve(''));
    });
  }
  return new Promise((resolve, reject) => {
    let text = '';
    const restore = (): void => void input.setRawMode(false);
    const end = (settle: () => void): void => {
      input.off('data', onData).pause();
      process.off('exit', restore);
      restore();
      process.stdout.write('\n');
      settle();
    };
    const onData = (bytes: Buffer): void => {
      for (const letter of bytes.toString('utf8')) {
        if (letter === '\r' || letter === '\n') {
          end(() => resolve(text));
          return;
        }
        if (letter === '\x03') {
          end(() => reject(new Complaint('interrupted', 130)));
          return;
        }
        text = letter === '\x7f' ? text.slice(0, -1) : text + letter;
      }
    };
    input.setRawMode(true);
    process.on('exit', restore);
    input.on('data', onData).resume();
  });
}

async function wholeInput(): Promise<string> {
  let text = '';
  for await (const piece of process.stdin) text += String(piece);
  return text.replace(/\r?\n$/, '');
}

export const loginCommand: DockerCommand = {
  name: 'login',
  usage: '[SERVER]',
  what: "Keep who you are to a registry, in docker's config.json",
  flags: [
    flag('-p, --password', 'string', 'the password, or an access token'),
    flag('--password-stdin', 'bool', 'take the password from standard input'),
    flag('-u, --username', 'string', 'the name'),
  ],
  least: 0,
  most: 1,
  async run({ values, args, engine }) {
    const server = serverOf(args);
    let username = values.text('username');
    let password = values.text('password');
    if (values.is('password-stdin')) {
      if (password !== '') throw new Complaint('--password and --password-stdin are mutually exclusive');
      if (username === '') throw new Complaint('Must provide --username with --password-stdin');
      password = await wholeInput();
    } else if (password !== '')
      process.stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
    if ((username === '' || password === '') && !process.stdin.isTTY)
      throw new Complaint('Error: Cannot perform an interactive login from a non TTY device');
    if (username === '') username = (await typed('Username: ', false)).trim();
    if (username === '') throw new Complaint('username is required');
    if (password === '') password = await typed('Password: ', true);
    if (password === '') throw new Complaint('password is required');
    const { IdentityToken } =
      (await (await engine()).post('/auth', {}, { username, password, serveraddress: server })) ?? {};
    const config = read();
    const helper = helperOf(config, server);
    if (helper)
      ask(
        helper,
        'store',
        JSON.stringify({
          ServerURL: server,
          Username: IdentityToken ? '<token>' : username,
          Secret: IdentityToken || password,
        }),
      );
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    const kept = helper
      ? {}
      : IdentityToken
        ? { auth: Buffer.from(`${username}:`).toString('base64'), identitytoken: IdentityToken }
        : { auth };
    write({ ...config, auths: { ...config.auths, [server]: kept } });
    if (!helper)
      process.stderr.write(
        `WARNING! Your credentials are stored unencrypted in '${join(folderOf(), 'config.json')}'.\n`,
      );
    process.stdout.write('Login Succeeded\n');
  },
};

export const logoutCommand: DockerCommand = {
  name: 'logout',
  usage: '[SERVER]',
  what: 'Forget who you are to a registry',
  flags: [],
  least: 0,
  most: 1,
  need: () => 'none',
  async run({ args }) {
    const server = serverOf(args);
    const config = read();
    const helper = helperOf(config, server);
    const known = config.auths && Object.hasOwn(config.auths, server);
    if (!known && !helper) return void process.stdout.write(`Not logged in to ${server}\n`);
    process.stdout.write(`Removing login credentials for ${server}\n`);
    if (helper) ask(helper, 'erase', server);
    const { [server]: _gone, ...auths } = config.auths ?? {};
    write({ ...config, auths });
  },
};
