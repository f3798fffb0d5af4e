// What becomes of an image that was built: it is the engine's, by its names, or its files are the client's.
// Pushes are the client's: it asks the engine's API for them afterwards.
// docs.docker.com/build/exporters.
import { InputError } from '../base/errors.js';
import { openImageTree } from '../engine/build/image-tree.js';
import type { Engine } from '../engine/engine.js';
import type { Http2Client } from '../http/http2.js';
import { familiar, fullName, parseReference, withTag } from '../oci/reference.js';
import { sendFiles, sendTar } from './file-send.js';
import type { Progress, Vertex } from './progress.js';

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
  local: (exporting, _attributes, number) => exportFiles(exporting, 'exporting to client directory', sendFiles, number),
  tar: (exporting, _attributes, number) => exportFiles(exporting, 'exporting to client tarball', sendTar, number),
};

/** Rejects with InputError and RpcError. */
export async function exportAll(exporting: Exporting, exporters: readonly Exporter[]): Promise<Told> {
  const told: Told = {};
  for (const [number, { type, attributes }] of exporters.entries()) {
    const found = Object.hasOwn(EXPORTS, type) ? EXPORTS[type] : undefined;
    if (!found)
      throw new InputError(`exporter "${type}" could not be found`, 'There are image, local and tar; and docker save.');
    Object.assign(told, await found(exporting, attributes, number));
  }
  return told;
}

async function exportImage(exporting: Exporting, attributes: Record<string, string>): Promise<Told> {
  const { engine, image, progress } = exporting;
  const references = (attributes.name ?? '')
    .split(',')
    .filter(Boolean)
    .map((name) => withTag(parseReference(name)));
  const names = references.map(fullName);
  await progress.begin('exporting to image').during(async (vertex) => {
    vertex.status(`writing image ${image}`, 0, 0, true);
    for (const [i, reference] of references.entries()) {
      await engine.images.tag(image, familiar(reference));
      vertex.status(`naming to ${names[i]}`, 0, 0, true);
    }
  });
  return {
    ...(names.length > 0 && { 'image.name': names.join(',') }),
    'containerimage.digest': image,
    'containerimage.config.digest': image,
  };
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
