// Who speaks to the daemon's socket, or out of a container, and means no good: it answers others, says what is wrong, and holds nothing.
// RFC 9112 sections 6.3 and 11.2 (request smuggling); Docker Engine API. The last test: what a thousand containers leave, a hundred in CI.
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { tarOf } from '../tar.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';

const CYCLES = Number(process.env.TABVISOR_CYCLES ?? 40);

let daemon: Daemon;
sharedDaemon(
  (one) => {
    daemon = one;
  },
  { options: ['--debug'] },
);

const open = (): Socket => {
  const socket = connect(daemon.engine);
  socket.on('error', () => {});
  return socket;
};

/** What comes back for bytes, until the daemon closes or has said `until`. */
async function spoken(bytes: string, until = /$^/): Promise<string> {
  const socket = open();
  socket.write(bytes);
  let said = '';
  const closed = once(socket, 'close');
  await new Promise<void>((resolve) => {
    void closed.then(() => resolve());
    socket.on('data', (piece) => {
      said += piece;
      if (until.test(said)) resolve();
    });
  });
  socket.destroy();
  return said;
}

const descriptors = (): number => readdirSync(`/proc/${daemon.pid}/fd`).length;
const alive = async (): Promise<void> => expect((await daemon.docker('version')).status).toBe(0);
const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    // one that is put aside just now has another name by then
    const stats = statSync(join(folder, name), { throwIfNoEntry: false });
    return sum + (stats?.isFile() ? stats.size : 0);
  }, 0);

test.each([
  ['two lengths', 'POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}'],
  [
    'a length and pieces',
    'POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /info HTTP/1.1\r\nHost: d\r\n\r\n',
  ],
  ['an end of line alone', 'GET /info HTTP/1.1\nHost: d\n\n\0'],
  ['a name with a space', 'GET /info HTTP/1.1\r\nHost : d\r\n\r\n'],
  ['folded lines', 'GET /info HTTP/1.1\r\nHost: d\r\nX: a\r\n b\0c\r\n\r\n'],
  ['headers without end', `GET /info HTTP/1.1\r\nHost: d\r\n${`X-${'y'.repeat(1000)}: z\r\n`.repeat(40)}`],
  ['another protocol', 'PRI * HTTP/9.9\r\n\r\n'],
  ['a length that is none', 'POST /auth HTTP/1.1\r\nHost: d\r\nContent-Length: -1\r\n\r\n'],
  [
    'an upgrade with a body without end',
    'POST /containers/x/attach HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 999999999999\r\n\r\n',
  ],
  ['an upgrade of nothing', 'GET /info HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
])('what is no request of one kind alone is one answer at most: %s', async (_what, bytes) => {
  const said = await spoken(bytes, /\r\n\r\n\{.*\}/s);
  expect(said.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThan(2);
  await alive();
});

test('documents: too long, too deep, with names of prototypes: refused or harmless', async () => {
  const create = async (body: string): Promise<string> =>
    spoken(
      `POST /containers/create HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      /\}\n/,
    );
  expect(await create(`{"Image":"${'x'.repeat(5 << 20)}"}`)).toContain('longer than');
  const deep = '['.repeat(1_000_000);
  expect(await create(deep)).toMatch(/^HTTP\/1\.1 400/);
  expect(await create(`{"Image":"busybox","Labels":${deep}${']'.repeat(1_000_000)}}`)).toMatch(/^HTTP\/1\.1 400/);
  const odd =
    '{"Image":"busybox","Cmd":["true"],"Labels":{"__proto__":"a","constructor":"b"},"__proto__":{"Cmd":["x"]}}';
  expect(await create(odd)).toMatch(/^HTTP\/1\.1 201/);
  expect((await daemon.docker('ps', '-aq')).stdout.trim().split('\n').length).toBe(1);
  expect((await daemon.docker('rm', (await daemon.docker('ps', '-aq')).stdout.trim())).stderr).toBe('');
});

test('who asks to attach by WebSocket is told what to ask for instead', async () => {
  const { Id } = JSON.parse(
    (await daemon.call('POST', '/containers/create', { Image: 'busybox', Cmd: ['true'] })).body,
  );
  const asked = (name: string): Promise<string> =>
    spoken(
      `GET /containers/${name}/attach/ws?stream=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      /\}/,
    );
  expect(await asked(Id)).toMatch(/^HTTP\/1\.1 400 .*WebSockets are not spoken here: POST/s);
  expect(await asked('none')).toMatch(/^HTTP\/1\.1 404 /);
  await daemon.call('DELETE', `/containers/${Id}`);
});

test('names are no paths: of containers, volumes, images, networks', async () => {
  for (const name of ['../x', '..', 'a/b', 'a\\b', '%2e%2e', 'x'.repeat(5000)]) {
    const path = encodeURIComponent(name);
    const asked = await daemon.call('POST', `/containers/create?name=${path}`, { Image: 'busybox', Cmd: ['true'] });
    expect([name.slice(0, 9), asked.status]).toEqual([name.slice(0, 9), name.length > 4000 ? asked.status : 400]);
    if (asked.status === 201) await daemon.call('DELETE', `/containers/${JSON.parse(asked.body).Id}`);
    expect((await daemon.call('POST', '/volumes/create', { Name: name })).status).toBe(400);
    for (const more of [{ Binds: [`${name}:/v`] }, { Mounts: [{ Type: 'volume', Source: name, Target: '/v' }] }])
      expect((await daemon.call('POST', '/containers/create', { Image: 'busybox', HostConfig: more })).status).toBe(
        400,
      );
    expect((await daemon.call('GET', `/containers/${path}/json`)).status).toBe(404);
    expect((await daemon.call('DELETE', `/volumes/${path}`)).status).toBe(404);
  }
  for (const path of ['/containers/../../etc/passwd/json', '/images/sha256:..%2f..%2fx/json', '/v1.41/../../x'])
    expect((await daemon.call('GET', path)).status).toBeGreaterThanOrEqual(400);
  expect(daemon.left()).toEqual({ containers: [], volumes: [] });
});

test('a log bomb takes the room that its options give it', async () => {
  const flags = ['--log-opt', 'max-size=20k', '--log-opt', 'max-file=3'];
  const bomb = 'yes a-line-of-a-bomb | head -c 2000000; printf "%01000000d" 0';
  await daemon.docker('run', '--name', 'bomb', ...flags, 'busybox', 'sh', '-c', bomb);
  const [id] = daemon.left().containers;
  const files = readdirSync(join(daemon.data, 'containers', id!)).filter((name) => name.includes('json.log'));
  expect(files.length).toBeGreaterThan(1);
  expect(files.length).toBeLessThan(4);
  expect(sizeOf(join(daemon.data, 'containers', id!))).toBeLessThan(1 << 20);
  await daemon.docker('rm', 'bomb');
});

test('out of a container neither the daemon nor this machine is reached by the gateway', async () => {
  let reached = 0;
  const server = createServer((socket) => {
    reached++;
    socket.end('here');
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const own = Object.values(networkInterfaces()).flatMap((of) => (of ?? []).map(({ address }) => address));
  const reach = `for a in $(ip route | sed -n "s/default via \\([^ ]*\\).*/\\1/p") 169.254.169.254 ${own.filter((address) => !address.includes(':')).join(' ')}; do nc -w 2 $a ${port} </dev/null && echo reached $a; done; ls /var/run/docker.sock 2>&1`;
  const { stdout } = await daemon.docker('run', '--rm', 'busybox', 'sh', '-c', reach);
  server.close();
  expect(stdout).not.toContain('reached');
  expect(stdout).toContain('No such file');
  expect(reached).toBe(0);
});

test('connections that never read: of events, logs and streams of one that never stops; others are answered', async () => {
  const loop = 'while true; do echo a-line-that-nobody-reads; done';
  const id = (await daemon.docker('run', '-d', 'busybox', 'sh', '-c', loop)).stdout.trim();
  const before = daemon.memory;
  const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n';
  const sockets = [
    'GET /events HTTP/1.1\r\nHost: d\r\n',
    `GET /containers/${id}/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: d\r\n`,
    `POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\n${upgrade}`,
  ].flatMap((request) =>
    Array.from({ length: 30 }, () => {
      const socket = open();
      socket.pause();
      socket.write(`${request}\r\n`);
      return socket;
    }),
  );
  const others = async (): Promise<void> => {
    for (let i = 0; i < 3; i++)
      expect((await daemon.docker('run', '--rm', 'busybox', 'echo', 'hi')).stdout).toBe('hi\n');
  };
  // what all of them read at first is garbage that nobody has to collect soon; what they hold does not grow
  await others();
  const held = daemon.memory;
  expect(held - before).toBeLessThan(192 << 20);
  await others();
  expect(daemon.memory - held).toBeLessThan(64 << 20);
  expect((await daemon.docker('kill', id)).status).toBe(0);
  expect((await daemon.docker('rm', '-f', id)).status).toBe(0);
  for (const socket of sockets) socket.destroy();
  await alive();
});

test('places for mounts that are links, in an image and in a folder of the host, lead nowhere outside', async (context) => {
  const { busybox } = needs(context, 'busybox');
  const out = { type: '2', link: '/../../../../../../etc' } as const;
  const image = async (name: string, links: readonly string[]): Promise<void> => {
    const files = [
      { name: 'bin/busybox', data: readFileSync(busybox), mode: 0o755 },
      ...links.map((link) => ({ name: link, ...out })),
      { name: 'etc/hosts', type: '2', link: '/../../../../../../etc/passwd' },
      { name: 'etc/passwd', data: 'image\n' },
    ];
    writeFileSync(join(daemon.folder, 'links.tar'), tarOf(files));
    await daemon.docker('import', join(daemon.folder, 'links.tar'), name);
  };
  const shared = join(daemon.folder, 'shared');
  mkdirSync(shared);
  symlinkSync('/', join(shared, 'up'));
  symlinkSync(daemon.folder, join(shared, 'out'));
  await image('links', ['data']);
  const mounts = ['-v', 'prey:/data', '-v', `${shared}:/shared`, '-v', 'prey:/shared/up/inner'];
  const look = [
    'cd /bin; ./busybox touch /data/here /shared/up/inner/there; ./busybox ls /etc /inner',
    './busybox ls /shared/out/ 2>&1; ./busybox head -n 1 /etc/hosts',
  ].join('\n');
  const ran = await daemon.docker('run', '--rm', ...mounts, 'links', '/bin/busybox', 'sh', '-c', look);
  // all of it in its own root: the volume lies over /etc, and over /inner, and what lies in /etc of every container lies in it
  const etc = 'here\nhostname\nhosts\nmtab\npasswd\nresolv.conf\nthere\n';
  expect(ran).toMatchObject({
    stdout: `/etc:\n${etc}\n/inner:\n${etc}ls: /shared/out/: No such file or directory\n127.0.0.1\tlocalhost\n`,
    stderr: '',
  });
  await image('nowhere', ['dev', 'proc', 'sys']);
  const refused = await daemon.docker('run', '--rm', 'nowhere', '/bin/busybox', 'true');
  expect(refused).toMatchObject({ status: 125, stderr: expect.stringContaining('mounting /dev') });
  expect(readFileSync('/etc/passwd', 'utf8')).toContain('root:');
  expect(existsSync('/etc/here') || existsSync('/inner')).toBe(false);
  await daemon.docker('volume', 'rm', 'prey');
  await daemon.docker('rmi', 'links', 'nowhere');
});

test('exec into a container that dies, kill and removal while it starts: each is answered, and nothing is left', async () => {
  const round = async (i: number): Promise<void> => {
    const made = await daemon.call('POST', '/containers/create', { Image: 'busybox', Cmd: ['sleep', '1000'] });
    const { Id } = JSON.parse(made.body);
    const path = `/containers/${Id}`;
    const start = daemon.call('POST', `${path}/start`);
    if (i % 2 === 0) await start;
    const exec = async (): Promise<number> => {
      const asked = await daemon.call('POST', `${path}/exec`, { Cmd: ['true'] });
      if (asked.status !== 201) return asked.status;
      return (await daemon.call('POST', `/exec/${JSON.parse(asked.body).Id}/start`, { Detach: true })).status;
    };
    const all = [exec(), daemon.call('POST', `${path}/kill`).then(({ status }) => status), exec()];
    if (i % 3 === 0) all.push(daemon.call('DELETE', `${path}?force=1`).then(({ status }) => status));
    for (const status of [(await start).status, ...(await Promise.all(all))])
      expect([200, 201, 204, 304, 400, 404, 409]).toContain(status);
    expect([204, 404]).toContain((await daemon.call('DELETE', `${path}?force=1`)).status);
  };
  for (let i = 0; i < 3; i++) await round(i);
  const before = { fds: descriptors(), left: daemon.left() };
  for (let i = 0; i < 6; i++) await round(i);
  expect(daemon.left()).toEqual(before.left);
  expect(descriptors()).toBeLessThanOrEqual(before.fds + 2);
  await alive();
});

const asked = async (method: string, path: string, body?: unknown): Promise<{ Id: string }> => {
  const answer = await daemon.call(method, path, body);
  expect([path, answer.status]).toEqual([path, expect.toSatisfy((status: number) => status < 300)]);
  return JSON.parse(answer.body.split('\n')[0] || '{}');
};
const listing = (): string[] => readdirSync(daemon.data, { recursive: true, encoding: 'utf8' }).sort();
const ran = async (config: object): Promise<void> => {
  const { Id } = await asked('POST', '/containers/create', { Image: 'busybox', Cmd: ['true'], ...config });
  await asked('POST', `/containers/${Id}/start`);
  await asked('POST', `/containers/${Id}/wait`);
  await asked('DELETE', `/containers/${Id}?v=1`);
};

/** The newest events are remembered: from then on none of them is one more. */
async function fillEvents(): Promise<void> {
  const { Id } = await asked('POST', '/containers/create', { Image: 'busybox', Cmd: ['true'] });
  for (let i = 0; i < 256; i++) await asked('POST', `/containers/${Id}/rename?name=renamed-${i}`);
  await asked('DELETE', `/containers/${Id}`);
}

/** Objects of the engine and of the node's kernel, by class; of the node what a timer holds goes a moment later. */
const objects = async (): Promise<Record<string, Record<string, number>>> =>
  JSON.parse((await daemon.call('GET', '/debug/vars')).body);

test.each<[what: string, warm: number, part: number, cycle: (i: number) => Promise<void>]>([
  ['containers', 20, 1, () => ran({ Volumes: { '/v': {} } })],
  [
    'networks and volumes',
    5,
    0.3,
    async (i) => {
      await asked('POST', '/networks/create', { Name: `net-${i}` });
      await asked('POST', '/volumes/create', { Name: `volume-${i}` });
      await ran({ Cmd: ['touch', '/v/f'], HostConfig: { NetworkMode: `net-${i}`, Binds: [`volume-${i}:/v`] } });
      await asked('DELETE', `/networks/net-${i}`);
      await asked('DELETE', `/volumes/volume-${i}`);
    },
  ],
  [
    'images that were built',
    5,
    0.2,
    async (i) => {
      const dockerfile = `FROM busybox\nRUN echo ${i} >/f\nLABEL l=${i}\n`;
      const context = join(daemon.folder, 'context');
      mkdirSync(context, { recursive: true });
      writeFileSync(join(context, 'Dockerfile'), dockerfile);
      expect(await daemon.docker('build', '-q', '-t', 'built', context)).toMatchObject({ status: 0 });
      await asked('DELETE', '/images/built');
    },
  ],
  [
    'execs and copies, with the container that has them',
    5,
    0.1,
    async () => {
      const { Id } = await asked('POST', '/containers/create', { Image: 'busybox', Cmd: ['sleep', '1000'] });
      await asked('POST', `/containers/${Id}/start`);
      for (const Tty of [true, false]) {
        const exec = await asked('POST', `/containers/${Id}/exec`, { Cmd: ['echo', 'hi'], AttachStdout: true, Tty });
        expect((await daemon.call('POST', `/exec/${exec.Id}/start`, {})).status).toBe(200);
        expect((await daemon.docker('cp', `${Id}:/etc/passwd`, join(daemon.folder, 'copy'))).stderr).toBe('');
        expect((await daemon.docker('cp', join(daemon.folder, 'copy'), `${Id}:/tmp/copy`)).stderr).toBe('');
      }
      await asked('DELETE', `/containers/${Id}?force=1`);
    },
  ],
])('%s that have come and gone leave no object, memory, file or descriptor', async (what, warm, part, cycle) => {
  for (let i = 0; i < warm; i++) await cycle(i);
  await fillEvents();
  const before = { fds: descriptors(), files: listing(), memory: daemon.memory, objects: await objects() };
  const count = Math.ceil(CYCLES * part);
  for (let i = 0; i < count; i++) await cycle(warm + i);
  expect(listing()).toEqual(before.files);
  expect(descriptors()).toBeLessThanOrEqual(before.fds + 2);
  const grown = daemon.memory - before.memory;
  if (CYCLES >= 1000) process.stderr.write(`${count} cycles of ${what}: ${grown >> 10} KiB more\n`);
  expect(grown).toBeLessThan(64 << 20);
  // some of each cycle would be as many as there were cycles
  await expect
    .poll(
      async () => {
        const now = await objects();
        return Object.entries(now).flatMap(([side, counts]) =>
          Object.entries(counts)
            .filter(([name, many]) => many - (before.objects[side]![name] ?? 0) >= count)
            .map(([name, many]) => `${side}: ${many - (before.objects[side]![name] ?? 0)} ${name} more`),
        );
      },
      { timeout: 30_000 },
    )
    .toEqual([]);
});

test('no bug was met', () => {
  expect(daemon.complaints).toBe('');
});
