// zstd streams, for hosts that do not uncompress them: frames of blocks.
// RFC 8878, 3.1.1 (frames), 3.1.2 (skippable frames). Hostile: a frame may ask for any window, and anything may follow it.
// DEVIATION: a frame's own checksum is not looked at: what is uncompressed here has a better one.
import { ByteReader } from './byte-reader.js';
import { viewOf } from './bytes.js';
import { InputError, messageOf } from './errors.js';
import { BLOCK_MAX, BlockDecoder, type History } from './zstd-block.js';

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
/** As the zstd command takes without being told to take more. */
const WINDOW_MAX = 128 << 20;
/** Room for output to begin with. */
const ROOM = 1 << 20;
const ENDS_EARLY = 'it ends early';

function damaged(why: string, cause?: unknown): InputError {
  return new InputError(`zstd: ${why}`, 'The archive is damaged.', { cause });
}

/** Rejects with InputError. */
export async function* unzstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(bytes, damaged);
  try {
    let frames = 0;
    for (let magic = await reader.takeOrEnd(4); magic; magic = await reader.takeOrEnd(4)) {
      const value = viewOf(magic).getUint32(0, true);
      if (value === MAGIC) yield* frame(reader);
      else if ((value & 0xfffffff0) >>> 0 === SKIPPABLE)
        await reader.skip(viewOf(await reader.take(4)).getUint32(0, true));
      else throw damaged(frames === 0 ? 'it begins otherwise' : 'something else follows the end');
      frames++;
    }
    if (frames === 0) throw damaged(ENDS_EARLY);
  } finally {
    await reader.close();
  }
}

async function* frame(reader: ByteReader): AsyncGenerator<Uint8Array> {
  const { window, contentSize, hasChecksum } = await frameHeader(reader);
  const decoder = new BlockDecoder();
  const history: History = { bytes: new Uint8Array(ROOM), at: 0 };
  let size = 0;
  for (let isLast = false; !isLast; ) {
    const start = await reader.take(3);
    const word = start[0]! | (start[1]! << 8) | (start[2]! << 16);
    isLast = (word & 1) !== 0;
    const length = word >> 3;
    if (length > BLOCK_MAX) throw damaged('a block is too long');
    makeRoom(history, window);
    const from = history.at;
    await oneBlock(reader, (word >> 1) & 3, length, decoder, history);
    size += history.at - from;
    if (history.at > from) yield history.bytes.slice(from, history.at);
  }
  if (contentSize !== undefined && size !== contentSize) throw damaged('a frame is not as long as it says');
  if (hasChecksum) await reader.skip(4);
}

async function oneBlock(
  reader: ByteReader,
  type: number,
  length: number,
  decoder: BlockDecoder,
  history: History,
): Promise<void> {
  if (type === 3) throw damaged('a block is of no kind');
  const bytes = await reader.take(type === 1 ? 1 : length);
  if (type === 2) {
    try {
      decoder.decode(bytes, history);
    } catch (error) {
      throw damaged(messageOf(error), error);
    }
    return;
  }
  if (type === 0) history.bytes.set(bytes, history.at);
  else history.bytes.fill(bytes[0]!, history.at, history.at + length);
  history.at += length;
}

/** Room for one more block: what lies further back than the window goes, some megabytes at a time. */
function makeRoom(history: History, window: number): void {
  if (history.at + BLOCK_MAX <= history.bytes.length) return;
  const most = window + Math.max(window >> 1, 2 * BLOCK_MAX, ROOM);
  if (history.bytes.length < most) {
    const larger = new Uint8Array(Math.min(most, 2 * history.bytes.length));
    larger.set(history.bytes.subarray(0, history.at));
    history.bytes = larger;
    if (history.at + BLOCK_MAX <= larger.length) return;
  }
  history.bytes.copyWithin(0, history.at - window, history.at);
  history.at = window;
}

/** What stands behind the magic number, checked before anything is made of it. */
async function frameHeader(
  reader: ByteReader,
): Promise<{ window: number; contentSize?: number; hasChecksum: boolean }> {
  const [descriptor] = await reader.take(1);
  const isSingle = (descriptor! & 0x20) !== 0;
  const idSize = [0, 1, 2, 4][descriptor! & 3]!;
  const sizeSize = [isSingle ? 1 : 0, 2, 4, 8][descriptor! >> 6]!;
  const rest = await reader.take((isSingle ? 0 : 1) + idSize + sizeSize);
  const sizeAt = (isSingle ? 0 : 1) + idSize;
  if ((descriptor! & 0x08) !== 0) throw damaged('a frame is of another version');
  if (rest.subarray(sizeAt - idSize, sizeAt).some((byte) => byte !== 0)) throw damaged('it needs a dictionary');
  let content = sizeSize === 2 ? 256 : 0;
  for (let i = 0; i < sizeSize; i++) content += rest[sizeAt + i]! * 256 ** i;
  const base = 2 ** (10 + (rest[0]! >> 3));
  const window = isSingle ? content : base + (base / 8) * (rest[0]! & 7);
  if (window > WINDOW_MAX) throw damaged(`it asks for a window of ${window} bytes, and ${WINDOW_MAX} are the most`);
  return { window, contentSize: sizeSize > 0 ? content : undefined, hasChecksum: (descriptor! & 4) !== 0 };
}
