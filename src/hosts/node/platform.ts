// Node as the platform of createVm: files by their paths, the core and our guest from the package, sockets, V8's flags.
// Contract: src/library/platform.ts.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InputError, messageOf } from '../../base/errors.js';
import { isAddress, isUrl, sourceOf } from '../../library/images.js';
import type { Network, Platform, Source } from '../../library/platform.js';
import type { Image } from '../../library/vm-options.js';
import { compile, type WasmModule } from '../../vcpu/engine.js';
import { nodeCodec } from './codec.js';
import { openDisk } from './disks.js';
import { FileSource } from './files.js';
import { NodeHost } from './host.js';
import { PACKAGE_ROOT } from './package-root.js';
import { SharedFolder } from './shared-folder.js';
import { callCharged, optimiseLate } from './tiering.js';

const CORE = new URL('build/core.wasm', PACKAGE_ROOT);
const OWN_GUEST = new URL('guest/build/tabvisor-guest.elf', PACKAGE_ROOT);

let compiled: WasmModule | undefined;

export const nodePlatform: Platform = {
  host: () => new NodeHost(),
  codec: nodeCodec,
  async core() {
    compiled ??= compile(readCore());
    return compiled;
  },
  async ownGuest() {
    return new FileSource(fileURLToPath(OWN_GUEST), 'kernel');
  },
  async source(image, what) {
    const path = pathOf(image);
    return path === undefined ? sourceOf(image, what) : new FileSource(path, what);
  },
  async disk(image, request) {
    return openDisk(pathOf(image) ?? ((await sourceOf(image, request.what)) as Source), request);
  },
  folder: (path, readOnly) => new SharedFolder(path, readOnly),
  async network(request, around): Promise<Network> {
    // a machine without a network starts quicker without it
    const { openNetwork } = await import('./network.js');
    return openNetwork(request, around);
  },
  tune(processor) {
    optimiseLate();
    processor.callFirst(callCharged);
  },
};

/** Undefined: no file. */
function pathOf(image: Image): string | undefined {
  if (typeof image === 'string') return isAddress(image) ? undefined : image;
  return !isUrl(image) || !image.href.startsWith('file:') ? undefined : fileURLToPath(image.href);
}

function readCore(): Uint8Array {
  try {
    return readFileSync(CORE);
  } catch (error) {
    throw new InputError(`the core is not built: ${messageOf(error)}`, 'Run: npm run build', { cause: error });
  }
}
