// The daemon's own process, killed before each change that it makes to its files while it pulls, creates, starts, commits and removes: the
// next one on the same folder has all that was acknowledged, nothing that is half, and leaves no garbage.
// Steps are those of man 2 open, write, fdatasync, rename, unlink, mkdir, in all of the process's threads: kill-at-step.mjs counts them.
// Each kind of step is tried, as a power cut, which leaves less than a kill; each step in both ways with TABVISOR_EVERY_STEP=1.
import { readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { HttpRegistry } from '../http-registry.js';
import { imageOf } from '../images.js';
import { type Answer, Daemon, needsDocker } from './daemon-fixture.js';
import { changesIn, cutPower } from './power-cut.js';

const EVERY = process.env.TABVISOR_EVERY_STEP === '1';
const NEVER = 1 << 30;

const APP = imageOf(
  [
    [
      { name: 'etc', type: '5', data: '' },
      { name: 'etc/motd', data: 'hello\n' },
    ],
    [{ name: 'srv/data', data: 'x'.repeat(300_000) }],
  ],
  { Cmd: ['/none'] },
);

let daemon: Daemon;
let registry: HttpRegistry;
let base: string[];
let starting: Promise<void> | undefined;

/** What a user has before: a container that its policy starts again, what it has written, in its root and in a volume. */
async function begin(context: Parameters<typeof Daemon.start>[0]): Promise<void> {
  needsDocker(context);
  registry = await HttpRegistry.start();
  registry.registry.add('app', '1', APP);
  daemon = await Daemon.start(context, {
    memory: '128M',
    loading: fileURLToPath(new URL('./kill-at-step.mjs', import.meta.url)),
    env: (data) => ({ TABVISOR_TEST_STEPS_IN: data, TABVISOR_TEST_JOURNAL: `${data}.journal` }),
  });
  const script = 'test -e /made || { echo said; echo a >/made; echo b >/v/it; sync; echo synced; }; exec sleep 1000';
  await daemon.docker(
    'run',
    '-d',
    '--name',
    'kept',
    '--restart',
    'always',
    '-v',
    'vol:/v',
    'busybox',
    'sh',
    '-c',
    script,
  );
  while (!(await daemon.docker('logs', 'kept')).stdout.includes('synced'));
  base = files();
}
beforeEach(async (context) => {
  starting ??= begin(context);
  await starting;
});
afterAll(async () => {
  await daemon?.stop();
  await registry?.stop();
});

/** All that is in the data folder, by its name. */
function files(): string[] {
  const all = readdirSync(daemon.data, { recursive: true, encoding: 'utf8', withFileTypes: true });
  return all
    .filter((one) => one.isFile())
    .map((one) => relative(daemon.data, join(one.path, one.name)))
    .sort();
}

interface Deed {
  prepare?(): Promise<unknown>;
  /** What a client asks for. */
  act(): Promise<Answer>;
  /** It was said to be done. */
  acknowledged?(answer: Answer): boolean;
  /** What must hold of what the next process has; what was asked for is done again where it was not. */
  check(acknowledged: boolean): Promise<void>;
  /** All of it goes. */
  undo(): Promise<unknown>;
}

const call = (method: string, path: string, body?: unknown): Promise<Answer> => daemon.call(method, path, body);
const ok = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const answer = await call(method, path, body);
  expect(answer.status, `${method} ${path}: ${answer.body}`).toBeLessThan(300);
  return answer;
};
const inspect = async (name: string) => JSON.parse((await call('GET', `/containers/${name}/json`)).body);
const there = async (path: string): Promise<boolean> => (await call('GET', path)).status === 200;
const volumes = async (): Promise<string[]> =>
  JSON.parse((await ok('GET', '/volumes')).body).Volumes.map(({ Name }: { Name: string }) => Name);

const ONE = { Image: 'busybox', Cmd: ['sh', '-c', 'echo new >/file; echo c >/a/file'], Volumes: { '/a': {} } };
const makeOne = () => ok('POST', '/containers/create?name=one', ONE);
const run = async (): Promise<void> => {
  await ok('POST', '/containers/one/start');
  await ok('POST', '/containers/one/wait');
};
const removeOne = async (): Promise<void> => {
  await call('DELETE', '/containers/one?force=1&v=1');
};
/** That an image has a file with a text. */
async function imageHas(name: string, path: string, text: string): Promise<void> {
  await ok('POST', '/containers/create?name=probe', { Image: name, Cmd: ['/none'] });
  expect((await ok('GET', `/containers/probe/archive?path=${path}`)).body).toContain(text);
  await ok('DELETE', '/containers/probe?v=1');
}

const DEEDS: Record<string, () => Deed> = {
  pull: () => ({
    act: () => call('POST', `/images/create?fromImage=${registry.host}/app&tag=1`),
    acknowledged: ({ body }) => body.includes('Status: '),
    async check(acknowledged) {
      const name = `${registry.host}/app:1`;
      if (acknowledged || (await there(`/images/${name}/json`))) await imageHas(name, '/etc/motd', 'hello');
      else {
        expect((await this.act()).body).toContain('Status: ');
        await imageHas(name, '/srv/data', 'xxx');
      }
    },
    undo: () => call('DELETE', `/images/${registry.host}/app:1?force=1`),
  }),
  create: () => ({
    act: () => call('POST', '/containers/create?name=one', { ...ONE, HostConfig: { Binds: ['named:/n'] } }),
    async check(acknowledged) {
      if (acknowledged) expect(await there('/containers/one/json')).toBe(true);
      if (await there('/containers/one/json')) {
        const { Mounts, State } = await inspect('one');
        expect(State.Status).toBe('created');
        expect(await volumes()).toEqual(expect.arrayContaining(Mounts.map(({ Name }: { Name: string }) => Name)));
      } else await makeOne();
      await run();
    },
    async undo() {
      await removeOne();
      await call('DELETE', '/volumes/named');
    },
  }),
  start: () => ({
    prepare: makeOne,
    act: () => call('POST', '/containers/one/start'),
    async check(acknowledged) {
      const { State } = await inspect('one');
      if (acknowledged) expect(State.Status).toBe('exited');
      expect(State.ExitCode).toBe(State.Status === 'created' ? 0 : State.ExitCode && 137);
      await run();
      expect((await ok('GET', '/containers/one/archive?path=/file')).body).toContain('new');
    },
    undo: removeOne,
  }),
  commit: () => ({
    async prepare() {
      await makeOne();
      await run();
    },
    act: () => call('POST', '/commit?container=one&repo=made'),
    async check(acknowledged) {
      if (!acknowledged && !(await there('/images/made/json'))) await this.act();
      await imageHas('made', '/file', 'new');
    },
    async undo() {
      await removeOne();
      await call('DELETE', '/images/made');
    },
  }),
  remove: () => {
    let volume = '';
    return {
      async prepare() {
        await makeOne();
        await run();
        volume = (await inspect('one')).Mounts[0].Name;
      },
      act: () => call('DELETE', '/containers/one?v=1'),
      async check(acknowledged) {
        const left = await there('/containers/one/json');
        if (acknowledged) expect(left).toBe(false);
        expect((await volumes()).includes(volume)).toBe(left);
        if (left) await run();
      },
      undo: removeOne,
    };
  },
};

/** What all of them leave alone. */
async function keptIsThere(): Promise<void> {
  while (!(await inspect('kept')).State.Running);
  expect((await ok('GET', '/containers/kept/archive?path=/made')).body).toContain('a\n');
  expect((await ok('GET', '/containers/kept/archive?path=/v/it')).body).toContain('b\n');
  expect((await ok('GET', '/containers/kept/logs?stdout=1')).body).toContain('said');
}

async function cleaned(deed: Deed, when: string): Promise<void> {
  await deed.undo();
  await ok('POST', '/images/prune');
  expect(files(), when).toEqual(base);
  expect(daemon.complaints, when).toBe('');
}

/** All steps of a deed, in their order and without what differs from one time to the next. */
async function stepsOf(deed: Deed): Promise<string[]> {
  await deed.prepare?.();
  afterwards(false);
  await daemon.tell({ at: NEVER });
  await deed.act();
  await daemon.tell({ at: 0 });
  await cleaned(deed, 'in peace');
  return changesIn(`${daemon.data}.journal`).map(({ what, path }) => {
    return `${what} ${relative(daemon.data, path)
      .replace(/[0-9a-f]{64}/g, 'ID')
      .replace(/-\d+$/, '')}`;
  });
}

const tried = new Set<string>();

/** What a power cut would have left, where that is asked for; and nothing is written down any more. */
function afterwards(power: boolean): void {
  const journal = `${daemon.data}.journal`;
  if (power) cutPower(changesIn(journal));
  for (const name of readdirSync(daemon.folder)) if (name.startsWith('data.journal')) rmSync(join(daemon.folder, name));
}

test.each(Object.keys(DEEDS))('killed before any step of %s, and when it was done', async (name) => {
  const deed = DEEDS[name]!();
  const steps = await stepsOf(deed);
  expect(steps.length).toBeGreaterThan(3);
  let kills = 0;
  const kill = async (at: number, power: boolean): Promise<void> => {
    const when = `${name}, ${power ? 'power cut' : 'killed'} before step ${at} of ${steps.length}: ${steps[at - 1]}`;
    await deed.prepare?.();
    afterwards(false);
    await daemon.tell({ at });
    const answer = await deed.act().catch(() => undefined);
    const acknowledged =
      answer !== undefined && (deed.acknowledged?.(answer) ?? (answer.status >= 200 && answer.status < 300));
    if (at === NEVER) expect(acknowledged).toBe(true);
    // what is done behind the answer may have taken another way this time
    if (at === NEVER || (await daemon.tell({ at: 0 })) !== undefined) await daemon.kill();
    kills++;
    afterwards(power);
    await daemon.open();
    expect(daemon.complaints, when).toBe('');
    await keptIsThere();
    await deed.check(acknowledged);
    await cleaned(deed, when);
  };
  for (let at = 1; at <= steps.length; at++) {
    const kind = steps[at - 1]!.split(' ')[0]!;
    if (EVERY) await kill(at, false);
    if (EVERY || !tried.has(kind) || at === steps.length >> 1) await kill(at, true);
    tried.add(kind);
  }
  await kill(NEVER, true);
  if (EVERY) process.stderr.write(`${name}: ${steps.length} steps, ${kills} kills\n`);
});
