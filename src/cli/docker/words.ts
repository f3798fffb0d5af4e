// All commands in Docker's words, by name; each is loaded when it is called.
import type { DockerCommand } from './command.js';

export interface Word {
  what: string;
  load(): Promise<DockerCommand>;
}

const word = <Name extends string>(
  what: string,
  load: () => Promise<Record<Name, DockerCommand>>,
  name: Name,
): Word => ({
  what,
  load: async () => (await load())[name],
});

const run = () => import('./run.js');
const pull = () => import('./pull.js');
const verbs = () => import('./container-verbs.js');
const exec = () => import('./exec.js');
const views = () => import('./container-views.js');
const images = () => import('./images.js');
const archives = () => import('./archives.js');
const inspect = () => import('./inspect.js');
const networks = () => import('./networks.js');
const volumes = () => import('./volumes.js');
const prune = () => import('./prune.js');
const system = () => import('./system.js');

/** Those whose name has two words are in a group alone. */
export const WORDS: Readonly<Record<string, Word>> = {
  attach: word('Connect to the streams of a container', exec, 'attachCommand'),
  build: word('Make an image of a Dockerfile', () => import('./build.js'), 'buildCommand'),
  commit: word('Make an image of a container', archives, 'commitCommand'),
  cp: word('Copy between a container and this host', () => import('./cp.js'), 'cpCommand'),
  create: word('Make a container', run, 'createCommand'),
  diff: word('What has changed in a container', views, 'diffCommand'),
  events: word('What happens in the engine', system, 'eventsCommand'),
  exec: word('Run a program in a container', exec, 'execCommand'),
  export: word('Write the root of a container into a tar', archives, 'exportCommand'),
  history: word('How an image was made', images, 'historyCommand'),
  images: word('List the images that are here', images, 'imagesCommand'),
  import: word('Make an image of a root as a tar', archives, 'importCommand'),
  info: word('What the engine says of itself', () => import('./info.js'), 'infoCommand'),
  inspect: word('All that is known of something', inspect, 'inspectCommand'),
  kill: word('Kill containers', verbs, 'killCommand'),
  load: word('Take images out of a tar', archives, 'loadCommand'),
  login: word('Keep who you are to a registry', () => import('./login.js'), 'loginCommand'),
  logout: word('Forget who you are to a registry', () => import('./login.js'), 'logoutCommand'),
  logs: word('What a container has written', views, 'logsCommand'),
  pause: word('Halt containers', verbs, 'pauseCommand'),
  port: word('The published ports of a container', views, 'portCommand'),
  ps: word('List containers', () => import('./ps.js'), 'psCommand'),
  pull: word('Get an image from a registry', pull, 'pullCommand'),
  push: word('Send an image to a registry', pull, 'pushCommand'),
  rename: word('Give a container another name', verbs, 'renameCommand'),
  restart: word('Stop containers and start them again', verbs, 'restartCommand'),
  rm: word('Remove containers', verbs, 'rmCommand'),
  rmi: word('Remove images', images, 'rmiCommand'),
  run: word('Make a container and start it', run, 'runCommand'),
  save: word('Write images into a tar', archives, 'saveCommand'),
  search: word('Look for images at Docker Hub', () => import('./search.js'), 'searchCommand'),
  start: word('Start containers', verbs, 'startCommand'),
  stats: word('What containers use', () => import('./stats.js'), 'statsCommand'),
  stop: word('Stop containers', verbs, 'stopCommand'),
  tag: word('Give an image one more name', images, 'tagCommand'),
  top: word('The processes of a container', views, 'topCommand'),
  unpause: word('Let halted containers go on', verbs, 'unpauseCommand'),
  update: word('Change the limits of containers', verbs, 'updateCommand'),
  version: word('Versions of this command and of the engine', system, 'versionCommand'),
  wait: word('Wait until containers have ended', verbs, 'waitCommand'),
  'builder prune': word('Remove what builds have kept', prune, 'builderPruneCommand'),
  'container inspect': word('All that is known of containers', inspect, 'containerInspectCommand'),
  'container prune': word('Remove all that do not run', prune, 'containerPruneCommand'),
  'image inspect': word('All that is known of images', inspect, 'imageInspectCommand'),
  'image prune': word('Remove images that nobody uses', prune, 'imagePruneCommand'),
  'network connect': word('Put a container into a network', networks, 'networkConnectCommand'),
  'network create': word('Make a network', networks, 'networkCreateCommand'),
  'network disconnect': word('Take a container out of a network', networks, 'networkDisconnectCommand'),
  'network inspect': word('All that is known of networks', inspect, 'networkInspectCommand'),
  'network ls': word('List networks', networks, 'networkLsCommand'),
  'network prune': word('Remove networks that nobody uses', prune, 'networkPruneCommand'),
  'network rm': word('Remove networks', networks, 'networkRmCommand'),
  'system df': word('What all needs', () => import('./disk-usage.js'), 'dfCommand'),
  'system prune': word('Remove all that nobody uses', prune, 'systemPruneCommand'),
  'volume create': word('Make a volume', volumes, 'volumeCreateCommand'),
  'volume inspect': word('All that is known of volumes', inspect, 'volumeInspectCommand'),
  'volume ls': word('List volumes', volumes, 'volumeLsCommand'),
  'volume prune': word('Remove volumes that nobody uses', prune, 'volumePruneCommand'),
  'volume rm': word('Remove volumes', volumes, 'volumeRmCommand'),
};

const same = (names: string): Record<string, string> =>
  Object.fromEntries(names.split(' ').map((name) => [name, name]));
const within = (group: string, names: string): Record<string, string> =>
  Object.fromEntries(names.split(' ').map((name) => [name, `${group} ${name}`]));

/** A word behind the group's name, and the command that it is. */
export const GROUPS: Readonly<Record<string, { what: string; words: Readonly<Record<string, string>> }>> = {
  builder: {
    what: 'Builds',
    words: { build: 'build', prune: 'builder prune' },
  },
  container: {
    what: 'Containers',
    words: {
      ...same(
        'attach commit cp create diff exec export kill logs pause port ps rename restart rm run start stats stop top unpause update wait',
      ),
      ...{ ls: 'ps', list: 'ps', remove: 'rm' },
      ...within('container', 'inspect prune'),
    },
  },
  image: {
    what: 'Images',
    words: {
      ...same('build history import load pull push save tag'),
      ...{ ls: 'images', list: 'images', rm: 'rmi', remove: 'rmi' },
      ...within('image', 'inspect prune'),
    },
  },
  network: {
    what: 'Networks',
    words: {
      ...within('network', 'connect create disconnect inspect ls prune rm'),
      list: 'network ls',
      remove: 'network rm',
    },
  },
  system: { what: 'The engine', words: { ...same('events info'), ...within('system', 'df prune') } },
  volume: {
    what: 'Volumes',
    words: { ...within('volume', 'create inspect ls prune rm'), list: 'volume ls', remove: 'volume rm' },
  },
};

const NO_SWARMS = 'there are no swarms here: what a compose file describes is brought up by docker compose';
const BY_CLIENT = "docker's own client does it: give it the address of `tabvisor daemon` in DOCKER_HOST";

/** Docker's words that are none of ours, and what there is instead. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  context: 'contexts are not kept here: say where an engine listens by --host, or by DOCKER_HOST',
  ...Object.fromEntries(['buildx', 'compose', 'manifest', 'trust'].map((name) => [name, BY_CLIENT])),
  ...Object.fromEntries(['config', 'node', 'secret', 'service', 'stack', 'swarm'].map((name) => [name, NO_SWARMS])),
  checkpoint: 'containers have no checkpoints here: machines have snapshots (tabvisor vm run --help)',
  plugin: "plugins can not be installed here: volumes, networks and logs are the daemon's own",
};

/** A command by the first of the words; how many of them name it. */
export function find(words: readonly string[]): { name: string; taken: number } | undefined {
  const [first = '', second = ''] = words;
  const group = Object.hasOwn(GROUPS, first) ? GROUPS[first]! : undefined;
  if (group) return Object.hasOwn(group.words, second) ? { name: group.words[second]!, taken: 2 } : undefined;
  return Object.hasOwn(WORDS, first) ? { name: first, taken: 1 } : undefined;
}
