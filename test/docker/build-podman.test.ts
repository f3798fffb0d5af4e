// What images hold that are built here, beside what podman makes of the same Dockerfiles: trees, owners, rights, configurations.
// docs.docker.com/reference/dockerfile.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { missing, needs } from '../provisioned.js';
import { type TarFile, tarOf } from '../tar.js';
import { buildContext, type Files } from './build-context.js';
import { Daemon, needsDocker } from './daemon-fixture.js';

let starting: Promise<[Daemon, Podman]> | undefined;
let daemon: Daemon;
let podman: Podman;

beforeEach(async (context) => {
  needsDocker(context);
  needs(context, 'podman');
  if (process.getuid!() !== 0) missing(context, 'podman mounts what it has built: that needs root');
  process.env.DOCKER_BUILDKIT = '0';
  starting ??= Daemon.start(context).then((one) => [one, new Podman(one.folder)]);
  [daemon, podman] = await starting;
});
afterAll(async () => {
  if (daemon) await daemon.stop();
});

const ARCHIVE: TarFile[] = [
  { name: 'in/', type: '5', mode: 0o750, uid: 5, gid: 6 },
  { name: 'in/file', data: 'packed', mode: 0o604, uid: 7, gid: 8 },
  { name: 'in/link', type: '2', link: 'file' },
];
const TREE: Files = {
  a: 'A',
  'b.sh': '#!/bin/sh\n',
  'dir/one': '1',
  'dir/sub/two': '22',
  'dir/to-one@': 'one',
  'w1.txt': 'w',
  'w2.txt': 'ww',
  'skipped.log': '',
  '.dockerignore': '*.log\n',
};

/** What each does to files is in /t. */
const CASES: readonly (readonly [string, string])[] = [
  [
    'files and folders to names, into folders that are there and that are not, and a folder with a link in it',
    'COPY a /t/x\nCOPY a /t/\nCOPY a /t/new/er/\nCOPY a /t/made/name\nCOPY dir /t/d\nCOPY dir/ /t/e/\nCOPY dir/sub /t/d\nCOPY dir/sub dir/one /t/f/',
  ],
  ['patterns, several, all', 'COPY *.txt /t/w/\nCOPY w?.txt a /t/m/\nCOPY [ab]* /t/c/\nCOPY . /t/all/'],
  [
    'owners by name and number, rights; links on the way',
    'COPY --chown=bob:bob a /t/bob\nCOPY --chown=bob:lp dir /t/d\nCOPY --chown=3:4 a /t/n\nCOPY --chmod=0640 a /t/m\nRUN mkdir -p /t/real && ln -s real /t/link\nCOPY a /t/link/\nCOPY dir /t/link',
  ],
  [
    'an archive is unpacked by ADD, and copied by COPY',
    'ADD p.tar /t/p/\nADD p.tgz /t/z\nADD p.xz /t/xz\nADD p.bz2 /t/bz\nCOPY p.tar /t/',
  ],
  [
    'a folder to work in, words in their quotes, another shell',
    'WORKDIR /t\nWORKDIR rel/ative\nCOPY a .\nCOPY a ./b/\nENV W=/t/var\nWORKDIR $W\nRUN pwd > here\nCOPY ["a", "/t/with space"]\nRUN ["/bin/sh", "-c", "echo \\"$0\\" > \'/t/q q\'", "zero"]\nSHELL ["/bin/sh", "-ec"]\nRUN false || echo $0 > /t/shell',
  ],
  [
    'what commands change, and take away',
    'RUN mkdir -p /t/k /t/gone && echo x > /t/k/f && echo y > /t/gone/f\nRUN rm -r /t/gone /t/k/f && mkdir /t/gone && touch /t/gone/new && chown 3:4 /t/k',
  ],
  [
    'another stage, by name and by number, and whose files are somebody’s',
    'RUN mkdir -p /t/s && echo s > /t/s/f && chown -R 9:10 /t/s\nFROM busybox\nCOPY --from=0 /t/s /t/zero\nCOPY --from=zero /t/s/f /t/named\nCOPY --chown=0:0 --from=0 /t/s /t/root',
  ],
  [
    'a stage built on another; arguments',
    'RUN mkdir /t\nENV E=1\nFROM zero AS more\nRUN echo $E > /t/a\nFROM more\nARG A=1\nARG B\nENV C=$A.$B\nRUN cat /t/a > /t/b; echo $A $B $C > /t/args\nARG A=2\nRUN env | grep -E "^[ABC]=" | sort > /t/env',
  ],
  [
    'a configuration',
    'RUN mkdir /t\nENV A=1 B="$A two" C=\'$A\'\nENV D x y\nLABEL l1=a "l 2"="b c" l3="$A"\nEXPOSE 80 53/udp $A\nUSER bob\nVOLUME /v\nVOLUME ["/x", "/y"]\nSTOPSIGNAL SIGINT\nENTRYPOINT ["/bin/echo"]\nCMD ["a", "$A"]',
  ],
  [
    'commands of the shell, of which the last counts',
    'RUN mkdir /t\nCMD first\nCMD echo $HOME\nENTRYPOINT exec top -b',
  ],
];

const LOOK = ['find', '/t', '-exec', 'stat', '-c', '%n|%F|%a|%u:%g|%s|%N', '{}', ';'];
/** Sizes of directories are their filesystems'. */
const lines = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.replace(/\|directory\|(.*)\|\d+\|/, '|directory|$1|'))
    .sort();

const KNOWN = ['Cmd', 'Entrypoint', 'ExposedPorts', 'Volumes', 'User', 'StopSignal'];
function configOf(text: string): Record<string, unknown> {
  const config = JSON.parse(text);
  const labels = { ...config.Labels };
  // podman says who it is
  delete labels['io.buildah.version'];
  return {
    ...Object.fromEntries(KNOWN.map((name) => [name, config[name] || undefined])),
    WorkingDir: config.WorkingDir || '/',
    Labels: labels,
    Env: (config.Env ?? []).filter((entry: string) => !entry.startsWith('PATH=')),
  };
}

class Podman {
  constructor(private readonly folder: string) {
    this.run('import', '--arch', '386', join(folder, 'root.tar'), 'localhost/busybox');
  }
  run(...args: string[]): string {
    const places = ['--root', join(this.folder, 'podman'), '--runroot', join(this.folder, 'podman-run')];
    const globals = ['--storage-driver', 'vfs', ...places, '--cgroup-manager', 'cgroupfs'];
    return execFileSync('podman', [...globals, ...args], { encoding: 'utf8', stdio: 'pipe' });
  }
  build(folder: string): { tree: string[]; config: Record<string, unknown> } {
    const options = [
      '--isolation',
      'chroot',
      '--network',
      'host',
      '--format',
      'docker',
      '--pull-never',
      '--layers=false',
    ];
    this.run('build', ...options, '--ulimit', 'nofile=1024:1024', '-t', 'case', folder);
    const config = configOf(this.run('image', 'inspect', '--format', '{{json .Config}}', 'case'));
    const place = this.run('image', 'mount', 'case').trim();
    const looked = execFileSync('chroot', [place, '/bin/busybox', ...LOOK], { encoding: 'utf8' });
    return { tree: lines(looked), config };
  }
}

test.each(CASES)('%s', async (_what, body) => {
  const packed = tarOf(ARCHIVE);
  const Dockerfile = `FROM busybox AS zero\n${body}\n`;
  const by = (command: string): Uint8Array => execFileSync(command, ['-c'], { input: packed });
  const archives = { 'p.tar': packed, 'p.tgz': gzipSync(packed), 'p.xz': by('xz'), 'p.bz2': by('bzip2') };
  const folder = buildContext(daemon.folder, { ...TREE, ...archives, Dockerfile });
  const built = await daemon.docker('build', '-t', 'case', folder);
  expect([built.status, built.stderr.replace(/DEPRECATED[\s\S]*variable\.\n/, '').trim()]).toEqual([0, '']);
  const looked = await daemon.docker('run', '--rm', '--user', '0', '--entrypoint', '/bin/busybox', 'case', ...LOOK);
  const config = (await daemon.docker('image', 'inspect', '--format', '{{json .Config}}', 'case')).stdout;
  expect({ tree: lines(looked.stdout), config: configOf(config) }).toEqual(podman.build(folder));
});
