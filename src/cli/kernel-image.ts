// An image as the root of `tabvisor kernel run`: its layers, and what it says that a program of it runs with.
// OCI image-spec, config.md; the rules of overriding are those of docker run.
import type { ContainerDefaults } from '../oci/config.js';
import { NotFoundError } from '../oci/errors.js';
import { checkPlatform, parsePlatform } from '../oci/platform.js';
import { parseReference } from '../oci/reference.js';
import type { Layer } from '../oci/store/layer-store.js';
import type { DataOption } from './data-folder.js';
import { withImages } from './images.js';
import type { RawKernelOptions } from './kernel-options.js';
import { layerProgress } from './layer-progress.js';

export interface ImageOptions extends DataOption {
  entrypoint?: string;
}

/** The layers stay open when others work with the images, or remove this one. Rejects with InputError. */
export function openImage(
  name: string,
  options: ImageOptions,
): Promise<{ config: ContainerDefaults; layers: Layer[] }> {
  return withImages(options, async ({ store: { images }, puller }) => {
    if (!isHere()) {
      process.stderr.write(`tabvisor: the image ${name} is not here: it is pulled\n`);
      await puller.pull(parseReference(name), { progress: layerProgress(process.stderr) });
    }
    const { id, config } = await images.find(name);
    // a program of WASI is for the engine
    checkPlatform(name, config.platform, parsePlatform('linux/386'));
    return { config: config.config, layers: await images.open(id) };

    function isHere(): boolean {
      try {
        images.resolve(name);
        return true;
      } catch (error) {
        if (error instanceof NotFoundError) return false;
        throw error;
      }
    }
  });
}

/** What runs, and with which options, when `given` is what the person has said. */
export function withDefaults<Options extends Pick<RawKernelOptions, 'env' | 'cwd' | 'user'> & ImageOptions>(
  image: ContainerDefaults,
  given: readonly string[],
  options: Options,
): { args: string[]; options: Options } {
  const { entrypoint } = options;
  // another entrypoint takes the image's Cmd along
  const cmd = given.length > 0 || entrypoint !== undefined ? given : (image.cmd ?? []);
  const first = entrypoint === undefined ? (image.entrypoint ?? []) : entrypoint === '' ? [] : [entrypoint];
  return {
    args: [...first, ...cmd],
    options: {
      ...options,
      env: [...image.env.filter((entry) => entry.includes('=')), ...(options.env ?? [])],
      cwd: options.cwd ?? (image.workingDir || '/'),
      user: options.user ?? (image.user || '0'),
    },
  };
}
