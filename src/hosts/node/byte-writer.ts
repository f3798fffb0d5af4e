// A stream of Node's as a writer with pressure. Contract: src/http/message.ts.
import type { ByteWriter } from '../../http/message.js';
import type { HeldBytes, Holder } from './held-bytes.js';

export type Outgoing = NodeJS.WritableStream &
  Holder & { destroyed: boolean; writableNeedDrain: boolean; writableEnded: boolean; writableLength: number };

/** `held` hears of what waits in the stream. */
export function writerOf(out: Outgoing, held?: HeldBytes): ByteWriter {
  /** All that is written meanwhile waits for the same. */
  let room: Promise<boolean> | undefined;
  const whenRoom = (): Promise<boolean> =>
    new Promise((resolve) => {
      const settle = (): void => {
        out.off('drain', settle);
        out.off('close', settle);
        room = undefined;
        held?.hold(out, 0, true);
        resolve(!out.destroyed);
      };
      out.on('drain', settle);
      out.on('close', settle);
    });
  return {
    get closed() {
      return out.destroyed || out.writableEnded;
    },
    onClose(action) {
      if (out.destroyed) action();
      else out.once('close', action);
    },
    write(bytes) {
      if (out.destroyed || out.writableEnded) return Promise.resolve(false);
      out.write(bytes);
      if (!out.writableNeedDrain) return Promise.resolve(true);
      room ??= whenRoom();
      held?.hold(out, out.writableLength, false);
      return room;
    },
  };
}

/** Ends a stream with the last bytes, which wait in it until they are taken. */
export function endWith(out: Outgoing, bytes: Uint8Array | undefined, held: HeldBytes): void {
  if (bytes === undefined || out.destroyed) out.end();
  else out.end(bytes);
  if (!out.writableNeedDrain || out.destroyed) return;
  held.hold(out, out.writableLength, false);
  for (const event of ['finish', 'close']) out.once(event, () => held.hold(out, 0, true));
}
