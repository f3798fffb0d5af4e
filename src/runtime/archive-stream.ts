// Archives of a node's as streams: read as fast as they are taken, written as fast as they are unpacked, closed by whoever leaves them.
// Ours; src/node/contract.ts.
import type { ArgumentOf } from '../node/contract.js';
import type { NodeClient } from './node-client.js';

const PIECE = 1 << 18;

/** What has changed in a root over its layers, as a layer's tar. Rejects with NodeFailure. */
export async function* changesOf(node: NodeClient, root: string): AsyncGenerator<Uint8Array> {
  yield* read(node, (await node.call('openChanges', { id: root })).archive);
}

/** The tar of what is at a path; that it is there is known when this resolves. Rejects with NodeFailure. */
export async function treeOf(node: NodeClient, tree: ArgumentOf<'openTree'>): Promise<AsyncGenerator<Uint8Array>> {
  return read(node, (await node.call('openTree', tree)).archive);
}

/** Unpacks a tar. Rejects with NodeFailure, and with what `bytes` does: what has come till then stays. */
export async function unpack(
  node: NodeClient,
  into: ArgumentOf<'openUnpacking'>,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { archive } = await node.call('openUnpacking', into);
  let whole = false;
  try {
    for await (const piece of bytes)
      for (let at = 0; at < piece.length; at += PIECE)
        await node.call('writeArchive', { archive, bytes: piece.slice(at, at + PIECE) });
    await node.call('endArchive', { archive });
    whole = true;
  } finally {
    if (!whole) await node.call('closeArchive', { archive }).catch(() => {});
  }
}

async function* read(node: NodeClient, archive: number): AsyncGenerator<Uint8Array> {
  let whole = false;
  try {
    for (;;) {
      const bytes = await node.call('readArchive', { archive });
      if (bytes === undefined) {
        whole = true;
        return;
      }
      yield bytes;
    }
  } finally {
    if (!whole) await node.call('closeArchive', { archive }).catch(() => {});
  }
}
