// Images that are no files: bytes in memory, what an address sends, sources of a person's own, as a machine reads them.
// Contracts: ByteSource in src/base/host.ts, BlockBackend in src/devices/storage/block-backend.ts; Fetch standard.
import { InputError, messageOf } from '../base/errors.js';
import type { ByteSource } from '../base/host.js';
import { type BlockBackend, BlockError } from '../devices/storage/block-backend.js';
import type { DiskRequest } from './platform.js';
import type { BlobLike, Image, UrlLike } from './vm-options.js';

declare const fetch: (
  address: string,
) => Promise<{ ok: boolean; status: number; statusText: string; arrayBuffer(): Promise<ArrayBuffer> }>;

/** A floppy's image may be any part of a disk. */
const SECTOR = { disk: 512, cdrom: 2048, floppy: 1 };

const has = (image: unknown, ...names: string[]): boolean =>
  typeof image === 'object' && image !== null && names.every((name) => name in image);
export const isUrl = (image: Image): image is UrlLike => has(image, 'href');
const isSource = (image: Image): image is ByteSource => has(image, 'size', 'read');
const isBlob = (image: Image): image is BlobLike => has(image, 'size', 'arrayBuffer');

/** For messages. */
export function nameOf(image: Image): string {
  if (typeof image === 'string') return image;
  if (isUrl(image)) return image.href.length > 200 ? `${image.href.slice(0, 200)}…` : image.href;
  return (has(image, 'name') && (image as { name?: string }).name) || 'in memory';
}

/** Bytes in memory, as something that is read by ranges. */
export class BytesSource implements ByteSource {
  readonly size: number;

  constructor(
    readonly name: string,
    readonly bytes: Uint8Array,
  ) {
    this.size = bytes.length;
  }

  read(offset: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(offset, offset + into.length));
  }
}

/** Everything that is not a path, as a source. Throws InputError. */
export async function sourceOf(image: Image, what: string): Promise<ByteSource> {
  const name = nameOf(image);
  const source = isSource(image) ? image : new BytesSource(name, await bytesOf(image, what));
  if (source.size === 0) throw new InputError(`${what} ${name}: it is empty`);
  return source;
}

/** Whether a text is an address. */
export const isAddress = (text: string): boolean => /^(https?|data|blob):/i.test(text);

async function bytesOf(image: Exclude<Image, ByteSource>, what: string): Promise<Uint8Array> {
  if (image instanceof Uint8Array) return image;
  if (image instanceof ArrayBuffer) return new Uint8Array(image);
  if (typeof image === 'string') return fetched(image, what);
  if (isUrl(image)) return fetched(image.href, what);
  if (isBlob(image)) return new Uint8Array(await image.arrayBuffer());
  throw new InputError(`${what}: no image`, 'Give a path, a URL, bytes, or a Blob.');
}

async function fetched(address: string, what: string): Promise<Uint8Array> {
  const failed = (why: string, cause?: unknown) =>
    new InputError(`${what} ${address}: it could not be loaded (${why})`, 'Check the address and the connection.', {
      cause,
    });
  let why: string;
  try {
    const response = await fetch(address);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    why = `${response.status} ${response.statusText}`.trim();
  } catch (error) {
    throw failed(messageOf(error), error);
  }
  throw failed(why);
}

/** A source as a disk that is not written. */
export class SourceDisk implements BlockBackend {
  readonly readOnly = true;
  readonly size: number;

  /** Throws InputError when it is no whole number of sectors. */
  constructor(
    private readonly source: ByteSource,
    what: DiskRequest['what'],
  ) {
    this.size = wholeSectors(source, what);
  }

  read(offset: number, into: Uint8Array): void {
    try {
      this.source.read(offset, into);
    } catch (error) {
      throw new BlockError(messageOf(error), { cause: error });
    }
  }

  write(): void {
    throw new BlockError('the disk is read-only');
  }

  flush(): void {}
}

/** Bytes in memory as a disk that is written in place. */
export class BytesDisk implements BlockBackend {
  readonly readOnly = false;
  readonly size: number;

  /** Throws InputError when they are no whole number of sectors. */
  constructor(
    private readonly source: BytesSource,
    what: DiskRequest['what'],
  ) {
    this.size = wholeSectors(source, what);
  }

  read(offset: number, into: Uint8Array): void {
    this.source.read(offset, into);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.source.bytes.set(bytes, offset);
  }

  flush(): void {}
}

function wholeSectors({ name, size }: ByteSource, what: DiskRequest['what']): number {
  const sector = SECTOR[what];
  if (size > 0 && size % sector === 0) return size;
  throw new InputError(
    `${what} ${name}: ${size} bytes; an image has a positive multiple of ${sector}`,
    what === 'cdrom' ? 'Give an ISO 9660 image.' : 'Pad it with zeros to a whole number of sectors.',
  );
}
