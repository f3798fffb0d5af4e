// RUN: a command in a container of the image so far; what it changes is the next layer.
// docs.docker.com/reference/dockerfile: RUN, Here-documents.
import { changesOf } from '../../runtime/archive-stream.js';
import type { Container } from '../container.js';
import type { Engine } from '../engine.js';
import { BuildFailure } from './failure.js';
import type { Cancellation } from './cancellation.js';
import type { Instruction } from './dockerfile.js';

export interface Command {
  /** What the container runs. */
  args: string[];
  /** A file that it runs, or is run by. */
  script?: { path: string; text: string };
  /** All that it says. */
  shown: string[];
}

/** Where documents are that are programs. */
const SCRIPTS = '/dev/pipes';

/** The command of a RUN. A document alone is a script; one that begins with #! is a program. */
export function runCommand({ json, rest, documents }: Instruction, shell: readonly string[]): Command {
  if (json) return { args: [...json], shown: [...json] };
  const [first] = documents;
  if (documents.length === 1 && /^<<-?\s*\S+$/.test(rest)) {
    const { name, text } = first!;
    const shown = [...shell, text];
    if (!text.startsWith('#!')) return { args: shown, shown };
    const path = `${SCRIPTS}/${name.replaceAll('/', '_')}`;
    return { args: [path], script: { path, text }, shown };
  }
  const script = [rest, ...documents.map(({ name, text }) => `${text}${name}`)].join('\n');
  const args = [...shell, documents.length > 0 ? `${script}\n` : script];
  return { args, shown: args };
}

export interface Running {
  command: Command;
  output(stream: 1 | 2, bytes: Uint8Array): Promise<boolean>;
  cancellation: Cancellation;
}

/** A container that runs nothing by itself: its image's command and health check are not the build's. `passing`: it goes with the build. */
export async function buildContainer(
  engine: Engine,
  image: string,
  args: readonly string[],
  more: Readonly<Record<string, unknown>>,
  passing: boolean,
): Promise<Container> {
  const own = { Image: image, Entrypoint: [''], Cmd: args, Healthcheck: { Test: ['NONE'] } };
  const { container } = await engine.create(undefined, { ...own, ...more }, undefined, passing);
  return container;
}

/** Runs a container of a build to its end. Rejects with BuildFailure when it fails. */
export async function runToEnd(container: Container, running: Running): Promise<void> {
  const { cancellation } = running;
  let detach = (): void => {};
  const told = new Promise<void>((ended) => {
    detach = container.streams.attach({ output: running.output, ended });
  });
  const ended = new Promise<number>((resolve) => container.wait('next-exit', resolve));
  const stopWatching = cancellation.onCancel(() => void container.kill(9).catch(() => {}));
  try {
    await container.start();
    if (cancellation.cancelled) await container.kill(9).catch(() => {});
    const code = await ended;
    await told;
    cancellation.check();
    if (code !== 0)
      throw new BuildFailure(
        `The command '${running.command.shown.join(' ')}' returned a non-zero code: ${code}`,
        code,
        running.command.shown,
      );
  } finally {
    stopWatching();
    detach();
  }
}

/** What a container of a build has changed. */
export const changesIn = (engine: Engine, container: Container): AsyncIterable<Uint8Array> =>
  changesOf(engine.node, container.id);
