// A line of docker's, `docker run -it --memory 64m --name web IMAGE sh`, as the container that it asks for.
// Docker docs, "docker container run"; read by what reads it at the prompt and in a terminal (src/cli/docker).
import { InputError } from '../../src/base/errors.js';
import { Complaint } from '../../src/cli/docker/complaint.js';
import { containerOf } from '../../src/cli/docker/container-options.js';
import { parseFlags } from '../../src/cli/docker/flags.js';
import { runCommand } from '../../src/cli/docker/run.js';
import { wordsOf } from './words.js';

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
    throw new InputError('The line is no docker run.', 'The prompt below takes all of docker’s commands.');
  try {
    const { values, args } = parseFlags(runCommand.flags, given.slice(1), false, 'docker run');
    const [image] = args;
    if (image === undefined) throw new InputError('The line names no image.');
    const detached = values.is('detach');
    const tty = values.is('tty') && !detached;
    const body = { ...containerOf(values, args, detached), StdinOnce: tty };
    return { image, name: values.text('name'), tty, body };
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    throw new InputError(`${error.message.split('\n')[0]}.`, undefined, { cause: error });
  }
}
