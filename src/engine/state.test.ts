// The engine's state at each step at which a process may end, and on a disk that is full: what was acknowledged is there, what is half is
// not, and nothing is left without an owner. The node is a model that keeps files as a node does.
import { expect, test } from 'vitest';
import { imageOf, memoryStore, put } from '../../test/images.js';
import { Gone, MemoryStorage } from '../../test/memory-storage.js';
import { StorageError } from '../base/storage.js';
import { NodeClient } from '../runtime/node-client.js';
import { parseResources } from './container-config.js';
import { Engine } from './engine.js';
import { Events } from './events.js';
import { Images } from './images.js';
import { Members } from './json-members.js';

const BASE = imageOf([[{ name: 'bin/sh', data: 'base' }]], { Volumes: { '/anonymous': {} } });

type NodeChannel = ConstructorParameters<typeof NodeClient>[0];

/** Answers as a node does that runs every program until it is killed. */
function modelNode(storage: MemoryStorage): NodeChannel {
  const places = new Map<string, string>();
  let tell: Parameters<NodeChannel['onMessage']>[0] = () => {};
  const calls: Partial<Record<string, (argument: never) => unknown>> = {
    async addRoot({ id, upper }: { id: string; upper: string }) {
      places.set(id, upper);
      await storage.replace(`${upper}/records`, new Uint8Array(10));
    },
    async addVolume({ id, store }: { id: string; store: string }) {
      places.set(id, store);
      await storage.replace(`${store}/records`, new Uint8Array(10));
    },
    removeRoot: ({ id }: { id: string }) => storage.remove(places.get(id)!),
    removeVolume: ({ id }: { id: string }) => storage.remove(places.get(id)!),
    create: () => ({ pid: 7 }),
    kill: ({ id, signal }: { id: string; signal: number }) =>
      queueMicrotask(() => tell({ exited: { id }, status: signal, oomKilled: false })),
  };
  return {
    onMessage(receive) {
      tell = receive;
      receive({ ready: true });
    },
    send(message) {
      if (!('call' in message)) return;
      Promise.resolve(message.argument)
        .then((argument) => calls[message.name]?.(argument as never))
        .then(
          (result) => tell({ answer: message.call, result }),
          (error) => tell({ answer: message.call, failure: { kind: 'invalid', message: String(error) } }),
        );
    },
  };
}

async function engineOn(storage: MemoryStorage): Promise<Engine> {
  const store = await memoryStore(storage);
  // the same chance and the same times in each run
  let chance = storage.files.size === 0 ? 0 : 1e6;
  const host = {
    date: () => 1e12 + chance++,
    random: (into: Uint8Array) => void new DataView(into.buffer).setUint32(0, chance++),
    turn: () => Promise.resolve(),
    after: () => () => {},
  };
  const events = new Events(() => host.date());
  const images = new Images(store, () => ({ puller: {} as never, pusher: {} as never }), events);
  const engine = new Engine(new NodeClient(modelNode(storage)), images, events, host, 'test', () => {});
  await engine.open();
  return engine;
}

async function withImage(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await put(await memoryStore(storage), BASE, 'base');
  await (await engineOn(storage)).close();
  return new MemoryStorage(storage.files);
}

const config = (more: object = {}) => ({ Image: 'base', Cmd: ['sh'], ...more });

const NO_CHANGE = parseResources(new Members({}, ''));

/** What a user does, step by step. */
const DEEDS: readonly ((engine: Engine) => Promise<unknown>)[] = [
  (engine) => engine.create('one', config({ HostConfig: { Binds: ['named:/d'] } })),
  (engine) => engine.networks.create({ Name: 'front' }),
  (engine) => engine.createVolume({ Name: 'own', Labels: { a: 'b' }, created: engine.host.date(), anonymous: false }),
  (engine) => engine.container('one').start(),
  (engine) => engine.rename(engine.container('one'), 'two'),
  (engine) => engine.create('gone', config({ HostConfig: { AutoRemove: true } })),
  (engine) => engine.container('gone').start(),
  (engine) => engine.container('two').kill(9),
  (engine) => engine.container('two').start(),
  (engine) => engine.container('two').update(NO_CHANGE, { Name: 'on-failure', MaximumRetryCount: 2 }),
  (engine) => engine.container('two').pause(),
  (engine) => engine.remove(engine.container('two'), true, true),
  (engine) => engine.removeVolume('own'),
  (engine) => engine.networks.remove(engine.networks.find('front')),
  (engine) => engine.create('last', config()),
  (engine) => engine.remove(engine.container('last'), false, false),
];

/** What a user sees, as it is when the process ends now: who runs is ended with 137, who was to be removed then is gone. */
function seen(engine: Engine): unknown {
  return {
    containers: [...engine.containers.values()]
      .filter(({ host, running }) => !(running && host.AutoRemove))
      .map(({ id, name, running, status, exitCode, host }) =>
        running
          ? [id, name, 'exited', 137, host.RestartPolicy.Name]
          : [id, name, status, exitCode, host.RestartPolicy.Name],
      ),
    volumes: [...engine.volumes.values()]
      .filter(
        ({ Name, anonymous }) =>
          !anonymous || !engine.usersOf(Name).every(({ host, running }) => running && host.AutoRemove),
      )
      .map(({ Name, Labels }) => [Name, Labels]),
    networks: engine.networks.list().map(({ id, name }) => [id, name]),
  };
}

/** Files in the engine's folders whose container or volume is not there. */
function orphans(engine: Engine, storage: MemoryStorage): string[] {
  return [...storage.files.keys()].filter((path) => {
    const [folder, name = ''] = path.split('/');
    if (folder === 'containers') return !engine.containers.has(name);
    return folder === 'volumes' && !engine.volumes.has(name);
  });
}

test('a process may end before any step of what a user does: it has happened, or it has not', async () => {
  const before = await withImage();
  const states: unknown[] = [];
  const whole = new MemoryStorage(before.files);
  const engine = await engineOn(whole);
  states.push(seen(engine));
  for (const deed of DEEDS) {
    await deed(engine);
    states.push(seen(engine));
    expect(orphans(engine, whole)).toEqual([]);
  }
  expect(whole.steps).toBeGreaterThan(35);
  for (let end = 0; end < whole.steps; end++) {
    const storage = new MemoryStorage(before.files);
    storage.endsAt = end;
    let done = 0;
    try {
      const running = await engineOn(storage);
      for (const deed of DEEDS) {
        await deed(running);
        // what nobody waits for may have met the end, and nobody heard of the deed
        if (storage.steps > end) break;
        done++;
      }
    } catch {
      expect(storage.steps).toBeGreaterThan(end);
    }
    const files = new MemoryStorage(storage.files);
    const after = await engineOn(files);
    const found = seen(after);
    const allowed = states.slice(done, done + 2);
    expect(
      allowed.map((state) => JSON.stringify(state)),
      `ended before step ${end}, in deed ${done}`,
    ).toContain(JSON.stringify(found));
    expect(orphans(after, files)).toEqual([]);
    // the next one has nothing left to do
    expect(seen(await engineOn(new MemoryStorage(files.files)))).toEqual(found);
  }
});

test('on a disk that is full a deed is refused, and what is seen is what is kept', async () => {
  const before = await withImage();
  const whole = new MemoryStorage(before.files);
  whole.room = 1e9;
  const first = await engineOn(whole);
  for (const deed of DEEDS) await deed(first);
  const used = 1e9 - whole.room;
  for (let room = 0; room < used; room += 397) {
    const storage = new MemoryStorage(before.files);
    const engine = await engineOn(storage);
    storage.room = room;
    storage.full = () => new StorageError('no space left', true);
    const refused: unknown[] = [];
    for (const deed of DEEDS)
      await Promise.resolve(deed)
        .then((act) => act(engine))
        .catch((error) => refused.push(error));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.some((error) => error instanceof Gone)).toBe(false);
    storage.room = Number.POSITIVE_INFINITY;
    // what could not be noted of who ended or was paused is, with the next change
    for (const container of engine.containers.values()) await container.save();
    expect(seen(await engineOn(new MemoryStorage(storage.files)))).toEqual(seen(engine));
    for (const container of [...engine.containers.values()]) await engine.remove(container, true, true);
    for (const { Name } of [...engine.volumes.values()]) await engine.removeVolume(Name);
    expect(orphans(engine, storage)).toEqual([]);
  }
});

/** How many things an object's own maps, sets and lists have, but for what is remembered up to a bound. */
function held(of: object): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const [name, value] of Object.entries(of))
    if (value instanceof Map || value instanceof Set) sizes[name] = value.size;
    else if (Array.isArray(value)) sizes[name] = value.length;
  return sizes;
}

test('containers that have come and gone leave nothing behind, in memory and on disk', async () => {
  const storage = await withImage();
  const engine = await engineOn(storage);
  const cycle = async (): Promise<void> => {
    const { container } = await engine.create(undefined, config({ HostConfig: { Binds: ['kept:/d'] } }));
    await container.start();
    await container.kill(9);
    await engine.remove(container, false, true);
  };
  const state = () => [
    ...[engine, engine.node, engine.networks, (engine as unknown as { places: object }).places].map(held),
    [...storage.files.keys()].sort(),
    storage.opened,
  ];
  await cycle();
  const before = state();
  for (let i = 0; i < 50; i++) await cycle();
  expect(state()).toEqual(before);
});

test('what can’t be read is told of, and left alone', async () => {
  const storage = await withImage();
  storage.files.set('containers/odd/container.json', new TextEncoder().encode('{"version":2}'));
  const engine = await engineOn(storage);
  expect(engine.containers.size).toBe(0);
  expect(storage.files.has('containers/odd/container.json')).toBe(true);
});
