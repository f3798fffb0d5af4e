// What no host uncompresses for us, by the name of its format. Ours.
import { unbzip2 } from './bzip2.js';
import type { Compression } from './streams.js';
import { unxz } from './xz.js';
import { unzstd } from './zstd.js';

const FORMATS = { zstd: unzstd, xz: unxz, bzip2: unbzip2 };

/** Rejects with InputError. */
export const uncompress = (
  format: Exclude<Compression, 'gzip'>,
  bytes: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> => FORMATS[format](bytes);
