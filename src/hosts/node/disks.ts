// Disk images in Node: raw or qcow2, files or bytes, written in place, read only, or below writes that go elsewhere.
// Ours.
import { InputError } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import { isQcow2, Qcow2 } from '../../devices/storage/disk-image/qcow2.js';
import { BytesDisk, BytesSource, SourceDisk } from '../../library/images.js';
import { floppyOf } from '../../library/floppies.js';
import type { Disk, DiskRequest, Source } from '../../library/platform.js';
import { inflateCluster } from './codec.js';
import { FileDisk, FileSource, hasContents } from './files.js';
import { OverlayFile } from './overlay-file.js';
import { SnapshotDisk } from './snapshot-disk.js';

/** `image`: a path, or what is in memory. Throws InputError. */
export function openDisk(image: string | ByteSource, { what, access, overlay }: DiskRequest): Disk {
  const inPlace = access === 'write' && overlay === undefined;
  const below = typeof image === 'string' ? openFile(image, what, inPlace) : openBytes(image, what, inPlace);
  try {
    if (what === 'floppy') return openFloppy(below, typeof image === 'string' ? image : image.name, access);
    if (overlay !== undefined) return new OverlayFile(overlay, below);
    return access === 'snapshot' ? new SnapshotDisk(below) : below;
  } catch (error) {
    below.close?.();
    throw error;
  }
}

function openFloppy(below: Disk, name: string, access: DiskRequest['access']): Disk {
  const whole = floppyOf(below, name, access === 'write');
  return access === 'snapshot' ? new SnapshotDisk(whole) : whole;
}

function openFile(path: string, what: DiskRequest['what'], inPlace: boolean): Disk {
  if (what !== 'cdrom' && hasContents(path)) {
    const source = new FileSource(path, what);
    if (isQcow2(source)) return openQcow2(source, inPlace);
    source.close();
  }
  return new FileDisk(path, inPlace ? 'write' : 'read-only', what);
}

function openBytes(source: Source, what: DiskRequest['what'], inPlace: boolean): Disk {
  if (what !== 'cdrom' && isQcow2(source)) return openQcow2(source, inPlace);
  if (!inPlace) return new SourceDisk(source, what);
  if (source instanceof BytesSource) return new BytesDisk(source, what);
  throw new InputError(`${what} ${source.name}: it is read by ranges, and cannot be written`, 'Use access snapshot.');
}

function openQcow2(source: Source, inPlace: boolean): Disk {
  if (!inPlace) return new Qcow2(source, inflateCluster);
  source.close?.();
  throw new InputError(
    `disk ${source.name}: qcow2 images are read and not written`,
    'Add ,snapshot or ,overlay=FILE or ,ro after the name, or make it raw: qemu-img convert -O raw OLD NEW.',
  );
}
