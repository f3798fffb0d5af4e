// Archives on their way out of a node: each is read piece by piece by whoever asked for it, at his own speed.
// Ours. A tar of what has changed in a root is a layer: OCI image-spec, layer.md.
import type { Kernel } from '../kernel/kernel.js';
import type { IdMaps } from '../kernel/ns/id-map.js';
import { layerTar } from '../oci/tree/layer-tar.js';
import type { Inode } from '../kernel/vfs/inode.js';
import { treeOfInodes } from './inode-tree.js';
import { Refusal } from './refusal.js';

/** Archives that are open at a time. */
const OPEN_MAX = 64;
/** Bytes of an answer, about. */
const PIECE = 1 << 18;

export class Archives {
  private readonly open = new Map<number, AsyncGenerator<Uint8Array>>();
  private next = 1;

  constructor(private readonly kernel: Kernel) {}

  /** Of all that is in the directory `root`, whiteouts too. Throws Refusal. */
  layer(root: Inode, owners?: IdMaps): number {
    if (this.open.size >= OPEN_MAX) throw new Refusal('conflict', `${OPEN_MAX} archives are being read already`);
    const archive = this.next++;
    this.open.set(archive, layerTar(treeOfInodes(this.kernel, root, owners)));
    return archive;
  }

  /** The next bytes; undefined: that was all, and the archive is closed. */
  async read(archive: number): Promise<Uint8Array | undefined> {
    const bytes = this.open.get(archive);
    if (!bytes) throw new Refusal('missing', `there is no archive ${archive}`);
    const pieces: Uint8Array[] = [];
    let length = 0;
    while (length < PIECE) {
      const { value, done } = await bytes.next();
      if (done) break;
      pieces.push(value);
      length += value.length;
    }
    if (length === 0) {
      this.open.delete(archive);
      return undefined;
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  close(archive: number): void {
    const bytes = this.open.get(archive);
    this.open.delete(archive);
    void bytes?.return(undefined);
  }
}
