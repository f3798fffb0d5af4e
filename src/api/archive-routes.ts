// Routes of files of containers: copies both ways, export, changes, commit. Docker Engine API, "Containers", ImageCommit.
import { toBase64 } from '../base/base64.js';
import { encodeText } from '../base/text.js';
import { Archive, type FileOf } from '../engine/archive.js';
import type { Engine } from '../engine/engine.js';
import { InvalidParameter } from '../engine/errors.js';
import type { ByteWriter, HttpRequest } from '../http/message.js';
import type { Router } from '../http/router.js';
import { dateOf, flagOf, json, nothing } from './answers.js';

/** os.FileMode of Go: the types and bits that differ from st_mode's. */
const GO_TYPES: ReadonlyMap<number, number> = new Map([
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
  [0o020000, 2 ** 26 + 2 ** 21],
]);
const GO_BITS: readonly (readonly [mode: number, bit: number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];

function goMode(mode: number): number {
  const bits = GO_BITS.reduce((sum, [each, bit]) => ((mode & each) !== 0 ? sum + bit : sum), 0);
  return (mode & 0o777) + bits + (GO_TYPES.get(mode & 0o170000) ?? 0);
}

/** X-Docker-Container-Path-Stat. */
function statusHeader({ name, status }: FileOf): Record<string, string> {
  const { size, mode, seconds, nanoseconds, target = '' } = status;
  const mtime =
    seconds === 0 && nanoseconds === 0 ? '1970-01-01T00:00:00Z' : dateOf(seconds * 1000 + nanoseconds / 1e6);
  const shown = { name, size, mode: goMode(mode), mtime, linkTarget: target };
  return { 'X-Docker-Container-Path-Stat': toBase64(encodeText(JSON.stringify(shown))) };
}

function pathOf(request: HttpRequest): string {
  const path = request.query.get('path');
  if (!path) throw new InvalidParameter('bad parameter: path cannot be empty');
  if (path.includes('\0')) throw new InvalidParameter('path: has a NUL');
  return path;
}

const TAR = { 'Content-Type': 'application/x-tar' };

const streaming = (tar: AsyncGenerator<Uint8Array>) => async (out: ByteWriter) => {
  for await (const piece of tar) if (!(await out.write(piece))) return;
};

export function archiveRoutes(router: Router, engine: Engine): void {
  const archive = new Archive(engine);
  router.add('HEAD', '/containers/{name}/archive', async (request, { name }) => {
    const found = await archive.status(engine.container(name!), name!, pathOf(request));
    return { status: 200, headers: statusHeader(found) };
  });
  router.add('GET', '/containers/{name}/archive', async (request, { name }) => {
    const { tar, ...found } = await archive.read(engine.container(name!), name!, pathOf(request));
    return { status: 200, headers: { ...TAR, ...statusHeader(found) }, body: streaming(tar) };
  });
  router.add('PUT', '/containers/{name}/archive', async (request, { name }) => {
    await archive.write(engine.container(name!), name!, pathOf(request), request.body, {
      noOverwriteDirNonDir: flagOf(request, 'noOverwriteDirNonDir'),
      copyOwner: flagOf(request, 'copyUIDGID'),
    });
    return nothing(200);
  });
  router.add('GET', '/containers/{name}/export', async (_request, { name }) => {
    const tar = await archive.export(engine.container(name!));
    return { status: 200, headers: { 'Content-Type': 'application/octet-stream' }, body: streaming(tar) };
  });
  router.add('GET', '/containers/{name}/changes', async (_request, { name }) => {
    const changes = await archive.changes(engine.container(name!));
    return json(changes.map(({ path, kind }) => ({ Path: path, Kind: kind })));
  });
  router.add('POST', '/commit', async (request) => {
    const { query, queryAll } = request;
    const [repo, tag] = [query.get('repo'), query.get('tag')];
    const id = await archive.commit(engine.container(query.get('container') ?? ''), {
      name: repo ? (tag ? `${repo}:${tag}` : repo) : undefined,
      author: query.get('author') || undefined,
      comment: query.get('comment') || undefined,
      changes: queryAll.filter(([each]) => each === 'changes').map(([, value]) => value),
      pause: flagOf(request, 'pause', true),
    });
    return json({ Id: id }, 201);
  });
}
