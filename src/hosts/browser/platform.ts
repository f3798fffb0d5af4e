// A browser as the platform of createVm: Blobs and addresses, writes in memory, a network that ends at the gateway.
// Contract: src/library/platform.ts.
import { InputError } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import { inflate } from '../../devices/storage/disk-image/inflate.js';
import { isQcow2, Qcow2 } from '../../devices/storage/disk-image/qcow2.js';
import { floppyOf } from '../../library/floppies.js';
import { BytesDisk, BytesSource, nameOf, SourceDisk, sourceOf } from '../../library/images.js';
import type { Disk, DiskRequest, Platform } from '../../library/platform.js';
import type { Image } from '../../library/vm-options.js';
import { browserCodec } from './codec.js';
import { BlobSource, readsFiles } from './files.js';
import { BrowserHost } from './host.js';
import { MemoryOverlay } from './memory-overlay.js';
import { openNetwork } from './network.js';
import { core, ownGuest } from './package-files.js';

export const browserPlatform: Platform = {
  host: () => new BrowserHost(),
  codec: browserCodec,
  core,
  ownGuest: async () => sourceOf(await ownGuest(), 'kernel'),
  source: open,
  async disk(image, request) {
    return openDisk(await open(image, request.what), request);
  },
  folder(path) {
    throw new InputError(`share ${path}: a browser has no folders to share`, 'Give a tree of your own.');
  },
  async network({ switchPath, forwards, allowed }, around) {
    if (switchPath !== undefined || forwards.length > 0 || allowed.length > 0)
      throw new InputError(
        'network: a browser has no sockets, so nothing but the gateway can be reached',
        'Leave allow, forward and switch out.',
      );
    return openNetwork(around);
  },
  // no browser lets a page change how its engine compiles
  tune() {},
};

/** A file is read when the machine needs it, where the thread may do so; else all of it now. */
async function open(image: Image, what: string): Promise<ByteSource> {
  const asAddress = typeof image === 'string' ? new URL(image, location.href) : image;
  if (!(asAddress instanceof Blob) || !readsFiles()) return sourceOf(asAddress, what);
  return new BlobSource(nameOf(asAddress), asAddress, what);
}

function openDisk(source: ByteSource, { what, access, overlay }: DiskRequest): Disk {
  if (overlay !== undefined)
    throw new InputError(`disk overlay ${overlay}: a browser has no files to write`, 'Use access snapshot.');
  if (access === 'write' && source instanceof BytesSource && !isQcow2(source))
    return ofKind(new BytesDisk(source, what), source.name, what, true);
  if (access === 'write')
    throw new InputError(`disk ${source.name}: a browser cannot write it`, 'Use access snapshot.');
  const image = what !== 'cdrom' && isQcow2(source) ? new Qcow2(source, inflate) : new SourceDisk(source, what);
  const below = ofKind(image, source.name, what, false);
  return access === 'snapshot' ? new MemoryOverlay(below) : below;
}

function ofKind(image: Disk, name: string, what: DiskRequest['what'], inPlace: boolean): Disk {
  return what === 'floppy' ? floppyOf(image, name, inPlace) : image;
}
