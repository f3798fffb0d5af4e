// login and logout: who somebody is to a registry, in docker's own config.json. Docker docs, "docker login"; cli/config.
import { toBase64 } from '../../base/base64.js';
import { encodeText } from '../../base/text.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { type Config, host } from './host.js';
import { wholeInput } from './input.js';
import { flag } from './flags.js';
import { HUB } from './pull.js';

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
      password = new TextDecoder().decode(await wholeInput()).replace(/\r?\n$/, '');
    } else if (password !== '')
      host.stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
    if ((username === '' || password === '') && !host.stdin.isTTY)
      throw new Complaint('Error: Cannot perform an interactive login from a non TTY device');
    if (username === '') username = (await host.ask('Username: ', false)).trim();
    if (username === '') throw new Complaint('username is required');
    if (password === '') password = await host.ask('Password: ', true);
    if (password === '') throw new Complaint('password is required');
    const { IdentityToken } =
      (await (await engine()).post('/auth', {}, { username, password, serveraddress: server })) ?? {};
    const config = host.accounts.read();
    const helper = helperOf(config, server);
    if (helper)
      host.accounts.help(
        helper,
        'store',
        JSON.stringify({
          ServerURL: server,
          Username: IdentityToken ? '<token>' : username,
          Secret: IdentityToken || password,
        }),
      );
    const auth = toBase64(encodeText(`${username}:${password}`));
    const kept = helper
      ? {}
      : IdentityToken
        ? { auth: toBase64(encodeText(`${username}:`)), identitytoken: IdentityToken }
        : { auth };
    host.accounts.write({ ...config, auths: { ...config.auths, [server]: kept } });
    if (!helper) host.stderr.write(`WARNING! Your credentials are stored unencrypted in '${host.accounts.place}'.\n`);
    host.stdout.write('Login Succeeded\n');
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
    const config = host.accounts.read();
    const helper = helperOf(config, server);
    const known = config.auths && Object.hasOwn(config.auths, server);
    if (!known && !helper) return void host.stdout.write(`Not logged in to ${server}\n`);
    host.stdout.write(`Removing login credentials for ${server}\n`);
    if (helper) host.accounts.help(helper, 'erase', server);
    const { [server]: _gone, ...auths } = config.auths ?? {};
    host.accounts.write({ ...config, auths });
  },
};
