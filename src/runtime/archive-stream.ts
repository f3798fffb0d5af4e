// An archive of a node's as a stream: read as fast as it is taken, closed by whoever leaves it. Ours; src/node/contract.ts.
import type { NodeClient } from './node-client.js';

/** What has changed in a root over its layers, as a layer's tar. Rejects with NodeFailure. */
export async function* changesOf(node: NodeClient, root: string): AsyncGenerator<Uint8Array> {
  const { archive } = await node.call('openChanges', { id: root });
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
