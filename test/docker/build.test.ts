// docker build by docker's own client, with the classic builder: what it prints, what the images hold, what is built again and what not.
// docs.docker.com/reference/dockerfile. Oracles: the client, and the Engine API's description.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what Dockerfiles have in them.
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { root } from '../provisioned.js';
import { type TarFile, tarOf } from '../tar.js';
import { buildContext, type Files } from './build-context.js';
import { type Daemon, sharedDaemon, type Ran } from './daemon-fixture.js';

let daemon: Daemon;
sharedDaemon((one) => {
  daemon = one;
});
process.env.DOCKER_BUILDKIT = '0';

const contextOf = (files: Files): string => buildContext(daemon.folder, files);
const build = (files: Files, ...args: string[]): Promise<Ran> => daemon.docker('build', ...args, contextOf(files));
/** Without the client's own words, and with ids masked. */
const masked = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('Sending build context'))
    .map((line) => line.replace(/\b[0-9a-f]{12}\b/g, 'ID'));
const ids = (text: string): string[] => [...text.matchAll(/^ ---> ([0-9a-f]{12})$/gm)].map(([, id]) => id!);
const run = async (image: string, ...args: string[]): Promise<string> =>
  (await daemon.docker('run', '--rm', image, ...args)).stdout;

const SAMPLE: Files = {
  'a.txt': 'hello\n',
  'd/deep.txt': 'deep\n',
  Dockerfile: `ARG BASE=busybox
FROM $BASE AS one
ARG WHO=nobody
ENV GREETING="hello there"
RUN echo "$GREETING, $WHO" > /out && echo said
COPY a.txt d/ /t/
workdir /t/sub
FROM busybox
COPY --from=one /out /t /got/
CMD ["cat", "/got/out"]
`,
};

test('a build is told line by line, as the classic builder does', async () => {
  const { status, stdout } = await build(
    SAMPLE,
    '-t',
    'sample:1',
    '-t',
    'sample',
    '--build-arg',
    'WHO=you',
    '--label',
    'l=1',
  );
  expect(status).toBe(0);
  const idle = [' ---> Running in ID', ' ---> Removed intermediate container ID', ' ---> ID'];
  expect(masked(stdout)).toEqual([
    'Step 1/11 : ARG BASE=busybox',
    'Step 2/11 : FROM $BASE AS one',
    ' ---> ID',
    'Step 3/11 : ARG WHO=nobody',
    ...idle,
    'Step 4/11 : ENV GREETING="hello there"',
    ...idle,
    'Step 5/11 : RUN echo "$GREETING, $WHO" > /out && echo said',
    ' ---> Running in ID',
    'said',
    ...idle.slice(1),
    'Step 6/11 : COPY a.txt d/ /t/',
    ' ---> ID',
    'Step 7/11 : workdir /t/sub',
    ...idle,
    'Step 8/11 : FROM busybox',
    ' ---> ID',
    'Step 9/11 : COPY --from=one /out /t /got/',
    ' ---> ID',
    'Step 10/11 : CMD ["cat", "/got/out"]',
    ...idle,
    'Step 11/11 : LABEL l=1',
    ...idle,
    'Successfully built ID',
    'Successfully tagged sample:1',
    'Successfully tagged sample:latest',
    '',
  ]);
  expect(await run('sample:1')).toBe('hello there, you\n');
  expect(await run('sample', 'find', '/got')).toBe('/got\n/got/a.txt\n/got/deep.txt\n/got/out\n/got/sub\n');
  expect((await daemon.docker('ps', '-aq')).stdout).toBe('');
  // the steps are images too, which nobody sees who does not ask
  expect((await daemon.docker('images', '-q')).stdout.split('\n')).toHaveLength(5);
  expect((await daemon.docker('images', '-aq')).stdout.split('\n').length).toBeGreaterThan(10);
  const created = (await daemon.docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', 'sample')).stdout;
  expect(created.split('\n').slice(0, 3)).toEqual([
    '/bin/sh -c #(nop)  LABEL l=1',
    '/bin/sh -c #(nop)  CMD ["cat" "/got/out"]',
    expect.stringMatching(/^\/bin\/sh -c #\(nop\) COPY multi:[0-9a-f]{64} in \/got\/ $/),
  ]);
});

test('what was built is not built again, from the first step on that is another one', async () => {
  const again = async (files: Files, ...args: string[]): Promise<boolean[]> => {
    const { stdout } = await build(files, ...args);
    return stdout
      .split(/^Step /m)
      .slice(2)
      .map((step) => step.includes('Using cache'));
  };
  const files = { a: '1', Dockerfile: 'FROM busybox\nARG X=1\nRUN echo first\nCOPY a /a\nRUN echo $X\n' };
  expect(await again(files)).toEqual([false, false, false, false]);
  expect(await again(files)).toEqual([true, true, true, true]);
  expect(await again({ ...files, a: '2' })).toEqual([true, true, false, false]);
  // an argument is part of all commands behind it
  expect(await again(files, '--build-arg', 'X=2')).toEqual([true, false, false, false]);
  expect(await again(files, '--no-cache')).toEqual([false, false, false, false]);
  // the engine knows it too when it was started again
  const before = ids((await build(files)).stdout);
  await daemon.restart('SIGTERM');
  expect(ids((await build(files)).stdout)).toEqual(before);
});

test('an image goes with the steps that it alone was made of', async () => {
  const all = async (): Promise<number> => (await daemon.docker('images', '-aq')).stdout.split('\n').length;
  const before = await all();
  const Dockerfile = 'FROM busybox\nRUN echo shared > /s\nRUN echo $(seq 10) > /f\nCMD ["x"]\n';
  const steps = ids((await build({ Dockerfile }, '-t', 'leaves')).stdout);
  await build({ Dockerfile: Dockerfile.replace('10', '11') }, '-t', 'stays');
  expect(await all()).toBe(before + 5);
  const child = await daemon.docker('rmi', steps[1]!);
  expect(child.stderr).toContain('image has dependent child images');
  const { stdout } = await daemon.docker('rmi', 'leaves');
  expect(stdout.match(/^Deleted: /gm)!.length).toBeGreaterThanOrEqual(2);
  expect(await all()).toBe(before + 3);
  expect(await run('stays', 'cat', '/s')).toBe('shared\n');
  await daemon.docker('rmi', 'stays');
  expect(await all()).toBe(before);
});

test('a command that fails ends the build with its status', async () => {
  const { status, stdout, stderr } = await build(
    { Dockerfile: 'FROM busybox\nRUN echo lost > /x; exit 7\n' },
    '--force-rm',
    '-t',
    'never',
  );
  expect(status).toBe(7);
  expect(stderr).toContain("The command '/bin/sh -c echo lost > /x; exit 7' returned a non-zero code: 7\n");
  expect(masked(stdout).slice(-3)).toEqual([' ---> Running in ID', ' ---> Removed intermediate container ID', '']);
  expect((await daemon.docker('ps', '-aq')).stdout).toBe('');
  expect((await daemon.docker('image', 'inspect', 'never')).status).toBe(1);
});

test.each([
  ['FOO x', 'dockerfile parse error on line 2: unknown instruction: FOO'],
  [
    'COPY nothing /',
    'COPY failed: file not found in build context or excluded by .dockerignore: stat nothing: file does not exist',
  ],
  ['COPY ../../etc/passwd /', 'COPY failed: forbidden path outside the build context: ../../etc/passwd ()'],
  ['COPY n* /', 'COPY failed: no source files were specified'],
  [
    'COPY Dockerfile Dockerfile /x',
    'When using COPY with more than one source file, the destination must be a directory and end with a /',
  ],
  ['COPY --chown=whoever Dockerfile /', "can't find uid for user whoever: no such user: whoever"],
  ['COPY --from=7 / /', 'invalid from flag value 7: invalid stage index 7'],
  ['COPY Dockerfile /etc/passwd/x', 'cannot copy to non-directory: /etc/passwd'],
  ['ADD http://127.0.0.1:1/x /', '127.0.0.1'],
  ['ADD http://169.254.169.254/latest/meta-data /', '169.254.169.254'],
  ['RUN --mount=type=secret,id=x,required true', 'secret x: not found'],
  ['RUN --mount=type=bind,source=../etc,target=/x true', 'forbidden path outside the build context'],
  ['RUN --mount=type=bind,source=none,target=/x true', '"none": not found'],
  ['RUN --mount=type=ssh true', 'no agent of ssh'],
  ['HEALTHCHECK --interval=1x CMD true', 'time: invalid duration "1x"'],
  ['STOPSIGNAL nothing', 'nvalid signal: nothing'],
  ['USER ${X:?who}', 'X: who'],
])('%s is refused', async (line, message) => {
  const { status, stderr } = await build({ Dockerfile: `FROM busybox\n${line}\n` });
  expect(stderr).toContain(message);
  expect(status).toBe(1);
});

test('ONBUILD is done by who builds on the image, once', async () => {
  await build({ Dockerfile: 'FROM busybox\nONBUILD COPY x /x\nONBUILD RUN cat /x > /y\n' }, '-t', 'base');
  const { stdout } = await build({ x: 'triggered', Dockerfile: 'FROM base\nRUN cat /y\n' }, '-t', 'child');
  expect(masked(stdout)).toContain('# Executing 2 build triggers');
  expect(await run('child', 'cat', '/y')).toBe('triggered');
  const trigger = await daemon.docker('image', 'inspect', '--format', '{{json .Config.OnBuild}}', 'base', 'child');
  expect(trigger.stdout).toBe('["COPY x /x","RUN cat /x > /y"]\nnull\n');
});

test('documents: a script, one of another program, input of a command, and files', async () => {
  const Dockerfile = `FROM busybox
ARG A=arg
RUN <<EOF
echo one > /one
echo $A > /two
EOF
RUN <<"EOF"
#!/bin/awk -f
BEGIN { print "three" > "/three" }
EOF
RUN cat <<EOF > /four
four $A
EOF
COPY <<five <<"six" /t/
"five" \\$ $A
five
$A
six
`;
  const { status, stderr } = await build({ Dockerfile }, '-t', 'documents');
  expect([status, stderr.replace(/^.*(DEPRECATED|BuildKit|environment-var).*\n/gm, '').trim()]).toEqual([0, '']);
  const files = ['/one', '/two', '/three', '/four', '/t/five', '/t/six'];
  expect(await run('documents', 'cat', ...files)).toBe('one\narg\nthree\nfour arg\n"five" $ arg\n$A\n');
});

test('a target, quiet, Dockerfiles of another name and from the input, a context from the input, limits, no network', async () => {
  const folder = contextOf({
    'other/File': 'FROM busybox AS first\nENV A=1\nFROM first AS second\nENV A=2\n',
    a: 'in the context',
  });
  const file = ['-f', join(folder, 'other/File')];
  const { stdout } = await daemon.docker('build', '-q', ...file, '--target', 'first', folder);
  expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  const env = await daemon.docker('image', 'inspect', '--format', '{{json .Config.Env}}', stdout.trim());
  expect(env.stdout).toContain('"A=1"');
  const wrong = await daemon.docker('build', ...file, '--target', 'third', folder);
  expect(wrong.stderr).toContain('target stage "third" could not be found');
  const failed = await build({ Dockerfile: 'FROM busybox\nRUN echo why; false\n' }, '-q', '--force-rm');
  expect(failed.stdout + failed.stderr).toContain('why');
  const script = 'FROM busybox\nRUN cat /sys/fs/cgroup/memory.max; ls /sys/class/net\n';
  const limits = ['-m', '32m', '--network', 'none', '--no-cache'];
  expect((await daemon.dockerWith(script, 'build', ...limits, '-')).stdout).toContain('33554432\nlo\n ---> Removed');
  const fromInput = await daemon.dockerWith('FROM busybox\nCOPY a /a\nRUN cat /a\n', 'build', '-f', '-', folder);
  expect(fromInput.stdout).toContain('in the context');
  const tar = gzipSync(
    tarOf([
      { name: 'Dockerfile', data: 'FROM busybox\nCOPY x /\nRUN cat /x\n' },
      { name: 'x', data: 'of a tar\n' },
    ]),
  );
  expect((await daemon.dockerWith(tar, 'build', '-')).stdout).toContain('of a tar\n');
});

test('a client that goes away takes its build along', async () => {
  const folder = contextOf({ Dockerfile: "FROM busybox\nRUN echo be''gun; sleep 1000\n" });
  // the step is told before it runs: only the command says the word as one
  const client = daemon.client('build', '--no-cache', folder);
  await client.expect('begun');
  const running = (await daemon.docker('ps', '-q')).stdout.trim();
  expect(running).not.toBe('');
  client.kill('SIGKILL');
  expect((await daemon.docker('wait', running)).stdout + (await daemon.docker('ps', '-aq')).stdout).not.toContain(
    running,
  );
});

test('what is hostile is refused, or harmless', async () => {
  const doubling = Array.from({ length: 40 }, () => 'ENV A=$A$A').join('\n');
  const { stderr } = await build({ Dockerfile: `FROM busybox\nENV A=xxxxxxxx\n${doubling}\n` });
  expect(stderr).toMatch(/variables make more than 1 MiB of a word|longer than/);
  const context = async (...files: TarFile[]): Promise<Ran> =>
    daemon.dockerWith(tarOf(files), 'build', '-t', 'hostile', '-');
  const Dockerfile = { name: 'Dockerfile', data: 'FROM busybox\nCOPY x /t/\nRUN cat /t/*\n' };
  expect((await context(Dockerfile, { name: '../x', data: '' })).stderr).toContain('leads out');
  const link = await context(Dockerfile, { name: 'x', type: '2', link: '/etc/passwd' });
  expect(link.stderr).toContain('stat x: file does not exist');
  const way = await context(
    { name: 'Dockerfile', data: 'FROM busybox\nCOPY up/etc/passwd /t/\n' },
    { name: 'up', type: '2', link: '../../../../..' },
  );
  expect(way.stderr).toContain('stat up/etc/passwd: file does not exist');
  const own = await context({ name: 'Dockerfile', type: '2', link: '/etc/passwd' });
  expect(own.stderr).toContain('Cannot locate specified Dockerfile: Dockerfile');
  expect((await daemon.dockerWith('no tar', 'build', '-')).status).toBe(1);
  expect((await daemon.docker('ps', '-aq')).stdout).toBe('');
});

test('a cache stays from one build to the next, and is no part of the image', async () => {
  const Dockerfile = `FROM busybox
RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch echo one >> /cache/f; touch /scratch/x; cat /cache/f
`;
  expect((await build({ Dockerfile }, '--no-cache')).stdout).toMatch(/^one\n ---> /m);
  expect((await build({ Dockerfile }, '--no-cache', '-t', 'cached')).stdout).toMatch(/^one\none\n ---> /m);
  // the places of mounts are no part of it either
  expect(await run('cached', 'ls', '-d', '/cache', '/scratch')).toBe('');
});

test('a cache begins with rights, or with files of a stage, and not with what the image has at its place', async () => {
  const Dockerfile = `FROM busybox AS made
RUN mkdir -p /d/e && echo made > /d/f && chown 5:6 /d/f && chmod 750 /d
FROM busybox
RUN --mount=type=cache,target=/home,mode=0711,uid=7,gid=8 (ls /home; stat -c '%a %u:%g' /home) > /out
RUN --mount=type=cache,target=/s,from=made,source=/d,sharing=locked (cat /s/f; stat -c '%a %u:%g %n' /s /s/*) >> /out
RUN --mount=type=cache,id=z,target=/a,sharing=locked --mount=type=cache,id=z,target=/b,sharing=locked touch /a/x; ls /b >> /out
`;
  const { stderr, stdout } = await build({ Dockerfile }, '-t', 'begun');
  expect(await run('begun', 'cat', '/out'), stdout + stderr).toBe(
    '711 7:8\nmade\n750 0:0 /s\n755 0:0 /s/e\n644 5:6 /s/f\nx\n',
  );
});

test('a command is lent files of the context, of stages and of images, and nothing of them comes into the image', async () => {
  const files = {
    ...{ 'c/one': '1\n', 'c/link@': '/c/one', other: '2\n', '.dockerignore': 'ignored\n', ignored: 'x' },
    Dockerfile: `FROM busybox AS made
RUN mkdir /d && echo made > /d/f
FROM busybox
WORKDIR /w
RUN --mount=target=/ctx --mount=from=made,source=/d,target=d,rw --mount=from=busybox,src=/bin/busybox,dst=/box/busybox \
  cat /ctx/c/one d/f > /out; ls /ctx >> /out; echo more >> d/f; cat d/f >> /out; (echo x > /ctx/x) 2>> /out; /box/busybox echo boxed >> /out
RUN --mount=source=c/one,target=/deep/file cat /deep/file >> /out; (echo y > /deep/file) 2>> /out; true
RUN --mount=from=made,source=/d,target=/d cat /d/f >> /out
`,
  };
  const { status, stderr, stdout } = await build(files, '-t', 'lent');
  expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('Successfully tagged')]);
  expect(await run('lent', 'cat', '/out')).toBe(
    "1\nmade\nDockerfile\nc\nother\nmade\nmore\n/bin/sh: can't create /ctx/x: Read-only file system\nboxed\n" +
      "1\n/bin/sh: can't create /deep/file: Read-only file system\nmade\n",
  );
  expect(await run('lent', 'find', '/ctx', '/d', '/w', '/box', '/deep')).toBe('/w\n');
  // what is bound is part of the command
  const again = await build({ ...files, 'c/one': 'changed\n' }, '-t', 'lent');
  expect(again.stdout.match(/Using cache/g)).toHaveLength(2);
  expect(await run('lent', 'head', '-n', '1', '/out')).toBe('changed\n');
});

test('a secret is a file or a variable while a command runs, and nowhere afterwards', async () => {
  const place = contextOf({
    Dockerfile: `FROM busybox
RUN --mount=type=secret,id=key --mount=type=secret,id=word,env=WORD --mount=type=secret,id=none \
  --mount=type=secret,id=key,target=/k/own,mode=0444,uid=7,gid=8 \
  (stat -c '%a %u:%g %n' /run/secrets/key /k/own; sha256sum < /run/secrets/key; echo $WORD | tr a-z n-za-m; ls /run/secrets) > /out
`,
  });
  const key = join(place, '..', 'key');
  writeFileSync(key, 'the key');
  const environment = { ...process.env, WORD: 'jbeq', DOCKER_HOST: daemon.host };
  const own = [join(root, 'bin/tabvisor.mjs'), '-H', daemon.host, 'build', '-t', 'secretive'];
  const given = ['--secret', `id=key,src=${key}`, '--secret', 'id=word,env=WORD', place];
  await promisify(execFile)(process.execPath, [...own, ...given], { env: environment });
  const sum = createHash('sha256').update('the key').digest('hex');
  expect(await run('secretive', 'cat', '/out')).toBe(
    `400 0:0 /run/secrets/key\n444 7:8 /k/own\n${sum}  -\nword\nkey\n`,
  );
  expect(await run('secretive', 'ls', '-d', '/run/secrets', '/k')).toBe('');
  const found = spawnSync('grep', ['-rlE', 'the key|jbeq', join(daemon.folder, 'data')]).stdout.toString();
  expect(found).toBe('');
});

test('a builder of buildx’s own is refused with what to do, and so is a context that is nowhere public', async () => {
  const pulled = await daemon.call('POST', '/v1.50/images/create?fromImage=moby%2Fbuildkit&tag=buildx-stable-1');
  expect([pulled.status, pulled.body]).toEqual([404, expect.stringContaining('DOCKER_BUILDKIT=0')]);
  // a context on the web is fetched of public addresses alone
  const remote = await daemon.call('POST', '/v1.50/build?remote=http%3A%2F%2F127.0.0.1%2Fa.git');
  expect([remote.status, remote.body]).toEqual([400, expect.stringContaining('127.0.0.1')]);
});

test('nothing that the API’s description does not allow has been answered', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});
