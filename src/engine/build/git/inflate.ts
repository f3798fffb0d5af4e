// What zlib packed, of which the packed length is not known before, by pako. RFC 1950. Hostile: what comes out has the length that was
// promised, or it is refused.
import { Z_FINISH, Z_STREAM_END, ZStream, zlibInflate, zlibInflateInit } from 'pako';
import { InputError } from '../../../base/errors.js';

/** What is packed at a place, of a length that is known, and where it ends. Throws InputError. */
export function inflateAt(data: Uint8Array, at: number, length: number): { bytes: Uint8Array; end: number } {
  const stream = new ZStream();
  zlibInflateInit(stream);
  stream.input = data;
  stream.next_in = at;
  stream.avail_in = data.length - at;
  // one more than there is to be, so that the end is found
  stream.output = new Uint8Array(length + 1);
  stream.avail_out = length + 1;
  if (zlibInflate(stream, Z_FINISH) !== Z_STREAM_END || stream.next_out !== length)
    throw new InputError('the pack is damaged: its data is not what zlib writes');
  return { bytes: stream.output.subarray(0, length), end: stream.next_in };
}
