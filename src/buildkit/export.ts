// What becomes of an image that was built. docs.docker.com/build/exporters. Here: it is the engine's, by its names.
import { InputError } from '../base/errors.js';
import type { Engine } from '../engine/engine.js';
import { familiar, fullName, parseReference, withTag } from '../oci/reference.js';
import type { Progress } from './progress.js';

/** The engine's own, as clients call it. */
const OWN = new Set(['moby', 'image', '']);

export interface Exporter {
  type: string;
  attributes: Record<string, string>;
}

/** What the client is told of it. Rejects with InputError. */
export async function exportImage(
  engine: Engine,
  image: string,
  { type, attributes }: Exporter,
  progress: Progress,
): Promise<Record<string, string>> {
  if (!OWN.has(type)) throw new InputError(`exporter "${type}" is not here`, 'Load the image, and save or export it.');
  if (attributes.push === 'true') throw new InputError('an image is not pushed by its build here: docker push');
  return progress.begin('exporting to image').during(async (vertex) => {
    const names = (attributes.name ?? '').split(',').filter(Boolean);
    vertex.status(`writing image ${image}`, 0, 0, true);
    const full: string[] = [];
    for (const name of names) {
      const reference = withTag(parseReference(name));
      await engine.images.tag(image, familiar(reference));
      full.push(fullName(reference));
      vertex.status(`naming to ${fullName(reference)}`, 0, 0, true);
    }
    return {
      ...(full.length > 0 && { 'image.name': full.join(',') }),
      'containerimage.digest': image,
      'containerimage.config.digest': image,
    };
  });
}
