// What a word at the prompt can become: commands, their flags, and the names of what there is. Docker docs, "Completion".
import type { Flag } from '../../src/cli/docker/flags.js';
import { GROUPS, find, WORDS } from '../../src/cli/docker/words.js';
import type { CarriedClient } from '../../src/http/carried-client.js';
import type { Completions } from './line-editor.js';
import { OWN } from './shell.js';
import type { TabFiles } from './tab-files.js';

type Kind = 'containers' | 'running' | 'images' | 'networks' | 'volumes' | 'files';

/** What the words behind a command's name are; of two kinds the second is that of all but the first word. */
const KINDS: Readonly<Record<string, readonly [Kind, Kind?]>> = {
  ...Object.fromEntries(['attach', 'exec', 'kill', 'pause', 'stop', 'top'].map((name) => [name, ['running']])),
  ...Object.fromEntries(
    ['commit', 'diff', 'export', 'inspect', 'logs', 'port', 'rename', 'restart', 'rm', 'start', 'stats', 'unpause']
      .concat(['update', 'wait', 'container inspect'])
      .map((name) => [name, ['containers']]),
  ),
  ...Object.fromEntries(
    ['create', 'history', 'push', 'rmi', 'run', 'save', 'tag', 'image inspect'].map((name) => [name, ['images']]),
  ),
  ...Object.fromEntries(['network inspect', 'network rm'].map((name) => [name, ['networks']])),
  ...Object.fromEntries(['network connect', 'network disconnect'].map((name) => [name, ['networks', 'containers']])),
  ...Object.fromEntries(['volume inspect', 'volume rm'].map((name) => [name, ['volumes']])),
  ...Object.fromEntries(['build', 'import', 'load', 'cp'].map((name) => [name, ['files']])),
};

/** What a flag's value is. */
const FLAG_KINDS: Readonly<Record<string, Kind>> = {
  ...{ '--network': 'networks', '--net': 'networks', '-v': 'volumes', '--volume': 'volumes' },
  ...{ '-i': 'files', '--input': 'files', '-o': 'files', '-f': 'files', '--file': 'files', '--env-file': 'files' },
  '--volumes-from': 'containers',
};

async function named(api: CarriedClient, kind: Exclude<Kind, 'files'>): Promise<string[]> {
  if (kind === 'images') {
    const images = await api.json<{ RepoTags: string[] | null }[]>('GET', '/images/json');
    return images.flatMap(({ RepoTags }) => (RepoTags ?? []).filter((name) => !name.startsWith('<none>')));
  }
  if (kind === 'networks') return (await api.json<{ Name: string }[]>('GET', '/networks')).map(({ Name }) => Name);
  if (kind === 'volumes')
    return ((await api.json<{ Volumes: { Name: string }[] | null }>('GET', '/volumes')).Volumes ?? []).map(
      ({ Name }) => Name,
    );
  const all = await api.json<{ Names: string[] }[]>('GET', `/containers/json?all=${kind === 'containers' ? 1 : 0}`);
  return all.flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, '')));
}

function filesOf(files: TabFiles, word: string): string[] {
  const cut = word.lastIndexOf('/') + 1;
  const folder = word.slice(0, cut);
  if (files.about(folder || '.', true)?.kind !== 'folder') return [];
  return files.names(folder || '.').map((name) => {
    const path = folder + name;
    return files.about(path, true)?.kind === 'folder' ? `${path}/` : path;
  });
}

/** How many of the words are neither flags nor values of flags. */
function placed(flags: readonly Flag[], words: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith('-')) count++;
    else if (!word.includes('=')) {
      const flag = flags.find(
        ({ name, short }) => word === `--${name}` || (short && word.endsWith(short) && word[1] !== '-'),
      );
      if (flag && flag.kind !== 'bool') i++;
    }
  }
  return count;
}

export function completer(api: CarriedClient, files: TabFiles) {
  return async (line: string, at: number): Promise<Completions> => {
    const words = line.slice(0, at).split(/\s+/);
    if (words[0] === '' && words.length > 1) words.shift();
    const word = words.at(-1)!;
    const before = words.slice(0, -1);
    const found = (await candidates(before, word)).filter((one) => one.startsWith(word));
    return { from: at - word.length, words: [...new Set(found)].sort() };
  };

  async function candidates(before: readonly string[], word: string): Promise<readonly string[]> {
    const [program, ...rest] = before;
    if (program === undefined) return ['docker', ...Object.keys(OWN)];
    if (program !== 'docker' && program !== 'tabvisor') return OWN[program] === 'files' ? filesOf(files, word) : [];
    const [first] = rest;
    if (first === undefined)
      return [...Object.keys(WORDS).filter((name) => !name.includes(' ')), ...Object.keys(GROUPS)];
    if (Object.hasOwn(GROUPS, first) && rest.length === 1) return Object.keys(GROUPS[first]!.words);
    const command = find(rest);
    if (!command) return [];
    const { flags } = await WORDS[command.name]!.load();
    if (word.startsWith('-')) return [...flags.map(({ name }) => `--${name}`), '--help'];
    const last = rest.at(-1)!;
    const flag = flags.find(({ name, short }) => last === `--${name}` || last === `-${short}`);
    let kind: Kind | undefined;
    if (flag && flag.kind !== 'bool') kind = FLAG_KINDS[last];
    else {
      const behind = placed(flags, rest.slice(command.taken));
      const [own, others] = KINDS[command.name] ?? [];
      kind = behind > 0 ? (others ?? own) : own;
      // behind an image's or a container's name stand a program's words
      if (behind > 0 && ['run', 'exec', 'create'].includes(command.name)) kind = undefined;
    }
    if (kind === undefined) return [];
    return kind === 'files' ? filesOf(files, word) : named(api, kind);
  }
}
