// dockerode, the client of Node's programs, against our daemon: hijacked streams, exec, logs, statistics, events.
// Oracle: the client itself, and the Engine API's description, which every answer is checked against.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { Daemon } from './daemon-fixture.js';

/** As much of dockerode as is used here. */
interface Client {
  run(
    image: string,
    command: string[],
    output: Writable[],
    options: object,
  ): Promise<[{ StatusCode: number }, Container]>;
  createContainer(options: object): Promise<Container>;
  getEvents(options: object): Promise<Readable>;
  listContainers(options: object): Promise<{ Id: string; Names: string[] }[]>;
  createNetwork(
    options: object,
  ): Promise<{ inspect(): Promise<{ Containers: object }>; remove(): Promise<void> } & Joinable>;
  ping(): Promise<Buffer>;
  modem: { demuxStream(from: Readable, out: Writable, error: Writable): void };
}
type Writable = NodeJS.WritableStream;
interface Joinable {
  connect(options: object): Promise<void>;
  disconnect(options: object): Promise<void>;
}
interface Container {
  id: string;
  attach(options: object): Promise<NodeJS.ReadWriteStream & Readable>;
  start(): Promise<void>;
  wait(): Promise<{ StatusCode: number }>;
  remove(options?: object): Promise<void>;
  logs(options: object): Promise<Readable>;
  stats(options: object): Promise<{ memory_stats: { usage: number } }>;
  exec(options: object): Promise<{
    start(options: object): Promise<NodeJS.ReadWriteStream & Readable>;
    inspect(): Promise<{ ExitCode: number; Running: boolean }>;
  }>;
}

let starting: Promise<{ daemon: Daemon; client: Client }> | undefined;
let daemon: Daemon;
let client: Client;

beforeEach(async (context) => {
  const { dockerode } = needs(context, 'dockerode');
  starting ??= Daemon.start(context).then((made) => {
    const Dockerode = createRequire(import.meta.url)(dockerode);
    return { daemon: made, client: new Dockerode({ socketPath: made.socket }) };
  });
  ({ daemon, client } = await starting);
});
afterAll(async () => {
  if (daemon) await daemon.stop();
});

/** Both streams of one that carries them in frames. */
function parted(stream: Readable): { out: Promise<string>; error: Promise<string> } {
  const [out, error] = [new PassThrough(), new PassThrough()];
  client.modem.demuxStream(stream, out, error);
  stream.on('end', () => {
    out.end();
    error.end();
  });
  return { out: text(out), error: text(error) };
}

const begin = async (...command: string[]) => {
  const container = await client.createContainer({ Image: 'busybox', Cmd: command });
  await container.start();
  return container;
};

test('run: its streams, and how it ended', async () => {
  expect(String(await client.ping())).toBe('OK');
  const [out, error] = [new PassThrough(), new PassThrough()];
  const script = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
  const [ended] = await client.run('busybox', script, [out, error], { Tty: false, HostConfig: { AutoRemove: true } });
  expect(ended.StatusCode).toBe(3);
  out.end();
  error.end();
  expect([await text(out), await text(error)]).toEqual(['out\n', 'err\n']);
});

test('attach by a hijacked connection: what is written is read, to its end', async () => {
  const options = { Image: 'busybox', Cmd: ['sort'], OpenStdin: true, StdinOnce: true, AttachStdin: true };
  const container = await client.createContainer(options);
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const { out } = parted(stream);
  await container.start();
  stream.end('b\na\n');
  expect(await out).toBe('a\nb\n');
  expect((await container.wait()).StatusCode).toBe(0);
  await container.remove();
});

test('exec with input, logs that follow, statistics, networks', async () => {
  const container = await begin('sh', '-c', 'echo first; while ! test -f /go; do sleep 0.1; done; echo last');
  const logs = parted(await container.logs({ follow: true, stdout: true, stderr: true }));
  expect((await container.stats({ stream: false })).memory_stats.usage).toBeGreaterThan(0);
  const network = await client.createNetwork({ Name: 'joined' });
  await network.connect({ Container: container.id, EndpointConfig: { Aliases: ['other'] } });
  expect(Object.keys((await network.inspect()).Containers)).toEqual([container.id]);
  await network.disconnect({ Container: container.id });
  await network.remove();
  const script = ['sh', '-c', 'cat; touch /go; exit 5'];
  const exec = await container.exec({ Cmd: script, AttachStdin: true, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  const { out } = parted(stream);
  stream.end('typed');
  expect(await out).toBe('typed');
  expect(await exec.inspect()).toMatchObject({ Running: false, ExitCode: 5 });
  expect(await logs.out).toBe('first\nlast\n');
  await container.remove({ force: true });
});

test('events while they happen, by filters', async () => {
  const events = await client.getEvents({ filters: { type: ['container'], event: ['die'] } });
  const container = await begin('sh', '-c', 'exit 7');
  const [line] = (await once(events, 'data')) as [Buffer];
  expect(JSON.parse(String(line))).toMatchObject({
    Action: 'die',
    Actor: { ID: container.id, Attributes: { exitCode: '7' } },
  });
  events.destroy();
  const listed = await client.listContainers({ all: true, filters: { status: ['exited'] } });
  expect(listed.map(({ Id }) => Id)).toEqual([container.id]);
  await container.remove();
});

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});
