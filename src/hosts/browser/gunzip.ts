// Uncompresses gzip piece by piece, one member behind another, by pako: the browser's own stream takes a second member for junk.
// RFC 1952 (gzip), RFC 1951 (deflate). What comes in is hostile; what is held is a window and one piece.
import {
  Z_BUF_ERROR,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  ZStream,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
} from 'pako';
import { InputError } from '../../base/errors.js';

const PIECE = 1 << 18;
/** zlib's windowBits: 32 KiB, and gzip's frame. */
const GZIP_WINDOW = 15 + 16;

/** Rejects with InputError when the bytes are damaged, end early, or have something else behind their end. */
export async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = new ZStream();
  zlibInflateInit2(stream, GZIP_WINDOW);
  stream.output = new Uint8Array(PIECE);
  let status: number = Z_OK;
  for await (const piece of bytes) {
    stream.input = piece;
    stream.next_in = 0;
    stream.avail_in = piece.length;
    for (let full = false; stream.avail_in > 0 || full; ) {
      // another member
      if (status === Z_STREAM_END) zlibInflateReset(stream);
      stream.next_out = 0;
      stream.avail_out = PIECE;
      status = zlibInflate(stream, Z_NO_FLUSH);
      if (stream.next_out > 0) yield stream.output.slice(0, stream.next_out);
      full = stream.avail_out === 0 && status !== Z_STREAM_END;
      if (status < 0 && status !== Z_BUF_ERROR) throw damaged(stream.msg);
    }
  }
  if (status !== Z_STREAM_END) throw damaged('it ends early');
}

const damaged = (what: string): InputError => new InputError(`gzip: ${what}`, 'The archive is damaged.');
