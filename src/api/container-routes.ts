// Routes of containers and execs. Docker Engine API, "Containers", "Exec".
import { parseResources, parseRestartPolicy } from '../engine/container-config.js';
import type { Container } from '../engine/container.js';
import type { WaitCondition } from '../engine/waiters.js';
import type { Engine } from '../engine/engine.js';
import { Conflict, EngineError, InvalidParameter } from '../engine/errors.js';
import { Members } from '../engine/json-members.js';
import { checkFilters, parseFilters, passesLabels, untilOf } from '../engine/filters.js';
import { signalOf } from '../engine/signals.js';
import { readJson } from '../http/body.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';
import type { Router } from '../http/router.js';
import { flagOf, json, line, nothing, numberOf } from './answers.js';
import { type Attachable, attached, type Wanted } from './attach.js';
import { sizeOfRoot, sizesOf } from '../engine/disk-usage.js';
import { listContainers } from './container-list.js';
import { inspection } from './container-views.js';
import { logsOf } from './logs.js';
import { statsOf } from './stats.js';
import { topOf } from './top.js';

const CONDITIONS: readonly WaitCondition[] = ['not-running', 'next-exit', 'removed'];

/** `root`: where the data is. */
export function containerRoutes(router: Router, engine: Engine, root: string): void {
  const on = (
    method: string,
    path: string,
    act: (container: Container, request: HttpRequest) => Promise<HttpAnswer>,
  ): void =>
    router.add(method, `/containers/{name}${path}`, (request, { name }) => act(engine.container(name!), request));

  router.add('GET', '/containers/json', (request) => listContainers(engine, request));
  router.add('POST', '/containers/create', async (request) => {
    const { container, warnings } = await engine.create(
      request.query.get('name'),
      await readJson(request),
      request.query.get('platform') || undefined,
    );
    return json({ Id: container.id, Warnings: warnings }, 201);
  });
  router.add('POST', '/containers/prune', (request) => prune(engine, request));
  on('GET', '/json', async (container, request) =>
    json({ ...inspection(container, root), ...(flagOf(request, 'size') && (await sizesOf(engine, container))) }),
  );
  on('POST', '/start', async (container) => {
    await container.start();
    return nothing();
  });
  on('POST', '/stop', async (container, request) => {
    await container.stop(numberOf(request, 't'), request.query.get('signal'));
    return nothing();
  });
  on('POST', '/restart', async (container, request) => {
    await container.restart(numberOf(request, 't'), request.query.get('signal'));
    return nothing();
  });
  router.add('POST', '/containers/{name}/kill', async ({ query }, { name }) => {
    try {
      await engine.container(name!).kill(signalOf(query.get('signal') || 'KILL'));
    } catch (error) {
      throw error instanceof EngineError ? error.behind(`cannot kill container: ${name}`) : error;
    }
    return nothing();
  });
  on('POST', '/pause', async (container) => {
    await container.pause();
    return nothing();
  });
  on('POST', '/unpause', async (container) => {
    await container.resume();
    return nothing();
  });
  on('POST', '/rename', async (container, request) => {
    await engine.rename(container, request.query.get('name') ?? '');
    return nothing();
  });
  on('POST', '/update', async (container, request) => {
    const body = new Members(await readJson(request), 'the update');
    const hasPolicy = body.members('RestartPolicy').text('Name') !== '';
    const policy = hasPolicy ? parseRestartPolicy(body) : undefined;
    return json({ Warnings: await container.update(parseResources(body), policy) });
  });
  on('POST', '/resize', async (container, request) => {
    await container.resize(...sizeOf(request));
    return nothing(200);
  });
  on('POST', '/wait', async (container, request) => waiting(container, request));
  on('GET', '/logs', async (container, request) => logsOf(container, request));
  on('GET', '/stats', async (container, request) => statsOf(engine, container, request));
  on('GET', '/top', (container, request) => topOf(engine, container, request));
  router.add('DELETE', '/containers/{name}', async (request, { name }) => {
    await engine.remove(engine.container(name!), flagOf(request, 'force'), flagOf(request, 'v'));
    return nothing();
  });
  router.add('POST', '/containers/{name}/attach', async (request, { name }) =>
    attach(engine.container(name!), request),
  );
  router.add('GET', '/containers/{name}/attach/ws', async (_request, { name }) => {
    engine.container(name!);
    throw new InvalidParameter(
      'attach/ws: WebSockets are not spoken here: POST /containers/{id}/attach with Upgrade: tcp carries the same streams',
    );
  });
  router.add('POST', '/containers/{name}/exec', async (request, { name }) => {
    const exec = engine.createExec(engine.container(name!), await readJson(request));
    return json({ Id: exec.id }, 201);
  });
  execRoutes(router, engine);
}

function sizeOf(request: HttpRequest): [rows: number, columns: number] {
  const [rows, columns] = [numberOf(request, 'h'), numberOf(request, 'w')];
  if (rows === undefined || columns === undefined) throw new InvalidParameter('h and w are needed');
  return [rows, columns];
}

const wantedOf = (request: HttpRequest): Wanted => ({
  stdin: flagOf(request, 'stdin'),
  stdout: flagOf(request, 'stdout'),
  stderr: flagOf(request, 'stderr'),
});

const KEYS = /^(.|ctrl-[a-z@[\\\]^_])(,(.|ctrl-[a-z@[\\\]^_]))*$/i;

/** Clients watch for them; what are none are refused all the same. Throws InvalidParameter. */
function checkDetachKeys(keys: string): void {
  if (keys !== '' && !KEYS.test(keys)) throw new InvalidParameter(`Invalid detach keys (${keys}) provided`);
}

function attach(container: Container, request: HttpRequest) {
  checkDetachKeys(request.query.get('detachKeys') ?? '');
  if (container.status === 'paused') throw new Conflict(`container ${container.id} is paused, unpause and try again`);
  const wanted = wantedOf(request);
  const { OpenStdin, StdinOnce, Tty } = container.config;
  const before = flagOf(request, 'logs') ? () => container.log.read() : undefined;
  const to: Attachable = {
    tty: Tty,
    streams: container.streams,
    input: (bytes) => container.input(bytes),
    endInput: () => container.endInput(),
    running: container.whenRunning(),
    endsWithClient: StdinOnce && !Tty,
  };
  return attached(to, { ...wanted, stdin: wanted.stdin && OpenStdin }, { before, only: !flagOf(request, 'stream') });
}

/** The headers go out at once; the body when it has come true. */
function waiting(container: Container, request: HttpRequest): HttpAnswer {
  const condition = (request.query.get('condition') || 'not-running') as WaitCondition;
  if (!CONDITIONS.includes(condition)) throw new InvalidParameter(`invalid condition: "${condition}"`);
  let stop = (): void => {};
  // from now on, not from when the body is written
  const code = new Promise<number>((resolve) => {
    stop = container.wait(condition, resolve);
  });
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    async body(out) {
      const closed = new Promise<undefined>((resolve) => out.onClose(() => resolve(undefined)));
      const found = await Promise.race([code, closed]);
      stop();
      if (found !== undefined) await out.write(line({ StatusCode: found }));
    },
  };
}

async function prune(engine: Engine, request: HttpRequest): Promise<HttpAnswer> {
  const filters = parseFilters(request.query.get('filters'));
  checkFilters(filters, ['label', 'label!', 'until']);
  const until = untilOf(filters, engine.host.date());
  let reclaimed = 0;
  const deleted: string[] = [];
  for (const container of [...engine.containers.values()]) {
    if (container.running || container.restarting || !passesLabels(filters, container.config.Labels)) continue;
    if (until !== undefined && container.created > until) continue;
    reclaimed += await sizeOfRoot(engine, container);
    await engine.remove(container, false, false);
    deleted.push(container.id);
  }
  engine.events.tell('container', 'prune', '', { reclaimed: String(reclaimed) });
  return json({ ContainersDeleted: deleted, SpaceReclaimed: reclaimed });
}

function execRoutes(router: Router, engine: Engine): void {
  router.add('POST', '/exec/{id}/start', async (request, { id }) => {
    const exec = engine.exec(id!);
    const body = new Members(await readJson(request), 'the exec');
    const size = body.list('ConsoleSize') as number[];
    const console =
      size.length === 2 && size.every(Number.isInteger) ? { height: size[0]!, width: size[1]! } : undefined;
    if (body.flag('Detach')) {
      await exec.start(console);
      return nothing(200);
    }
    if (exec.state !== 'created') throw new Conflict(`exec ${exec.id} has been started already`);
    const { Tty, AttachStdin, AttachStdout, AttachStderr } = exec.config;
    const to: Attachable = {
      tty: Tty,
      streams: exec.streams,
      input: (bytes) => exec.input(bytes),
      endInput: () => exec.endInput(),
      running: exec.started,
      endsWithClient: !Tty,
    };
    const wanted = { stdin: AttachStdin, stdout: AttachStdout, stderr: AttachStderr };
    return attached(to, wanted, { begin: () => exec.start(console) });
  });
  router.add('POST', '/exec/{id}/resize', async (request, { id }) => {
    await engine.exec(id!).resize(...sizeOf(request));
    return nothing(200);
  });
  router.add('GET', '/exec/{id}/json', async (_request, { id }) => {
    const { container, config, state, exitCode, pid } = engine.exec(id!);
    return json({
      ID: id,
      Running: state === 'running',
      ExitCode: exitCode,
      ProcessConfig: {
        tty: config.Tty,
        entrypoint: config.Cmd[0],
        arguments: config.Cmd.slice(1),
        privileged: config.Privileged,
        user: config.User,
      },
      OpenStdin: config.AttachStdin,
      OpenStderr: config.AttachStderr,
      OpenStdout: config.AttachStdout,
      CanRemove: state === 'ended',
      ContainerID: container.id,
      DetachKeys: '',
      Pid: state === 'running' ? pid : 0,
    });
  });
}
