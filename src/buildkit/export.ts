// What becomes of an image that was built: it is the engine's, by its names, or its files are the client's.
// It can be pushed too, as who the client is to the registry.
// docs.docker.com/build/exporters.
import { InputError } from '../base/errors.js';
import { openImageTree } from '../engine/build/image-tree.js';
import type { BuildOutput } from '../engine/build/request.js';
import type { Engine } from '../engine/engine.js';
import type { Http2Client } from '../http/http2.js';
import { familiar, fullName, parseReference, type Reference, withTag } from '../oci/reference.js';
import { savedFiles, savedTar } from '../oci/source/save.js';
import { sendFile, sendFiles, sendTar } from './file-send.js';
import type { Progress, Vertex } from './progress.js';
import { credentialsOf } from './sessions.js';

export interface Exporter {
  type: string;
  attributes: Record<string, string>;
}

export interface Exporting {
  engine: Engine;
  /** The image's id. */
  image: string;
  /** The client's session. */
  client(): Promise<Http2Client>;
  progress: Progress;
}

type Export = (exporting: Exporting, attributes: Record<string, string>, number: number) => Promise<Told>;
/** What the client is told of it. */
type Told = Record<string, string>;

const EXPORTS: Readonly<Record<string, Export>> = {
  moby: exportImage,
  image: exportImage,
  docker: exportArchive,
  oci: exportArchive,
  local: (exporting, _attributes, number) => exportFiles(exporting, 'exporting to client directory', sendFiles, number),
  tar: (exporting, _attributes, number) => exportFiles(exporting, 'exporting to client tarball', sendTar, number),
};

/** Rejects with InputError and RpcError. */
export async function exportAll(exporting: Exporting, exporters: readonly Exporter[]): Promise<Told> {
  const told: Told = {};
  for (const [number, { type, attributes }] of exporters.entries()) {
    const found = Object.hasOwn(EXPORTS, type) ? EXPORTS[type] : undefined;
    if (!found)
      throw new InputError(`exporter "${type}" could not be found`, 'There are image, local, tar, oci and docker.');
    Object.assign(told, await found(exporting, attributes, number));
  }
  return told;
}

async function exportImage(exporting: Exporting, attributes: Record<string, string>): Promise<Told> {
  const { engine, image, progress } = exporting;
  const references = referencesOf(attributes);
  const names = references.map(fullName);
  await progress.begin('exporting to image').during(async (vertex) => {
    vertex.status(`writing image ${image}`, 0, 0, true);
    for (const [i, reference] of references.entries()) {
      await engine.images.tag(image, familiar(reference));
      vertex.status(`naming to ${names[i]}`, 0, 0, true);
    }
  });
  if (attributes.push === 'true') await push(exporting, references);
  return {
    ...(names.length > 0 && { 'image.name': names.join(',') }),
    'containerimage.digest': image,
    'containerimage.config.digest': image,
  };
}

/** Throws InputError. */
const referencesOf = ({ name = '' }: Record<string, string>): Reference[] =>
  name
    .split(',')
    .filter(Boolean)
    .map((one) => withTag(parseReference(one)));

async function push({ engine, client, progress }: Exporting, references: readonly Reference[]): Promise<void> {
  const credentials = credentialsOf(await client());
  for (const reference of references)
    await progress.begin(`pushing ${fullName(reference)}`).during(async (vertex) => {
      const told = ({ id, status, current = 0, total = 0 }: Parameters<BuildOutput['progress']>[0]): void => {
        if (id !== undefined)
          vertex.status(`${id} ${status.toLowerCase()}`, current, total, /pushed|exists/i.test(status));
      };
      await engine.images.push(familiar(reference), { progress: told, credentials });
    });
}

/** The image as a file of the client's: a layout that docker load reads too. */
async function exportArchive(exporting: Exporting, attributes: Record<string, string>, number: number): Promise<Told> {
  const { engine, image, client, progress } = exporting;
  if (attributes.tar === 'false') throw new InputError('an image is exported as a tar', 'Leave tar=false out.');
  const references = referencesOf(attributes);
  await progress.begin('exporting to oci image format').during(async (vertex) => {
    const files = await savedFiles(engine.images.store, [image], () => references);
    await sendFile(await client(), number, savedTar(files));
    vertex.status('sending tarball', 0, 0, true);
  });
  return { 'containerimage.digest': image, 'containerimage.config.digest': image };
}

async function exportFiles(
  { engine, image, client, progress }: Exporting,
  what: string,
  send: typeof sendTar,
  number: number,
): Promise<Told> {
  await progress.begin(what).during(async (vertex: Vertex) => {
    const { store } = engine.images;
    const { tree, close } = await openImageTree(store, await store.images.find(image));
    try {
      if (!tree) throw new InputError('the image has no files');
      await send(await client(), number, tree);
      vertex.status('copying files', 0, 0, true);
    } finally {
      close();
    }
  });
  return {};
}
