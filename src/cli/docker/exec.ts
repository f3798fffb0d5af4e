// exec and attach: a process more in a container, and the process that it has. Engine API, "Exec", ContainerAttach.
import { part } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint, Ended } from './complaint.js';
import { environmentOf } from './container-options.js';
import { flag } from './flags.js';
import { attached } from './attached.js';
import { followSize, session, sizeQuery } from './session.js';
import { host } from './host.js';

export const execCommand: DockerCommand = {
  name: 'exec',
  usage: 'CONTAINER COMMAND [ARG...]',
  what: 'Run a program in a container that runs',
  aliases: ['container exec', 'exec'],
  flags: [
    flag('-d, --detach', 'bool', 'let it run in the background'),
    flag('--detach-keys', 'string', 'the keys that leave it'),
    flag('-e, --env', 'list', 'an environment variable'),
    flag('--env-file', 'list', 'a file of environment variables'),
    flag('-i, --interactive', 'bool', 'send it our standard input'),
    flag('--privileged', 'bool', 'with all capabilities'),
    flag('-t, --tty', 'bool', 'give it a terminal'),
    flag('-u, --user', 'string', 'who it runs as (NAME|UID[:GROUP|GID])'),
    flag('-w, --workdir', 'string', 'its working folder'),
  ],
  least: 2,
  flagsFirst: true,
  async run({ values, args, engine }) {
    const [container, ...Cmd] = args as [string, ...string[]];
    const detach = values.is('detach');
    const Tty = values.is('tty');
    const stdin = values.is('interactive') && !detach;
    if (Tty && stdin && !host.stdin.isTTY) throw new Complaint('the input device is not a TTY');
    const api = await engine();
    const { rows, columns } = host.stdout;
    const { Id } = await api.post(
      `/containers/${part(container)}/exec`,
      {},
      {
        User: values.text('user'),
        Privileged: values.is('privileged'),
        Tty,
        AttachStdin: stdin,
        AttachStdout: !detach,
        AttachStderr: !detach,
        Env: environmentOf(values),
        WorkingDir: values.text('workdir'),
        Cmd,
      },
    );
    const start = { Detach: detach, Tty, ...(Tty && rows > 0 && { ConsoleSize: [rows, columns] }) };
    if (detach) return void (await api.post(`/exec/${Id}/start`, {}, start));
    const connection = await api.hijack(`/exec/${Id}/start`, {}, start);
    const unfollow = Tty ? followSize(api, `/exec/${Id}/resize`) : () => {};
    const how = await session(connection, { stdin, tty: Tty, detachKeys: values.text('detach-keys') }).finally(
      unfollow,
    );
    if (how === 'detached') return;
    const { ExitCode } = await api.get(`/exec/${Id}/json`);
    if (ExitCode) throw new Ended(ExitCode);
  },
};

export const attachCommand: DockerCommand = {
  name: 'attach',
  usage: 'CONTAINER',
  what: 'Connect to the standard streams of a container that runs',
  aliases: ['container attach', 'attach'],
  flags: [
    flag('--detach-keys', 'string', 'the keys that leave it'),
    flag('--no-stdin', 'bool', 'leave standard input alone'),
    flag('--sig-proxy', 'bool', 'our signals are its', 'true'),
  ],
  least: 1,
  most: 1,
  async run({ values, args, engine }) {
    const api = await engine();
    const { Id, State, Config } = await api.get(`/containers/${part(args[0]!)}/json`);
    if (!State.Running) throw new Complaint('You cannot attach to a stopped container, start it first');
    if (State.Paused) throw new Complaint('You cannot attach to a paused container, unpause it first');
    if (State.Restarting) throw new Complaint('You cannot attach to a restarting container, wait until it is running');
    const stdin = Config.OpenStdin && !values.is('no-stdin');
    if (Config.Tty && stdin && !host.stdin.isTTY) throw new Complaint('the input device is not a TTY');
    const redraw = async (): Promise<void> => {
      if (!Config.Tty || !host.stdout.isTTY) return;
      const { h, w } = sizeQuery();
      // another size and back: the program draws its screen again
      await api.post(`/containers/${Id}/resize`, { h: Number(h) + 1, w: Number(w) + 1 }).catch(() => {});
    };
    const how = await attached(api, Id, {
      ...{ streams: { stdin, stdout: true, stderr: true }, tty: Config.Tty, detachKeys: values.text('detach-keys') },
      ...{ proxies: values.is('sig-proxy') && !Config.Tty, condition: 'not-running', begin: redraw },
    });
    if (how === 'detached') throw new Ended(1);
  },
};
