// What can be typed at the end of a line in Docker's words: commands and flags by their tables, names by asking the engine that listens.
// Docker docs, "docker completion".
import { behind, FILES, NOTHING, type Offer, type Offered, words as wordsOffer } from '../completion/offer.js';
import type { ApiClient } from './api-client.js';
import type { DockerCommand } from './command.js';
import { type Flag, parseFlags } from './flags.js';
import { host } from './host.js';
import { GLOBAL_FLAGS, OWN_FLAGS, split } from './main.js';
import { find, GROUPS, WORDS } from './words.js';

type Kind = 'containers' | 'running' | 'images' | 'networks' | 'volumes';

/** What a flag's value is, where its kind does not say it. */
const VALUES: Readonly<Record<string, Kind | readonly string[] | 'files'>> = {
  network: 'networks',
  'volumes-from': 'containers',
  link: 'containers',
  restart: ['no', 'always', 'on-failure', 'unless-stopped'],
  pull: ['always', 'missing', 'never'],
  platform: ['linux/386', 'wasi/wasm'],
  'log-driver': ['json-file', 'local', 'none'],
  type: ['container', 'image', 'network', 'volume'],
  signal: ['HUP', 'INT', 'KILL', 'QUIT', 'STOP', 'TERM', 'USR1', 'USR2'],
  progress: ['auto', 'plain', 'quiet'],
  format: ['json', 'table'],
};
for (const name of 'env-file label-file cidfile iidfile file output input config data volume mount tlscacert tlscert tlskey'.split(
  ' ',
))
  (VALUES as Record<string, 'files'>)[name] = 'files';

/** Commands whose containers run. */
const RUNNING = ['attach', 'exec', 'kill', 'pause', 'port', 'stats', 'stop', 'top'];

/** `typed`: what stands behind the program's name, the last of it under way. */
export async function completeDockers(typed: readonly string[], version: string): Promise<Offer> {
  const before = typed.slice(0, -1);
  const current = typed.at(-1) ?? '';
  const { globals, rest } = split(before);
  const waits = globals.at(-1);
  const globalFlag = waits === undefined ? undefined : flagOf(GLOBAL_FLAGS, waits);
  // the value of a global option that has none yet
  if (rest.length === 0 && globalFlag && globalFlag.kind !== 'bool' && !waits!.includes('='))
    return ofValue(globalFlag.name);
  if (rest.length === 0) return current.startsWith('-') ? flagsOf(GLOBAL_FLAGS) : NOTHING;
  const found = find(rest);
  if (!found) {
    const group = Object.hasOwn(GROUPS, rest[0]!) && rest.length === 1 ? GROUPS[rest[0]!]! : undefined;
    return { words: Object.entries(group?.words ?? {}).map(([word, name]) => ({ word, what: WORDS[name]!.what })) };
  }
  const command = await WORDS[found.name]!.load();
  const flags = [...command.flags, ...OWN_FLAGS];
  const ask = (kind: Kind): Promise<Offer> => names(kind, globals, version);
  return ofCommand(command, flags, rest.slice(found.taken), current, ask);
}

/** The commands of Docker's, for the first word. */
export const dockersWords = (): Offered[] =>
  [...Object.entries(WORDS), ...Object.entries(GROUPS)]
    .filter(([name]) => !name.includes(' '))
    .map(([word, { what }]) => ({ word, what }));

const flagOf = (flags: readonly Flag[], word: string): Flag | undefined =>
  word.startsWith('--')
    ? flags.find(({ name }) => name === word.slice(2))
    : /^-\w+$/.test(word)
      ? flags.find(({ short }) => short === word.at(-1))
      : undefined;

const flagsOf = (flags: readonly Flag[]): Offer => ({
  words: [...flags, { name: 'help', what: 'this help' }].map(({ name, what }) => ({ word: `--${name}`, what })),
});

type Ask = (kind: Kind) => Promise<Offer>;

async function ofCommand(
  command: DockerCommand,
  flags: readonly Flag[],
  before: readonly string[],
  current: string,
  ask: Ask,
): Promise<Offer> {
  const args: string[] = [];
  let waiting: Flag | undefined;
  for (const word of before) {
    const isFlag =
      waiting === undefined && word.startsWith('-') && word !== '-' && !(command.flagsFirst && args.length > 0);
    if (isFlag) {
      const one = flagOf(flags, word);
      waiting = one && one.kind !== 'bool' ? one : undefined;
    } else if (waiting) waiting = undefined;
    else args.push(word);
  }
  if (waiting) return ofValue(waiting.name, ask);
  const isProgram = command.flagsFirst === true && args.length > 0;
  if (current.startsWith('-') && !isProgram) {
    const equals = current.indexOf('=');
    if (equals < 0) return flagsOf(flags);
    const one = flagOf(flags, current.slice(0, equals));
    return one ? behind(await ofValue(one.name, ask), current.slice(0, equals + 1)) : NOTHING;
  }
  return ofArgument(command, args.length, ask, current);
}

async function ofValue(name: string, ask: Ask = async () => NOTHING): Promise<Offer> {
  const value = Object.hasOwn(VALUES, name) ? VALUES[name]! : undefined;
  if (value === undefined) return NOTHING;
  if (value === 'files') return FILES;
  return typeof value === 'string' ? ask(value as Kind) : wordsOffer(value);
}

/** What the usage says of the argument in this place; the last one may be any number of them. */
async function ofArgument(command: DockerCommand, at: number, ask: Ask, current: string): Promise<Offer> {
  const { name, usage } = command;
  if (name === 'cp') {
    if (current.includes(':')) return NOTHING;
    const { words } = await ask('containers');
    return { ...behindEach(words, ':'), files: true, open: true };
  }
  if (name === 'inspect') {
    const all = await Promise.all((['containers', 'images', 'networks', 'volumes'] as const).map(ask));
    return { words: all.flatMap(({ words }) => words) };
  }
  const places = usage.split(' ');
  const place = places[at] ?? (places.at(-1)?.endsWith('...]') ? places.at(-1)! : '');
  if (/CONTAINER/.test(place)) return ask(RUNNING.includes(name.replace('container ', '')) ? 'running' : 'containers');
  if (/IMAGE/.test(place) || ((name === 'push' || name === 'pull') && at === 0)) return ask('images');
  if (/NETWORK/.test(place)) return ask('networks');
  if (/VOLUME/.test(place)) return ask('volumes');
  return /PATH|FILE|COMMAND|ARG/.test(place) ? FILES : NOTHING;
}

const behindEach = (all: readonly Offered[], after: string): Offer => ({
  words: all.map(({ word, what }) => ({ word: word + after, what })),
});

/** Of an engine that listens; where none does, or it does not answer, there are none. */
async function names(kind: Kind, globals: readonly string[], version: string): Promise<Offer> {
  let api: ApiClient | undefined;
  try {
    const global = parseFlags(GLOBAL_FLAGS, globals, false, '').values;
    api = await host.connect({ global, values: parseFlags(OWN_FLAGS, [], false, '').values, version }, 'listening');
    return wordsOffer(await ASKED[kind](api));
  } catch {
    return NOTHING;
  } finally {
    await api?.channel.close();
  }
}

const containersOf = async (api: ApiClient, all: boolean): Promise<string[]> =>
  ((await api.get('/containers/json', { all })) as { Names: string[] }[]).flatMap(({ Names }) =>
    Names.map((name) => name.replace(/^\//, '')),
  );

const ASKED: Readonly<Record<Kind, (api: ApiClient) => Promise<string[]>>> = {
  containers: (api) => containersOf(api, true),
  running: (api) => containersOf(api, false),
  images: async (api) =>
    ((await api.get('/images/json')) as { RepoTags: string[] }[])
      .flatMap(({ RepoTags }) => RepoTags)
      .filter((name) => name !== '<none>:<none>')
      .flatMap((name) => (name.endsWith(':latest') ? [name.slice(0, -':latest'.length), name] : [name])),
  networks: async (api) => ((await api.get('/networks')) as { Name: string }[]).map(({ Name }) => Name),
  volumes: async (api) =>
    ((await api.get('/volumes')) as { Volumes: { Name: string }[] }).Volumes.map(({ Name }) => Name),
};
