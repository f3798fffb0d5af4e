// A line of docker's, `docker run -it --memory 64m --name web IMAGE sh`, as the container that it asks for.
// Docker docs, "docker container run"; the flags are read by what our command line reads them by.
import { InputError } from '../../src/base/errors.js';
import { type Flag, flag, parseFlags } from '../../src/cli/docker/flags.js';
import { wordsOf } from './words.js';

const FLAGS: readonly Flag[] = [
  flag('--cap-add', 'list', 'a capability more'),
  flag('--cap-drop', 'list', 'a capability less'),
  flag('--cpus', 'decimal', 'how many CPUs it may use'),
  flag('-d, --detach', 'bool', 'let it run in the background'),
  flag('--entrypoint', 'string', "instead of the image's entrypoint"),
  flag('-e, --env', 'list', 'an environment variable'),
  flag('-h, --hostname', 'string', 'its host name'),
  flag('--init', 'bool', 'an init as process 1'),
  flag('-i, --interactive', 'bool', 'keep standard input open'),
  flag('-m, --memory', 'bytes', 'memory that it may use'),
  flag('--name', 'string', 'its name'),
  flag('--network', 'string', 'its network'),
  flag('--pids-limit', 'int', 'how many processes it may have'),
  flag('--read-only', 'bool', 'its root can not be written'),
  flag('--restart', 'string', 'when it starts again'),
  flag('--rm', 'bool', 'remove it at its end'),
  flag('-t, --tty', 'bool', 'a terminal'),
  flag('-u, --user', 'string', 'whose its program is'),
  flag('-v, --volume', 'list', 'a volume (NAME:/PATH)'),
  flag('-w, --workdir', 'string', 'where it begins'),
];

export interface RunAsked {
  image: string;
  name: string;
  /** The page shows what it says, and takes what is typed. */
  tty: boolean;
  /** Docker Engine API, ContainerCreate. */
  body: object;
}

/** Throws InputError. */
export function parseRun(line: string): RunAsked {
  const words = wordsOf(line);
  if (!words) throw new InputError(`${line}: a quote is not closed.`);
  const given = ['docker', 'tabvisor'].includes(words[0] ?? '') ? words.slice(1) : words;
  if (given[0] !== 'run')
    throw new InputError('The line is no docker run.', 'For example: docker run -it --memory 64m tabvisor sh');
  let parsed: ReturnType<typeof parseFlags>;
  try {
    parsed = parseFlags(FLAGS, given.slice(1), false, 'docker run');
  } catch (error) {
    const known = FLAGS.map(({ name }) => `--${name}`).join(' ');
    throw new InputError(`${(error as Error).message.split('\n')[0]}.`, `This page knows: ${known}.`, { cause: error });
  }
  const { values, args } = parsed;
  const [image, ...command] = args;
  if (image === undefined) throw new InputError('The line names no image.');
  const tty = values.is('tty');
  const attach = tty && !values.is('detach');
  const restart = /^([a-z-]+)(?::(\d{1,9}))?$/.exec(values.text('restart'));
  return {
    ...{ image, name: values.text('name'), tty: attach },
    body: {
      Image: image,
      ...(command.length > 0 && { Cmd: command }),
      ...(values.has('entrypoint') && { Entrypoint: [values.text('entrypoint')] }),
      ...{ Env: values.list('env'), Hostname: values.text('hostname'), User: values.text('user') },
      ...{ WorkingDir: values.text('workdir'), Tty: tty, OpenStdin: values.is('interactive'), StdinOnce: attach },
      ...{ AttachStdin: attach, AttachStdout: attach, AttachStderr: attach },
      HostConfig: {
        ...{ Memory: values.bytes('memory'), NanoCpus: Math.round((values.number('cpus') ?? 0) * 1e9) },
        ...(values.has('pids-limit') && { PidsLimit: values.number('pids-limit') }),
        ...{ NetworkMode: values.text('network') || 'bridge', Binds: values.list('volume') },
        ...{ AutoRemove: values.is('rm'), ReadonlyRootfs: values.is('read-only') },
        ...{ CapAdd: values.list('cap-add'), CapDrop: values.list('cap-drop') },
        ...(values.has('init') && { Init: values.is('init') }),
        ...(values.has('restart') && {
          RestartPolicy: { Name: restart?.[1] ?? values.text('restart'), MaximumRetryCount: Number(restart?.[2] ?? 0) },
        }),
      },
    },
  };
}
