// What is done to containers by name: start, stop, restart, kill, pause, unpause, rm, wait, rename, update. Engine API, "Container".
import type { Query } from './api-client.js';
import { part } from './api-client.js';
import { attached } from './attached.js';
import type { Call, DockerCommand } from './command.js';
import { Complaint, Refused } from './complaint.js';
import { RESOURCE_FLAGS, resourcesOf, restartOf } from './container-options.js';
import { forEach } from './each.js';
import { type Flag, flag, type Values } from './flags.js';
import { host } from './host.js';

/** One request for each container, whose name is printed. */
function verb(
  name: string,
  what: string,
  flags: readonly Flag[] = [],
  query: (values: Values) => Query = () => ({}),
): DockerCommand {
  return {
    ...{ name, what, flags, least: 1, usage: 'CONTAINER [CONTAINER...]', aliases: [`container ${name}`, name] },
    need: () => (name === 'restart' ? 'background' : 'engine'),
    async run({ values, args, engine }) {
      const api = await engine();
      await forEach(args, async (container) => {
        await api.post(`/containers/${part(container)}/${name}`, query(values));
        host.stdout.write(`${container}\n`);
      });
    },
  };
}

const ending: readonly Flag[] = [
  flag('-s, --signal', 'string', 'the signal that asks it to end'),
  flag('-t, --timeout', 'int', 'seconds until it is killed'),
];
const endingQuery = (values: Values): Query => ({ signal: values.text('signal'), t: values.number('timeout') });

export const stopCommand = verb('stop', 'Stop containers', ending, endingQuery);
export const restartCommand = verb('restart', 'Stop containers and start them again', ending, endingQuery);
export const pauseCommand = verb('pause', 'Halt all processes of containers');
export const unpauseCommand = verb('unpause', 'Let halted containers go on');
export const killCommand = verb(
  'kill',
  'Kill containers',
  [flag('-s, --signal', 'string', 'the signal to send')],
  (values) => ({
    signal: values.text('signal'),
  }),
);

export const rmCommand: DockerCommand = {
  name: 'rm',
  usage: 'CONTAINER [CONTAINER...]',
  what: 'Remove containers',
  aliases: ['container rm', 'container remove', 'rm'],
  flags: [
    flag('-f, --force', 'bool', 'also one that runs, which is killed'),
    flag('-v, --volumes', 'bool', 'with its volumes that have no name'),
  ],
  least: 1,
  async run({ values, args, engine }) {
    const api = await engine();
    const force = values.is('force');
    await forEach(args, async (container) => {
      try {
        await api.delete(`/containers/${part(container)}`, { force, v: values.is('volumes') });
        host.stdout.write(`${container}\n`);
      } catch (error) {
        if (!force || !(error instanceof Refused) || error.http !== 404) throw error;
        host.stderr.write(`${error.message}\n`);
      }
    });
  },
};

export const waitCommand: DockerCommand = {
  name: 'wait',
  usage: 'CONTAINER [CONTAINER...]',
  what: 'Wait until containers have ended, and print what they ended with',
  aliases: ['container wait', 'wait'],
  flags: [],
  least: 1,
  async run({ args, engine }) {
    const api = await engine();
    await forEach(args, async (container) => {
      const { StatusCode } = await api.post(`/containers/${part(container)}/wait`);
      host.stdout.write(`${StatusCode}\n`);
    });
  },
};

export const renameCommand: DockerCommand = {
  name: 'rename',
  usage: 'CONTAINER NEW_NAME',
  what: 'Give a container another name',
  aliases: ['container rename', 'rename'],
  flags: [],
  least: 2,
  most: 2,
  async run({ args, engine }) {
    const [container, name] = args as [string, string];
    const api = await engine();
    try {
      await api.post(`/containers/${part(container)}/rename`, { name });
    } catch (error) {
      if (error instanceof Complaint)
        throw new Complaint(`${error.message}\nError: failed to rename container named ${container}`);
      throw error;
    }
  },
};

export const updateCommand: DockerCommand = {
  name: 'update',
  usage: 'CONTAINER [CONTAINER...]',
  what: 'Change the limits of containers',
  aliases: ['container update', 'update'],
  flags: [...RESOURCE_FLAGS, flag('--restart', 'string', 'when it is started again')],
  least: 1,
  async run({ values, args, engine }) {
    if (!['restart', ...RESOURCE_FLAGS.map(({ name }) => name)].some((name) => values.has(name)))
      throw new Complaint('you must provide one or more flags when using this command');
    const api = await engine();
    const body = {
      ...resourcesOf(values),
      ...(values.has('restart') && { RestartPolicy: restartOf(values.text('restart')) }),
    };
    const warnings: string[] = [];
    await forEach(args, async (container) => {
      warnings.push(...((await api.post(`/containers/${part(container)}/update`, {}, body))?.Warnings ?? []));
      host.stdout.write(`${container}\n`);
    });
    for (const warning of warnings) host.stderr.write(`${warning}\n`);
  },
};

async function startAttached({ values, args, engine }: Call): Promise<void> {
  const api = await engine();
  if (args.length > 1) throw new Complaint('you cannot start and attach multiple containers at once');
  const { Id, Config } = await api.get(`/containers/${part(args[0]!)}/json`);
  const stdin = values.is('interactive') && Config.OpenStdin;
  await attached(api, Id, {
    ...{ streams: { stdin, stdout: true, stderr: true }, tty: Config.Tty, detachKeys: values.text('detach-keys') },
    ...{ proxies: !Config.Tty, condition: 'next-exit', begin: () => api.post(`/containers/${Id}/start`) },
  });
}

export const startCommand: DockerCommand = {
  name: 'start',
  usage: 'CONTAINER [CONTAINER...]',
  what: 'Start containers that do not run',
  aliases: ['container start', 'start'],
  flags: [
    flag('-a, --attach', 'bool', 'show its output and forward signals'),
    flag('--detach-keys', 'string', 'the keys that leave it'),
    flag('-i, --interactive', 'bool', 'send it our standard input'),
  ],
  least: 1,
  need: ({ values }) => (values.is('attach') || values.is('interactive') ? 'serving' : 'background'),
  async run(call) {
    if (call.values.is('attach') || call.values.is('interactive')) return startAttached(call);
    const api = await call.engine();
    let failed = false;
    for (const container of call.args) {
      try {
        await api.post(`/containers/${part(container)}/start`);
        host.stdout.write(`${container}\n`);
      } catch (error) {
        if (!(error instanceof Complaint)) throw error;
        failed = true;
        host.stderr.write(`${error.message}\n`);
      }
    }
    if (failed) throw new Complaint(`Error: failed to start containers: ${call.args.join(', ')}`);
  },
};
