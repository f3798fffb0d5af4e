// Pull, push and import: answers that tell how far it has come, one JSON object a line. Docker Engine API, ImageCreate, ImagePush.
import type { Engine } from '../engine/engine.js';
import { InvalidParameter, NotFound } from '../engine/errors.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';
import { messageOf } from '../base/errors.js';
import type { ByteWriter } from '../http/message.js';
import { type Interest, Withdrawable } from '../engine/images.js';
import { flagOf, line } from './answers.js';
import { platformsOf } from './platform-query.js';
import { credentialsOf } from './registry-auth.js';

interface Progress {
  id?: string;
  status: string;
  current?: number;
  total?: number;
}

/** What goes wrong once the answer has begun can only be said in it. */
function progressing(work: (report: (progress: Progress) => void, out: ByteWriter) => Promise<void>): HttpAnswer {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    async body(out) {
      let waiting = 0;
      const report = ({ id, status, current, total }: Progress): void => {
        // who does not read needs no more numbers: the last of them tells as much
        if (waiting > 0 && current !== undefined) return;
        waiting++;
        const progressDetail = current === undefined ? {} : { current, total };
        void out.write(line({ status, ...(id !== undefined && { id }), progressDetail })).then(() => waiting--);
      };
      try {
        await work(report, out);
      } catch (error) {
        const message = messageOf(error);
        await out.write(line({ errorDetail: { message }, error: message }));
      }
    },
  };
}

/** Of who reads the answer. */
function interestOf(out: ByteWriter): Interest {
  const interest = new Withdrawable();
  out.onClose(() => interest.withdraw());
  return interest;
}

/** What buildx makes a builder of where the engine has no BuildKit. */
const BUILDKIT = /^(?:docker\.io\/)?moby\/buildkit$/;

export async function createImage(engine: Engine, request: HttpRequest): Promise<HttpAnswer> {
  const { query } = request;
  if (query.get('fromSrc') === '-') {
    const [repo, tag] = [query.get('repo'), query.get('tag')];
    const name = repo ? (tag ? `${repo}:${tag}` : repo) : undefined;
    const id = await engine.images.importRoot(name, request.body, {
      comment: query.get('message') || 'Imported from -',
      now: engine.host.date(),
      platform: query.get('platform') || undefined,
      changes: request.queryAll.filter(([each]) => each === 'changes').map(([, value]) => value),
    });
    return { status: 200, headers: { 'Content-Type': 'application/json' }, body: line({ status: id }) };
  }
  if (query.get('fromSrc'))
    throw new InvalidParameter('fromSrc: addresses are not fetched here: fetch the tar, and import the file');
  const image = query.get('fromImage');
  if (!image) throw new InvalidParameter('fromImage, or fromSrc=- with a tar, is needed');
  if (BUILDKIT.test(image))
    throw new NotFound(
      `${image}: BuildKit can't run here, and need not: docker buildx use default, or DOCKER_BUILDKIT=0; the engine builds itself`,
    );
  const tag = query.get('tag');
  const name = tag ? `${image}${tag.startsWith('sha256:') ? '@' : ':'}${tag}` : image;
  const credentials = credentialsOf(request.headers.get('x-registry-auth'));
  const platform = query.get('platform') || undefined;
  return progressing((progress, out) => {
    return engine.images.pull(name, { platform, progress, interest: interestOf(out), credentials });
  });
}

export async function pushImage(engine: Engine, request: HttpRequest, name: string): Promise<HttpAnswer> {
  const tag = request.query.get('tag');
  const credentials = credentialsOf(request.headers.get('x-registry-auth'));
  // that it is there is known before the answer begins
  await engine.images.find(tag ? `${name}:${tag}` : name, platformsOf(request)[0]).catch((error: unknown) => {
    if (!(error instanceof NotFound)) throw error;
    throw new NotFound(`An image does not exist locally with the tag: ${name}`, { cause: error });
  });
  return progressing(async (progress, out) => {
    const { digest, size } = await engine.images.push(tag ? `${name}:${tag}` : name, { progress, credentials });
    await out.write(line({ progressDetail: {}, aux: { Tag: tag || 'latest', Digest: digest, Size: size } }));
  });
}

export function loadImages(engine: Engine, request: HttpRequest): HttpAnswer {
  const { body } = request;
  const [platform] = platformsOf(request);
  const quiet = flagOf(request, 'quiet');
  return progressing(async (report, out) => {
    const interest = interestOf(out);
    const progress = quiet ? () => {} : report;
    for (const name of await engine.images.load(body, { interest, progress, ...(platform && { platform }) }))
      await out.write(line({ stream: `Loaded image${name.startsWith('sha256:') ? ' ID' : ''}: ${name}\n` }));
  });
}

export async function saveImages(engine: Engine, request: HttpRequest, names: readonly string[]): Promise<HttpAnswer> {
  for (const platform of platformsOf(request)) for (const name of names) await engine.images.find(name, platform);
  const tar = await engine.images.save(names);
  return {
    status: 200,
    headers: { 'Content-Type': 'application/x-tar' },
    async body(out) {
      for await (const piece of tar) if (!(await out.write(piece))) return;
    },
  };
}
