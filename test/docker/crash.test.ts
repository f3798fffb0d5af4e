// What the daemon's process leaves of its folder that is killed, or loses its power, at any change that it makes while it does something: the
// next one has all that was acknowledged, nothing that is half, and leaves no garbage.
// Each deed is done once by a daemon that writes down what it changes (record-changes.mjs), in all of its threads. Each different state that a
// crash may have left (crash-states.ts) is opened by an engine in this process; two moments of each deed are those of a real SIGKILL, opened by
// a real daemon. TABVISOR_EVERY_STATE=1 tries what CI has no time for too.
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { HttpRegistry } from '../http-registry.js';
import { imageOf } from '../images.js';
import { type Change, CrashStates, type Entry, entriesOf, keyOf, type State, writeState } from './crash-states.js';
import { Daemon, needsDocker } from './daemon-fixture.js';
import { type Deed, deedsWith, inspect, ok } from './deeds.js';
import { type Api, engineHere } from './engine-here.js';

const EVERY = process.env.TABVISOR_EVERY_STATE === '1';
const NEVER = 1 << 30;
/** What CI tries in all ways, and by real kills; the others by a kill and by the power cut that leaves least. */
const WHOLE = ['pull', 'create', 'start', 'sync', 'commit', 'remove'];

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
    loading: fileURLToPath(new URL('./record-changes.mjs', import.meta.url)),
    env: (data) => ({ TABVISOR_TEST_CHANGES_OF: data, TABVISOR_TEST_JOURNAL: `${data}.journal` }),
  });
  const script = 'test -e /made || { echo said; echo a >/made; echo b >/v/it; sync; echo synced; }; exec sleep 1000';
  await ok(daemon, 'POST', '/containers/create?name=kept', {
    ...{ Image: 'busybox', Cmd: ['sh', '-c', script] },
    HostConfig: { Binds: ['vol:/v'], RestartPolicy: { Name: 'always' } },
  });
  await ok(daemon, 'POST', '/containers/kept/start');
  for (;;) {
    const { body } = await ok(daemon, 'GET', '/containers/kept/logs?stdout=1');
    if (body.includes('synced')) break;
    expect((await inspect(daemon, 'kept')).State.Running, `kept has ended: ${body} ${daemon.complaints}`).toBe(true);
  }
  base = filesIn(daemon.data);
}
beforeEach(async (context) => {
  starting ??= begin(context);
  await starting;
});
afterAll(async () => {
  await daemon?.stop();
  await registry?.stop();
});

/** All files of a folder by their names, but for what says who has it. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => relative(folder, join(one.path, one.name)))
    .filter((name) => name !== 'lock' && name !== 'engine.host')
    .sort();
}

/** What all leave alone. */
async function keptIsThere(api: Api): Promise<void> {
  while (!(await inspect(api, 'kept')).State.Running);
  for (const [path, text] of [
    ['made', 'a\n'],
    ['v/it', 'b\n'],
  ] as const)
    expect((await ok(api, 'GET', `/containers/kept/archive?path=/${path}`)).body).toContain(text);
  expect((await ok(api, 'GET', '/containers/kept/logs?stdout=1')).body).toContain('said');
}

const isDone = (deed: Deed, answer: { status: number; body: string }): boolean =>
  deed.isDone?.(answer) ?? (answer.status >= 200 && answer.status < 300);

const nameOf = ({ what, path }: Change): string =>
  `${what} ${relative(daemon.data, path)
    .replace(/[0-9a-f]{64}/g, 'ID')
    .replace(/-\d+$/, '')}`;

interface Recorded {
  /** A copy of the folder before. */
  before: string;
  /** What was in it at the end. */
  left: string;
  entries: Entry[];
  changes: string[];
}

const leftBy = ({ data }: Daemon): string => keyOf(new CrashStates(data, data).files);

/** Does it once, in peace. */
async function recorded(deed: Deed): Promise<Recorded> {
  const journal = `${daemon.data}.journal`;
  const before = `${daemon.data}.before`;
  for (const one of [journal, before]) rmSync(one, { recursive: true, force: true });
  await deed.prepare?.(daemon);
  await daemon.tell({ at: NEVER });
  cpSync(daemon.data, before, { recursive: true });
  const answer = await deed.act(daemon);
  expect(isDone(deed, answer), answer.body).toBe(true);
  await daemon.tell({ at: 0 });
  const left = leftBy(daemon);
  const entries = entriesOf(journal);
  const changes = entries.filter((entry) => entry.what !== 'answer').map((entry) => nameOf(entry as Change));
  return { before, left, entries, changes };
}

async function cleaned(deed: Deed, api: Api): Promise<void> {
  await deed.undo(api);
  await ok(api, 'POST', '/images/prune');
}

/** Opens what a crash has left. */
async function reopen(deed: Deed, state: State): Promise<void> {
  const data = `${daemon.data}.left`;
  rmSync(data, { recursive: true, force: true });
  writeState(state, data);
  for (const name of ['lock', 'engine.host']) rmSync(join(data, name), { force: true });
  const complaints = await engineHere(data, async (api) => {
    await keptIsThere(api);
    await deed.check(api, state.done, state.way === 'killed');
    await cleaned(deed, api);
    await api.call('POST', '/containers/kept/kill');
  });
  expect(complaints).toBe('');
  expect(filesIn(data)).toEqual(base);
}

/** Ends the daemon's process itself before a change, or behind the answer. */
async function kill(deed: Deed, at: number): Promise<void> {
  await deed.prepare?.(daemon);
  await daemon.tell({ at });
  const answer = await deed.act(daemon).catch(() => undefined);
  const done = answer !== undefined && isDone(deed, answer);
  if (at === NEVER) expect(done).toBe(true);
  // what is done behind the answer may have taken another way this time
  if (at === NEVER || (await daemon.tell({ at: 0 })) !== undefined) await daemon.kill();
  await daemon.open();
  await keptIsThere(daemon);
  await deed.check(daemon, done ? Number.POSITIVE_INFINITY : 0, true);
  await cleaned(deed, daemon);
  expect(daemon.complaints).toBe('');
  expect(filesIn(daemon.data)).toEqual(base);
}

const DEEDS = Object.keys(deedsWith('', APP));
test.each(DEEDS)('killed, or without power, at any change of %s, and when it was done', async (name) => {
  const make = deedsWith(registry.host, APP)[name]!;
  const deed = make();
  const isWhole = EVERY || WHOLE.includes(name);
  try {
    const { before, left, entries, changes } = await recorded(deed);
    const model = new CrashStates(daemon.data, before);
    const states = model.all(entries, (answer) => isDone(deed, answer), isWhole ? undefined : ['killed', 'least']);
    // nothing was changed that has not been written down
    const all = keyOf(model.files);
    // a write may have been on its way
    if (left !== all) await vi.waitFor(() => expect(leftBy(daemon)).toBe(all), 20_000);
    const began = process.cpuUsage().user;
    for (const state of states) {
      const { way, after } = state;
      const when = `${name}, ${way} behind change ${after} of ${changes.length}: ${changes[after - 1]}`;
      await inContext(when, () => reopen(deed, state));
    }
    const seconds = (process.cpuUsage().user - began) / 1e6;
    if (EVERY) process.stderr.write(`${name}: ${changes.length} changes, ${states.length} states, ${seconds} s\n`);
    await cleaned(deed, daemon);
    for (const at of isWhole ? [(changes.length >> 1) + 1, NEVER] : [])
      await inContext(`${name}, killed before change ${at} of ${changes.length}: ${changes[at - 1]}`, () =>
        kill(make(), at),
      );
  } finally {
    // the others have what they began with
    await deed.undo(daemon).catch(() => daemon.kill().then(() => daemon.open()));
  }
});

/** What fails says where. */
async function inContext(when: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Error) error.message = `${when}: ${error.message}`;
    throw error;
  }
}
