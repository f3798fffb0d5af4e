// Files of containers by docker's own client: cp both ways, export, diff, commit, import. Hostile archives: nothing leaves the root.
// Oracle: the client, GNU tar, and the Engine API's description; Docker's sentences. Threats: docker cp races (CVE-2018-15664), names of archives.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type TarFile, tarOf } from '../tar.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';

let daemon: Daemon;
sharedDaemon((one) => {
  daemon = one;
});

const listed = (tar: Uint8Array): string[] =>
  execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: tar, encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.replace(/ +\d{4}-\d\d-\d\d \d\d:\d\d /, ' '));

/** A request with bytes, and the answer's. */
function bytes(
  method: string,
  path: string,
  body?: Uint8Array,
): Promise<{ status: number; stat?: object; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: daemon.socket, method, path }, async (answer) => {
      const pieces: Buffer[] = [];
      for await (const piece of answer) pieces.push(piece as Buffer);
      const stat = answer.headers['x-docker-container-path-stat'] as string | undefined;
      resolve({
        status: answer.statusCode!,
        ...(stat && { stat: JSON.parse(Buffer.from(stat, 'base64').toString()) as object }),
        body: Buffer.concat(pieces),
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
const put = (name: string, path: string, files: TarFile[], more = '') =>
  bytes('PUT', `/containers/${name}/archive?path=${encodeURIComponent(path)}${more}`, tarOf(files));
const sh = async (name: string, script: string) => (await daemon.docker('exec', name, 'sh', '-c', script)).stdout;

test('cp there and back, of a container that has never run, runs, and has ended', async () => {
  const folder = join(daemon.folder, 'tree');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  writeFileSync(join(folder, 'big'), Buffer.alloc(1_500_000, 'abc'));
  writeFileSync(join(folder, 'sub/x'), 'x');
  chmodSync(join(folder, 'sub/x'), 0o4751);
  symlinkSync('big', join(folder, 'link'));
  await daemon.docker('create', '--name', 'copy', '-v', 'vol:/vol', 'busybox', 'sleep', '1000');
  for (const state of ['created', 'running', 'exited']) {
    if (state === 'running') await daemon.docker('start', 'copy');
    if (state === 'exited') await daemon.docker('kill', 'copy');
    const out = join(daemon.folder, `out-${state}`);
    expect(await daemon.docker('cp', '-q', folder, 'copy:/root/')).toMatchObject({ status: 0 });
    expect(await daemon.docker('cp', '-q', `${folder}/sub/x`, 'copy:/vol/y')).toMatchObject({ status: 0 });
    expect(await daemon.docker('cp', '-q', 'copy:/root/tree', out)).toMatchObject({ status: 0 });
    expect(readFileSync(join(out, 'big')).equals(readFileSync(join(folder, 'big')))).toBe(true);
    expect(statSync(join(out, 'sub/x')).mode & 0o7777).toBe(0o4751);
    expect(statSync(join(out, 'sub/x')).mtimeMs).toBe(
      Math.floor(statSync(join(folder, 'sub/x')).mtimeMs / 1000) * 1000,
    );
    expect(readlinkSync(join(out, 'link'))).toBe('big');
    expect(await daemon.docker('cp', '-q', 'copy:/vol/y', `${out}/y`)).toMatchObject({ status: 0 });
    expect(readFileSync(join(out, 'y'), 'utf8')).toBe('x');
    // what a container has found missing is there for it when it has come by another way
    if (state === 'running') {
      expect(await sh('copy', 'ls /vol/new 2>&1')).toContain('No such file');
      await daemon.docker('cp', '-q', `${folder}/sub/x`, 'copy:/vol/new');
      expect(await sh('copy', 'cat /vol/new; md5sum < /root/tree/big')).toBe(
        `x${execFileSync('md5sum', { input: readFileSync(join(folder, 'big')), encoding: 'utf8' })}`,
      );
    }
  }
  // -L follows a link; a folder's contents alone; a tar as a stream, both ways
  await daemon.docker('cp', '-qL', 'copy:/root/tree/link', join(daemon.folder, 'followed'));
  expect(statSync(join(daemon.folder, 'followed')).size).toBe(1_500_000);
  await daemon.docker('cp', '-q', 'copy:/root/tree/.', join(daemon.folder, 'inner'));
  expect(existsSync(join(daemon.folder, 'inner/sub/x'))).toBe(true);
  expect(listed((await bytes('GET', '/containers/copy/archive?path=/root/tree/sub')).body)).toEqual([
    'drwxr-xr-x 0/0               0 sub/',
    '-rwsr-x--x 0/0               1 sub/x',
  ]);
  const stream = tarOf([{ name: 'streamed', data: 'by tar', uid: 1000, gid: 7, mode: 0o640 }]);
  expect(await daemon.dockerWith(Buffer.from(stream).toString('latin1'), 'cp', '-', 'copy:/root')).toMatchObject({
    status: 0,
  });
  expect(listed((await bytes('GET', '/containers/copy/archive?path=/root/streamed')).body)).toEqual([
    '-rw-r----- 1000/7            6 streamed',
  ]);
  expect(await daemon.docker('cp', '-q', 'copy:/', join(daemon.folder, 'all'))).toMatchObject({ status: 0 });
  expect(readFileSync(join(daemon.folder, 'all/vol/y'), 'utf8')).toBe('x');
  expect((await daemon.docker('rm', '-v', 'copy')).status).toBe(0);
});

test('what is wrong is said as Docker says it', async () => {
  const file = join(daemon.folder, 'file');
  writeFileSync(file, 'x');
  await daemon.docker(
    'create',
    '--name',
    'wrong',
    '--read-only',
    '-v',
    'rov:/ro:ro',
    '-v',
    'rwv:/rw',
    'busybox',
    'true',
  );
  const cases: [string[], string][] = [
    [['wrong:/absent', '.'], 'Could not find the file /absent in container wrong'],
    [['none:/x', '.'], 'No such container: none'],
    [[file, 'wrong:/etc/'], 'container rootfs is marked read-only'],
    [[file, 'wrong:/ro/'], 'mounted volume is marked read-only'],
  ];
  for (const [args, message] of cases)
    expect(await daemon.docker('cp', ...args)).toMatchObject({ status: 1, stderr: expect.stringContaining(message) });
  expect((await daemon.docker('cp', '-q', file, 'wrong:/rw/')).status).toBe(0);
  expect(await bytes('GET', '/containers/wrong/archive')).toMatchObject({ status: 400 });
  expect((await put('wrong', '/nowhere', [])).status).toBe(404);
  expect((await put('wrong', '/etc/passwd', [{ name: 'x' }])).body.toString()).toContain(
    'extraction point is not a directory',
  );
  await daemon.docker('rm', '-v', 'wrong');
});

test('the header of an archive tells what is there, as Go has it', async () => {
  await daemon.docker('create', '--name', 'header', 'busybox', 'true');
  await put('header', '/', [
    { name: 's', data: 'abc', mode: 0o4755, mtime: 1_000_000 },
    { name: 'l', type: '2', link: '/etc/../etc/passwd' },
    { name: 'dangling', type: '2', link: 'no/where' },
    { name: 'd/', type: '5', mode: 0o1777 },
    { name: 'n', type: '3', major: 1, minor: 3, mode: 0o600 },
  ]);
  const stat = async (path: string) => (await bytes('HEAD', `/containers/header/archive?path=${path}`)).stat;
  expect(await stat('/s')).toEqual({
    ...{ name: 's', size: 3, mode: 0o755 + 2 ** 23, mtime: '1970-01-12T13:46:40.000Z', linkTarget: '' },
  });
  expect(await stat('/l')).toMatchObject({ mode: 0o777 + 2 ** 27, linkTarget: '/etc/passwd' });
  expect(await stat('/dangling')).toMatchObject({ linkTarget: '/no/where' });
  expect(await stat('/d/.')).toMatchObject({ name: '.', mode: 0o777 + 2 ** 31 + 2 ** 20 });
  expect(await stat('/n')).toMatchObject({ mode: 0o600 + 2 ** 26 + 2 ** 21 });
  expect(await stat('/')).toMatchObject({ name: '/' });
  await daemon.docker('rm', 'header');
});

test('whose files are: the archive says it, or with copyUIDGID the user of the container; directories stay directories', async () => {
  await daemon.docker('create', '--name', 'owned', '--user', 'bob', 'busybox', 'true');
  const files: TarFile[] = [{ name: 'a/b', data: 'x', uid: 5, gid: 6 }];
  await put('owned', '/root', files);
  await put('owned', '/tmp', files, '&copyUIDGID=true');
  const owner = async (path: string) => listed((await bytes('GET', `/containers/owned/archive?path=${path}`)).body)[0];
  expect(await owner('/root/a/b')).toBe('-rw-r--r-- 5/6               1 b');
  expect(await owner('/tmp/a/b')).toBe('-rw-r--r-- 1000/1001         1 b');
  const refused = await put('owned', '/root', [{ name: 'a', data: 'x' }], '&noOverwriteDirNonDir=true');
  expect(refused).toMatchObject({ status: 400 });
  expect(refused.body.toString()).toContain('cannot overwrite directory');
  expect((await put('owned', '/root', [{ name: 'a', data: 'file now' }])).status).toBe(200);
  expect(await owner('/root/a')).toBe('-rw-r--r-- 0/0               8 a');
  await daemon.docker('rm', 'owned');
});

test('hostile archives: no name, link or device leads out; what is no archive is refused; a bomb fills the room and no more', async () => {
  const outside = join(daemon.folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'host');
  await daemon.docker('run', '-d', '--name', 'hostile', '-v', 'prey:/v', 'busybox', 'sleep', '1000');
  const cases: [string, TarFile[], number][] = [
    ['a name above', [{ name: '../../escaped', data: 'x' }], 400],
    ['an absolute name', [{ name: '/abs', data: 'x' }], 200],
    [
      'a link out, and a name through it',
      [
        { name: 'out', type: '2', link: '/../../../..' },
        { name: 'out/through', data: 'x' },
      ],
      200,
    ],
    [
      'two links',
      [
        { name: 'p', type: '2', link: '..' },
        { name: 'q', type: '2', link: 'p/..' },
        { name: 'q/deep', data: 'x' },
      ],
      200,
    ],
    ['a hard link out', [{ name: 'hl', type: '1', link: '../../etc/passwd' }], 400],
    ['a hard link to what is not there', [{ name: 'hl', type: '1', link: 'none' }], 400],
    [
      "a link to a host's folder",
      [
        { name: 'host', type: '2', link: outside },
        { name: 'host/secret', data: 'taken' },
      ],
      400,
    ],
    [
      'a loop',
      [
        { name: 'loop', type: '2', link: 'loop' },
        { name: 'loop/x', data: 'x' },
      ],
      400,
    ],
    ['a long name', [{ name: 'x', pax: { path: 'n'.repeat(300) } }], 400],
    ['an owner of no number', [{ name: 'x', pax: { uid: '99999999999' } }], 400],
    ['a size that is not there', [{ name: 'x', data: '', pax: { size: '99999999999999' } }], 400],
    ['the mount point itself', [{ name: '../v', data: 'x' }], 400],
  ];
  for (const [what, files, status] of cases)
    expect([what, (await put('hostile', '/v', files)).status]).toEqual([what, status]);
  expect(await sh('hostile', 'ls / /v /escaped 2>&1 | sort | tr "\\n" " "')).toMatch(/ through /);
  expect(existsSync(join(outside, 'through')) || existsSync('/through') || existsSync('/deep')).toBe(false);
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('host');
  // a device is one in the container, whose rules for devices hold
  expect((await put('hostile', '/root', [{ name: 'sda', type: '4', major: 8, minor: 0, mode: 0o666 }])).status).toBe(
    200,
  );
  expect(await sh('hostile', 'cat /root/sda 2>&1')).toContain('not permitted');
  expect(await bytes('PUT', '/containers/hostile/archive?path=/', Buffer.alloc(2000, 'no tar'))).toMatchObject({
    status: 400,
  });
  expect(
    await bytes(
      'PUT',
      '/containers/hostile/archive?path=/',
      tarOf([{ name: 'cut', data: 'x'.repeat(2000) }]).slice(0, 1000),
    ),
  ).toMatchObject({
    status: 400,
  });
  // the root of the container through its own links, by name too
  await sh('hostile', 'ln -s /../../../../etc/passwd /root/etc; ln -s / /root/up');
  const read = await bytes('GET', `/containers/hostile/archive?path=/root/up/up/../../..${outside}/secret`);
  expect(read.status).toBe(404);
  expect(
    listed((await bytes('GET', '/containers/hostile/archive?path=/root/up/root/up/etc/passwd')).body)[0],
  ).toContain('passwd');
  await daemon.docker('rm', '-fv', 'hostile');
});

test('a container that changes links while it is copied shows its own files alone, and takes none out of its root', async () => {
  const swap = 'mkdir /real; echo own >/real/hostname; while :; do ln -sfn / /x; ln -sfn /real /x; done';
  await daemon.docker('run', '-d', '--name', 'racer', 'busybox', 'sh', '-c', swap);
  await daemon.docker('exec', 'racer', 'sh', '-c', 'until [ -e /x ]; do :; done; echo root >/hostname');
  const seen = new Set<string>();
  for (let i = 0; i < 15; i++) {
    const { status, body } = await bytes('GET', '/containers/racer/archive?path=/x/hostname');
    if (status === 200) seen.add(execFileSync('tar', ['-xOf', '-'], { input: body, encoding: 'utf8' }));
    const written = await put('racer', '/x/', [{ name: 'written', data: 'w' }]);
    expect([200, 404]).toContain(written.status);
  }
  expect([...seen].every((text) => ['own\n', 'root\n'].includes(text))).toBe(true);
  expect(seen.size).toBeGreaterThan(0);
  expect(await sh('racer', 'cat /written /real/written 2>/dev/null')).toMatch(/^w+$/);
  expect(existsSync('/written')).toBe(false);
  await daemon.docker('rm', '-f', 'racer');
});

test('diff, export and commit: what has changed, and an image of it', async () => {
  await daemon.docker('create', '--name', 'base', '-v', 'data:/data', 'busybox', 'sleep', '1000');
  await daemon.docker('start', 'base');
  expect((await daemon.docker('diff', 'base')).stdout).toBe('A /data\n');
  await sh(
    'base',
    'echo n >/tmp/new; rm /etc/group; mkdir -p /a/b; echo q >/a/b/c; ln /a/b/c /a/d; echo z >>/etc/passwd; echo v >/data/v; rm -r /home/bob; mkdir /home/bob; chmod 700 /var; touch /root/t; rm /root/t',
  );
  expect((await daemon.docker('diff', 'base')).stdout.split('\n')).toEqual([
    ...[
      'A /a',
      'A /a/b',
      'A /a/b/c',
      'A /a/d',
      'A /data',
      'C /etc',
      'D /etc/group',
      'C /etc/passwd',
      'C /home',
      'C /home/bob',
    ],
    ...['C /root', 'C /tmp', 'A /tmp/new', 'C /var', ''],
  ]);
  const exported = listed((await bytes('GET', '/containers/base/export')).body).filter(
    (line) => !line.includes('bin/'),
  );
  expect(exported).toContain('drwx------ 0/0               0 var/');
  expect(exported.some((line) => line.endsWith('data/v'))).toBe(false);
  expect(exported).toContain('hrw-r--r-- 0/0               0 a/d link to a/b/c');
  const events = daemon.client('events', '--since', '0', '--filter', 'container=base', '--format', '{{.Action}}');
  const committed = await daemon.docker(
    ...[
      'commit',
      '-a',
      'Ann <a@b>',
      '-m',
      'a message',
      '-c',
      'CMD ["sh", "-c", "echo $A:$B; cat /a/d; ls /etc/group; ls /data"]',
    ],
    ...[
      '-c',
      'ENV A=1',
      '-c',
      'ENV B="two $A"',
      '-c',
      'EXPOSE 80',
      '-c',
      'LABEL k=v',
      '-c',
      'WORKDIR /a',
      'base',
      'made:v1',
    ],
  );
  expect(committed).toMatchObject({ status: 0, stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/) });
  await events.expect('pause\ncommit\nunpause\n');
  events.kill();
  const ran = await daemon.docker('run', '--rm', 'made:v1');
  expect(ran).toEqual({ status: 0, stdout: '1:two 1\nq\n', stderr: 'ls: /etc/group: No such file or directory\n' });
  const format = '{{.Author}} {{.Comment}} {{.Config.WorkingDir}} {{json .Config.ExposedPorts}} {{.Config.Labels.k}}';
  expect((await daemon.docker('image', 'inspect', '-f', format, 'made:v1')).stdout).toBe(
    'Ann <a@b> a message /a {"80/tcp":{}} v\n',
  );
  expect((await daemon.docker('history', '--format', '{{.CreatedBy}}|{{.Comment}}', 'made:v1')).stdout).toBe(
    'sleep 1000|a message\n|Imported from -\n',
  );
  expect((await daemon.docker('commit', '-c', 'RUN x', 'base')).stderr).toContain('RUN is not a valid change command');
  expect((await daemon.docker('commit', 'absent')).stderr).toContain('No such container: absent');
  await daemon.docker('rm', '-fv', 'base');
  expect((await daemon.docker('rmi', 'made:v1')).stdout).toContain('Untagged: made:v1\nDeleted: sha256:');
});

test('an exported root is imported again, with changes', async () => {
  await daemon.docker('create', '--name', 'whole', 'busybox', 'true');
  const tar = join(daemon.folder, 'whole.tar');
  expect((await daemon.docker('export', '-o', tar, 'whole')).status).toBe(0);
  const imported = await daemon.docker(
    'import',
    '-c',
    'ENTRYPOINT ["echo"]',
    '-c',
    'CMD ["in"]',
    '-m',
    'mine',
    tar,
    'again:1',
  );
  expect(imported.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect((await daemon.docker('run', '--rm', 'again:1')).stdout).toBe('in\n');
  expect((await daemon.docker('history', '--format', '{{.Comment}}', 'again:1')).stdout).toBe('mine\n');
  await daemon.docker('rm', 'whole');
  await daemon.docker('rmi', 'again:1');
});

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});
