// docker build by docker's own client with its plugin buildx: BuildKit's API, over /grpc and a session. What it prints, what images hold.
// Oracles: buildx 0.13 itself, and what dockerd 26.1.5 had it print for the same Dockerfiles. docs.docker.com/reference/cli/docker/buildx/build.
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { tarOf } from '../tar.js';
import { startRegistry } from '../registry/docker-registry.js';
import { buildContext, type Files } from './build-context.js';
import { type Daemon, type Ran, sharedDaemon } from './daemon-fixture.js';

const SESSION = 'X-Docker-Expose-Session-Uuid';
let daemon: Daemon;
let plugged = false;
sharedDaemon((one) => {
  daemon = one;
});
beforeEach((context) => {
  const { dockerBuildx } = needs(context, 'dockerBuildx');
  if (!plugged) daemon.plugin('docker-buildx', dockerBuildx);
  plugged = true;
});

const contextOf = (files: Files): string => buildContext(daemon.folder, files);
const build = (files: Files, ...args: string[]): Promise<Ran> =>
  daemon.docker('build', '--progress=plain', ...args, contextOf(files));
const run = async (image: string, ...args: string[]): Promise<string> =>
  (await daemon.docker('run', '--rm', '--pull', 'never', image, ...args)).stdout;
/** Steps as they are told, without their numbers and times. */
const steps = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => /^#[1-9]\d* (?!transferring|sha256|\.\.\.)/.test(line))
    .map((line) =>
      line
        .replace(/^#\d+ /, '')
        .replace(/^\d+\.\d+ /, '')
        .replace(/ \d+\.\d+s/g, ' TIME'),
    )
    .map((line) => line.replace(/sha256:[0-9a-f]{64}/, 'ID').replace(/ TIME done$/, ' done'));

const SAMPLE: Files = {
  'a.txt': 'hello\n',
  ignored: 'x',
  '.dockerignore': '# these\nignored\n',
  Dockerfile: `FROM busybox AS unneeded
RUN false
FROM busybox AS made
ARG WHO=nobody
RUN mkdir /d && echo made by $WHO > /d/f && echo said
FROM busybox
WORKDIR /w
COPY . /c/
COPY --from=made /d /d
CMD ["cat", "/d/f"]
`,
};

test('a build is told step by step, as buildx shows it', async () => {
  const { status, stderr } = await build(SAMPLE, '-t', 'sample:1', '-t', 'other', '--build-arg', 'WHO=you');
  expect(steps(stderr)).toEqual([
    '[internal] load build definition from Dockerfile',
    'DONE TIME',
    '[internal] load .dockerignore',
    'DONE TIME',
    '[made 1/2] FROM docker.io/library/busybox:latest',
    'CACHED',
    '[made 2/2] RUN mkdir /d && echo made by $WHO > /d/f && echo said',
    'said',
    'DONE TIME',
    '[stage-2 2/4] WORKDIR /w',
    'DONE TIME',
    '[internal] load build context',
    'DONE TIME',
    '[stage-2 3/4] COPY . /c/',
    'DONE TIME',
    '[stage-2 4/4] COPY --from=made /d /d',
    'DONE TIME',
    'exporting to image',
    'writing image ID done',
    'naming to docker.io/library/sample:1 done',
    'naming to docker.io/library/other:latest done',
    'DONE TIME',
  ]);
  expect(status).toBe(0);
  expect(await run('sample:1')).toBe('made by you\n');
  expect(await run('other', 'find', '/c', '/d')).toBe('/c\n/c/.dockerignore\n/c/Dockerfile\n/c/a.txt\n/d\n/d/f\n');
  expect((await daemon.docker('ps', '-aq')).stdout).toBe('');
});

test('what was built is found again, by each builder its own', async () => {
  const files = { a: '1', Dockerfile: 'FROM busybox\nRUN echo first\nCOPY a /a\nRUN echo last\n' };
  const cached = ({ stderr }: Ran): number => stderr.match(/ CACHED$/gm)?.length ?? 0;
  expect(cached(await build(files))).toBe(1);
  expect(cached(await build(files))).toBe(4);
  expect(cached(await build({ ...files, a: '2' }))).toBe(2);
  expect(cached(await build(files, '--no-cache'))).toBe(1);
  const staged = { Dockerfile: 'FROM busybox AS a\nRUN echo a\nFROM a AS b\nRUN echo b\n' };
  await build(staged);
  expect(cached(await build(staged, '--no-cache-filter', 'b'))).toBe(2);
  const classic = () => daemon.dockerIn({ DOCKER_BUILDKIT: '0' }, 'build', contextOf(files));
  expect((await classic()).stdout.match(/Using cache/g)).toBeNull();
  expect((await classic()).stdout.match(/Using cache/g)).toHaveLength(3);
});

test('a history is as BuildKit tells it; a folder to work in is its user’s; stages may stand in any order', async () => {
  const files = {
    f: '1',
    Dockerfile: `FROM busybox AS first
COPY --from=last /f /g
ARG A=1
RUN echo $A > /a
FROM busybox AS last
COPY --chmod=u=rwX,go= f /f
FROM first
ARG B
ENV C=$A
USER bob
WORKDIR /home/bob/w
RUN <<EOF
#!/bin/sh -e
read line && echo read $line
echo $0 $A $B > here
EOF
EXPOSE 80 53/udp
VOLUME /v
HEALTHCHECK --interval=5s CMD ["true"]
CMD ["stat", "-c", "%a %U %n", ".", "/g"]
`,
  };
  const { stderr } = await build(files, '-t', 'told', '--label', 'l=1', '--build-arg', 'B=2');
  expect(await run('told'), stderr).toBe('755 bob .\n600 root /g\n');
  expect(await run('told', 'cat', 'here')).toBe('/dev/pipes/EOF 1 2\n');
  const told = await daemon.docker('history', '--no-trunc', '--format', '{{.CreatedBy}} {{.Comment}}', 'told');
  const by = 'buildkit.dockerfile.v0';
  expect(told.stdout.split('\n').slice(0, -2)).toEqual([
    `CMD ["stat" "-c" "%a %U %n" "." "/g"] ${by}`,
    `HEALTHCHECK &{["CMD" "true"] "5s" "0s" "0s" "0s" '\\x00'} ${by}`,
    `VOLUME [/v] ${by}`,
    `EXPOSE map[53/udp:{} 80/tcp:{}] ${by}`,
    `RUN |2 A=1 B=2 /dev/pipes/EOF # buildkit ${by}`,
    `WORKDIR /home/bob/w ${by}`,
    `USER bob ${by}`,
    `ENV C=1 ${by}`,
    `ARG B=2 ${by}`,
    `RUN |1 A=1 /bin/sh -c echo $A > /a # buildkit ${by}`,
    `ARG A=1 ${by}`,
    `COPY /f /g # buildkit ${by}`,
  ]);
  const shown = await daemon.docker('image', 'inspect', '-f', '{{.Config.Labels}} {{.Comment}}', 'told');
  expect(shown.stdout).toBe(`map[l:1] ${by}\n`);
});

test('a command that fails is shown with the lines that it stands in', async () => {
  const Dockerfile = 'FROM busybox\n\nRUN echo before && \\\n  exit 3\nRUN true\n';
  const { status, stderr } = await build({ Dockerfile });
  expect(status).toBe(1);
  const said = 'process "/bin/sh -c echo before &&   exit 3" did not complete successfully: exit code: 3';
  expect(stderr).toContain(`ERROR: ${said}\n------\n > [2/3] RUN echo before &&   exit 3:\n`);
  expect(stderr.slice(stderr.indexOf('Dockerfile:3'))).toBe(`Dockerfile:3
--------------------
   2 |     
   3 | >>> RUN echo before && \\
   4 | >>>   exit 3
   5 |     RUN true
--------------------
ERROR: failed to solve: ${said}
`);
  expect((await daemon.docker('ps', '-aq')).stdout).toBe('');
});

test.each([
  ['COPY nothing /', 'failed to compute cache key: failed to calculate checksum: "/nothing": not found'],
  ['COPY ../../etc/passwd /', 'forbidden path outside the build context'],
  ['RUNN x', '   2 | >>> RUNN x\n'],
  ['RUNN x', 'dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)'],
  ['COPY --form=a b c', 'dockerfile parse error on line 2: unknown flag: --form (did you mean from?)'],
  ['COPY --from=7 b c', 'invalid stage index 7'],
  ['RUN --mount=type=secret,id=x,required true', 'secret x: not found'],
  ['ADD git@github.com:a/b.git /', 'repositories are fetched by https here'],
  ['ADD --keep-git-dir https://example.com/a.git /', 'a repository comes without its .git'],
])('%s is refused', async (line, message) => {
  const { status, stderr } = await build({ Dockerfile: `FROM busybox\n${line}\n` });
  expect(stderr).toContain(message);
  expect(status).toBe(1);
});

test('secrets come by the session, and are nowhere afterwards', async () => {
  const Dockerfile = `FROM busybox
RUN --mount=type=secret,id=key --mount=type=secret,id=word,env=WORD \\
  (stat -c '%a %u:%g' /run/secrets/key; sha256sum < /run/secrets/key; echo $WORD | tr a-z n-za-m) > /out
`;
  const key = join(daemon.folder, 'key');
  writeFileSync(key, 'the key of buildx');
  const word = join(daemon.folder, 'word');
  writeFileSync(word, 'jbeq');
  const given = ['--secret', `id=key,src=${key}`, '--secret', `id=word,src=${word}`];
  const { stderr } = await build({ Dockerfile }, '-t', 'secretive', ...given);
  const sum = createHash('sha256').update('the key of buildx').digest('hex');
  expect(await run('secretive', 'cat', '/out'), stderr).toBe(`400 0:0\n${sum}  -\nword\n`);
  const grep = promisify(execFile)('grep', ['-rlE', 'the key of buildx|jbeq', join(daemon.folder, 'data')]);
  await expect(grep).rejects.toMatchObject({ code: 1, stdout: '' });
});

test('targets, labels, Dockerfiles from elsewhere, files of the result, quiet builds, hosts, networks, platforms', async () => {
  const iid = join(daemon.folder, 'iid');
  const metadata = join(daemon.folder, 'metadata');
  const Dockerfile =
    'FROM busybox AS one\nRUN echo one > /f; cat /etc/hosts > /h; ip link > /l\nFROM one\nRUN echo two > /f\n';
  const place = contextOf({ 'x/Other': Dockerfile });
  const args = ['-f', join(place, 'x/Other'), '--target', 'one', '--label', 'l=1', '--add-host', 'box:10.1.2.3'];
  const files = ['--iidfile', iid, '--metadata-file', metadata, '--network', 'none', '--platform', 'linux/386'];
  const built = await daemon.docker('build', '-q', '-t', 'targeted', ...args, ...files, place);
  expect(built.stdout, built.stderr).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(readFileSync(iid, 'utf8')).toBe(built.stdout.trim());
  expect(JSON.parse(readFileSync(metadata, 'utf8'))).toMatchObject({
    'containerimage.config.digest': built.stdout.trim(),
    'image.name': 'docker.io/library/targeted:latest',
  });
  expect(await run('targeted', 'cat', '/f')).toBe('one\n');
  expect(await run('targeted', 'cat', '/h')).toContain('10.1.2.3\tbox');
  expect(await run('targeted', 'grep', '-c', '^[0-9]', '/l')).toBe('1\n');
  const labels = await daemon.docker('image', 'inspect', '-f', '{{json .Config.Labels}}', 'targeted');
  expect(labels.stdout).toBe('{"l":"1"}\n');
  const typed = await daemon.dockerWith('FROM busybox\nRUN echo typed > /f\n', 'build', '-t', 'typed', '-');
  expect(await run('typed', 'cat', '/f'), typed.stderr).toBe('typed\n');
  const tar = tarOf([
    { name: 'Dockerfile', data: 'FROM busybox\nCOPY f /f\n' },
    { name: 'f', data: 'of a tar\n' },
  ]);
  const sent = await daemon.dockerWith(tar, 'build', '-t', 'sent', '-');
  expect(await run('sent', 'cat', '/f'), sent.stderr).toBe('of a tar\n');
  const several = await daemon.docker(
    'build',
    '--platform',
    'linux/386,linux/amd64',
    place,
    '-f',
    join(place, 'x/Other'),
  );
  expect(several.status).toBe(1);
});

test('more contexts: folders and images by other names', async () => {
  const more = contextOf({ 'd/f': 'more\n' });
  const Dockerfile = 'FROM base\nCOPY --from=more d /d\nRUN --mount=from=more,target=/m cat /m/d/f > /f\n';
  const given = ['--build-context', `more=${more}`, '--build-context', 'base=docker-image://busybox'];
  const { stderr } = await build({ Dockerfile }, '-t', 'several', ...given);
  expect(await run('several', 'cat', '/d/f', '/f'), stderr).toBe('more\nmore\n');
});

test('a client that is interrupted takes its build along', async () => {
  const place = contextOf({ Dockerfile: 'FROM busybox\nRUN echo begun; sleep 1000\n' });
  const child = spawn('docker', ['build', '--progress=plain', place], { env: daemon.environment });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (!/^#\d+ [\d.]+ begun$/m.test(said)) await once(child.stderr, 'data');
  child.kill('SIGINT');
  await once(child, 'exit');
  await expect.poll(async () => (await daemon.docker('ps', '-aq')).stdout, { timeout: 30_000 }).toBe('');
});

test('the result’s files are the client’s: in a folder, and as a tar', async () => {
  const files = {
    Dockerfile: `FROM busybox AS made
RUN mkdir /d && echo made > /d/f && ln -s f /d/l && ln /d/f /d/again && chmod 4755 /d/f && : > /d/empty
FROM scratch
COPY --from=made /d /d
`,
  };
  const folder = join(daemon.folder, 'out');
  const { stderr } = await build(files, '-o', folder);
  const inside = (name: string): string => join(folder, 'd', name);
  expect(readdirSync(join(folder, 'd')).sort(), stderr).toEqual(['again', 'empty', 'f', 'l']);
  expect([readFileSync(inside('f'), 'utf8'), readFileSync(inside('again'), 'utf8')]).toEqual(['made\n', 'made\n']);
  expect([readlinkSync(inside('l')), statSync(inside('f')).mode & 0o7777]).toEqual(['f', 0o4755]);
  const tar = join(daemon.folder, 'out.tar');
  await build(files, '-o', `type=tar,dest=${tar}`);
  const listed = await promisify(execFile)('tar', ['-tf', tar]);
  expect(listed.stdout.trim().split('\n')).toEqual(['d/', 'd/again', 'd/empty', 'd/f', 'd/l']);
});

test('an image is exported as a tar that docker loads, and others read as a layout', async () => {
  const files = { Dockerfile: 'FROM busybox\nRUN echo exported > /f\n' };
  const oci = join(daemon.folder, 'oci.tar');
  const { stderr } = await build(files, '-t', 'exported:1', '-o', `type=oci,dest=${oci}`);
  const index = JSON.parse((await promisify(execFile)('tar', ['-xOf', oci, 'index.json'])).stdout);
  expect(index.manifests, stderr).toMatchObject([{ annotations: { 'org.opencontainers.image.ref.name': '1' } }]);
  expect((await daemon.docker('images', '-q', 'exported')).stdout).toBe('');
  expect((await daemon.docker('load', '-i', oci)).stdout).toBe('Loaded image: exported:1\n');
  expect(await run('exported:1', 'cat', '/f')).toBe('exported\n');
  const place = contextOf(files);
  const piped = `docker build -t exported:2 -o type=docker,dest=- ${place} | docker load`;
  const { stdout } = await promisify(execFile)('sh', ['-c', piped], { env: daemon.environment });
  expect(stdout).toBe('Loaded image: exported:2\n');
  const cache = await build(files, '--cache-to', `type=local,dest=${join(daemon.folder, 'cache')}`);
  expect([cache.status, cache.stderr]).toEqual([1, expect.stringContaining('unknown cache exporter: "local"')]);
});

test('several targets of a file, one of which another one begins with', async () => {
  const place = contextOf({
    Dockerfile: 'FROM busybox\nARG WHO\nRUN echo $WHO > /who\n',
    'docker-bake.hcl': `group "default" { targets = ["a", "b"] }
target "a" {
  tags = ["baked:a"]
  args = { WHO = "baker" }
}
target "b" {
  contexts = { base = "target:a" }
  dockerfile-inline = "FROM base\\nRUN cat /who > /b\\n"
  tags = ["baked:b"]
}
`,
  });
  const { status, stderr } = await promisify(execFile)('docker', ['buildx', 'bake', '--progress=plain'], {
    ...{ cwd: place, env: daemon.environment },
  }).then(
    ({ stderr }) => ({ status: 0, stderr }),
    (error: { code: number; stderr: string }) => ({ status: error.code, stderr: error.stderr }),
  );
  expect(status, stderr).toBe(0);
  expect(await run('baked:a', 'cat', '/who')).toBe('baker\n');
  expect(await run('baked:b', 'cat', '/b')).toBe('baker\n');
});

test('compose builds what it brings up', async (context) => {
  const { dockerCompose } = needs(context, 'dockerCompose');
  daemon.plugin('docker-compose', dockerCompose);
  const place = contextOf({
    'app/Dockerfile': 'FROM busybox\nARG WHO\nRUN echo hello $WHO > /who\nCMD ["cat", "/who"]\n',
    'compose.yaml': 'services:\n  app:\n    build: { context: ./app, args: { WHO: you } }\n',
  });
  const compose = (...args: string[]): Promise<Ran> =>
    daemon.docker('compose', '--ansi', 'never', '--project-directory', place, '-p', 'built', ...args);
  const up = await compose('up', '--build', '--no-log-prefix');
  expect(up.stdout, up.stderr).toContain('hello you');
  expect((await compose('build', '-q')).status).toBe(0);
  await compose('down', '--rmi', 'all');
});

test('caches of commands are told of, and go', async () => {
  const Dockerfile = 'FROM busybox\nRUN --mount=type=cache,target=/c echo kept > /c/f\n';
  await build({ Dockerfile });
  const used = await daemon.docker('buildx', 'du', '--verbose');
  expect(used.stdout).toMatch(/^ID:\s+build-cache-[0-9a-f]{32}$/m);
  expect(used.stdout).toMatch(/^Type:\s+exec\.cachemount$/m);
  expect((await daemon.docker('buildx', 'prune', '-f')).stdout).toMatch(/build-cache-[0-9a-f]{32}/);
  expect((await daemon.docker('buildx', 'du')).stdout).toMatch(/^Total:\s+0B$/m);
  await build({ Dockerfile }, '--no-cache');
  const classic = await daemon.call('POST', '/v1.45/build/prune');
  expect(JSON.parse(classic.body).CachesDeleted).toHaveLength(1);
});

// secret
const TESTER = 'tester:$2b$04$nsqp4AeHJoQowpHzjgIqweAP8ihqQlZMFtBUR3wnLDLyS6NFvT9Cu';

test('an image is pushed by its build, and another one begins with it, as who the client is to the registry', async (context) => {
  const { dockerRegistry } = needs(context, 'dockerRegistry');
  const registry = await startRegistry(dockerRegistry, mkdtempSync(join(daemon.folder, 'registry-')), TESTER);
  try {
    const name = `${registry.host}/pushed:1`;
    await daemon.docker('login', '-u', 'tester', '-p', 'secret', registry.host);
    const pushed = await build({ Dockerfile: 'FROM busybox\nRUN echo pushed > /f\n' }, '-t', name, '--push');
    expect([pushed.status, pushed.stderr]).toEqual([0, expect.stringMatching(/^#\d+ pushing .*\/pushed:1$/m)]);
    await daemon.docker('rmi', name);
    const files = { Dockerfile: `FROM ${name}\nRUN cat /f > /g\n` };
    const { stderr } = await build(files, '-t', 'begun');
    expect(await run('begun', 'cat', '/g'), stderr).toBe('pushed\n');
    await daemon.docker('rmi', 'begun', name);
    await daemon.docker('logout', registry.host);
    const refused = await build(files, '--no-cache');
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/denied|unauthorized|authentication/i)]);
  } finally {
    await registry.stop();
  }
});

test('without the plugin the client builds with the classic builder', async () => {
  const place = contextOf({ Dockerfile: 'FROM busybox\nRUN echo x\n' });
  const { status, stderr, stdout } = await daemon.dockerIn(
    { DOCKER_CONFIG: join(daemon.folder, 'none') },
    'build',
    place,
  );
  expect([status, stdout]).toEqual([0, expect.stringContaining('Successfully built')]);
  expect(stderr).toContain('Install the buildx component');
});

test('builders are listed and looked at', async () => {
  const { stdout } = await daemon.docker('buildx', 'inspect');
  expect(stdout).toMatch(/Status:\s+running/);
  expect(stdout).toMatch(/Platforms:\s+linux\/386/);
  expect((await daemon.docker('buildx', 'ls')).stdout).toContain('linux/386');
});

test.each([
  ['/grpc', 'noise'],
  ['/grpc', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['/session', 'noise'],
])('%s ends with who speaks no HTTP/2 on it', async (path, begins) => {
  const socket = connect(daemon.socket);
  const headers = [
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: h2c',
    'Content-Length: 0',
    `${SESSION}: ${path.slice(1)}`,
  ];
  socket.write(`POST ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  socket.write(begins);
  socket.write(randomBytes(1 << 16));
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  expect((await daemon.call('GET', '/_ping')).status).toBe(200);
});

test('nothing that the API’s description does not allow has been answered, and nothing is left', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
  expect(daemon.spools()).toEqual([]);
});
