// Routes of images. Docker Engine API, "Images".
import type { Engine } from '../engine/engine.js';
import type { Image } from '../engine/images.js';
import { sharedSizes, sizeOfLayer } from '../engine/disk-usage.js';
import { InvalidParameter } from '../engine/errors.js';
import { Glob } from '../engine/build/glob.js';
import { booleanOf, checkFilters, matchesLabels, parseFilters, untilOf } from '../engine/filters.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';
import type { Router } from '../http/router.js';
import { flagOf, json, nothing, present } from './answers.js';
import { createImage, loadImages, pushImage, saveImages } from './image-transfer.js';
import { platformsOf } from './platform-query.js';
import { credentialsOf } from './registry-auth.js';
import { isBefore } from './versions.js';

export function imageRoutes(router: Router, engine: Engine): void {
  router.add('GET', '/images/json', (request, { version }) => list(engine, request, version!));
  router.add('POST', '/images/create', (request) => createImage(engine, request));
  router.add('POST', '/images/{name...}/push', (request, { name }) => pushImage(engine, request, name!));
  router.add('POST', '/images/load', async (request) => loadImages(engine, request));
  router.add('GET', '/images/get', (request) =>
    saveImages(
      engine,
      request,
      request.queryAll.filter(([name]) => name === 'names').map(([, value]) => value),
    ),
  );
  router.add('GET', '/images/{name...}/get', (request, { name }) => saveImages(engine, request, [name!]));
  const find = (request: HttpRequest, name: string): Promise<Image> =>
    engine.images.find(name, platformsOf(request)[0]);
  router.add('GET', '/images/{name...}/json', async (request, { name }) =>
    json(inspection(await find(request, name!))),
  );
  router.add('GET', '/distribution/{name...}/json', async ({ headers }, { name }) => {
    const credentials = credentialsOf(headers.get('x-registry-auth'));
    const { descriptor, platforms } = await engine.images.inspectAtRegistry(name!, credentials);
    return json({ Descriptor: descriptor, Platforms: platforms });
  });
  router.add('GET', '/images/{name...}/history', async (request, { name }) =>
    json(await history(engine, await find(request, name!))),
  );
  router.add('POST', '/images/{name...}/tag', async (request, { name }) => {
    const repo = request.query.get('repo');
    if (!repo) throw new InvalidParameter('repo is needed');
    const tag = request.query.get('tag');
    await engine.images.tag(name!, tag ? `${repo}:${tag}` : repo);
    return nothing(201);
  });
  router.add('DELETE', '/images/{name...}', async (request, { name }) => {
    const force = flagOf(request, 'force');
    for (const platform of platformsOf(request, 'platforms')) await engine.images.find(name!, platform);
    const usedBy = (id: string): string | undefined =>
      [...engine.containers.values()].find((one) => one.imageId === id && (!force || one.running))?.id;
    return json(await engine.images.remove(name!, force, flagOf(request, 'noprune'), usedBy));
  });
}

async function list(engine: Engine, request: HttpRequest, version: string): Promise<HttpAnswer> {
  const filters = parseFilters(request.query.get('filters'));
  checkFilters(filters, ['dangling', 'label', 'reference', 'before', 'since', 'until']);
  const dangling = booleanOf(filters, 'dangling');
  const until = untilOf(filters, engine.host.date());
  const all = await engine.images.list();
  const moments = async (name: string): Promise<number[]> =>
    Promise.all((filters.get(name) ?? []).map(async (one) => created(await engine.images.find(one))));
  const [before, since] = [await moments('before'), await moments('since')];
  const parents = new Set(all.map(({ parent }) => parent));
  const references = filters.get('reference')?.map(patternOf);
  const isMeant = (tag: string): boolean =>
    references?.some((one) => one.test(tag) || one.test(tag.replace(/:[^:/]*$/, ''))) ?? true;
  const shown = all.filter((image) => {
    // steps of builds are shown by who asks for all
    const isStep = image.tags.length === 0 && image.digests.length === 0 && parents.has(image.id);
    if (isStep && (dangling !== undefined || !flagOf(request, 'all'))) return false;
    if (dangling !== undefined && dangling !== (image.tags.length === 0)) return false;
    if (!matchesLabels(filters.get('label'), Object.fromEntries(image.config.config.labels))) return false;
    const made = created(image);
    if (before.some((one) => made >= one) || since.some((one) => made <= one)) return false;
    if (until !== undefined && made > until) return false;
    return references === undefined || image.tags.some(isMeant);
  });
  const shared = flagOf(request, 'shared-size') ? await sharedSizes(engine, all) : undefined;
  return json(
    shown
      .sort((a, b) => created(b) - created(a))
      .map((image) => summary(engine, { ...image, tags: image.tags.filter(isMeant) }, version, shared?.get(image.id))),
  );
}

/** As path.Match of Go. Throws InvalidParameter. */
function patternOf(text: string): Glob {
  try {
    return new Glob(text, true);
  } catch (error) {
    throw new InvalidParameter(`invalid filter 'reference=${text}': syntax error in pattern`, { cause: error });
  }
}

/** An item of GET /images/json. */
export function summary(engine: Engine, image: Image, version: string, shared = -1) {
  return {
    Id: image.id,
    ParentId: image.parent ?? '',
    RepoTags: image.tags.length > 0 ? image.tags : ['<none>:<none>'],
    RepoDigests: image.digests.length > 0 ? image.digests : image.tags.length > 0 ? [] : ['<none>@<none>'],
    Created: Math.floor(created(image) / 1000),
    Size: image.size,
    SharedSize: shared,
    ...(isBefore(version, '1.44') && { VirtualSize: image.size }),
    Labels: Object.fromEntries(image.config.config.labels),
    Containers: [...engine.containers.values()].filter(({ imageId }) => imageId === image.id).length,
  };
}

export const created = (image: Image): number => Date.parse(image.config.created ?? '') || 0;

function inspection(image: Image) {
  const { config, platform, author, diffIds, history } = image.config;
  const set = (names: readonly string[]) =>
    names.length > 0 ? Object.fromEntries(names.map((name) => [name, {}])) : null;
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: image.digests,
    Parent: image.parent ?? '',
    Comment: history.at(-1)?.comment ?? '',
    Created: image.config.created ?? '',
    DockerVersion: '',
    Author: author ?? '',
    Config: present({
      ...{ Hostname: '', Domainname: '', AttachStdin: false, AttachStdout: false, AttachStderr: false, Tty: false },
      ...{ OpenStdin: false, StdinOnce: false, Image: '' },
      User: config.user,
      Env: config.env,
      Cmd: config.cmd ?? null,
      Entrypoint: config.entrypoint ?? null,
      Volumes: set(config.volumes),
      WorkingDir: config.workingDir,
      OnBuild: config.onBuild.length > 0 ? config.onBuild : null,
      Labels: config.labels.size > 0 ? Object.fromEntries(config.labels) : null,
      ...(config.exposedPorts.length > 0 && { ExposedPorts: set(config.exposedPorts) }),
      ...(config.stopSignal !== undefined && { StopSignal: config.stopSignal }),
      ...(config.shell && { Shell: config.shell }),
    }),
    Architecture: platform.architecture,
    ...(platform.variant !== undefined && { Variant: platform.variant }),
    Os: platform.os,
    Size: image.size,
    GraphDriver: { Name: 'overlay', Data: {} },
    RootFS: { Type: 'layers', Layers: diffIds },
    Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
  };
}

async function history(engine: Engine, image: Image) {
  const { history: steps, diffIds } = image.config;
  const layers = [...diffIds];
  const sizes: number[] = [];
  for (const { empty } of steps) {
    const layer = empty ? undefined : layers.shift();
    sizes.push(layer === undefined ? 0 : await sizeOfLayer(engine, layer));
  }
  return [...steps.entries()].reverse().map(([at, entry], i) => ({
    Id: i === 0 ? image.id : '<missing>',
    Created: Math.floor((Date.parse(entry.created ?? '') || 0) / 1000),
    CreatedBy: entry.createdBy,
    Tags: i === 0 ? image.tags : [],
    Size: sizes[at]!,
    Comment: entry.comment ?? '',
  }));
}
